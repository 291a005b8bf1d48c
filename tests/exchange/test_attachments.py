"""Attachments: what they are is told by their content, and only who may see the field gets them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_house import MORE_FILES, ApiHouse, code, fields, open_api

from jingwei.documents import word

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
PDF = b"%PDF-1.7\n"
ALBUM = """
kind: form
title: 相册
fields:
  name: {type: text, title: 名称}
  photo: {type: image, title: 照片}
  paper: {type: file, title: 文件}
permissions:
  planner: {post: planner, can: [read, create, update], scope: org}
  finance: {post: finance_manager, can: [read], scope: org_and_below, hide: [paper]}
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiHouse]:
    folder: Path = tmp_path_factory.mktemp("files")
    files = {**MORE_FILES, "forms/album.yaml": ALBUM}
    house = open_api(folder, f"sqlite:///{folder / 'test.db'}", files)
    yield house
    house.close()


def upload(api: ApiHouse, content: bytes, name: str, login: str = "li.na") -> Any:
    return api.ask("POST", login, "files", data={"file": (io.BytesIO(content), name)})


@pytest.mark.parametrize(
    ("content", "name", "type_"),
    [
        (PNG, "a.png", "image/png"),
        (PNG, "照片", "image/png"),
        (PDF, "a.pdf", "application/pdf"),
        (b"PK\x03\x04xx", "a.docx", word.MIMETYPE),
        (b"PK\x03\x04xx", "a.zip", "application/zip"),
        ("名称,金额\n".encode("gb18030"), "a.csv", "text/csv"),
        (b"<svg onload=alert(1)>", "a.svg", "text/plain"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "a.html", "text/plain"),
        (b"\x01\x02\x00\x03", "a.bin", "application/octet-stream"),
    ],
)  # fmt: skip
def test_the_type_is_told_by_the_content(
    api: ApiHouse, content: bytes, name: str, type_: str
) -> None:
    assert upload(api, content, name).get_json()["type"] == type_


@pytest.mark.parametrize(
    ("content", "name", "refusal"),
    [
        (b"<html><script>alert(1)</script>", "a.png", "file-other-type"),
        (PDF, "a.jpg", "file-other-type"),
        (b"MZ\x90\x00", "a.pdf", "file-program"),
        (b"\x7fELF", "a", "file-program"),
        (b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><s/>',
         "a.svg", "file-entities"),
        (b"", "a.txt", "file-empty"),
    ],
)  # fmt: skip
def test_what_is_not_what_its_name_says_is_refused(
    api: ApiHouse, content: bytes, name: str, refusal: str
) -> None:
    assert code(upload(api, content, name)) == (422, refusal)


def test_a_field_for_pictures_takes_pictures(api: ApiHouse) -> None:
    paper = upload(api, PDF, "单.pdf").get_json()["id"]
    refused = api.post("li.na", "forms/album/records", {"name": "x", "photo": paper})
    assert fields(refused) == [("photo", "not-an-image")]
    photo = upload(api, PNG, "a.png").get_json()["id"]
    api.make("li.na", "album", name="y", photo=photo, paper=paper)


def test_a_file_is_as_readable_as_its_field(api: ApiHouse) -> None:
    paper = upload(api, PDF, "单.pdf").get_json()["id"]
    photo = upload(api, PNG, "a.png").get_json()["id"]
    api.make("li.na", "album", name="z", photo=photo, paper=paper)
    assert api.get("chen.jie", f"files/{photo}").status_code == 200
    assert code(api.get("chen.jie", f"files/{paper}")) == (404, "no-such-content")
    assert code(api.get("wang.wu", f"files/{photo}")) == (404, "no-such-content")
    stolen = api.post("wang.wu", "forms/album/records", {"name": "s", "paper": paper})
    assert fields(stolen) == [("paper", "unknown-file")]


def test_a_name_is_sent_as_rfc_6266_says_and_never_as_a_page(api: ApiHouse) -> None:
    sent = upload(api, PDF, "../../报告终稿\u202e.pdf").get_json()
    answer = api.get("li.na", f"files/{sent['id']}")
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment;") and "filename*=UTF-8''" in said
    assert "\r" not in said and "\u202e" not in sent["name"] and ".." not in sent["name"]
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
