"""Rules about code lists: their codes, or the records of a form that they are taken from."""

from __future__ import annotations

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.rules_form import unknown
from jingwei.language.organisation import CodeList
from jingwei.problems import Problems

# what a code, and what its title, may be taken from
CODES = ("text", "code", "barcode")
TITLES = (*CODES, "long_text")


def check_code_lists(catalogue: Catalogue, problems: Problems) -> None:
    for code_list in catalogue.code_lists.values():
        _check_capitals(code_list, problems)
        if code_list.source is not None and code_list.source["form"] in catalogue.forms:
            _check_source(catalogue, code_list, problems)


def _check_capitals(code_list: CodeList, problems: Problems) -> None:
    """Codes that differ in capitals only: nobody tells them apart in a filter or a sheet."""
    seen: dict[str, str] = {}
    for code in code_list.items:
        other = seen.setdefault(code.lower(), code)
        if other != code:
            at = code_list.origin.key("items", code)
            problems.add("codes-alike", at, severity="warning", choice=code, other=other)


def _check_source(catalogue: Catalogue, code_list: CodeList, problems: Problems) -> None:
    assert code_list.source is not None
    form = catalogue.forms[code_list.source["form"]]
    for key, types in (("code", CODES), ("title", TITLES)):
        name = code_list.source.get(key)
        if name is None or name == "number":
            continue
        at = code_list.origin.value("source", key)
        field = form.fields.get(name)
        if field is None:
            known = [n for n, f in form.fields.items() if f.type in types]
            unknown(problems, at, name, (*known, "number"), form.name)
        elif field.type not in types or field.many:
            fits = [n for n, f in form.fields.items() if f.type in types and not f.many]
            known_words = ", ".join((*fits, "number"))
            problems.add("code-list-of-no-text", at, name=name, type=field.type, known=known_words)
