"""Webhooks: JSON to an address on the allow-list, never into a network that is not meant.

The host is resolved once; every address it has is judged, and the connection is made to the one
that was judged. Redirects are refused: they would lead where nobody looked.
"""

from __future__ import annotations

import hmac
import http.client
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from jingwei.storage.types import canonical_json

TIMEOUT_SECONDS = 10
SCHEMES = ("http", "https")
Address = IPv4Address | IPv6Address
_NAT64 = ip_network("64:ff9b::/96")
# Of one site, or turned by a gateway there into an address of the old kind; nobody else has them.
_OF_A_SITE = tuple(
    ip_network(one) for one in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "fec0::/10")
)
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # what stands before an address of the old kind


class WebhookFailed(Exception):
    """It was not delivered; the outbox tries again. The text is for the administrator."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One delivery. `event_id`: the same over every repetition, so that a receiver tells doubles
    apart; `kind` and `source` as in CloudEvents."""

    url: str
    event_id: str
    kind: str
    source: str
    at: str
    body: Mapping[str, Any]
    secrets: Sequence[str] = ()  # that sign it: the one that holds, and the one before it
    sent_at: int = 0  # seconds since 1970, of this delivery


def send(webhook: Webhook, private: Sequence[str] = ()) -> None:
    """Deliver it. `private`: networks that may be reached although they are private.

    Raises WebhookFailed.
    """
    try:
        parts = urlsplit(webhook.url)
    except ValueError as error:
        raise WebhookFailed(f"{webhook.url}: not an address of http or https") from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise WebhookFailed(f"{webhook.url}: not an address of http or https")
    address = judged(parts, private)
    connection = _connection(parts, address)
    path = parts.path or "/"
    if parts.query:
        path += f"?{parts.query}"
    content = canonical_json(webhook.body)
    headers = {
        "Host": parts.netloc.rpartition("@")[2],
        "Content-Type": "application/json",
        "User-Agent": "jingwei",
        "ce-specversion": "1.0",
        "ce-id": webhook.event_id,
        "ce-type": webhook.kind,
        "ce-source": webhook.source,
        "ce-time": webhook.at,
        **signed(webhook, content),
    }
    try:
        connection.request("POST", path, content, headers)
        status = connection.getresponse().status
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise WebhookFailed(f"{parts.hostname}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise WebhookFailed(f"{parts.hostname}: answered {status}")


def signed(webhook: Webhook, content: bytes) -> dict[str, str]:
    """The headers by which a receiver knows who sent it and when, as Standard Webhooks have them;
    none without a secret."""
    if not webhook.secrets:
        return {}
    text = f"{webhook.event_id}.{webhook.sent_at}.".encode() + content
    marks = [hmac.digest(secret.encode(), text, "sha256") for secret in webhook.secrets]
    return {
        "webhook-id": webhook.event_id,
        "webhook-timestamp": str(webhook.sent_at),
        "webhook-signature": " ".join(f"v1,{b64encode(mark).decode()}" for mark in marks),
    }


def judged(parts: SplitResult, private: Sequence[str]) -> Address:
    """The address to connect to. Raises WebhookFailed when the host has one that is not allowed."""
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:  # or no name of a host, or no port
        raise WebhookFailed(f"{host}: cannot be resolved") from error
    addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    networks = [ip_network(one, strict=False) for one in private]
    for address in addresses:
        for meant in (address, *_within(address)):
            allowed = any(meant in network for network in networks)
            if not (_is_public(meant) or allowed) or meant.is_multicast:
                raise WebhookFailed(f"{host}: {meant} is in a network that is not allowed")
    return addresses[0]


def _is_public(address: Address) -> bool:
    return address.is_global and not any(address in network for network in _OF_A_SITE)


def _within(address: Address) -> list[IPv4Address]:
    """The address of the old kind that a gateway would make of this one."""
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
        found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    return [one for one in found if one is not None]


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _connection(parts: SplitResult, address: Address) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", _port(parts)
    if parts.scheme == "http":
        return http.client.HTTPConnection(str(address), port, timeout=TIMEOUT_SECONDS)
    return _Tls(host, port, str(address))


class _Tls(http.client.HTTPSConnection):
    """TLS to the address that was judged, with the certificate of the host that was named."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._context_of_tls = ssl.create_default_context()
        super().__init__(host, port, timeout=TIMEOUT_SECONDS, context=self._context_of_tls)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), TIMEOUT_SECONDS)
        self.sock = self._context_of_tls.wrap_socket(plain, server_hostname=self.host)
