"""HTML files as templates: what one asks for, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jingwei.documents.template_language import Fault, names_of, parsed, unknown_names

MOST_BYTES = 2_000_000  # of a template


def read_template(content: bytes) -> tuple[dict[str, int], list[Fault]]:
    """The names an HTML template asks for, with their lines, and what is wrong with it."""
    try:
        source = content.decode("utf-8")
    except UnicodeDecodeError:
        return {}, [Fault("template-syntax", "UTF-8", 1)]
    if len(content) > MOST_BYTES:
        return {}, [Fault("template-syntax", f"> {MOST_BYTES}", 1)]
    tree, faults = parsed(source)
    return ({} if tree is None or faults else names_of(tree)), faults


def template_faults(content: bytes, known: Mapping[str, Any]) -> list[Fault]:
    """Everything wrong with a template, for a report that knows these names."""
    names, faults = read_template(content)
    unknown = unknown_names(names, known)
    return [*faults, *(Fault("template-unknown-name", name, names[name]) for name in unknown)]
