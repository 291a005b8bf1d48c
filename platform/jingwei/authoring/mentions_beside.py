"""Fields that layers and definition tests name: they stand beside the definitions, not in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from jingwei.authoring.mentions import Mention
from jingwei.catalogue.catalogue import Catalogue
from jingwei.language.form import Form
from jingwei.language.kinds.table import KINDS
from jingwei.problems import Problems
from jingwei.reading.read import read_file
from jingwei.reading.yaml_file import Data, Path, Scalar, YamlFile


def mentions_of_layers(catalogue: Catalogue) -> Iterator[Mention]:
    """Each path of a layer that leads into a field of the group's form."""
    for layer in catalogue.layers.values():
        form = catalogue.forms.get(layer.of_name) if layer.of_kind == "form" else None
        if form is None:
            continue
        for key, patches in (("set", layer.sets), ("add", layer.adds), ("hide", layer.hides)):
            for patch in patches:
                target = _field_of(form, patch.path)
                if target is not None:
                    by = f"layer/{layer.name}"
                    yield Mention(patch.at, by, f"{key}.{patch.path}", target)


def _field_of(form: Form, path: str) -> str | None:
    words = path.split(".")
    if words[0] != "fields" or len(words) < 2 or words[1] not in form.fields:
        return None
    table = form.fields[words[1]]
    if len(words) > 3 and words[2] == "fields" and words[3] in table.fields:
        return f"{form.name}.{words[1]}.{words[3]}"
    return f"{form.name}.{words[1]}"


def mentions_of_tests(catalogue: Catalogue) -> Iterator[Mention]:
    """Each field that a test gives, changes or looks at."""
    folder = catalogue.manifest.folders.get("test", KINDS["test"].folder)
    for path, content in catalogue.files.items():
        if path.endswith(".yaml") and PurePosixPath(path).is_relative_to(folder):
            file = read_file(path, content, Problems())
            if file is not None:
                yield from _Trial(catalogue, file).mentions()


class _Trial:
    def __init__(self, catalogue: Catalogue, file: YamlFile) -> None:
        self.catalogue = catalogue
        self.file = file
        self.by = f"test/{PurePosixPath(file.path).stem}"
        self.records: dict[str, Form] = {}

    def mentions(self) -> Iterator[Mention]:
        for name, record in _entries(self.file.data, "records"):
            form = self._form(record)
            if form is not None:
                self.records[name] = form
                yield from self._fields(form, record, ("records", name))
        for name, case in _entries(self.file.data, "cases"):
            given = _words(_part(case, "given"))
            form = self.records.get(given[0]) if given else None
            yield from self._case(form, case, ("cases", name))

    def _case(self, form: Form | None, case: Data, path: Path) -> Iterator[Mention]:
        steps = _part(case, "when")
        for index, step in enumerate(steps if isinstance(steps, list) else [steps]):
            here = (*path, "when", index) if isinstance(steps, list) else (*path, "when")
            created = _part(step, "create")
            other = self._form(created)
            if other is not None and created is not None:
                yield from self._fields(other, created, (*here, "create"))
            for key in ("change", "fields"):
                changed = _part(step, key)
                if form is not None and changed is not None:
                    yield from self._fields(form, changed, (*here, key))
        then = _part(case, "then")
        value = _part(then, "value")
        if form is not None and value is not None:
            yield from self._fields(form, value, (*path, "then", "value"))
        for name in _words(_part(then, "hidden")):
            if form is not None and name in form.fields:
                at = self.file.value_at((*path, "then", "hidden"))
                yield Mention(at, self.by, ".".join(map(str, path)), f"{form.name}.{name}")

    def _form(self, data: Data | None) -> Form | None:
        name = _words(_part(data, "form"))
        return self.catalogue.forms.get(name[0]) if name else None

    def _fields(self, form: Form, data: Data, path: Path) -> Iterator[Mention]:
        """The fields that are keys here, and the columns in rows below them."""
        place = ".".join(str(part) for part in path)
        for name, part in data.items() if isinstance(data, dict) else ():
            field = form.fields.get(name)
            if field is None:
                continue
            yield Mention(self.file.key_at((*path, name)), self.by, place, f"{form.name}.{name}")
            for index, row in enumerate(part if isinstance(part, list) else ()):
                for column in row if isinstance(row, dict) else ():
                    if column in field.fields:
                        at = self.file.key_at((*path, name, index, column))
                        yield Mention(at, self.by, place, f"{form.name}.{name}.{column}")


def _entries(data: Data, key: str) -> Iterator[tuple[str, Data]]:
    found = _part(data, key)
    if isinstance(found, Mapping):
        yield from found.items()


def _part(data: Data | None, key: str) -> Data | None:
    return data.get(key) if isinstance(data, dict) else None


def _words(data: Data | None) -> list[str]:
    parts = data if isinstance(data, list) else [data]
    return [part.text for part in parts if isinstance(part, Scalar)]
