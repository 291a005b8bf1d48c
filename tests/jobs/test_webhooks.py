"""A webhook goes to the address of the settings and nowhere else, with an id that stays."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from backends import on_sqlite
from effects_small import new_plan, open_plans, press
from jobs_kit import runtime_of
from services_house import House, open_house

from jingwei.client import is_genuine
from jingwei.gateways.webhook import Webhook, WebhookFailed, judged, send
from jingwei.jobs.dispatcher import dispatch
from jingwei.jobs.queue import ThreadWorker, connect, job_queue, worker
from jingwei.jobs.webhooks import announce_release, send_webhook
from jingwei.refusals import Refused
from jingwei.services.effects.moving import CALL
from jingwei.settings import Settings
from jingwei.storage import outbox
from jingwei.storage.publication import PUBLISHED
from jingwei.storage.tables_outbox import sys_outbox

BUTTON = """
actions:
  tell:
    title: 通知
    do:
      - call: {webhook: oa, body: {plan: =title, amount: =sum(targets.amount), kind: issued}}
"""


class Receiver:
    """A server that keeps what it is sent and answers with `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.sent: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                receiver.sent.append((dict(self.headers), body))
                receiver.got.append((self.headers["ce-id"], json.loads(body)))
                self.send_response(receiver.status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook?x=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.server.shutdown()


def work_off(house: House, folder: Path, **settings: Any) -> None:
    running = runtime_of(house, folder, outside={CALL: send_webhook, PUBLISHED: announce_release})
    platform = replace(running.platform, settings=replace(running.platform.settings, **settings))
    running = replace(running, platform=platform)
    queue = job_queue(platform.settings, connect(platform.settings))
    while dispatch(running, queue):
        worker(running, queue, ThreadWorker).work(burst=True, logging_level="CRITICAL")


def states(house: House) -> list[tuple[str, str | None]]:
    with house.database.reading() as connection:
        rows = connection.execute(sa.select(sys_outbox).where(sys_outbox.c.topic == CALL))
        return [(row.state, row.error) for row in rows]


def test_a_button_calls_the_address_of_the_settings_again_until_it_answers(
    tmp_path: Path, database_url: str, receiver: Receiver
) -> None:
    house = open_plans(tmp_path / "application", database_url, BUTTON)
    press(house, "ops", "tell", new_plan(house))
    allowed = {"webhooks": {"oa": receiver.url}, "webhook_networks": ("127.0.0.1/32",)}

    receiver.status = 503
    work_off(house, tmp_path, **allowed)
    assert states(house) == [("ready", "WebhookFailed: 127.0.0.1: answered 503")]
    with house.database.writing() as connection:
        connection.execute(sa.update(sys_outbox).values(lease_until=None))
    receiver.status = 200
    work_off(house, tmp_path, **allowed)

    assert states(house) == [("done", None)]
    body = {"plan": "2026", "amount": 300.00, "kind": "issued"}
    assert [one for _, one in receiver.got] == [body, body]
    assert len({event for event, _ in receiver.got}) == 1


@on_sqlite
def test_a_delivery_is_signed_by_every_secret_of_its_name(
    tmp_path: Path, database_url: str, receiver: Receiver
) -> None:
    house = open_plans(tmp_path / "application", database_url, BUTTON)
    press(house, "ops", "tell", new_plan(house))
    new, old, strange = "n" * 32, "o" * 32, "s" * 32
    named = {"webhooks": {"oa": receiver.url}, "webhook_networks": ("127.0.0.1/32",)}
    work_off(house, tmp_path, **named, webhook_secrets={"oa": (new, old), "bus": (strange,)})

    ((headers, body),) = receiver.sent
    now = house.clock.now().timestamp()
    assert headers["webhook-id"] == headers["ce-id"]
    genuine = [is_genuine(secret, headers, body, now) for secret in (new, old, strange, "")]
    assert genuine == [True, True, False, False]
    for later, changed, content in (
        (0, {}, body + b" "),
        (301, {}, body),
        (-301, {}, body),
        (0, {"webhook-id": "outbox-0"}, body),
        (0, {"webhook-timestamp": "now"}, body),
        (0, {"webhook-signature": ""}, body),
    ):
        assert not is_genuine(new, {**headers, **changed}, content, now + later)


@on_sqlite
def test_a_call_without_an_address_is_a_dead_letter_that_says_why(
    tmp_path: Path, database_url: str
) -> None:
    house = open_plans(tmp_path / "application", database_url, BUTTON)
    press(house, "ops", "tell", new_plan(house))
    for _ in range(outbox.MOST_TRIES + 1):
        work_off(house, tmp_path)
        with house.database.writing() as connection:
            connection.execute(sa.update(sys_outbox).values(lease_until=None))
    said = "WebhookFailed: JINGWEI_WEBHOOKS has no address for 'oa'"
    assert states(house) == [("dead", said)]


@on_sqlite
def test_each_release_is_told_to_the_address_that_is_named_for_it(
    tmp_path: Path, database_url: str, receiver: Receiver
) -> None:
    house = open_house(tmp_path / "application", database_url)
    named = {"webhooks": {PUBLISHED: receiver.url}, "webhook_networks": ("127.0.0.1/32",)}
    work_off(house, tmp_path, **named)
    house.publish({"definitions/roles/new.yaml": "kind: role\ntitle: 新角色\n"})
    work_off(house, tmp_path, **named)

    told = [(one["release"], one["parent"], one["source"]) for _, one in receiver.got]
    assert told == [(1, None, "folder"), (2, 1, "folder")]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://localhost./",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:a00:1::]/",
        "http://[::10.0.0.1]/",
        "http://[::ffff:0:10.0.0.1]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2a00::5efe:a00:1]/",
        "http://[2a00::200:5efe:a00:1]/",
        "http://[fec0::1]/",
        "http://[::1/",
        "http://example.com:65536/",
        f"http://{'a' * 64}.example.com/",
        "http://100.64.0.1/",
        "http://user@127.0.0.1/",
        "gopher://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
    ],
)
def test_private_addresses_are_refused(url: str) -> None:
    with pytest.raises(WebhookFailed, match="not allowed|not an address|cannot be resolved"):
        send(Webhook(url, "outbox-1", "jingwei.oa", "/", "2026-03-02T00:00:00Z", {}))


def test_what_no_gateway_turns_inwards_is_judged_as_it_stands() -> None:
    for url in ("http://[2a00::5efe:808:808]/", "http://[64:ff9b::808:808]/", "http://[2a00::1]/"):
        assert str(judged(urlsplit(url), ())) == urlsplit(url).hostname
    assert str(judged(urlsplit("http://[fec0::1]/"), ("fec0::/10",))) == "fec0::1"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status = 307
    webhook = Webhook(receiver.url, "outbox-1", "jingwei.oa", "/", "2026-03-02T00:00:00Z", {})
    with pytest.raises(WebhookFailed, match="answered 307"):
        send(webhook, ("127.0.0.0/8",))
    assert len(receiver.got) == 1


def test_settings_of_webhooks_must_make_sense(tmp_path: Path) -> None:
    read = {
        "JINGWEI_WEBHOOKS": "oa=https://oa.example.com/hook bus=http://bus.example.com/",
        "JINGWEI_WEBHOOK_NETWORKS": "10.1.0.0/16",
    }
    settings = Settings.read(tmp_path, read)
    assert settings.webhooks["oa"] == "https://oa.example.com/hook"
    assert settings.shown()["WEBHOOKS"] == ("bus oa", "environment")
    with pytest.raises(Refused) as wrong:
        Settings.read(tmp_path, {"JINGWEI_WEBHOOKS": "oa"})
    assert wrong.value.message("en") == (
        "JINGWEI_WEBHOOKS: write oa as name=https://address, with spaces between several."
    )
    kept = Settings.read(tmp_path, {"JINGWEI_WEBHOOK_SECRETS": f"oa={'a' * 32},{'b' * 32}"})
    assert kept.webhook_secrets == {"oa": ("a" * 32, "b" * 32)}
    assert kept.shown()["WEBHOOK_SECRETS"] == ("oa", "environment")
    for written in ("oa=short", "oa", f"oa={'a' * 32},"):
        with pytest.raises(Refused) as guessed:
            Settings.read(tmp_path, {"JINGWEI_WEBHOOK_SECRETS": written})
        assert guessed.value.message("en") == (
            "JINGWEI_WEBHOOK_SECRETS: write oa as name=secret with at least 32 characters; "
            "while a secret is changed, name=new,old."
        )
    for key in ("", "secret", "dev" * 5):
        weak = {"JINGWEI_ENV": "production", "JINGWEI_SECRET_KEY": key}
        with pytest.raises(Refused, match="setting-secret-needed"):
            Settings.read(tmp_path, weak)
    with pytest.raises(Refused) as network:
        Settings.read(tmp_path, {"JINGWEI_WEBHOOK_NETWORKS": "ten"})
    assert network.value.message("zh") == (
        "JINGWEI_WEBHOOK_NETWORKS 的“ten”不是网段，例如 10.1.0.0/16。"
    )
