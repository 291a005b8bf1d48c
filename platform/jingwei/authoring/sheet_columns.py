"""The columns and types of a form's sheet, and what other tools call them."""

from __future__ import annotations

from collections.abc import Mapping

COLUMNS = (
    "type",
    "name",
    "label::zh",
    "label::en",
    "hint",
    "hint::en",
    "required",
    "visible_if",
    "check",
    "message",
    "message::en",
    "compute",
    "choices",
    "more",
)
BEGIN, END = "begin table", "end table"
BEGIN_GROUP, END_GROUP = "begin group", "end group"
# words of XLSForm and what they are here
OTHER_TYPES: Mapping[str, str] = {
    "decimal": "number",
    "string": "text",
    "datetime": "datetime",
    "geopoint": "geolocation",
    "calculate": "number",
    "acknowledge": "boolean",
    "begin repeat": BEGIN,
    "begin_repeat": BEGIN,
    "begin_table": BEGIN,
    "end repeat": END,
    "end_repeat": END,
    "end_table": END,
    "begin_group": BEGIN_GROUP,
    "end_group": END_GROUP,
    "int": "integer",
    "geotrace": "json",
    "audio": "file",
    "video": "file",
    "photo": "image",
    "range": "integer",
}
_LANGUAGES = {"english (en)": "en", "中文 (zh)": "zh", "chinese (zh)": "zh", "english": "en"}
_COLUMNS: Mapping[str, str] = {
    "label": "label::zh",
    "relevant": "visible_if",
    "constraint": "check",
    "constraint_message": "message",
    "calculation": "compute",
    "hint::zh": "hint",
    "message::zh": "message",
    "read_only": "readonly",
    "constraint_message::en": "message::en",
    "constraint_message::zh": "message",
}


def column_of(written: str) -> str:
    """The name of a column as we call it: `label::English (en)` is `label::en`."""
    head, colons, language = written.strip().partition("::")
    if colons:
        written = f"{head}::{_LANGUAGES.get(language.strip().lower(), language)}"
    return _COLUMNS.get(written, written)


def type_of(written: str) -> tuple[str, bool, str]:
    """The type, whether several, and the code list of `select_one LIST`."""
    head, _, rest = written.partition(" ")
    if head in ("select_one", "select_multiple"):
        return "choice", head == "select_multiple", rest.strip()
    return OTHER_TYPES.get(written.lower(), written), False, ""
