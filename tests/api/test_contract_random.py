"""Random requests made from the OpenAPI document: no 5xx, and every answer as described."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from api_house import ApiHouse
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from jingwei.app import create_app
from jingwei.cli import run
from jingwei.services.sessions import Passwords, Sessions
from jingwei.settings import Settings
from jingwei.storage.people import all_people
from jingwei.web import EXTENSION, SESSIONS

ROOT = Path(__file__).parents[2]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Would end the session of everybody who asks after it, waits on purpose, has no worker here.
LEFT_OUT = ("session_logout_post", "session_login_post", "health_ready_get")


def ask_everything(api: ApiHouse, login: str, examples: int) -> list[str]:
    """What was answered wrongly, one line each."""
    document = api.get(login, "openapi.json").get_json()
    schema = schemathesis.openapi.from_dict(document)
    schema.app = api.app
    token = f"Bearer {api.token(login)}"
    headers = {"Authorization": token, "Accept-Encoding": "identity"}  # nothing here unzips
    wrong: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        identity = operation.definition.raw["operationId"]
        if identity in LEFT_OUT:
            continue

        @settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            response = case.call(headers=headers)
            try:
                case.validate_response(response, checks=CHECKS)
            except FailureGroup as failures:
                asked = f"{case.operation.label}: {response.request.url} {case.body!r}"[:500]
                wrong.extend(f"{asked}: {one!r:.500}" for one in failures.exceptions)

        ask()
    return wrong


def test_random_requests_are_answered_as_described(api: ApiHouse) -> None:
    api.make("li.na", "contract", name="桥", amount=1)
    assert ask_everything(api, "li.na", 1) == []


@pytest.mark.long
def test_many_random_requests_are_answered_as_described(api_on_both: ApiHouse) -> None:
    api = api_on_both
    api.make("li.na", "contract", name="桥", amount=1)
    for login in ("li.na", "ops", "auditor", "nobody"):
        assert ask_everything(api, login, 60) == []


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiHouse]:
    """The application of this repository with its people and figures."""
    root = tmp_path / "application"
    for name in ("definitions", "forms", "workflows", "report_templates"):
        shutil.copytree(ROOT / name, root / name)
    monkeypatch.setenv("JINGWEI_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("JINGWEI_DATABASE_URL", f"sqlite:///{tmp_path / 'demo.db'}")
    assert run(["--application", str(root), "demo"]) == 0
    app = create_app(Settings.read(root))
    platform = app.extensions[EXTENSION]
    app.extensions[SESSIONS] = Sessions(
        platform.active, platform.clock, platform.commands.people, Passwords(cheap=True)
    )
    opened = ApiHouse(app, tmp_path / "clock", root)
    yield opened
    opened.close()


@pytest.mark.long
def test_random_requests_to_the_demo_are_answered_as_described(demo: ApiHouse) -> None:
    with demo.platform.database.reading() as connection:
        logins = [person.login for person in all_people(connection)]
    wrong = {login: ask_everything(demo, login, 3) for login in logins[:: max(len(logins) // 4, 1)]}
    assert {login: found for login, found in wrong.items() if found} == {}
