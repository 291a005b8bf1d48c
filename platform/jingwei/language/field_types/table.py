"""The field types there are, and what a list of values adds to one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date as day
from functools import lru_cache
from typing import Any

from jingwei.language.expressions.tree import Type
from jingwei.language.field_types import (
    barcode,
    boolean,
    choice,
    classification,
    code,
    color,
    date,
    datetime,
    definition,
    duration,
    email,
    file,
    form,
    geolocation,
    heading,
    image,
    indicator,
    integer,
    json,
    link,
    long_text,
    markdown,
    money,
    note,
    number,
    org,
    percent,
    period,
    person,
    phone,
    post,
    rating,
    region,
    rich_text,
    role,
    scorecard,
    secret,
    signature,
    sub_table,
    tags,
    text,
    time,
    url,
)
from jingwei.language.field_types.base import (
    ColumnParser,
    FieldType,
    Known,
    Parser,
    StoredAs,
    ValueRefused,
)
from jingwei.language.form import Field

FIELD_TYPES: Mapping[str, FieldType] = {
    type_.name: type_
    for type_ in (
        text.TYPE,
        long_text.TYPE,
        rich_text.TYPE,
        markdown.TYPE,
        code.TYPE,
        boolean.TYPE,
        integer.TYPE,
        number.TYPE,
        money.TYPE,
        percent.TYPE,
        date.TYPE,
        datetime.TYPE,
        time.TYPE,
        duration.TYPE,
        period.TYPE,
        choice.TYPE,
        tags.TYPE,
        link.TYPE,
        sub_table.TYPE,
        org.TYPE,
        person.TYPE,
        role.TYPE,
        post.TYPE,
        indicator.TYPE,
        form.TYPE,
        definition.TYPE,
        classification.TYPE,
        scorecard.TYPE,
        region.TYPE,
        file.TYPE,
        image.TYPE,
        signature.TYPE,
        email.TYPE,
        phone.TYPE,
        url.TYPE,
        geolocation.TYPE,
        color.TYPE,
        rating.TYPE,
        barcode.TYPE,
        json.TYPE,
        secret.TYPE,
        heading.TYPE,
        note.TYPE,
    )
}
MOST_VALUES = 1_000


def field_type(field: Field) -> FieldType:
    """The type of a field of a checked definition."""
    return FIELD_TYPES[field.type]


def stored_as(field: Field) -> StoredAs:
    """In what the field's value is kept; a computed value that is live is kept nowhere."""
    return FIELD_TYPES[field.type].stored_as(field)


def expression_type(field: Field) -> Type:
    """What the field's name yields in an expression."""
    one = FIELD_TYPES[field.type].expression_type(field)
    return Type("list", of=one) if field.many else one


def parse_value(field: Field, raw: Any, known: Known) -> Any:
    """Raw JSON as an engine value; empty text and an empty list are None. Raises ValueRefused.

    Judges the value alone: `required`, `min`, `max`, `pattern` and uniqueness are the validator's.
    """
    if raw is None or raw == "":
        return None
    type_ = FIELD_TYPES[field.type]
    if not field.many:
        return type_.parse(field, raw, known)
    if not isinstance(raw, list):
        raise ValueRefused("not-a-list")
    if len(raw) > MOST_VALUES:
        raise ValueRefused("too-many-values", most=MOST_VALUES)
    values: list[Any] = []
    for index, one in enumerate(raw):
        try:
            value = type_.parse(field, one, known)
        except ValueRefused as refused:
            raise ValueRefused(refused.code, below=str(index), **refused.holes) from None
        if value not in values:
            values.append(value)
    return values or None


def value_parser(field: Field) -> Parser:
    """`parse_value` for one field, made once and called for every value that is not empty."""
    if field.many:
        return lambda raw, known: parse_value(field, raw, known)
    return FIELD_TYPES[field.type].parser(field)


def column_parser(field: Field) -> ColumnParser | None:
    """What reads many values of one field by a few calls; None where each is read by itself."""
    return None if field.many else FIELD_TYPES[field.type].column_parser(field)


def value_presenter(field: Field) -> Callable[[Any], Any] | None:
    """`present_value` for values of one field that are not None; None: they stay as they are."""
    type_ = FIELD_TYPES[field.type]
    if field.type == "table" or field.many:
        return lambda value: present_value(field, value)
    if type(type_).present is FieldType.present:
        return None
    if field.type == "date":
        return _day_text
    if field.type == "period":
        return _period_text
    return lambda value: type_.present(field, value)


# of days and periods that come again and again
_day_text = lru_cache(maxsize=4_096)(day.isoformat)
_period_text = lru_cache(maxsize=4_096)(str)


def operators_of(field: Field) -> tuple[str, ...]:
    """What a condition may ask of the field: of many values whether one is among them."""
    operators = FIELD_TYPES[field.type].operators
    if not field.many:
        return operators
    return tuple(one for one in operators if one in ("in", "is empty"))


def present_value(field: Field, value: Any) -> Any:
    """An engine value as JSON; decimals stay Decimal, for the writer of JSON to print exactly."""
    if value is None:
        return None
    type_ = FIELD_TYPES[field.type]
    if field.type == "table":
        return [present_row(field, row) for row in value]
    if field.many:
        return [type_.present(field, one) for one in value]
    return type_.present(field, value)


def present_row(table: Field, row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of a sub-table as JSON, its id included."""
    shown = {"id": row["id"]} if "id" in row else {}
    for name, column in table.fields.items():
        if name in row:
            shown[name] = present_value(column, row[name])
    return shown


def json_schema(field: Field) -> dict[str, Any]:
    """JSON Schema of the field as the API carries it; every value may be null."""
    if field.type == "table":
        columns = {name: json_schema(column) for name, column in field.fields.items()}
        row = {"type": "object", "properties": {"id": {"type": "integer"}, **columns}}
        return {"type": "array", "items": row}
    one = FIELD_TYPES[field.type].json_schema(field)
    if field.many:
        return {"type": ["array", "null"], "items": one}
    if isinstance(one.get("type"), str):
        one = {**one, "type": [one["type"], "null"]}
        if "enum" in one:
            one["enum"] = [*one["enum"], None]
    return one
