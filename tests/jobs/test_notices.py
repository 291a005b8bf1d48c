"""A notice is in the product at once and leaves it by mail, once for each key and person."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from jobs_kit import runtime_of
from services_house import PEOPLE, House, open_house

from jingwei.jobs.dispatcher import dispatch
from jingwei.jobs.notices import send_notice
from jingwei.jobs.queue import ThreadWorker, connect, job_queue, worker
from jingwei.jobs.runtime import Runtime
from jingwei.services.notices import SEND, Notice, inbox, notify


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    people = [{**p, "email": f"{p['login']}@example.com"} for p in PEOPLE]
    opened = open_house(tmp_path / "application", database_url, people=people)
    yield opened
    opened.database.close()


class Postbox:
    """A mail server of the bare minimum that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: object) -> None:
        connection.sendall(b"220 here\r\n")
        data: list[bytes] | None = None
        for line in lines:  # type: ignore[attr-defined]
            if data is not None:
                if line == b".\r\n":
                    self.mails.append(b"".join(data))
                    data = None
                    connection.sendall(b"250 kept\r\n")
                else:
                    data.append(line)
            elif line.upper().startswith(b"DATA"):
                data = []
                connection.sendall(b"354 go on\r\n")
            elif line.upper().startswith(b"QUIT"):
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 fine\r\n")

    def close(self) -> None:
        self._socket.close()


def work_off(runtime: Runtime) -> None:
    queue = job_queue(runtime.platform.settings, connect(runtime.platform.settings))
    while dispatch(runtime, queue):
        worker(runtime, queue, ThreadWorker).work(burst=True, logging_level="ERROR")


def test_the_same_notice_is_told_once(house: House) -> None:
    notice = Notice("li.na", "计划已批准", key="plan:1")
    assert house.do("ops", lambda w: notify(w, [notice])) == 1
    assert house.do("ops", lambda w: notify(w, [notice])) == 0
    assert house.do("ops", lambda w: notify(w, [Notice("no.such", "x")])) == 0
    with house.read("li.na") as reading:
        found = inbox(reading)
    assert (found["total"], found["unread"]) == (1, 1)
    assert found["items"][0]["text"] == "计划已批准"


def test_a_notice_is_mailed_to_whoever_has_an_address(house: House, tmp_path: Path) -> None:
    postbox = Postbox()
    url = f"smtp://127.0.0.1:{postbox.port}?from=jingwei@example.com"
    runtime = runtime_of(house, tmp_path, outside={SEND: send_notice}, smtp_url=url)
    house.do("ops", lambda w: notify(w, [Notice("li.na", "计划已批准", link="/f/plan/1")]))

    work_off(runtime)
    work_off(runtime)

    (raw,) = postbox.mails
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["To"] == "li.na@example.com"
    assert mail["From"] == "jingwei@example.com"
    assert mail["Subject"] == "计划已批准"
    assert "/f/plan/1" in mail.get_content()
    postbox.close()


def test_without_a_mail_server_mail_is_a_file(house: House, tmp_path: Path) -> None:
    runtime = runtime_of(house, tmp_path, outside={SEND: send_notice})
    house.do("ops", lambda w: notify(w, [Notice("li.na", "计划已批准")]))
    work_off(runtime)
    (file,) = (tmp_path / "mail").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["Subject"] == "计划已批准"
