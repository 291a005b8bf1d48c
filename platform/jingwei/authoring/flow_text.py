"""Plain data as one line of YAML, in braces, as authors write fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from jingwei.problems import Problems
from jingwei.reading.read import read_file
from jingwei.reading.yaml_file import Data, Scalar

Fields = dict[str, Data]  # a map as authors write it: fields, rules, a section

# what a plain word may not have inside braces
_UNSAFE = re.compile(r"[,\[\]{}]|: |:$| #|^[-?:!&*|>%@`\"'#]|^\s|\s$|\n")


def flow(data: Data) -> str:
    """`{type: money, min: 0}`; words are quoted only where they must be, or were."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{key}: {flow(part)}" for key, part in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(flow(part) for part in data) + "]"
    if data.style == "single":
        return "'" + data.text.replace("'", "''") + "'"
    if data.style == "plain" and not _UNSAFE.search(data.text):
        return data.text
    if data.style == "plain" and '"' in data.text and "\n" not in data.text:
        return "'" + data.text.replace("'", "''") + "'"
    return json.dumps(data.text, ensure_ascii=False)


def unflow(text: str) -> Mapping[str, Data] | None:
    """The map that such a line writes; None when it cannot be read as one."""
    file = read_file("", text.encode(), Problems())
    return file.data if file is not None and isinstance(file.data, dict) else None


def words(text: str) -> Scalar:
    """A text as a person would write it: quoted only where YAML asks for it."""
    return Scalar(text)


def text_of(data: Data | None) -> str:
    """The word that is written; nothing for what is no word."""
    return data.text if isinstance(data, Scalar) else ""
