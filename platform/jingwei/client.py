"""The REST API from Python: records with their revisions, safely repeated, page by page.

It needs nothing but the standard library and an address, so that a script of another department may
take this one file. Numbers with a point come and go as Decimal.

    house = Client.sign_in("http://127.0.0.1:8000", "li.na", password)
    contracts = house.records("contract")
    made = contracts.create(name="桥", amount=Decimal("1200.50"))
    contracts.change(made["id"], lambda record: {"amount": record["amount"] + 100})
"""

from __future__ import annotations

import hmac
import json
import urllib.error
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

TIMEOUT_SECONDS = 60.0
PAGE = 200  # records of one page, the most there are
MOST_TRIES = 100  # of a change that others keep overtaking
_STALE = 412
_NO: Mapping[str, Any] = MappingProxyType({})

Record = dict[str, Any]


class ApiError(Exception):
    """A refusal: `fields` are mappings of path, code and message."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(error.get("code", "failed"))
        self.fields: list[Mapping[str, Any]] = list(error.get("fields") or ())
        self.request_id = error.get("request_id")
        said = "; ".join(f"{f.get('path')}: {f.get('message')}" for f in self.fields)
        words = str(error.get("message", ""))
        super().__init__(f"{status} {self.code}: {words}" + (f" ({said})" if said else ""))


@dataclass(frozen=True, slots=True)
class Client:
    """One person at one installation. `token`: of a sign-in, or made for a script."""

    address: str
    token: str = field(repr=False, default="")
    language: str = "en"

    @classmethod
    def sign_in(cls, address: str, username: str, password: str, language: str = "en") -> Client:
        """Raises ApiError for a wrong password."""
        body = {"username": username, "password": password}
        answer = cls(address, "", language).ask("POST", "login", body)
        return cls(address, answer["token"], language)

    def records(self, form: str) -> Records:
        """The records of one form."""
        return Records(self, form)

    def me(self) -> Record:
        """Who this is, and what may be done."""
        found: Record = self.ask("GET", "me")
        return found

    def tasks(self, box: str = "todo") -> list[Record]:
        """What waits for me; other boxes: `waiting done mine cc`."""
        found: list[Record] = self.ask("GET", "tasks", parameters={"box": box, "size": PAGE})[
            "items"
        ]
        return found

    def decide(self, task: int, action: str, **said: Any) -> Record:
        """`approve reject return …` a task; said: `comment`, `to`, `people`, `fields`. The flow."""
        found: Record = self.ask("POST", f"tasks/{task}/{action}", said, key=uuid.uuid4().hex)
        return found

    def upload(self, name: str, content: bytes) -> Record:
        """A file; its `id` is the value of a file field."""
        mark = uuid.uuid4().hex
        head = (
            f"--{mark}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{_quoted(name)}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        type_ = f"multipart/form-data; boundary={mark}"
        found: Record = self._parsed(self._send("POST", "files", body, {"Content-Type": type_}))
        return found

    def download(self, path: str) -> bytes:
        """Content as it is: of `files/ID`, or of an export."""
        return self._send("GET", path, None, {})

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        revision: int | None = None,
        key: str | None = None,
    ) -> Any:
        """Any call of the API; its JSON. `revision`: the one that was seen; `key`: the same deed,
        however often it is sent. Raises ApiError."""
        if parameters:
            path += "?" + urlencode({k: v for k, v in parameters.items() if v is not None})
        headers = {}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent = None if body is None else json.dumps(body, default=_plain).encode()
        return self._parsed(self._send(method, path, sent, headers))

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> bytes:
        address = f"{self.address.rstrip('/')}/api/v1/{path}"
        request = urllib.request.Request(address, body, method=method)  # noqa: S310  # the caller's
        request.add_header("Accept-Language", self.language)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in headers.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                content: bytes = answer.read()
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        return content

    def _parsed(self, content: bytes) -> Any:
        return json.loads(content, parse_float=Decimal) if content else None


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one form, as this person may see and change them."""

    client: Client
    form: str

    @property
    def path(self) -> str:
        return f"forms/{quote(self.form)}/records"

    def get(self, id: int) -> Record:
        found: Record = self.client.ask("GET", f"{self.path}/{id}")
        return found

    def list(self, filter: str | None = None, **parameters: Any) -> Record:
        """One page: `items`, `total`; further parameters are those of the API."""
        found: Record = self.client.ask(
            "GET", self.path, parameters={"filter": filter, **parameters}
        )
        return found

    def all(
        self, filter: str | None = None, *, size: int = PAGE, **parameters: Any
    ) -> Iterator[Record]:
        """Every record, page after page, none twice however many come meanwhile."""
        after: str | None = None
        while True:
            page = self.list(filter, size=size, after=after, count="none", **parameters)
            yield from page["items"]
            after = page["after"]
            if after is None:
                return

    def create(self, values: Mapping[str, Any] | None = None, **more: Any) -> Record:
        """A new record; a connection that breaks makes no second one."""
        wanted = {**(values or {}), **more}
        found: Record = self.client.ask("POST", self.path, wanted, key=uuid.uuid4().hex)
        return found

    def update(self, id: int, revision: int, values: Mapping[str, Any]) -> Record:
        """Raises ApiError 412 when somebody was faster."""
        found: Record = self.client.ask("PATCH", f"{self.path}/{id}", values, revision=revision)
        return found

    def change(self, id: int, values_of: Callable[[Record], Mapping[str, Any]]) -> Record:
        """Change a record by what it is now; when somebody was faster, by what it is then."""
        for _ in range(MOST_TRIES):
            seen = self.get(id)
            try:
                return self.update(id, seen["revision"], values_of(seen))
            except ApiError as error:
                if error.status != _STALE:
                    raise
                refusal = error
        raise refusal

    def delete(self, id: int, revision: int) -> None:
        self.client.ask("DELETE", f"{self.path}/{id}", revision=revision)

    def submit(self, id: int) -> Any:
        """Starts the flow of the form, or submits where the form has none."""
        return self.client.ask("POST", f"{self.path}/{id}/submit", {}, key=uuid.uuid4().hex)

    def bulk(self, action: str, records: Iterable[Record], values: Mapping[str, Any] = _NO) -> Any:
        """Many at once: `update`, `delete`, `restore` or `submit` of records as they were read, or
        a button of the form that has `bulk`, whose questions `values` answers; `results` has one
        for each, done or refused."""
        chosen = [{"id": one["id"], "revision": one["revision"]} for one in records]
        body = {"action": action, "records": chosen}
        if values:
            body["values"] = dict(values)  # type: ignore[assignment]
        return self.client.ask("POST", f"{self.path}/bulk", body, key=uuid.uuid4().hex)

    def history(self, id: int) -> Any:
        """What happened to a record, newest first."""
        return self.client.ask("GET", f"{self.path}/{id}/history")


def is_genuine(
    secret: str, headers: Mapping[str, str], body: bytes, now: float, tolerance: float = 300
) -> bool:
    """Whether a webhook was signed with this secret within the last minutes (`now`: seconds since
    1970). Which `webhook-id` were dealt with already is for the receiver to remember."""
    given = {name.lower(): value for name, value in headers.items()}
    id, sent = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not (sent.isascii() and sent.isdigit()) or abs(now - int(sent)) > tolerance:
        return False
    mark = hmac.digest(secret.encode(), f"{id}.{sent}.".encode() + body, "sha256")
    wanted = f"v1,{b64encode(mark).decode()}".encode()
    marks = given.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(wanted, one) for one in marks)


def _quoted(name: str) -> str:
    """As browsers write the name of a file between quotation marks."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):  # exact as text, which the API takes for a number
        return f"{value:f}"
    return str(value)


def _refusal(error: urllib.error.HTTPError) -> ApiError:
    content = error.read()
    try:
        said = json.loads(content).get("error", {})
    except (ValueError, AttributeError):
        said = {"message": content[:200].decode(errors="replace")}
    return ApiError(error.code, said)
