"""What must hold of one field: limits, defaults, choices, links, tables, computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.catalogue.by_kind import PLACES
from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.cycles import cycles
from jingwei.catalogue.named_values import check_name
from jingwei.catalogue.patterns import BadPattern, compiled
from jingwei.catalogue.scope_types import CatalogueTypes, field_type
from jingwei.catalogue.scorecards import COLUMNS
from jingwei.language.expressions.types import fits
from jingwei.language.expressions.words import type_words
from jingwei.language.field_types.listed import is_searched
from jingwei.language.form import SYSTEM_FIELDS, Field, Form, Scorecard
from jingwei.language.kinds.table import KINDS
from jingwei.language.scales import usual
from jingwei.language.template import AMOUNTS
from jingwei.language.values import Formula, Literal_
from jingwei.problems import Phrase, Position, Problems, nearest

NUMERIC = frozenset({"integer", "number", "money", "percent", "rating", "duration"})
MOST_PLACES = 10  # as quotients have
MOST_LETTERS = 100_000
MOST_ROWS = 100_000
LENGTHS = frozenset({"text", "long_text", "markdown", "code", "rich_text"})
_NEEDED = {"choice": ("choices",), "link": ("to", "to_any", "form_from"), "table": ("fields", "of")}


def check_field(catalogue: Catalogue, form: Form, field: Field, problems: Problems) -> None:
    path = _path(field)
    needed = _NEEDED.get(field.type, ())
    if needed and not any(getattr(field, key) for key in needed):
        at = form.origin.value(*path, "type")
        problems.add("key-for-type-missing", at, key=needed[0], type=field.type)
        return
    _check_limits(form, field, problems)
    check_name(catalogue, form, field, field.default, problems)
    if field.precision is not None and not 0 <= field.precision <= MOST_PLACES:
        at = form.origin.value(*path, "precision")
        problems.add("out-of-range", at, value=field.precision, low=0, high=MOST_PLACES)
    if field.show_in is not None and field.show_in not in AMOUNTS:
        problems.add(
            "unknown-value",
            form.origin.value(*path, "show_in"),
            suggestion=_meant_amount(field.show_in) or nearest(field.show_in, AMOUNTS),
            value=field.show_in[:40],
            known=", ".join(AMOUNTS),
        )
    if isinstance(field.unit, Literal_) and field.unit.at != field.at:  # not the application's
        check_unit(str(field.unit.value), field.unit.at, problems)
    if field.pattern is not None:
        _check_pattern(form, field, field.pattern, problems)
    if field.type == "choice":
        _check_choice(catalogue, form, field, problems)
    if field.type == "link":
        _check_link(catalogue, form, field, problems)
        _check_fill(catalogue, form, field, problems)
    if field.type == "table":
        _check_table(form, field, problems)
    if field.scorecard is not None:
        _check_scorecard(form, field, field.scorecard, problems)
    if field.type == "definition":
        _check_kinds(form, field, problems)
    if field.type == "indicator" and isinstance(field.set, Literal_):
        _check_set(catalogue, field.set, problems)
    if field.search and not _is_found(catalogue, field) and field.type != "secret":
        at = form.origin.key(*path, "search")
        problems.add("search-finds-nothing", at, severity="warning", name=field.name)
    if field.required and field.compute is not None and field.mode == "always":
        at = form.origin.key(*path, "required")
        problems.add("required-and-computed", at, severity="warning", name=field.name)


def _is_found(catalogue: Catalogue, field: Field) -> bool:
    """Whether `search` can find records by the field: choices that are records are told to those
    who may read them only."""
    listed = catalogue.code_lists.get(field.choices) if isinstance(field.choices, str) else None
    return is_searched(field) and (listed is None or listed.source is None)


def _meant_amount(written: str) -> str | None:
    """`万圆`, `万 元` and the like."""
    return next((one for one in ("万元", "亿元") if written[:1] == one[0]), None)


def check_unit(unit: str, at: Position, problems: Problems) -> None:
    """The currency has one name, so that amounts meet."""
    meant = usual(unit)
    if meant is not None:
        problems.add("unit-otherwise", at, severity="warning", suggestion=meant, unit=unit[:40])


def _path(field: Field) -> tuple[str, ...]:
    if field.table:
        return ("fields", field.table, "fields", field.name)
    return ("fields", field.name)


def _check_limits(form: Form, field: Field, problems: Problems) -> None:
    low, high = _literal(field.min), _literal(field.max)
    path = _path(field)
    if field.type in LENGTHS and high is not None and high < 1:
        at = form.origin.value(*path, "max")
        problems.add("out-of-range", at, value=high, low=1, high=MOST_LETTERS)
        return
    if low is not None and high is not None and low > high:
        at = form.origin.value(*path, "min")
        line = form.origin.value(*path, "max").line
        low, high = shown(low, field.type), shown(high, field.type)
        problems.add("min-above-max", at, min=low, max=high, line=line)
        return
    default = _literal(field.default)
    if default is None or isinstance(default, list):
        return
    size = len(default) if field.type in LENGTHS else default
    at = form.origin.value(*path, "default")
    for key, limit in (("min", low), ("max", high)):
        if limit is not None and (size < limit if key == "min" else size > limit):
            problems.add(
                "default-breaks-limit",
                at,
                default=shown(default, field.type),
                key=key,
                limit=shown(limit, field.type),
            )


def _check_pattern(form: Form, field: Field, pattern: str, problems: Problems) -> None:
    try:
        matches = compiled(pattern)
    except BadPattern as error:
        at = form.origin.value(*_path(field), "pattern")
        problems.add("bad-pattern", at, pattern=pattern, why=error.why)
        return
    default = _literal(field.default)
    if isinstance(default, str) and not matches.fullmatch(default):
        at = form.origin.value(*_path(field), "default")
        problems.add(
            "default-breaks-limit", at, default=default[:40], key="pattern", limit=pattern[:80]
        )


def shown(value: Any, type_: str = "") -> str:
    """A value of a definition as an author writes it."""
    if type_ == "percent" and hasattr(value, "as_tuple"):
        return shown(value * 100) + "%"
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return text.rstrip("0").rstrip(".") if "." in text and text[0] in "-0123456789" else text


def _literal(value: Any) -> Any:
    return value.value if isinstance(value, Literal_) else None


def _check_choice(catalogue: Catalogue, form: Form, field: Field, problems: Problems) -> None:
    default = _literal(field.default)
    if default is None or not isinstance(field.choices, str):
        return
    code_list = catalogue.code_lists[field.choices]
    if code_list.source is not None:
        return
    for code in default if isinstance(default, list) else [default]:
        if code not in code_list.items:
            at = form.origin.value(*_path(field), "default")
            problems.add(
                "default-not-a-choice",
                at,
                suggestion=nearest(code, code_list.items),
                value=code,
                known=", ".join(list(code_list.items)[:12]),
            )


def _check_kinds(form: Form, field: Field, problems: Problems) -> None:
    """The kinds of a definition that may be named."""
    for index, kind in enumerate(field.of):
        if kind not in PLACES:
            at = form.origin.value(*_path(field), "of", index)
            guess = nearest(kind, PLACES)
            some = ", ".join(PLACES)
            problems.add("unknown-value", at, suggestion=guess, value=kind[:40], known=some)


def _check_link(catalogue: Catalogue, form: Form, field: Field, problems: Problems) -> None:
    if field.form_from is not None:
        _check_form_from(form, field, problems)
    for index, written in enumerate(field.to):
        path = (*_path(field), "to")
        at = form.origin.value(*path, index)
        name, dot, table = written.partition(".")
        if name not in catalogue.forms:
            problems.add(
                "unknown-reference",
                at,
                suggestion=nearest(name.removeprefix("form/"), catalogue.forms),
                kind=Phrase("things.kind_form"),
                name=name,
                file=f"{KINDS['form'].folder}/{name}.yaml",
            )
        elif (day := catalogue.forms[name].retired) is not None and form.retired is None:
            kind = Phrase("things.kind_form")
            problems.add(
                "uses-retired", at, severity="warning", kind=kind, name=name, date=day.isoformat()
            )
        elif dot and table not in catalogue.forms[name].tables:
            problems.add(
                "unknown-table",
                at,
                suggestion=nearest(table, catalogue.forms[name].tables),
                name=table,
                form=name,
            )
        elif dot:
            problems.add("link-to-rows", at, name=table, form=name)


def _no_such_field(
    problems: Problems, at: Position, name: str, known: Mapping[str, Field], place: str
) -> None:
    problems.add(
        "no-such-field",
        at,
        suggestion=nearest(name, known),
        name=name,
        place=place,
        known=", ".join(known),
    )


def _check_form_from(form: Form, link: Field, problems: Problems) -> None:
    """What says the form of a link is a field that holds the name of one."""
    written = link.form_from or ""
    name = written.removeprefix("parent.")
    outside = link.table is None or name != written
    beside = form.fields if outside else form.fields[link.table or ""].fields
    at = form.origin.value(*_path(link), "to")
    if name not in beside:
        _no_such_field(problems, at, name, beside, form.name)
    elif beside[name].type != "form":
        problems.add("link-form-not-a-form", at, name=name, type=beside[name].type)


def _check_fill(catalogue: Catalogue, form: Form, link: Field, problems: Problems) -> None:
    """What a link fills exists beside it, and comes from what it links to."""
    beside = form.fields[link.table].fields if link.table else form.fields
    target = catalogue.forms.get(link.to[0].partition(".")[0]) if len(link.to) == 1 else None
    for name, rule in link.fill.items():
        if name not in beside:
            at = form.origin.key(*_path(link), "fill", name)
            _no_such_field(problems, at, name, beside, form.name)
        path = rule["from"] if isinstance(rule, dict) else rule
        first = path.partition(".")[0]
        if path == "display":
            continue  # every record has a name
        if target is not None and first not in target.fields and first not in SYSTEM_FIELDS:
            place = (*_path(link), "fill", name, *(("from",) if isinstance(rule, dict) else ()))
            problems.add(
                "no-such-field",
                form.origin.value(*place),
                suggestion=nearest(first, target.fields),
                name=first,
                place=target.name,
                known=", ".join(target.fields),
            )
        elif target is not None and path in target.fields and name in beside:
            at = form.origin.value(*_path(link), "fill", name)
            _check_filled(catalogue, beside[name], target.fields[path], at, problems)


def _check_filled(
    catalogue: Catalogue, field: Field, source: Field, at: Position, problems: Problems
) -> None:
    """A number is not filled with words, and no day with a person."""
    types = CatalogueTypes(catalogue)
    wanted, found = field_type(types, field), field_type(types, source)
    plain = {"number", "percent", "date", "datetime", "boolean", "org", "person", "period"}
    if wanted.name in plain and not fits(found, wanted) and found.name not in ("list", "record"):
        problems.add(
            "fill-types",
            at,
            severity="warning",
            name=field.name,
            wanted=type_words(wanted),
            source=source.name,
            found=type_words(found),
        )


def _check_set(catalogue: Catalogue, value: Literal_, problems: Problems) -> None:
    if value.value not in catalogue.indicator_sets:
        problems.add(
            "unknown-reference",
            value.at,
            suggestion=nearest(str(value.value), catalogue.indicator_sets),
            kind=Phrase("things.kind_indicator_set"),
            name=value.value,
            file=f"{KINDS['indicator_set'].folder}/{value.value}.yaml",
        )


def _check_table(form: Form, table: Field, problems: Problems) -> None:
    least, most = table.min_rows, table.max_rows
    for key, rows in (("min_rows", least), ("max_rows", most)):
        if rows is not None and rows < 0:
            at = form.origin.value("fields", table.name, key)
            problems.add("out-of-range", at, value=rows, low=0, high=MOST_ROWS)
            return
    if least is not None and most is not None and least > most:
        at = form.origin.value("fields", table.name, "min_rows")
        line = form.origin.value("fields", table.name, "max_rows").line
        problems.add("min-above-max", at, min=least, max=most, line=line)
    for key, names in (
        ("columns", table.columns),
        ("unique", table.unique_rows),
        ("totals", table.totals),
    ):
        for index, name in enumerate(names):
            at = form.origin.value("fields", table.name, key, index)
            _check_column(table, key, name, at, problems)
    _check_row_page(form, table, problems)


def _check_scorecard(form: Form, table: Field, sheet: Scorecard, problems: Problems) -> None:
    """What it is of is said, and the author's columns are none of its own."""
    for key in ("scheme", "period"):
        if getattr(sheet, key) is None:
            at = form.origin.value("fields", table.name, "type")
            problems.add("key-for-type-missing", at, key=key, type="scorecard")
    keys = form.origin.keys
    for name in COLUMNS:
        if ("fields", table.name, "columns", name) in keys:
            at = form.origin.key("fields", table.name, "columns", name)
            problems.add("reserved-name", at, suggestion=f"{name}_", name=name)


def _check_row_page(form: Form, table: Field, problems: Problems) -> None:
    """The page of a row has its columns, each once."""
    seen: dict[str, Position] = {}
    for number, section in enumerate(table.layout):
        for row_number, row in enumerate(section.rows):
            for index, name in enumerate(row):
                path = ("fields", table.name, "layout", number, "fields", row_number, index)
                at = form.origin.value(*path)
                if name in seen:
                    problems.add("field-twice", at, name=name, line=seen[name].line)
                else:
                    _check_column(table, "layout", name, at, problems)
                seen.setdefault(name, at)


def _check_column(table: Field, key: str, name: str, at: Position, problems: Problems) -> None:
    column = table.fields.get(name)
    if column is None:
        problems.add(
            "no-such-field",
            at,
            suggestion=nearest(name, table.fields),
            name=name,
            place=table.name,
            known=", ".join(table.fields),
        )
    elif key == "totals" and column is not None and column.type not in NUMERIC:
        problems.add("total-of-no-number", at, name=name, type=column.type)


def check_no_compute_cycle(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    """Computed fields of a record may read each other, but not in a ring."""
    computed: dict[str, Formula] = {}
    for name, field in form.fields.items():
        if field.compute is not None:
            computed[name] = field.compute
        for column in field.fields.values():
            if column.compute is not None:
                computed[column.path] = column.compute
    edges = {path: _reads(catalogue, form, path, computed) for path in computed}
    for ring in cycles(edges):
        at = computed[ring[0]].at
        problems.add("compute-cycle", at, path=" → ".join(ring))


def check_no_clearing_cycle(catalogue: Catalogue, form: Form, problems: Problems) -> None:
    """Fields may hide each other, unless hiding clears one: then the page would never rest."""
    shown: dict[str, Formula] = {}
    clearing: set[str] = set()
    for field in form.fields.values():
        for one in (field, *field.fields.values()):
            if one.visible_if is not None:
                shown[one.path] = one.visible_if
            if one.visible_if is not None and one.when_hidden == "clear":
                clearing.add(one.path)
    edges = {path: _reads(catalogue, form, path, shown) for path in shown}
    for ring in cycles(edges):
        if clearing & set(ring):
            problems.add("visibility-cycle", shown[ring[0]].at, path=" → ".join(ring))


def check_owners(catalogue: Catalogue, problems: Problems) -> None:
    """A detail form follows its owner: deletion must not come round to where it began."""
    owners: dict[str, dict[str, Field]] = {
        name: {
            to.partition(".")[0]: field
            for field in form.fields.values()
            if field.owner
            for to in field.to
        }
        for name, form in catalogue.forms.items()
    }
    for ring in cycles({name: list(found) for name, found in owners.items()}):
        form, field = catalogue.forms[ring[0]], owners[ring[0]][ring[1]]
        at = form.origin.value("fields", field.name, "owner")
        problems.add("owner-cycle", at, path=" → ".join(ring))


def _reads(catalogue: Catalogue, form: Form, path: str, computed: dict[str, Formula]) -> list[str]:
    """The computed paths that the expression of `path` depends on."""
    expression = catalogue.expressions.get(computed[path])
    if expression is None:
        return []
    table, dot, _ = path.partition(".")
    return [
        read
        for written in sorted(expression.reads)
        if (read := _from_record(written, table if dot else "")) in computed
    ]


def _from_record(read: str, table: str) -> str:
    """A path as the record has it, whether it is read beside it or in a row of `table`."""
    for record in ("parent.", "this."):
        if read.startswith(record):
            return read.removeprefix(record)
    return f"{table}.{read}" if table else read
