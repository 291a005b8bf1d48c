"""Secrets sealed with keys that lie outside the database, and sealed anew when these are changed.

A sealed word is `sealed.1.KEY.MARK.BODY`. `KEY` says with which key, by a part of its hash; `MARK`
is of the occasion on which the word was typed, and stays when it is sealed anew; `BODY` is
AES-256-GCM over the word, filled up so that its length is not told either. A sheet with secrets
is sealed as a whole (AES-256-SIV: the same sheet is the same file).
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jingwei.language.field_types.secret import Sealed
from jingwei.refusals import Refused

PREFIX = "sealed.1."
SEALED_FILE = b"jingwei sealed 1 "  # what a sealed file begins with
_NONCE, _MARK, _BLOCK, _ID = 12, 9, 64, 6  # bytes
ID_END = len(PREFIX) + 2 * _ID  # characters of a sealed word up to the id of its key
_SHAPE = re.compile(r"sealed\.1\.[0-9a-f]{12}\.[A-Za-z0-9_-]{12}\.[A-Za-z0-9_-]{36,}={0,2}")
UNSEALED = "unsealed"  # the mark of all words that an earlier engine kept as they were typed
Load = Callable[[], Sequence[str]]


def _none() -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class _Key:
    """One key as the setting has it, worked out for words and for files."""

    id: str
    words: AESGCM
    files: AESSIV


def _key(given: str) -> _Key:
    def derived(use: bytes, length: int) -> bytes:
        return HKDF(SHA256(), length, salt=None, info=b"jingwei " + use).derive(given.encode())

    identity = derived(b"key id", _ID).hex()
    return _Key(identity, AESGCM(derived(b"words", 32)), AESSIV(derived(b"files", 64)))


class Keyring:
    """The keys of an installation: the first seals, any of them opens."""

    def __init__(self, load: Load = _none) -> None:
        """`load`: the keys as they are written, newest first; asked when one is needed, and again
        when a word is sealed with one that was not there then."""
        self._load = load
        self._keys: dict[str, _Key] | None = None
        self._lock = Lock()

    def require(self) -> None:
        """Raises Refused where no key is there to seal with."""
        self._first()

    def ids(self) -> list[str]:
        """The ids of the keys that are here, the first one first; none without a key."""
        return list(self._keys or self._read())

    def seal(self, word: str) -> Sealed:
        """The word as it is kept. Raises Refused without a key."""
        mark = urlsafe_b64encode(secrets.token_bytes(_MARK)).decode()
        return self._sealed(word.encode(), mark)

    def renewed(self, kept: str) -> Sealed | None:
        """A word that is kept, plain or under an older key, under the first one; None where that
        is how it is kept. Raises UnknownKey, Refused."""
        if not is_sealed(kept):
            return self.seal(kept)
        if kept.startswith(self.front()):
            return None
        mark = mark_of(kept)
        return self._sealed(self._opened(kept), mark)

    def front(self) -> str:
        """What every word begins with that the first key sealed. Raises Refused without one."""
        return f"{PREFIX}{self._first().id}."

    def seal_file(self, content: bytes) -> bytes:
        """A whole file, the same each time. Raises Refused without a key."""
        if not content:
            return content
        key = self._first()
        head = SEALED_FILE + key.id.encode() + b"\n"
        return head + key.files.encrypt(content, [head])

    def open_file(self, content: bytes) -> bytes:
        """What was sealed so; any other content as it is. Raises UnknownKey."""
        if not content.startswith(SEALED_FILE):
            return content
        head, line, sealed = content.partition(b"\n")
        identity = head[len(SEALED_FILE) :][: 2 * _ID].decode(errors="replace")
        key = self._of(identity)
        try:
            return key.files.decrypt(sealed, [head + line])
        except (InvalidTag, ValueError):  # somebody else's, that only begins so
            raise UnknownKey(identity) from None

    def _sealed(self, word: bytes, mark: str) -> Sealed:
        key = self._first()
        head = f"{PREFIX}{key.id}.{mark}."
        nonce = secrets.token_bytes(_NONCE)
        filled = word.ljust(-(-len(word) // _BLOCK) * _BLOCK, b"\0")  # no text holds this character
        body = nonce + key.words.encrypt(nonce, filled, head.encode())
        return Sealed(head + urlsafe_b64encode(body).decode())

    def _opened(self, kept: str) -> bytes:
        head, _, written = kept.rpartition(".")
        identity = kept.removeprefix(PREFIX).partition(".")[0]
        key = self._of(identity)
        try:
            body = urlsafe_b64decode(written)
            word = key.words.decrypt(body[:_NONCE], body[_NONCE:], f"{head}.".encode())
        except (InvalidTag, ValueError):  # ValueError: cut short
            raise UnknownKey(identity) from None
        return word.rstrip(b"\0")

    def _first(self) -> _Key:
        for key in (self._keys or self._read()).values():
            return key
        raise Refused("setting-field-keys-needed")

    def _of(self, identity: str) -> _Key:
        found = (self._keys or {}).get(identity) or self._read().get(identity)
        if found is None:
            raise UnknownKey(identity)
        return found

    def _read(self) -> dict[str, _Key]:
        with self._lock:
            keys = [_key(given) for given in self._load()]
            self._keys = {key.id: key for key in keys}
            return self._keys


class UnknownKey(Refused):
    """Something is sealed with a key that is not here any more, or was changed since."""

    def __init__(self, key: str) -> None:
        super().__init__("field-key-gone", key=key)


def renewed_or_kept(keys: Keyring, kept: str) -> Sealed:
    """A word under the first key; as it is kept where its own key is not here. Raises Refused."""
    try:
        return keys.renewed(kept) or Sealed(kept)
    except UnknownKey:
        return Sealed(kept)


def is_sealed(kept: str) -> bool:
    """Whether this is how a secret is kept, and not how somebody typed it, our prefix before it."""
    return _SHAPE.fullmatch(kept) is not None


def mark_of(kept: str) -> str:
    """Which occasion a secret was typed on: another one tells that it was changed, and nothing of
    what it is."""
    return kept.split(".")[3] if is_sealed(kept) else UNSEALED


def key_of(kept: str) -> str:
    """The id of the key with which a word is sealed."""
    return kept.removeprefix(PREFIX).partition(".")[0]
