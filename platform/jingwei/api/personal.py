"""What is a person's own: phrases of opinions, and the picture of a signature."""

from __future__ import annotations

from flask import Blueprint, Response

from jingwei.api.around import known_body
from jingwei.api.asking import Answer, parameters, write
from jingwei.api.auth import reading
from jingwei.api.json import answer
from jingwei.services import personal
from jingwei.services.commands import Work
from jingwei.web import current

blueprint = Blueprint("personal", __name__, url_prefix="/api/v1/me")


@blueprint.get("/phrases")
def phrases() -> Response:
    parameters()
    with reading() as view:
        return answer({"items": personal.phrases(view)})


@blueprint.put("/phrases")
def keep_phrases() -> Response:
    """All of them, in the order they are offered."""
    parameters()
    body = known_body("items")

    def handler(work: Work) -> Answer:
        return 200, {"items": personal.keep_phrases(work, body.get("items"))}

    return write(handler)


@blueprint.get("/pins")
def pins() -> Response:
    """Addresses of the home page; none were chosen: an empty list."""
    parameters()
    with reading() as view:
        return answer({"items": personal.pins(view) or []})


@blueprint.put("/pins")
def keep_pins() -> Response:
    """All of them, in the order they are shown."""
    parameters()
    body = known_body("items")
    return write(lambda work: (200, {"items": personal.keep_pins(work, body.get("items"))}))


@blueprint.get("/signature")
def signature() -> Response:
    parameters()
    with reading() as view:
        return answer({"file": personal.signature(view)})


@blueprint.put("/signature")
def sign_with() -> Response:
    """`file`: the id of a picture of one's own; none takes the signature away from now on."""
    parameters()
    body = known_body("file")

    def handler(work: Work) -> Answer:
        data_dir = current().settings.data_dir
        return 200, {"file": personal.sign_with(work, body.get("file"), data_dir)}

    return write(handler)
