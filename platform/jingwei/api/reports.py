"""Reports: which there are, their data or document, and the texts people write into them."""

from __future__ import annotations

from flask import Blueprint, Response, request

from jingwei.api.around import known_body
from jingwei.api.asking import Answer, choice, parameters, wanted_revision, write
from jingwei.api.auth import person, reading
from jingwei.api.downloads import disposition
from jingwei.api.json import answer
from jingwei.documents.reports import FORMATS, Made, make_asked
from jingwei.refusals import Malformed
from jingwei.services import report_asked, report_kept, report_texts, reports
from jingwei.services.commands import Work
from jingwei.web import current, locale, request_id

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1/reports")

JSON = "json"


@blueprint.get("")
def listed() -> Response:
    """Those this person may read."""
    parameters()
    with reading() as view:
        return answer({"items": report_asked.reports(view, locale())})


@blueprint.get("/<name>")
def report(name: str) -> Response:
    """`?org&period&format=json|docx|pdf`; a report about a record takes `id`. Of a report with
    `archive` what is handed out is kept: once for the same data, however often it is fetched."""
    given = parameters(*_known(name), "format")
    wanted = choice(given, "format", (JSON, *FORMATS)) or JSON
    given.pop("format", None)
    given.pop("lang", None)
    with reading() as view:
        asked = report_asked.ask(view, name, given)
        if wanted == JSON:
            data = reports.gather(view, asked, locale())
            return answer(data.to_json() | {"kept": report_kept.kept_files(view, asked)})
        made = make_asked(view, asked, wanted, locale(), current().settings.data_dir)
    if asked.report.archive:
        _keep(name, given, made)
    return _download(made.name, made.mimetype, made.content, made.data.fingerprint)


@blueprint.get("/<name>/kept/<int:file>")
def kept(name: str, file: int) -> Response:
    """A kept document, byte for byte as it was handed out."""
    given = parameters(*_known(name))
    given.pop("lang", None)
    with reading() as view:
        asked = report_asked.ask(view, name, given)
        file_name, mimetype, content = report_kept.kept_file(view, asked, file)
    return _download(file_name, mimetype, content, None)


@blueprint.put("/<name>/narrative/<slot>")
def narrative(name: str, slot: str) -> Response:
    """`{text}`. If-Match: the id of the text that was seen, 0 when there was none."""
    given = parameters(*_known(name))
    given.pop("lang", None)
    body = known_body("text")
    before = wanted_revision()

    def handler(work: Work) -> Answer:
        asked = report_asked.ask(work, name, given)
        return 200, report_texts.write_narrative(work, asked, slot, body.get("text"), before)

    return write(handler)


def _known(name: str) -> tuple[str, ...]:
    """Parameters that the address may carry; a report that is not there is answered later."""
    found = current().active.current.catalogue.reports.get(name)
    return (report_asked.RECORD, *found.parameters) if found is not None else tuple(request.args)


def _keep(name: str, given: dict[str, str], made: Made) -> None:
    def handler(work: Work) -> int:
        asked = report_asked.ask(work, name, given)
        return report_kept.keep_file(work, asked, made.data, made.name, made.mimetype, made.content)

    current().commands.run(handler, person(), request_id=request_id())


def _download(name: str, mimetype: str, content: bytes, fingerprint: str | None) -> Response:
    if not content:
        raise Malformed("file-empty")
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = disposition(name, "report")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if fingerprint is not None:
        response.headers["ETag"] = f'"{fingerprint}"'
    return response
