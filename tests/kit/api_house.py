"""The small installation behind its own HTTP API, with one client a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from services_house import FIELD_KEYS, FILES, MORNING, PEOPLE, open_house

from jingwei.app import create_app
from jingwei.services.platform import Platform
from jingwei.services.sessions import Passwords, Sessions
from jingwei.settings import Settings
from jingwei.web import EXTENSION, SESSIONS

PASSWORD = "let me in"
MORE_FILES: Mapping[str, str] = {
    **FILES,
    "definitions/roles/audit_admin.yaml": "kind: role\ntitle: 审计管理员\ntags: [auditor]\n",
    "forms/receipt.yaml": """
kind: form
title: 收款
display: "{note}"
fields:
  contract: {type: link, to: contract, title: 合同, required: true}
  note: {type: text, title: 说明}
  paid: {type: money, unit: CNY, title: 金额}
  on: {type: date, title: 日期}
  paper: {type: file, title: 凭证}
  kind: {type: choice, title: 方式, choices: {cash: 现金, bank: 转账}}
permissions:
  planner: {post: planner, can: [read, create, update, delete, comment, share], scope: org}
  ops: {role: group_ops, can: [read, comment], scope: all}
""",
}
# for a form `request`
REQUEST_APPROVAL: Mapping[str, str] = {
    "workflows/request_approval.yaml": """
kind: workflow
title: 申请审批
form: request
steps:
  - {id: look, title: 看, approve: {who: {person: ops}}}
""",
}
CONTRACT = MORE_FILES["forms/contract.yaml"].replace(
    "permissions:\n",
    "related:\n  receipts: {form: receipt, by: contract, title: 收款, columns: [note, paid]}\n"
    "permissions:\n",
)
MORE_PEOPLE = (
    *({**person, "password": PASSWORD} for person in PEOPLE),
    {
        "login": "auditor",
        "name": "审计",
        "org": "G",
        "roles": "audit_admin@G",
        "password": PASSWORD,
    },
)


@dataclass(slots=True)
class ApiHouse:
    """A running application. `get`, `post` … act as a person by a token of his own."""

    app: Flask
    clock_file: Path
    root: Path
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def platform(self) -> Platform:
        found: Platform = self.app.extensions[EXTENSION]
        return found

    @property
    def sessions(self) -> Sessions:
        found: Sessions = self.app.extensions[SESSIONS]
        return found

    def token(self, login: str) -> str:
        if login not in self.tokens:
            self.tokens[login] = self.sessions.create_token("test", login)
        return self.tokens[login]

    def ask(self, method: str, login: str | None, path: str, **keys: Any) -> Any:
        headers = dict(keys.pop("headers", {}))
        if login is not None:
            headers.setdefault("Authorization", f"Bearer {self.token(login)}")
        if "match" in keys:
            headers["If-Match"] = f'"{keys.pop("match")}"'
        if "key" in keys:
            headers["Idempotency-Key"] = keys.pop("key")
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return self.app.test_client().open(address, method=method, headers=headers, **keys)

    def get(self, login: str | None, path: str, **keys: Any) -> Any:
        return self.ask("GET", login, path, **keys)

    def post(self, login: str | None, path: str, body: Any = None, **keys: Any) -> Any:
        return self.ask("POST", login, path, **_body(body), **keys)

    def patch(self, login: str | None, path: str, body: Any = None, **keys: Any) -> Any:
        return self.ask("PATCH", login, path, **_body(body), **keys)

    def put(self, login: str | None, path: str, body: Any = None, **keys: Any) -> Any:
        return self.ask("PUT", login, path, **_body(body), **keys)

    def delete(self, login: str | None, path: str, **keys: Any) -> Any:
        return self.ask("DELETE", login, path, **keys)

    def make(self, login: str, form: str, **values: Any) -> dict[str, Any]:
        """A record made over the API."""
        answer = self.post(login, f"forms/{form}/records", values)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found

    def later(self, lag: timedelta, since: datetime = MORNING) -> None:
        """Set the clock to this long after the morning."""
        self.clock_file.write_text(f"{(since + lag).isoformat()}+00:00", encoding="utf-8")

    def close(self) -> None:
        self.platform.active.stop()
        self.platform.database.close()


def _body(body: Any) -> dict[str, Any]:
    return {} if body is None else {"json": body}


def open_api(
    folder: Path,
    database_url: str,
    files: Mapping[str, str] | None = None,
    people: Any = MORE_PEOPLE,
) -> ApiHouse:
    """A published installation with people, and the application over it."""
    root = folder / "application"
    wanted = files or {**MORE_FILES, "forms/contract.yaml": CONTRACT}
    open_house(root, database_url, wanted, people).database.close()
    clock_file = folder / "clock"
    settings = Settings(
        application=root,
        data_dir=folder / "var",
        database_url=database_url,
        secret_key="s" * 40,
        field_keys=FIELD_KEYS,
        clock_file=clock_file,
        timezone="UTC",
        sources={"SECRET_KEY": "environment"},
    )
    clock_file.write_text(f"{MORNING.isoformat()}+00:00", encoding="utf-8")
    app = create_app(settings)
    house = ApiHouse(app, clock_file, root)
    platform = house.platform
    app.extensions[SESSIONS] = Sessions(
        platform.active, platform.clock, platform.commands.people, Passwords(cheap=True)
    )
    return house


def code(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.get_json()["error"]["code"]


def fields(answer: Any) -> list[tuple[str, str]]:
    """Path and code of each field of a refusal."""
    return [(f["path"], f["code"]) for f in answer.get_json()["error"]["fields"]]
