"""Files up and down: as a download, or a picture as a picture; never as a page of ours."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, send_file
from werkzeug.datastructures import FileStorage

from jingwei.api.asking import Answer, flag, parameters, write
from jingwei.api.auth import person, reading
from jingwei.api.downloads import disposition
from jingwei.api.json import answer
from jingwei.api.security import UPLOAD_BYTES
from jingwei.refusals import Malformed
from jingwei.services import file_types, files
from jingwei.services.commands import Work
from jingwei.web import current

blueprint = Blueprint("files", __name__, url_prefix="/api/v1/files")


@blueprint.post("")
def upload() -> Response:
    """The part `file` of a multipart form. It is the uploader's own until a record takes it."""
    parameters()
    person()  # nothing is kept for strangers
    name, part = uploaded()
    data_dir = current().settings.data_dir
    sha256, size = files.keep(data_dir, part.stream)
    type_ = file_types.type_of(files.path_of(data_dir, sha256), name)

    def handler(work: Work) -> Answer:
        return 201, files.add(work, name, type_, sha256, size)

    return write(handler, content=f"{name}\0{sha256}".encode())


def uploaded() -> tuple[str, FileStorage]:
    """The one file of a multipart form, and its name. Raises Malformed."""
    request.max_content_length = UPLOAD_BYTES
    part = request.files.get("file")
    if part is None or len(list(request.files.items(multi=True))) != 1:
        raise Malformed("file-needed")
    return files.plain_name(part.filename), part


@blueprint.get("/<int:file>")
def download(file: int) -> Response:
    """The content; `?info=1`: what is known of it; `?view=1`: a picture to be seen, not kept."""
    given = parameters("info", "view")
    with reading() as view:
        row = files.readable(view, file)
    if flag(given, "info"):
        return answer(files.file_json(row))
    path = files.path_of(current().settings.data_dir, row.sha256)
    seen = flag(given, "view") and row.type in file_types.PICTURES
    response: Any = send_file(
        path.resolve(),
        mimetype=row.type,
        etag=row.sha256,
        max_age=0,
    )
    kind = "inline" if seen else "attachment"
    response.headers["Content-Disposition"] = disposition(row.name, kind=kind)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    found: Response = response
    return found
