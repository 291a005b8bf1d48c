"""What is zipped on its way, for whom, and what never is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping

import pytest
from api_house import ApiHouse
from flask import Flask, Response

from jingwei.api.zipped import LEAST_BYTES, gzipped, zip_answers

LONG = "words of a page " * 200
TAKES = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture(scope="module")
def app() -> Flask:
    """Answers of every kind, none of which the application would give."""
    made = Flask(__name__)
    zip_answers(made)
    made.add_url_rule("/page", "page", lambda: LONG)
    made.add_url_rule("/short", "short", lambda: LONG[: LEAST_BYTES - 1])
    made.add_url_rule("/sheet", "sheet", lambda: Response(LONG, mimetype="text/csv"))
    made.add_url_rule("/stream", "stream", lambda: Response(LONG for _ in "ab"))
    return made


def encoding(app: Flask, path: str, base: str = "https://here", **said: str) -> str | None:
    headers = {name.replace("_", "-"): value for name, value in said.items()}
    answer = app.test_client().get(path, base_url=base, headers={**TAKES, **headers})
    plain = answer.data if answer.content_encoding is None else gzip.decompress(answer.data)
    assert plain.decode() in (LONG, LONG[: LEAST_BYTES - 1], LONG * 2)
    return answer.content_encoding


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, "gzip"),
        ({"Sec_Fetch_Site": "none"}, "gzip"),
        ({"Sec_Fetch_Site": "cross-site"}, None),
        ({"Sec_Fetch_Site": "same-site"}, None),
        ({"Sec_Fetch_Site": "cross-site", "Authorization": "Bearer t"}, None),
        ({"Authorization": "Bearer t"}, "gzip"),
        ({}, None),
        ({"Sec_Fetch_Site": "same-origin", "Accept_Encoding": "br"}, None),
        ({"Sec_Fetch_Site": "same-origin", "Accept_Encoding": "gzip;q=0"}, None),
    ],
)
def test_over_tls_a_page_is_zipped_only_when_no_foreign_page_can_have_asked_for_it(
    app: Flask, said: Mapping[str, str], expected: str | None
) -> None:
    assert encoding(app, "/page", **said) == expected


def test_without_tls_there_is_nothing_to_guess_from_a_length(app: Flask) -> None:
    assert encoding(app, "/page", "http://here") == "gzip"
    assert encoding(app, "/page", "http://here", Sec_Fetch_Site="cross-site") is None


@pytest.mark.parametrize("path", ["/short", "/sheet", "/stream"])
def test_short_answers_sheets_and_streams_are_left_alone(app: Flask, path: str) -> None:
    assert encoding(app, path, Sec_Fetch_Site="same-origin") is None


def test_a_cache_is_told_on_what_the_encoding_depends(app: Flask) -> None:
    answer = app.test_client().get("/page")
    assert {"Accept-Encoding", "Sec-Fetch-Site"} <= set(answer.vary)


def test_the_same_page_has_not_the_same_length_twice() -> None:
    lengths = {len(gzipped(LONG.encode())) for _ in range(60)}
    assert len(lengths) > 10
    assert max(lengths) - min(lengths) <= 100


def test_what_the_interface_says_zipped_is_what_it_says_plainly(shared: ApiHouse) -> None:
    headers = {"Authorization": f"Bearer {shared.token('li.na')}"}
    client = shared.app.test_client()
    plain = client.get("/api/v1/openapi.json", headers=headers)
    zipped = client.get("/api/v1/openapi.json", headers={**headers, **TAKES})
    assert (plain.content_encoding, zipped.content_encoding) == (None, "gzip")
    assert json.loads(gzip.decompress(zipped.data)) == plain.get_json()
    assert int(zipped.headers["Content-Length"]) == len(zipped.data) < len(plain.data) / 3
