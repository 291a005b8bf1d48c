"""Strategies that write expressions: of every operator and function that all targets have."""

from __future__ import annotations

from hypothesis import strategies as st

Text = st.SearchStrategy[str]

_NUMBERS = st.sampled_from(
    ("0", "1", "-2", "3", "0.1", "15%", "1pp", "7.005", "1000", "5000万", "1.2亿", "0.0000000001")
    + ("99999999999999999999.99", "null")
)
_TEXTS = st.sampled_from(('"a"', '"B"', '"ab"', '"红"', '"😀"', '" "', '""', '"1"', "null"))
_DATES = st.sampled_from(("2026-03-15", "2025-12-31", "2024-02-29", "today", "null"))
_OFFSETS = st.sampled_from(("3d", "-3d", "2w", "1mo", "13mo", "1q", "1y"))
_TIMES = st.sampled_from(('"08:30"', '"08:30:01"', '"17:00"', "at", "null"))
_LENGTHS = st.sampled_from(("8h", "3d", "2w", "5400", '"1h30min"', "took", "null"))
_SPANS = st.sampled_from(
    ('"this month"', '"last quarter"', '"last 30 days"', '"next week"', '"today"', '"2026Q1"')
)


def _written(pattern: str, *parts: Text) -> Text:
    return st.tuples(*parts).map(lambda found: pattern.format(*found))


def _either(*choices: Text) -> Text:
    return st.one_of(*choices)


def numbers(depth: int, row: bool = False) -> Text:
    fields = ("x", "y", "parent.a", "parent.k") if row else ("a", "b", "r", "n", "k", "yuan")
    leaf = _either(st.sampled_from(fields), st.sampled_from(fields), _NUMBERS)
    if depth == 0:
        return leaf
    n, below = numbers(depth - 1, row), depth - 1
    choices = [
        leaf,
        _written("({} {} {})", n, st.sampled_from("+-*/"), n),
        _written("({} {} {})", n, st.sampled_from("+-*/"), n),
        _written("-{}", n).filter(lambda s: not s.startswith("--")),
        _written("round({}, {})", n, st.sampled_from("0126")),
        _written("{}({})", st.sampled_from(("abs", "floor", "ceil", "round")), n),
        _written("{}({}, {}, {})", st.sampled_from(("min", "max", "coalesce")), n, n, n),
        _written("percent_change({}, {})", n, n),
        _written("({} if {} else {})", n, conditions(below, row), n),
        _written("len({})", texts(below, row)),
        _written("days_between({}, {})", dates(below, row), dates(below, row)),
        _written("{}({})", st.sampled_from(("year", "month", "quarter", "day")), dates(0, row)),
    ]
    if not row:
        choices += _aggregates(below) + _of_jobs(below)
        choices.append(
            _written("{}({})", st.sampled_from(("year", "month", "quarter")), periods(1))
        )
    return _either(*choices)


def _aggregates(depth: int) -> list[Text]:
    value, where = numbers(depth, row=True), conditions(depth, row=True)
    folds = st.sampled_from(("sum", "avg", "min", "max", "median"))
    return [
        _written("{}(lines.x)", folds),
        _written("{}(lines.x * {} where {})", folds, value, where),
        _written("count(lines where {})", where),
        _written("percentile(lines.x, {})", st.sampled_from(("0%", "25%", "0.333", "90%", "1"))),
        _written("percentile(lines.x * {}, 75% where {})", value, where),
        _written(
            "{}(lines.{})", st.sampled_from(("count", "count_distinct")), st.sampled_from("xys")
        ),
        _written("{}(lines.y where {} by {})", _ends(), where, st.sampled_from(("x", "day", "s"))),
    ]


def _of_jobs(depth: int) -> list[Text]:
    """The same over what a link of many holds; its rows have no parent."""
    folds = st.sampled_from(("sum", "avg", "min", "max", "median"))
    choices = [
        _written("{}(jobs.x)", folds),
        _written("{}(jobs.x * {} where {})", folds, numbers(depth, row=True), _rows(depth)),
        _written("count(jobs where {})", _rows(depth)),
        _written(
            "{}(jobs.{})", st.sampled_from(("count", "count_distinct")), st.sampled_from("xys")
        ),
        _written("{}(jobs.y where {} by {})", _ends(), _rows(depth), st.sampled_from(("x", "s"))),
        _written("{}(jobs.y)", _ends()),
        st.sampled_from(("count(jobs)", "count(abouts)", 'count(abouts where form == "task")')),
    ]
    return [choice.map(_of_this) for choice in choices]


def _of_this(source: str) -> str:
    return source.replace("parent.", "this.")


def _rows(depth: int) -> Text:
    return conditions(depth, row=True)


def _ends() -> Text:
    return st.sampled_from(("first", "last"))


def texts(depth: int, row: bool = False) -> Text:
    fields = ("s", "parent.t", "parent.u") if row else ("t", "u", "c")
    leaf = _either(st.sampled_from(fields), _TEXTS)
    if depth == 0:
        return leaf
    t = texts(depth - 1, row)
    choices = [
        leaf,
        _written("{}({})", st.sampled_from(("lower", "upper", "trim")), t),
        _written("concat({}, {})", t, t),
        _written("concat({}, {})", numbers(depth - 1, row), dates(0, row)),
        _written("coalesce({}, {})", t, t),
        _written("({} if {} else {})", t, conditions(depth - 1, row), t),
    ]
    if not row:
        choices.append(_written("concat({}, {})", t, periods(0)))
        choices.append(_written("{}(lines.s by {})", _ends(), st.sampled_from(("x", "y", "day"))))
        choices.append(_written("{}(lines.s)", st.sampled_from(("min", "max"))))
        choices.append(_written("{}(jobs.s by {})", _ends(), st.sampled_from(("x", "day"))))
        choices.append(st.sampled_from(("about.form", "first(abouts.form)", "last(jobs.s)")))
    return _either(*choices)


def dates(depth: int, row: bool = False) -> Text:
    fields = ("day", "parent.d") if row else ("d", "e", "date(i)")
    leaf = _either(st.sampled_from(fields), _DATES)
    if depth == 0:
        return leaf
    d = dates(depth - 1, row)
    choices = [
        leaf,
        _written("({} {} {})", d, st.sampled_from("+-"), _OFFSETS),
        _written("{}({}, {})", st.sampled_from(("min", "max", "coalesce")), d, d),
        _written("add_days({}, {})", d, st.sampled_from(("-3", "2", "0.9", "-0.9"))),
        _written("add_months({}, {})", d, st.sampled_from(("-13", "1", "11", "2.5"))),
        _written("({} if {} else {})", d, conditions(depth - 1, row), d),
    ]
    if not row:
        choices.append(_written("{}({})", st.sampled_from(("start", "end")), periods(1)))
        choices.append(_written("{}(lines.day)", st.sampled_from(("min", "max", "last"))))
    return _either(*choices)


def periods(depth: int) -> Text:
    leaf = st.sampled_from(
        ("p", "q", "this_month()", "this_quarter()", "this_year()", 'last_closed_period("quarter")')
    )
    if depth == 0:
        return leaf
    return _either(
        leaf,
        _written("{}({})", st.sampled_from(("previous", "same_period_last_year")), leaf),
        _written(
            'period({}, "{}")', dates(0), st.sampled_from(("month", "quarter", "half", "year"))
        ),
    )


def conditions(depth: int, row: bool = False) -> Text:
    leaf = st.sampled_from(("ok", "parent.flag") if row else ("flag", "not flag", "true"))
    order = st.sampled_from(("==", "!=", "<", "<=", ">", ">="))
    below = max(depth - 1, 0)
    n, t, d = numbers(below, row), texts(below, row), dates(below, row)
    choices = [
        leaf,
        *(_written("({} {} {})", side, order, side) for side in (n, t, d)),
        *(_written("({} between {} and {})", side, side, side) for side in (n, t, d)),
        *(_written("({} in [{}, {}])", side, side, side) for side in (n, t, d)),
    ]
    choices += [_written("({} is empty)", side) for side in (n, t, d)]
    if depth == 0:
        return _either(leaf, *choices[1:4])
    c = conditions(depth - 1, row)
    choices += [
        _written("({} {} {})", c, st.sampled_from(("and", "or")), c),
        _written("not {}", c),
        _written("({} if {} else {})", c, c, c),
        _written("({} {} {})", c, st.sampled_from(("==", "!=")), c),
        _written("{}({}, {})", st.sampled_from(("contains", "starts_with", "ends_with")), t, t),
        _written("in_period({}, {})", d, _SPANS),
    ]
    if not row:
        inner = conditions(depth - 1, row=True)
        choices += [
            _written("any(lines.x > {} where {})", numbers(0, row=True), inner),
            _written("all({} where lines.ok)", inner).map(
                lambda s: s.replace("all(", "all(lines.ok or ", 1)
            ),
            _written(
                "({} {} {})",
                st.sampled_from(("p", "q")),
                order,
                st.sampled_from(("q", "previous(q)")),
            ),
            _written("in_period({}, {})", d, periods(0)),
            st.sampled_from(
                ("lines is empty", "many is empty", '"red" in many', "i >= today", "i < d")
            ),
            _written("({} {} {})", st.sampled_from(("at", '"08:30"')), order, _TIMES),
            _written("({} {} {})", st.sampled_from(("took", "90min")), order, _LENGTHS),
            _written("(at in [{}, {}])", _TIMES, _TIMES),
            _written("(took between {} and {})", _LENGTHS, _LENGTHS),
            st.sampled_from(('c == "red"', 'c in ["red", "blue"]', "count(many) > 1")),
            _written("any(jobs.x > {} where {})", numbers(0, row=True), inner).map(_of_this),
            _written("all({} where jobs.ok)", inner).map(
                lambda s: _of_this(s.replace("all(", "all(jobs.ok or ", 1))
            ),
            st.sampled_from(
                ('about.form == "task"', 'about.form != "order"', 'about.form in ["order", "task"]')
                + ('any(abouts.form == "task")', "any(abouts.form == this.about.form)")
                + ("about in abouts", "not (first(jobs) in jobs)", "first(jobs) == last(jobs by x)")
                + ("about.form is empty", "jobs is empty", "3 in [1, count(jobs)]")
            ),
        ]
    return _either(*choices)


def expressions() -> Text:
    """One expression of any type."""
    return _either(numbers(3), conditions(3), conditions(2), texts(2), dates(2), periods(1))
