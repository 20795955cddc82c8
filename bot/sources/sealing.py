"""Sealing: encrypts the secrets of sources with keys that are not in the database.

AES-256-GCM. The id of the source is authenticated with each ciphertext, so that a row that was
moved to another source cannot be opened. A key is 32 random bytes, written in base64; the first of
several keys seals, and all of them open.

A sealed text: one byte for this format, four that tell the key, twelve random ones, the ciphertext.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT: Final = b"\x01"
_KEY_BYTES: Final = 32
_MARK_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD: Final = len(_FORMAT) + _MARK_BYTES


class NoKeyError(Exception):
    """There is no key to seal with."""


class CannotOpenError(Exception):
    """No key opens this text: the key is lost, it is another one, or the text was changed."""


def parse_keys(text: str) -> tuple[bytes, ...]:
    """Read keys, the newest first, with commas or line breaks between them. Raises ValueError."""
    keys = []
    for part in text.replace("\n", ",").split(","):
        written = part.strip().replace("-", "+").replace("_", "/")
        if not written or written.startswith("#"):
            continue
        try:
            key = b64decode(written + "=" * (-len(written) % 4), validate=True)
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise ValueError(
                "a key is 32 random bytes in base64, as `openssl rand -base64 32` writes them; "
                "several stand with commas between them, the newest first"
            )
        keys.append(key)
    return tuple(keys)


def new_key() -> str:
    """Return a new key as it is written in a setting or a file."""
    return b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


@dataclass(frozen=True, slots=True)
class Keyring:
    """*read*: returns the keys, the newest first. *make*: makes the first one, None: it cannot.

    The keys are read at each use, because another process may have made or changed them.
    """

    read: Callable[[], Sequence[bytes]]
    make: Callable[[], Sequence[bytes]] | None = None

    def require(self) -> None:
        """Raise NoKeyError if there is no key, and none can be made."""
        if not self.read() and self.make is None:
            raise NoKeyError

    def seal(self, text: bytes, source_id: int) -> bytes:
        """Encrypt *text* for the source with the newest key. Raises NoKeyError."""
        keys = self.read() or (self.make() if self.make else ())
        if not keys:
            raise NoKeyError
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = _cipher(keys[0]).encrypt(nonce, text, _bound_to(source_id))
        return _FORMAT + _mark(keys[0]) + nonce + sealed

    def open(self, sealed: bytes, source_id: int) -> bytes:
        """Decrypt what was sealed for the source. Raises CannotOpenError."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as in `_cipher`

        nonce, rest = sealed[_HEAD : _HEAD + _NONCE_BYTES], sealed[_HEAD + _NONCE_BYTES :]
        for key in self.read():
            if sealed[:_HEAD] == _FORMAT + _mark(key):
                try:
                    return _cipher(key).decrypt(nonce, rest, _bound_to(source_id))
                except (InvalidTag, ValueError):
                    continue
        raise CannotOpenError

    def is_newest(self, sealed: bytes) -> bool:
        """Return whether *sealed* was sealed with the newest key."""
        keys = self.read()
        return bool(keys) and sealed[:_HEAD] == _FORMAT + _mark(keys[0])


def _cipher(key: bytes) -> AESGCM:
    """Import the library at the first use, because most installations seal nothing."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see above

    return AESGCM(key)


NO_KEYS: Final = Keyring(tuple)


def _mark(key: bytes) -> bytes:
    """Return the bytes that tell a key from others, from which nobody can guess it."""
    return sha256(b"the mark of a key:" + key).digest()[:_MARK_BYTES]


def _bound_to(source_id: int) -> bytes:
    return f"the access of source {source_id}".encode()
