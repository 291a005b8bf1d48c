"""Pages of the small installation as a person's browser gets them, without a browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import lxml.html
from api_house import PASSWORD, ApiHouse
from flask.testing import FlaskClient


@dataclass(slots=True)
class Pages:
    """`get(login, path)`: the answer; `page(login, path)`: its parsed document, which must be 200.
    `login` None: nobody has signed in."""

    house: ApiHouse
    clients: dict[str | None, FlaskClient] = field(default_factory=dict)

    def client(self, login: str | None) -> FlaskClient:
        if login not in self.clients:
            client = self.house.app.test_client()
            client.set_cookie("lang", "zh")
            if login is not None:
                answer = client.post("/sign-in", data={"login": login, "password": PASSWORD})
                assert answer.status_code == 302, answer.get_data(as_text=True)
            self.clients[login] = client
        return self.clients[login]

    def get(self, login: str | None, path: str, **keys: Any) -> Any:
        return self.client(login).get(path, **keys)

    def page(self, login: str | None, path: str, headers: Mapping[str, str] | None = None) -> Any:
        answer = self.get(login, path, headers=headers or {})
        assert answer.status_code == 200, (path, answer.status_code)
        return lxml.html.document_fromstring(answer.get_data(as_text=True))

    def csrf(self, login: str) -> str:
        found: str = self.page(login, "/").xpath("//meta[@name='csrf']/@content")[0]
        return found


def words(element: Any) -> str:
    """The text of an element with single spaces."""
    return " ".join(element.text_content().split())


def texts(document: Any, path: str) -> list[str]:
    """Texts of what an XPath finds."""
    return [words(one) for one in document.xpath(path)]


def buttons(shown: Any) -> dict[str, Any]:
    """Buttons of a page that do something, by their words."""
    return {words(b): b for b in shown.xpath(".//button[@data-act]")}


def asks(button: Any) -> dict[str, Any]:
    """What a button asks, by name."""
    return {one["name"]: one for one in json.loads(button.get("data-ask", "[]"))}
