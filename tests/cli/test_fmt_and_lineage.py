"""`fmt`, `lineage`, `reference` as they are typed."""

from __future__ import annotations

from shell import Shell

POST = "definitions/posts/cashier.yaml"
WRITTEN = "# who keeps the cash\nkind: post\nsingle: true   # one at a time\ntitle: 出纳\n"
ORDERED = "# who keeps the cash\nkind: post\ntitle: 出纳\nsingle: true   # one at a time\n"


def test_only_files_out_of_order_are_rewritten(office: Shell) -> None:
    path = office.write(POST, WRITTEN)
    assert office.say("fmt", "--check") == (1, f"Would be rewritten: {POST}")
    assert path.read_text(encoding="utf-8") == WRITTEN
    assert office.say("fmt") == (0, f"Rewritten: {POST}")
    assert path.read_text(encoding="utf-8") == ORDERED
    assert office.say("fmt", "--check") == (0, "Nothing to change.")


def test_only_the_files_asked_for_are_rewritten(office: Shell) -> None:
    office.write(POST, WRITTEN)
    assert office.json("fmt", str(office.root / "forms")) == {"changed": [], "problems": []}
    assert office.json("fmt", str(office.root / POST)) == {"changed": [POST], "problems": []}


def test_a_file_that_cannot_be_read_is_named_and_left_alone(office: Shell) -> None:
    path = office.write(POST, "kind: post\n\ttitle: x\n")
    assert office.say("fmt") == (
        1,
        f"{POST}:2:1: a tab is used for indentation. Use two spaces for each level. [tab]",
    )
    assert office.say("fmt", str(office.root / "forms"))[0] == 0
    assert path.read_text(encoding="utf-8") == "kind: post\n\ttitle: x\n"


def test_lineage_is_told_with_places(office: Shell) -> None:
    assert office.say("lineage", "purchase_request.needed_on") == (
        0,
        "purchase_request.needed_on\n"
        "Read by:\n"
        "  form/purchase_request.layout.0  (layout, forms/purchase_request.yaml:30:5)\n"
        "Made of:\n"
        "  workflow/purchase_approval.steps.request.fields.write"
        "  (writes, workflows/purchase_approval.yaml:7:9)",
    )
    told = office.json("lineage", "purchase_request.total")
    assert told["reads"][0]["target"] == "purchase_request.lines"
    assert {use["role"] for use in told["read_by"]} >= {"rule", "flow", "alert", "tile", "list"}


def test_a_misspelt_field_is_answered_with_the_right_one(office: Shell) -> None:
    assert office.say("lineage", "purchase_request.totl") == (
        1,
        "There is no field or indicator 'purchase_request.totl'. Write FORM.FIELD, "
        "FORM.TABLE.COLUMN or an indicator. There is: total. [no-such-lineage]",
    )


def test_the_reference_is_written_where_asked(office: Shell) -> None:
    out = office.root / "manual"
    files = office.json("reference", "--out", str(out))["files"]
    assert sorted(files) == sorted(p.relative_to(out).as_posix() for p in out.rglob("*.md"))
