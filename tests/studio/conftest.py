"""A small application with people who write definitions: everything, one org's layers, nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from api_house import CONTRACT, MORE_FILES, MORE_PEOPLE, PASSWORD, ApiHouse, open_api
from own_postgres import own_postgres

from jingwei.cli.server import plain_logs

LAYER = """
kind: layer
for: A
patches: form/contract
set:
  fields.name.help: 以营业执照为准
"""
FILES: Mapping[str, str] = {
    **MORE_FILES,
    "forms/contract.yaml": CONTRACT,
    "definitions/roles/definer.yaml": ("kind: role\ntitle: 配置员\ntags: [definer, publisher]\n"),
    "definitions/roles/writer.yaml": "kind: role\ntitle: 起草员\ntags: [definer]\n",
    "definitions/layers/A/contract.yaml": LAYER,
    "definitions/layers/B/contract.yaml": LAYER.replace("for: A", "for: B"),
}
WRITERS = (
    {"login": "ann", "name": "安", "org": "G", "roles": "definer@G"},
    {"login": "bob", "name": "鲍", "org": "G", "roles": "definer@G"},
    {"login": "pen", "name": "笔", "org": "G", "roles": "writer@G"},
    {"login": "local", "name": "甲配置", "org": "A", "roles": "definer@A"},
)
PEOPLE = (*MORE_PEOPLE, *({**one, "password": PASSWORD} for one in WRITERS))
FORM = "forms/contract.yaml"
WITH_REMARK = "  signed_on: {type: date, title: 签订日期}\n"


class Author:
    """One person at the studio's API."""

    def __init__(self, house: ApiHouse, login: str) -> None:
        self.house = house
        self.login = login

    def ask(self, method: str, path: str, body: Any = None, **keys: Any) -> Any:
        sent = {} if body is None else {"json": body}
        return self.house.ask(method, self.login, f"definitions{path}", **sent, **keys)

    def release(self) -> int:
        found: int = self.ask("GET", "").get_json()["release"]
        return found

    def file(self, path: str = FORM) -> dict[str, Any]:
        answer = self.ask("GET", f"/files/{path}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found

    def put(self, path: str, text: str | None, **keys: Any) -> Any:
        found = self.ask("GET", f"/files/{path}").get_json()
        sent = {
            "text": text,
            "base": found.get("base"),
            "revision": found.get("revision", 0),
            **keys,
        }
        return self.ask("PUT", f"/files/{path}", sent)

    def change(self, old: str, new: str, path: str = FORM) -> Any:
        """Write one text in the place of another, and keep it as a draft."""
        text = self.file(path)["text"]
        assert old in text
        answer = self.put(path, text.replace(old, new, 1))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer

    def plan(self) -> dict[str, Any]:
        answer = self.ask("POST", "/plan")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found

    def apply(self, plan: Mapping[str, Any] | None = None, **keys: Any) -> Any:
        plan = plan or self.plan()
        sent = {"base": plan["base"], "fingerprint": plan["fingerprint"], **keys}
        return self.ask("POST", "/apply", sent)


Enter = Callable[[str], Author]


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    """As the server writes them: a traceback with all locals takes seconds."""
    plain_logs()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiHouse]:
    """One installation a database; each test begins at its first release."""
    folder = tmp_path_factory.mktemp("studio")
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'studio.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(own_postgres())
        opened = open_api(folder, url, FILES, PEOPLE)
        yield opened
        opened.close()


def begin_again(house: ApiHouse) -> None:
    """Nobody is writing anything, and what runs is the first release again."""
    for one in WRITERS:
        author = Author(house, one["login"])
        for file in author.ask("GET", "").get_json()["items"]:
            if file["state"]:
                author.ask("DELETE", f"/files/{file['path']}")
    ann = Author(house, "ann")
    latest = ann.release()
    if latest > 1:
        done = ann.ask("POST", "/rollback", {"release": 1, "base": latest, "accepted": True})
        assert done.status_code == 201, done.get_data(as_text=True)
    for path, text in FILES.items():
        (house.root / path).write_text(text.lstrip("\n"), encoding="utf-8")


@pytest.fixture(scope="module")
def begun(house: ApiHouse) -> ApiHouse:
    """The installation at its first release, whatever the module before has published."""
    begin_again(house)
    return house


@pytest.fixture
def studio(house: ApiHouse) -> Enter:
    """Nobody is writing anything, and what runs is the first release again."""
    begin_again(house)
    return lambda login: Author(house, login)


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enter]:
    """One installation for tests that change nothing."""
    folder = tmp_path_factory.mktemp("studio")
    opened = open_api(folder, f"sqlite:///{folder / 'studio.db'}", FILES, PEOPLE)
    yield lambda login: Author(opened, login)
    opened.close()
