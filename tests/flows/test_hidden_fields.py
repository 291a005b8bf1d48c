"""What a step hides stays hidden from its people, whatever they ask for the record with."""

from __future__ import annotations

from pathlib import Path

from flows_small import house, workflow

from jingwei.services import history, record_views

TWO = workflow(
    """
    - id: finance
      approve: {mode: one, who: {post: finance, at: org}, fields: {hide: [amount, lines]}}
    - id: sector
      approve: {mode: one, who: {head_of: org.sector}}
    """
)


def test_a_step_hides_its_fields_from_its_people_only(tmp_path: Path) -> None:
    here = house(tmp_path, TWO)
    flow = here.start(amount=7)
    here.act("fin", flow, "approve")

    def shown(login: str) -> dict[str, object]:
        with here.reading(login) as view:
            record = record_views.record(view, "request", flow["record"])
            changes = history.history(view, "request", flow["record"])[-1]["changes"]
            assert ("amount" in record.json) == ("amount" in changes)
            return record.json

    assert "title" in shown("fin")
    assert not {"amount", "lines"} & shown("fin").keys()  # after the decision, too
    assert shown("head")["amount"] == 7
    assert shown("ann")["amount"] == 7
