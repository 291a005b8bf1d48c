"""What a step has its people write they see for as long, whatever a grant keeps from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flows_small import FORM, House, house, workflow

from jingwei.refusals import Malformed
from jingwei.services import access, record_views

STEPS = workflow(
    """
    - {id: a, approve: {who: {person: fin}, fields: {write: [amount, opinion, lines]}}}
    - {id: b, approve: {who: {person: head}}}
    """
)
GRANT = "permissions:\n  looks: {post: finance, can: [read], scope: org, KEEPS}\n"


def opened(tmp_path: Path, keeps: str, steps: str = STEPS, more: str = "") -> House:
    """fin reads the requests of his company, but for what his grant keeps from him."""
    form = FORM.replace("permissions:\n", more + GRANT.replace("KEEPS", keeps))
    return house(tmp_path, steps, form=form)


def seen(here: House, login: str, flow: Any) -> Mapping[str, Any]:
    with here.reading(login) as view:
        return record_views.record(view, "request", flow["record"]).json


def refused(here: House, flow: Any, **fields: Any) -> list[str]:
    before = here.dump(flow)
    with pytest.raises(Malformed) as raised:
        here.act("fin", flow, "approve", fields=fields)
    assert here.dump(flow) == before
    return [one.path for one in raised.value.fields]


@pytest.mark.parametrize("keeps", ["hide: [amount]", "mask: [amount]"])
def test_a_step_shows_what_it_has_written_as_long_as_it_is_open(tmp_path: Path, keeps: str) -> None:
    here = opened(tmp_path, keeps)
    flow = here.start(amount=7)
    assert seen(here, "fin", flow)["amount"] == 7
    with here.reading("fin") as view:
        told = access.explain(view, "request", flow["record"], "en")["fields"]
    assert "amount" in told["writable"] and "amount" not in told["masked"]
    here.act("fin", flow, "approve", fields={"amount": 9})
    assert here.record(flow)["amount"] == 9
    assert seen(here, "fin", flow).get("amount") in (None, "•••")


def test_columns_that_a_grant_hides_stay_closed_unless_they_are_named(tmp_path: Path) -> None:
    here = opened(tmp_path, "hide: [lines.score]")
    flow = here.start(lines=[{"unit": "A", "score": 5}])
    [row] = seen(here, "fin", flow)["lines"]
    assert "score" not in row
    assert refused(here, flow, lines=[{"id": row["id"], "score": 1}]) == ["lines.0.score"]
    here.act("fin", flow, "approve", fields={"lines": [{"id": row["id"], "unit": "B"}]})
    assert here.record(flow)["lines"][0]["score"] == 5


def test_a_restriction_keeps_what_a_step_names(tmp_path: Path) -> None:
    """`restrict` is the one subtraction: nobody writes blindly there either."""
    kept = "restrict:\n  quiet: {when: amount > 5, to: {person: ann}, fields: [amount]}\n"
    here = opened(tmp_path, "hide: [opinion]", more=kept)
    flow = here.start(amount=7)
    assert "amount" not in seen(here, "fin", flow)
    assert refused(here, flow, amount=1) == ["amount"]


def test_a_row_that_a_step_opens_shows_no_column_of_all_rows(tmp_path: Path) -> None:
    steps = workflow(
        """
        - id: e
          each:
            of: lines
            steps:
              - {id: r, approve: {who: {field: row.keeper}, fields: {write: [row.score]}}}
        """
    )
    here = opened(tmp_path, "hide: [lines.score]", steps)
    flow = here.start(lines=[{"keeper": "fin", "score": 5}, {"keeper": "head", "score": 6}])
    assert refused(here, flow, **{"row.score": 1}) == ["row.score"]
