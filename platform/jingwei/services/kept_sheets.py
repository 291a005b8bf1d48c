"""Sheets that wait to be imported, among the files; sealed as a whole where they bring secrets."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from jingwei.catalogue.catalogue import Catalogue
from jingwei.catalogue.extensions import extensions
from jingwei.services import files
from jingwei.services.form_paths import secret_fields
from jingwei.services.platform import Platform


def keep_sheet(platform: Platform, form: str, stream: IO[bytes]) -> tuple[str, int]:
    """The sha256 of what is kept, and the size of what was brought. Raises Refused where it would
    have to be sealed and there is no key."""
    data_dir = platform.settings.data_dir
    if not brings_secrets(platform.active.current.catalogue, form):
        return files.keep(data_dir, stream)
    content = stream.read()
    sha256, _ = files.keep(data_dir, BytesIO(platform.database.keys.seal_file(content)))
    return sha256, len(content)


def brings_secrets(catalogue: Catalogue, form: str) -> bool:
    """Whether a record of the form, in whatever org, has a secret."""
    definition = catalogue.forms.get(form)
    if definition is None or secret_fields(definition):
        return definition is not None
    added = extensions(catalogue)
    fields = [field for one in added.fields if one.form == form for field in one.fields]
    fields += [field for one in added.tables if one.form == form for field in one.fields]
    return any(field.type == "secret" for field in fields)
