"""Which computed fields are kept in a column, and which are worked out when they are read."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from jingwei.catalogue.compile import compile_catalogue
from jingwei.catalogue.computed import stored_test
from jingwei.catalogue.routing import routing_fields

FORM = """
    kind: form
    title: Order
    fields:
      due: {type: date}
      amount: {type: money}
      lines: {type: table, fields: {price: {type: money}}}
      doubled: {type: money, compute: amount + amount}
      spent: {type: money, compute: sum(lines.price)}
      is_late: {type: boolean, compute: due < today}
      word: {type: text, compute: '"late" if is_late else "fine"'}
      shout: {type: text, compute: upper(word)}
      typed: {type: boolean, compute: due < today, mode: default}
    permissions: {all: {who: everyone, can: [read, create], scope: all}}
"""


def kept(application, text: str) -> dict[str, bool]:
    application.write("forms/order.yaml", dedent(text))
    catalogue = compile_catalogue(Path(application.root))
    is_stored = stored_test(catalogue)
    return {name: is_stored(field) for name, field in catalogue.forms["order"].fields.items()}


def test_a_computed_field_of_the_record_alone_has_a_column(application) -> None:
    found = kept(application, FORM)
    assert found["doubled"] and found["spent"] and found["amount"]


def test_what_reads_the_day_is_never_stored_so_never_stale(application) -> None:
    assert not kept(application, FORM)["is_late"]


def test_what_reads_a_field_that_is_not_stored_is_not_stored_either(application) -> None:
    found = kept(application, FORM)
    assert not found["word"] and not found["shout"]


def test_a_computed_value_that_may_be_overridden_has_a_column(application) -> None:
    assert kept(application, FORM)["typed"]


def test_what_decides_the_way_is_what_conditions_read_and_what_that_is_worked_out_from(
    application,
) -> None:
    """A figure that changes by itself decides nothing: only what a correction changes does."""
    application.write(
        "forms/order.yaml",
        dedent(FORM)
        .replace("fields:", "workflow: ways\nfields:", 1)
        .replace("create]", "create, submit]"),
    )
    steps = """
        kind: workflow
        title: Ways
        form: order
        steps:
          - {id: late, when: shout == "LATE" and org is not empty, approve: {who: everyone}}
          - {id: dear, when: spent > 5 or sum(lines.price) > 3, approve: {who: everyone}}
    """
    application.write("workflows/ways.yaml", dedent(steps))
    catalogue = compile_catalogue(Path(application.root))
    late, dear = catalogue.workflows["ways"].steps
    form = catalogue.forms["order"]
    assert routing_fields(catalogue, form, [late]) == ["org", "due"]
    assert routing_fields(catalogue, form, [dear]) == ["lines.price", "spent"]
