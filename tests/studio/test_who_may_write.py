"""Every action has its right, kept by the services, and leaves a trace."""

from __future__ import annotations

import pytest
from api_house import code

from conftest import FORM, LAYER, WITH_REMARK, Author, Enter

# rights are asked of no database
pytestmark = pytest.mark.parametrize("house", ["sqlite"], indirect=True)

OWN, OTHERS = "definitions/layers/A/contract.yaml", "definitions/layers/B/contract.yaml"
ASKED = [
    ("GET", ""),
    ("GET", f"/files/{FORM}"),
    ("GET", "/conflicts"),
    ("GET", "/releases"),
    ("GET", "/releases/1/diff?drafts=1"),
    ("GET", "/lineage?name=contract.amount"),
    ("GET", "/explain?path=form/contract.title"),
    ("GET", "/progress"),
    ("GET", "/retired"),
    ("GET", "/retired/contract.secret"),
]
SENT = [
    ("PUT", f"/files/{FORM}", {"text": "kind: form\n", "base": None, "revision": 0}),
    ("DELETE", f"/files/{FORM}", None),
    ("POST", f"/conflicts/{FORM}", {"how": "mine"}),
    ("POST", "/check", {}),
    ("POST", "/complete", {"path": FORM, "text": "ki", "offset": 2}),
    ("POST", "/hover", {"path": FORM, "text": "kind: form", "offset": 2}),
    ("POST", "/plan", None),
    ("POST", "/apply", {"base": 1, "fingerprint": "x"}),
    ("POST", "/rollback", {"release": 1, "base": 1}),
    ("POST", "/scaffold", {"kind": "layer", "name": "contract", "title": "x", "org": "A"}),
    ("DELETE", "/retired/contract.secret", {"typed": "x", "reason": "x", "hash": "x"}),
]


def test_who_holds_no_such_role_reads_and_writes_nothing(studio: Enter) -> None:
    for person in (studio("li.na"), studio("auditor"), studio("ops")):
        for method, path, *body in (*ASKED, *SENT):
            answer = person.ask(method, path, *body)
            assert code(answer) == (403, "studio-not-allowed"), (path, person.login)


def test_who_writes_for_one_org_changes_the_layers_of_that_org_only(studio: Enter) -> None:
    local = studio("local")
    assert code(local.put(FORM, "kind: form\n")) == (403, "studio-own-layer-only")
    assert code(local.put(OTHERS, LAYER)) == (403, "studio-own-layer-only")
    assert code(local.put(OWN, LAYER.replace("for: A", "for: B"))) == (403, "studio-own-layer-only")
    stolen = "definitions/layers/A/more.yaml"
    assert code(local.put(stolen, LAYER.replace("for: A", "for: subsidiary"))) == (
        403,
        "studio-own-layer-only",
    )
    assert code(local.put(stolen, "kind: role\ntitle: x\n")) == (403, "studio-own-layer-only")

    local.change("以营业执照为准", "与营业执照一致", OWN)
    done = local.apply(comment="甲公司的说明")
    assert done.status_code == 201, done.get_data(as_text=True)
    back = local.ask("POST", "/rollback", {"release": 1, "base": done.get_json()["release"]})
    assert code(back) == (403, "studio-whole-only")


def test_who_only_writes_cannot_publish(studio: Enter) -> None:
    pen = studio("pen")
    pen.change(WITH_REMARK, f"{WITH_REMARK}  remark: {{type: text, title: 备注}}\n")
    plan = pen.plan()
    assert code(pen.apply(plan)) == (403, "studio-not-allowed")
    back = pen.ask("POST", "/rollback", {"release": 1, "base": plan["base"]})
    assert code(back) == (403, "studio-not-allowed")
    assert not pen.ask("GET", "").get_json()["may_publish"]


def test_who_writes_for_one_org_begins_its_layers_and_no_others(studio: Enter) -> None:
    local = studio("local")
    asked = {"kind": "layer", "name": "receipt", "title": "到账", "org": "A"}
    (file,) = local.ask("POST", "/scaffold", asked).get_json()["items"]
    assert file["path"] == "definitions/layers/A/receipt.yaml"
    assert local.put(file["path"], file["text"]).status_code == 200
    assert local.ask("POST", "/check", {}).get_json()["errors"] == 0
    assert code(local.ask("POST", "/scaffold", asked)) == (409, "file-exists")
    others = {**asked, "org": "B"}
    assert code(local.ask("POST", "/scaffold", others)) == (403, "studio-own-layer-only")
    nowhere = {**asked, "name": "nothing"}
    assert code(local.ask("POST", "/scaffold", nowhere)) == (404, "unknown-form")


def test_what_is_done_to_definitions_is_in_the_audit_log(studio: Enter) -> None:
    ann = studio("ann")
    ann.change(WITH_REMARK, f"{WITH_REMARK}  remark: {{type: text, title: 备注}}\n")
    ann.change("title: 合同\n", "title: 合同书\n")
    ann.apply(comment="备注")
    ann.ask("POST", "/rollback", {"release": 1, "base": ann.release(), "accepted": True})
    log = ann.house.get("auditor", "audit?kind=definition&size=3").get_json()["items"]
    told = [(e["actor"], e["action"], sorted(e["changes"])) for e in reversed(log)]
    assert told == [
        ("ann", "draft.begun", ["path"]),
        ("ann", "release.published", ["comment", "files", "release"]),
        ("ann", "release.rolled_back", ["again", "release"]),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "forms/../../etc/passwd.yaml",
        "forms/..%2F..%2Fx.yaml",
        "forms/.hidden.yaml",
        "../forms/x.yaml",
        "var/secret.yaml",
        "forms/x.py",
        "definitions/demo/people.csv",
        f"forms/{'x' * 300}.yaml",
    ],
)
def test_a_path_that_leads_elsewhere_is_no_file(studio: Enter, path: str) -> None:
    answer = studio("ann").ask("GET", f"/files/{path}")
    assert answer.status_code in (400, 404), path
    answer = studio("ann").ask(
        "PUT", f"/files/{path}", {"text": "kind: form", "base": None, "revision": 0}
    )
    assert answer.status_code in (400, 404, 405), path


def test_hostile_text_is_named_and_costs_nothing(studio: Enter) -> None:
    ann = studio("ann")
    bomb = "kind: form\na: &a [x, x]\nb: [*a, *a, *a]\n"
    found = ann.ask("POST", "/check", {"path": FORM, "text": bomb}).get_json()["items"]
    assert {"anchor", "alias"} <= {problem["code"] for problem in found}
    large = "kind: form\n" + "#" * 300_000
    refused = ann.ask("POST", "/check", {"path": FORM, "text": large})
    assert code(refused) == (422, "studio-too-large")
    assert code(ann.put(FORM, large)) == (422, "studio-too-large")
    deep = "kind: form\nx: " + "[" * 500
    found = ann.ask("POST", "/check", {"path": FORM, "text": deep}).get_json()["items"]
    assert found[0]["code"] == "too-deep"


def test_who_writes_for_one_org_is_not_told_who_writes_elsewhere(studio: Enter) -> None:
    ann = studio("ann")
    for path in (OWN, OTHERS):
        ann.change("help: 以营业执照为准", "help: 以合同为准", path)
    for login, elsewhere in (("local", []), ("bob", ["ann"])):
        files = others_of(ann, login)
        assert (files[OWN], files[OTHERS]) == (["ann"], elsewhere), login


def others_of(author: Author, login: str) -> dict[str, list[str]]:
    """Who else is writing on each file, as somebody is told."""
    listed = Author(author.house, login).ask("GET", "").get_json()["items"]
    return {one["path"]: one["others"] for one in listed}
