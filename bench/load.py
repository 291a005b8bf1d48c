"""A small load generator: a few kept-alive connections, each asking again when it was answered."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

CONNECTIONS = 4


@dataclass(slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


# Gives the next request of a connection, told the answer to the one before (None at first).
Script = Callable[[int, Answer | None], bytes]


def request(
    method: str, path: str, token: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """The bytes of one request."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}"]
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@dataclass(slots=True)
class Measured:
    """What one run found. Times in seconds."""

    requests: int = 0
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def ask(address: tuple[str, int], sent: bytes) -> Answer:
    """One request on a connection of its own."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(sent)
        buffer = b""
        while True:
            answer, buffer = _take(buffer)
            if answer is not None:
                return answer
            more = connection.recv(1 << 20)
            if not more:
                raise ConnectionError("the server hung up")
            buffer += more


def drive(address: tuple[str, int], script: Script, expect: int, seconds: float) -> Measured:
    """Ask for a while. Any other status than `expect` stops the run: a fast error is no figure."""
    selector = selectors.DefaultSelector()
    lanes = [_Lane(address, i) for i in range(CONNECTIONS)]
    measured = Measured()
    for lane in lanes:
        selector.register(lane.connection, selectors.EVENT_READ, lane)
        lane.send(script(lane.number, None))
    began = time.perf_counter()
    until = began + seconds
    open_ = len(lanes)
    while open_:
        for key, _ in selector.select():
            lane = key.data
            answer = lane.receive()
            if answer is None:
                continue
            if answer.status != expect:
                raise RuntimeError(f"{answer.status} instead of {expect}: {answer.body[:400]!r}")
            now = time.perf_counter()
            measured.requests += 1
            measured.times.append(now - lane.sent_at)
            if now < until:
                lane.send(script(lane.number, answer))
            else:
                selector.unregister(lane.connection)
                lane.connection.close()
                open_ -= 1
    measured.seconds = time.perf_counter() - began
    return measured


class _Lane:
    def __init__(self, address: tuple[str, int], number: int) -> None:
        self.number = number
        self.connection = socket.create_connection(address, timeout=60)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._buffer = b""

    def send(self, sent: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.connection.sendall(sent)

    def receive(self) -> Answer | None:
        more = self.connection.recv(1 << 20)
        if not more:
            raise ConnectionError("the server hung up")
        answer, self._buffer = _take(self._buffer + more)
        return answer


def _take(buffer: bytes) -> tuple[Answer | None, bytes]:
    head, separator, rest = buffer.partition(b"\r\n\r\n")
    if not separator:
        return None, buffer
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    if len(rest) < length:
        return None, buffer
    return Answer(int(first.split(" ")[1]), headers, rest[:length]), rest[length:]
