"""What the pages about the API show is what the server does: each exchange is run, in order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from api_house import CONTRACT, MORE_FILES, ApiHouse, open_api
from test_client import served

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [found for name, found in BLOCK.findall(text) if name == language]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder = tmp_path_factory.mktemp("pages")
    files = {**MORE_FILES, "forms/contract.yaml": CONTRACT}
    for block in blocks("api.md", "yaml"):
        head, text = block.split("\n", 1)
        files[head.removeprefix("# ")] = text
    opened = open_api(folder, f"sqlite:///{folder / 'api.db'}", files)
    yield opened
    opened.close()


@dataclass
class Reader:
    """Somebody who types what the page shows. `ids`: what the page's ids are here."""

    house: ApiHouse
    ids: dict[int, int] = field(default_factory=dict)

    def here(self, text: str) -> str:
        return re.sub(r"\b1\d{3}\b", lambda one: str(self.ids.get(int(one[0]), one[0])), text)

    def exchange(self, asked: str, told: str) -> None:
        head, _, body = asked.partition("\n\n")
        line, *lines = head.strip().splitlines()
        method, address = line.split(" ", 1)
        headers = dict(one.split(": ", 1) for one in lines)
        login = headers.pop("Authorization", "li.na")
        path, _, query = address.partition("?")
        answer = self.house.ask(
            method,
            None if login == "none" else login,
            self.here(path) + (f"?{quote(query, safe='=&,()')}" if query else ""),
            headers=headers,
            **({"data": self.here(body).encode()} if body else {}),
        )
        self.compare(answer, told, asked)

    def compare(self, answer: Any, told: str, asked: str) -> None:
        head, _, body = told.partition("\n\n")
        status, *lines = head.strip().splitlines()
        found = answer.get_data(as_text=True)
        assert answer.status_code == int(status.split()[0]), (asked, found)
        self.fits(json.loads(body), answer.get_json(), asked)
        for name, value in (one.split(": ", 1) for one in lines):
            assert answer.headers[name].endswith(self.here(value)), (asked, name)

    def fits(self, shown: Any, found: Any, asked: str) -> None:
        """Everything that the page shows is there; `…` is anything."""
        if shown == "…":
            return
        if isinstance(shown, dict):
            identity = shown.get("id")
            if isinstance(identity, int) and identity >= 1000:
                self.ids.setdefault(identity, found["id"])
            for name, value in shown.items():
                assert name in found, (asked, name, found)
                if name == "id" or name == "record":
                    value = self.ids.get(value, value)
                self.fits(value, found[name], asked)
        elif isinstance(shown, list):
            assert len(shown) == len(found), (asked, shown, found)
            for one, other in zip(shown, found, strict=True):
                self.fits(one, other, asked)
        else:
            assert shown == found, (asked, shown, found)


def test_every_exchange_of_the_pages_is_what_happens(house: ApiHouse) -> None:
    reader = Reader(house)
    exchanges = blocks("api.md", "http")
    assert len(exchanges) == 24
    for asked, told in zip(exchanges[::2], exchanges[1::2], strict=True):
        reader.exchange(asked, told)
    made = {"customer": "江南", "kind": "goods", "lines": [{"item": "泵", "price": 5}]}
    house.make("li.na", "sales_order", **made)
    exchanges = blocks("lists.md", "http")
    for asked, told in zip(exchanges[::2], exchanges[1::2], strict=True):
        reader.exchange(asked, told)
    for line in (one for block in blocks("lists.md", "filter") for one in block.splitlines()):
        answer = house.get("li.na", f"forms/sales_order/records?filter={quote(line)}")
        assert answer.status_code == 200, (line, answer.get_data(as_text=True))


def test_the_program_of_the_page_runs(house: ApiHouse, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = blocks("api.md", "python")
    with served(house) as address:
        exec(compile(program, "example.py", "exec"), {"ADDRESS": address})  # noqa: S102
    assert "西部重工 450.00" in capsys.readouterr().out
