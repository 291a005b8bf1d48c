"""What a viewer types as a filter reads the form and nothing else."""

from __future__ import annotations

import pytest
from expression_cases import ORDER, catalogue_of

from jingwei.catalogue.scopes import check_filter
from jingwei.language.expressions.calls import check_call
from jingwei.language.expressions.checker import Checker
from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.parser import parse
from jingwei.language.expressions.scope import Scope
from jingwei.language.expressions.syntax import Apply
from jingwei.problems import Position

HERE = Position("filter")


def said(source: str, locale: str, hidden: tuple[str, ...] = ()) -> str:
    with pytest.raises(ExpressionError) as raised:
        check_filter(catalogue_of(ORDER), "order", source, hidden)
    return raised.value.problem(HERE).message(locale)


def test_a_filter_does_not_follow_a_link() -> None:
    assert said('task.name == "x"', "en") == (
        "filter:1:1: 'name' is outside this form. Use only fields of this form. [outside-the-form]"
    )
    assert said('task.name == "x"', "zh") == (
        "filter:1:1: “name”在本表单之外。请只用本表单的字段。 [outside-the-form]"
    )


@pytest.mark.parametrize("source", ["sum(order.amount) > 1", "count(order where amount > 1) > 0"])
def test_a_filter_adds_up_no_rows_of_any_form(source: str) -> None:
    """They would be everybody's rows: whoever may ask for a sum may ask for each part of it."""
    assert "there is no name 'order' here." in said(source, "en")


def test_a_filter_calls_nothing_that_asks_the_world_for_each_row() -> None:
    assert said("superior(owner) == me", "en") == (
        "filter:1:1: 'superior' cannot be computed for each row of a filter. "
        "Use it on fixed values only. [not-in-a-filter]"
    )
    assert said("superior(owner) == me", "zh") == (
        "filter:1:1: “superior”不能逐行用于筛选。请只对固定的值使用它。 [not-in-a-filter]"
    )


def test_a_hidden_field_is_unknown_to_a_filter() -> None:
    assert said("amount > 1", "en", ("amount",)).startswith(
        "filter:1:1: there is no name 'amount' here."
    )


def test_a_question_about_orgs_is_refused_where_there_is_no_org() -> None:
    scope = Scope({}, None)  # type: ignore[arg-type]  # no name is looked up
    syntax = parse("is_below(null)")
    assert isinstance(syntax, Apply)
    with pytest.raises(ExpressionError) as raised:
        check_call(Checker(scope), syntax)

    assert raised.value.problem(HERE).message("en") == (
        "filter:1:1: 'is_below' has no organisation to ask about here. "
        "Use in below(org). [no-org-here]"
    )
    assert raised.value.problem(HERE).message("zh") == (
        "filter:1:1: “is_below”在这里不知道问哪个组织。请用 in below(组织)。 [no-org-here]"
    )
