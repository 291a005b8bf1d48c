"""The page of a record that its reader cannot see: what he may see, and what he can do. It is
the same for what is not there, what was deleted and what is out of reach."""

from __future__ import annotations

from typing import Any

from jingwei.language.form import Form
from jingwei.screens.cells import Cells
from jingwei.screens.frame import page
from jingwei.services.commands import Reading
from jingwei.services.listing import may_open
from jingwei.services.rights import Grant
from jingwei.texts import text
from jingwei.web import locale

MOST_ORGS = 8


def unseen(view: Reading, name: str) -> Any:
    """Answered with 404."""
    form = view.catalogue.forms.get(name)
    known = form is not None and may_open(view, name)
    return page(
        view,
        "unseen.html",
        code=404,
        form=form if known else None,
        title=form.title(locale()) if known and form is not None else "",
        reach=_reach(view, form) if known and form is not None else [],
        may_delete=known and view.rights.decide(view, name, "delete").allowed,
    )


def _reach(view: Reading, form: Form) -> list[str]:
    """Which records of the form the reader may see, a line for each of his grants."""
    cells = Cells(view)
    grants = view.rights.grants(view, form.name).grants
    lines = [_line(cells, one) for one in grants if "read" in one.permission.can]
    return list(dict.fromkeys(lines))


def _line(cells: Cells, grant: Grant) -> str:
    scope, words = grant.permission.scope, cells.words
    if isinstance(scope, str) and scope in ("own", "all"):
        said = text(f"screens.unseen.{scope}", words)
    elif grant.orgs is not None:
        names = [cells.title("org", code) for code in sorted(grant.orgs)]
        said = text("screens.joint", words).join(names[:MOST_ORGS])
        if len(names) > MOST_ORGS:
            said = text("screens.unseen.and_more", words, orgs=said, count=len(names))
        said = text("screens.unseen.orgs", words, orgs=said) if names else ""
    else:
        said = text("screens.unseen.some", words)
    if not said:
        return text("screens.unseen.no_org", words, by=grant.permission.name)
    if grant.permission.where is not None:
        said = text("screens.unseen.where", words, scope=said)
    return text("screens.unseen.by", words, scope=said, by=grant.permission.name)
