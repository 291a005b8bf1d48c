"""Documents about a record that was approved: who said what, and the signatures of that time."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from approvals_house import FORM, Approvals, case_files, open_approvals
from demo_house import publish
from documents_kit import opened, template

FLOW = """
steps:
  - {id: a, title: 部门, approve: {mode: all, who: [{person: u1}, {person: u2}]}}
  - {id: b, title: 板块, approve: {who: {person: u3}}}
"""
REPORT = """
kind: report
title: 审批单
of: signed
template: signed.docx
for: everyone
output: [docx, pdf, html]
"""
SHEET = template(
    "{{ record.title }}",
    "板块：{% for o in approvals.rows %}{% if o.step.code == 'b' %}{{ o.signature }}{% endif %}"
    "{% endfor %}",
    cells=("{%tr for o in approvals.rows %}",
           "{{ o.step }} {{ o.person }} {{ o.outcome }} {{ o.comment }} {{ o.signature }}",
           "{%tr endfor %}"),
)  # fmt: skip


def png(width: int, height: int) -> bytes:
    """A picture that every program can read."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        summed = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", summed)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x30" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*one) for one in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
    folder = tmp_path_factory.mktemp("signed")
    made = open_approvals(folder, f"sqlite:///{folder / 's.db'}", {})
    form = FORM.format(name="signed", code="SG", title="申请").replace("submit]", "submit, print]")
    for path, words in case_files("signed", FLOW, form).items():
        target = made.api.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(words.lstrip("\n"), encoding="utf-8")
    (made.api.root / "report_templates").mkdir()
    (made.api.root / "report_templates" / "signed.docx").write_bytes(SHEET)
    publish(made.api, "report_templates/signed.yaml", REPORT)
    yield made
    made.api.close()


def sign(house: Approvals, login: str, picture: bytes) -> None:
    body = {"file": (io.BytesIO(picture), "签名.png")}
    file = house.api.ask("POST", login, "files", data=body).get_json()["id"]
    assert house.api.ask("PUT", login, "me/signature", json={"file": file}).status_code == 200


@pytest.fixture(scope="module")
def record(house: Approvals) -> int:
    """Signed by `u1`, with a damaged picture by `u2`, without any by `u3`."""
    sign(house, "u1", png(120, 40))
    sign(house, "u2", b"\x89PNG\r\n\x1a\n" + b"\0" * 60)
    flow = house.start("signed", title="购置")
    house.decide("u1", flow["id"], comment="同意购置")
    house.decide("u2", flow["id"])
    house.decide("u3", flow["id"])
    return int(flow["record"])


def made(house: Approvals, record: int, format: str) -> Any:
    answer = house.api.get("I", f"reports/signed?id={record}&format={format}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer


def test_a_word_file_holds_each_opinion_with_the_signature_of_that_day(
    house: Approvals, record: int
) -> None:
    house.later(minutes=5)
    sign(house, "u1", png(10, 10))  # changes nothing that was signed
    document = opened(made(house, record, "docx").data)
    lines = [row.cells[0].text.strip() for row in document.tables[0].rows]
    assert lines == [
        "部门 审批人1 已同意 同意购置",
        "部门 审批人2 已同意 — 审批人2的签名",
        "板块 审批人3 已同意 —",
    ]
    (picture,) = document.element.body.iter("{*}docPr")
    assert picture.get("descr") == "审批人1的签名"
    (part,) = (p for p in document.part.package.iter_parts() if "media" in p.partname)
    assert part.blob == png(120, 40)
    assert document.paragraphs[1].text == "板块："


def test_other_formats_show_the_signatures_they_can_and_say_the_others(
    house: Approvals, record: int
) -> None:
    page = made(house, record, "html").get_data(as_text=True)
    assert page.count("<img") == 2 and 'alt="审批人1的签名"' in page and "审批意见" in page
    assert made(house, record, "pdf").data.startswith(b"%PDF")
    told = house.api.get("I", f"reports/signed?id={record}").get_json()["approvals"]
    assert [(o["step"], o["person"], o["outcome"]) for o in told] == [
        ("a", "u1", "approved"), ("a", "u2", "approved"), ("b", "u3", "approved"),
    ]  # fmt: skip


def test_a_template_asks_nothing_of_a_signature(house: Approvals, record: int) -> None:
    wrong = template("{% for o in approvals.rows %}{{ o.signature.title }}{% endfor %}")
    (house.api.root / "report_templates" / "signed.docx").write_bytes(wrong)
    publish(house.api, "report_templates/signed.yaml", REPORT)
    answer = house.api.get("I", f"reports/signed?id={record}&format=docx")
    assert answer.get_json()["error"]["code"] == "template-unknown-name"


def test_what_the_system_decided_is_printed_as_its_own_with_the_reason(house: Approvals) -> None:
    flow_text = """
steps:
  - {id: empty, title: 法务, empty: pass, approve: {who: {post: vacant, at: org}}}
  - {id: one, title: 初审, approve: {who: {person: u1}}}
  - {id: again, title: 复审, approve: {who: {person: u1}}}
  - id: late
    title: 会签
    approve: {mode: all, who: [{person: u2}, {person: u3}]}
    due: 1d
    overdue: [{after: 0d, decide: approve}]
"""
    form = FORM.format(name="clocked", code="CK", title="申请").replace("submit]", "submit, print]")
    for path, words in case_files("clocked", flow_text, form).items():
        (house.api.root / path).write_text(words.lstrip("\n"), encoding="utf-8")
    report = REPORT.replace("of: signed", "of: clocked")
    publish(house.api, "report_templates/clocked.yaml", report)
    flow = house.start("clocked", title="购置")
    house.decide("u1", flow["id"], comment="可以")
    house.decide("u2", flow["id"])
    house.later(days=2)
    told = house.api.get("I", f"reports/clocked?id={flow['record']}").get_json()["approvals"]
    assert [(o["step"], o["person"], o["outcome"], o["comment"]) for o in told] == [
        ("empty", "system", "approved", "找不到处理人"),
        ("one", "u1", "approved", "可以"),
        ("again", "system", "approved", "此人在本轮已同意"),
        ("late", "u2", "approved", None),
        ("late", "system", "approved", "逾期"),
    ]
    answer = house.api.get("I", f"reports/clocked?id={flow['record']}&format=html")
    page = answer.get_data(as_text=True)
    assert "系统（代审批人3）" in page and "找不到处理人" in page
