"""Guides: chapters of help in Markdown, and where the `help:` of a definition leads."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint

from jingwei.catalogue.guides import Guide
from jingwei.refusals import NotFound
from jingwei.screens.frame import page
from jingwei.screens.markdown import chapters
from jingwei.screens.session import reading

_FIRST = re.compile(r"\A\s*#{1,6}\s+.+(?:\n|\Z)")  # it is the title of the page


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/guides/<name>", "guide", guide)


def guide(name: str) -> Any:
    with reading() as view:
        found: Guide | None = view.catalogue.guides.get(name)
        if found is None:
            raise NotFound("not-found")
        text = _FIRST.sub("", found.text, count=1)
        below = list(found.chapters.items())[1:]
        return page(view, "guide.html", guide=found, body=chapters(text), below=below)
