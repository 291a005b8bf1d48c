"""Who asks: passwords, tokens, sessions with their CSRF header, and how often one may fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api_house import PASSWORD, ApiHouse, code, fields

from jingwei.app import create_app
from jingwei.jobs.runtime import Runtime
from jingwei.jobs.scheduler import Scheduler
from jingwei.refusals import Refused
from jingwei.services import sessions
from jingwei.services.people import SYSTEM
from jingwei.services.roster import import_people
from jingwei.services.sessions import Passwords
from jingwei.settings import Settings
from jingwei.storage.people import colleagues
from jingwei.web import SESSIONS

CONTRACTS = "/api/v1/forms/contract/records"


def sign_in(api: ApiHouse, login: str, password: str = PASSWORD) -> Any:
    return api.post(None, "login", {"username": login, "password": password})


def with_session(api: ApiHouse, login: str) -> tuple[Any, str]:
    """A browser that is signed in, and its CSRF token."""
    signed = api.sessions.sign_in(login, PASSWORD)
    browser = api.app.test_client()
    browser.set_cookie("jingwei_session", signed.secret)
    return browser, signed.csrf


def test_a_login_gives_a_token_and_the_person(api_on_both: ApiHouse) -> None:
    api = api_on_both
    answer = sign_in(api, "li.na")
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["person"]["login"] == "li.na"
    assert body["person"]["posts"] == [{"name": "planner", "org": "A"}]

    bearer = {"Authorization": f"Bearer {body['token']}"}
    me = api.get(None, "me", headers=bearer).get_json()
    assert (me["name"], me["org"], me["orgs"]) == ("李娜", "A", ["A"])
    assert "create" in me["can"]["contract"]

    assert api.post(None, "logout", headers=bearer).status_code == 204
    assert code(api.get(None, "me", headers=bearer)) == (401, "not-signed-in")


def test_an_account_is_open_on_its_first_and_on_its_last_day(api: ApiHouse) -> None:
    """As an organisation is, and a share: the last day counts whole."""
    days = {"valid_from": "2026-03-03", "valid_to": "2026-03-04"}
    line = {"login": "guest", "name": "客人", "org": "A", "password": PASSWORD, **days}
    api.platform.commands.run(
        lambda work: import_people(work, [line], Passwords(cheap=True)), SYSTEM
    )
    midnight = datetime(2026, 3, 2)
    for hours, status in ((23, 401), (25, 200), (24 * 3 - 1, 200), (24 * 3, 401)):
        api.later(timedelta(hours=hours), midnight)
        assert sign_in(api, "guest").status_code == status, hours
    with api.platform.commands.read(SYSTEM) as view:
        for day, there in ((2, 0), (3, 1), (4, 1), (5, 0)):
            on = date(2026, 3, day)
            offered = colleagues(view.connection, "guest", org="A", on=on, limit=5)
            assert len(offered) == there, day


def test_a_token_of_a_login_ends(api: ApiHouse) -> None:
    bearer = {"Authorization": f"Bearer {sign_in(api, 'li.na').get_json()['token']}"}
    api.later(timedelta(hours=11))
    assert api.get(None, "me", headers=bearer).status_code == 200
    api.later(timedelta(hours=13))
    assert code(api.get(None, "me", headers=bearer)) == (401, "not-signed-in")


@pytest.mark.parametrize(
    ("login", "password"), [("li.na", "wrong"), ("who", PASSWORD), ("LI.NA", PASSWORD)]
)
def test_every_failed_login_is_answered_alike(api: ApiHouse, login: str, password: str) -> None:
    answer = sign_in(api, login, password)
    assert code(answer) == (401, "sign-in-refused")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ("username", "required")),
        ({"username": "li.na"}, ("password", "required")),
        ({"username": 5, "password": "x"}, ("username", "not-text")),
        ({"username": "x" * 65, "password": "x"}, ("username", "text-too-long")),
        ({"username": "x", "password": "x", "more": 1}, ("more", "unknown-field")),
    ],
)
def test_a_login_that_cannot_be_read(
    shared: ApiHouse, body: dict[str, Any], named: tuple[str, str]
) -> None:
    assert named in fields(shared.post(None, "login", body))


def test_ten_failures_a_minute_close_a_source_for_a_while(
    api: ApiHouse,
) -> None:
    for _ in range(10):
        assert sign_in(api, "li.na", "wrong").status_code == 401
    assert code(sign_in(api, "li.na")) == (429, "too-many-sign-ins")
    assert code(sign_in(api, "wang.wu")) == (429, "too-many-sign-ins")  # the same source

    api.later(timedelta(minutes=2))
    assert sign_in(api, "li.na").status_code == 200


def test_a_stranger_shuts_nobody_out(api: ApiHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str) -> bool:
        with pytest.raises(Refused) as caught:
            api.sessions.sign_in("li.na", "wrong", source=source)
        return caught.value.code == "too-many-sign-ins"

    api.sessions.sign_in("li.na", PASSWORD, source="10.0.0.1")
    assert [fail("6.6.6.6") for _ in range(11)] == [False] * 10 + [True]
    assert api.sessions.sign_in("li.na", PASSWORD, source="10.0.0.2").person.login == "li.na"

    monkeypatch.setattr(sessions, "MOST_FAILURES_ANYWHERE", 20)
    assert [fail("7.7.7.7") for _ in range(10)] == [False] * 10
    assert fail("8.8.8.8")  # many sources have failed: a new one has to wait
    assert api.sessions.sign_in("li.na", PASSWORD, source="10.0.0.1").person.login == "li.na"
    api.later(timedelta(minutes=11))
    assert not fail("8.8.8.8")


def test_what_has_ended_of_signing_in_is_forgotten(api: ApiHouse) -> None:
    api.sessions.sign_in("li.na", PASSWORD)
    assert sign_in(api, "li.na").status_code == 200
    assert sign_in(api, "li.na", "wrong").status_code == 401

    def kept() -> list[int]:
        with api.platform.database.reading() as connection:
            return [
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
                for table in ("sys_session", "sys_token", "sys_login_failure")
            ]

    scheduler = Scheduler(Runtime(api.platform, {}, {}), "here")
    for hours, left in ((1, [1, 1, 3]), (13, [0, 0, 3]), (25, [0, 0, 0])):
        api.later(timedelta(hours=hours))
        scheduler.forget()
        assert kept() == left


def test_a_login_without_end_is_no_line_without_end(shared: ApiHouse) -> None:
    for login in ("x" * 2_000_000, "x\0y"):
        page = shared.ask("POST", None, "/sign-in", data={"login": login, "password": "x"})
        assert page.status_code == 401
    with shared.platform.database.reading() as connection:
        longest = connection.exec_driver_sql("SELECT max(length(subject)) FROM sys_login_failure")
        assert longest.scalar_one() <= 120


def test_no_other_site_signs_anybody_in(shared: ApiHouse) -> None:
    def status(**headers: str) -> int:
        sent = {"login": "li.na", "password": PASSWORD}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = shared.ask("POST", None, "/sign-in", data=sent, headers=named)
        found: int = answer.status_code
        return found

    assert status(Origin="http://elsewhere.example") == 403
    assert status(Origin="null") == 403  # a page with `no-referrer`, or in a sandbox
    assert status(Origin="null", Sec_Fetch_Site="cross-site") == 403
    assert status(Sec_Fetch_Site="same-site") == 403
    assert status(Origin="http://localhost") == status(Sec_Fetch_Site="same-origin") == 302
    assert status(Origin="null", Referer="http://localhost/sign-in") == 302


def test_signing_in_takes_no_session_that_the_browser_brings(shared: ApiHouse) -> None:
    planted = shared.sessions.sign_in("wang.wu", PASSWORD).secret
    for brought in (planted, "chosen-by-somebody-else"):
        browser = shared.app.test_client()
        browser.set_cookie("jingwei_session", brought)
        sent = {"login": "li.na", "password": PASSWORD, "next": "//elsewhere.example/"}
        answer = browser.post("/sign-in", data=sent)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        kept = browser.get_cookie("jingwei_session")
        assert kept is not None and kept.value != brought
        assert browser.get("/api/v1/me").get_json()["login"] == "li.na"
        stranger = shared.app.test_client()
        stranger.set_cookie("jingwei_session", brought)
        assert stranger.get("/api/v1/me").status_code == 401


def test_a_new_password_ends_what_was_begun_by_the_old_one(shared: ApiHouse) -> None:
    browser, _ = with_session(shared, "li.na")
    login = {"Authorization": f"Bearer {sign_in(shared, 'li.na').get_json()['token']}"}
    line = {"login": "li.na", "name": "李娜", "org": "A", "posts": "planner@A"}

    def bring(**changed: str) -> None:
        people, passwords = [{**line, **changed}], shared.sessions.passwords
        shared.platform.commands.run(lambda work: import_people(work, people, passwords), SYSTEM)

    def known() -> list[int]:
        asked = (
            browser.get(CONTRACTS),
            shared.get(None, "me", headers=login),
            shared.get("li.na", "me"),  # a program's token, which no password gave
        )
        return [answer.status_code for answer in asked]

    bring(email="li.na@example.com")
    bring(password=PASSWORD)  # the one she has
    assert known() == [200, 200, 200]
    bring(password="another one")
    assert known() == [401, 401, 200]

    browser.set_cookie("jingwei_session", shared.sessions.sign_in("li.na", "another one").secret)
    bring(active="no")
    bring(active="yes")
    assert known() == [401, 401, 200]


def test_behind_a_proxy_everybody_is_a_source_of_his_own(shared: ApiHouse) -> None:
    settings = replace(shared.platform.settings, proxies=1)
    behind = ApiHouse(create_app(settings), shared.clock_file, shared.root)
    behind.app.extensions[SESSIONS] = shared.sessions

    def status(login: str, password: str, source: str) -> int:
        sent = {"username": login, "password": password}
        named = {"X-Forwarded-For": f"6.6.6.6, {source}"}  # first what the asker says himself
        found: int = behind.post(None, "login", sent, headers=named).status_code
        return found

    assert {status(f"who{n}", "x", "203.0.113.7") for n in range(10)} == {401}
    assert status("boss.a", PASSWORD, "203.0.113.7") == 429
    assert status("boss.a", PASSWORD, "203.0.113.8") == 200
    signing = {"data": {"login": "boss.a", "password": PASSWORD}}
    https = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    page = behind.ask("POST", None, "/sign-in", headers=https, **signing)
    assert "Secure" in page.headers["Set-Cookie"]
    behind.close()


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic bGk6eA==", "x"])
def test_a_broken_authorization_is_nobody(shared: ApiHouse, header: str) -> None:
    answer = shared.get(None, "me", headers={"Authorization": header})
    assert code(answer) == (401, "not-signed-in")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_address_but_a_few_needs_somebody(shared: ApiHouse) -> None:
    for rule in shared.app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/") or rule.rule == "/api/v1/login":
            continue
        path = rule.rule.replace("<int:", "<")
        for name in rule.arguments:
            path = path.replace(f"<{name}>", "1" if name != "form" else "contract")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = shared.ask(method, None, path, json={})
            assert code(answer) == (401, "not-signed-in"), (method, path)


def test_a_session_reads_freely_and_writes_with_its_header(api: ApiHouse) -> None:
    browser, csrf = with_session(api, "li.na")
    body = {"name": "桥", "amount": 1}
    assert browser.get(CONTRACTS).status_code == 200
    assert code(browser.post(CONTRACTS, json=body)) == (403, "csrf")
    other, foreign = with_session(api, "wang.wu")
    wrong = {"X-CSRF-Token": foreign}
    assert code(browser.post(CONTRACTS, json=body, headers=wrong)) == (403, "csrf")
    assert browser.get(CONTRACTS).get_json()["total"] == 0

    right = {"X-CSRF-Token": csrf}
    assert browser.post(CONTRACTS, json=body, headers=right).status_code == 201
    assert browser.post("/api/v1/logout", headers=right).status_code == 204
    assert code(browser.get(CONTRACTS)) == (401, "not-signed-in")
    assert other.get(CONTRACTS).status_code == 200


def test_a_header_beats_the_cookie(api: ApiHouse) -> None:
    browser, _ = with_session(api, "li.na")
    answer = browser.get("/api/v1/me", headers={"Authorization": "Bearer wrong"})
    assert code(answer) == (401, "not-signed-in")


def test_the_answer_is_in_the_language_of_the_asker(api: ApiHouse) -> None:
    path = "forms/contract/records/1"
    zh = api.get("li.na", path, headers={"Accept-Language": "zh-CN"}).get_json()
    en = api.get("li.na", path, headers={"Accept-Language": "en"}).get_json()
    assert zh["error"]["message"] == "没有这条记录。"
    assert en["error"]["message"] != zh["error"]["message"]
    assert en["error"]["request_id"] != zh["error"]["request_id"]


def test_what_is_not_there_is_our_payload(api: ApiHouse) -> None:
    assert code(api.get("li.na", "nothing")) == (404, "not-found")
    assert code(api.ask("PUT", "li.na", "me")) == (405, "method-not-allowed")
    assert code(api.get("li.na", "forms/contract/records/x")) == (404, "not-found")
    huge = "forms/contract/records/" + "9" * 30
    assert code(api.get("li.na", huge)) == (404, "not-found")


def test_the_secret_of_an_installation_is_never_an_empty_one(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, "sqlite://")
    (tmp_path / "secret_key").touch()  # the start that made it was killed

    made, again = (settings.with_secret().secret_key for _ in range(2))

    assert len(made) == 64 and made == again
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
