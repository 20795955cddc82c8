"""Seals: tokens for addresses that nobody can guess or change, by HMAC-SHA-256 (RFC 2104).

A token is `<subject>.<last day>.<mac>`. The subject is row ids, dates and the like, and stands
there to be read. The last day counts days since 1970-01-01; 0 stands for ever. The mac is the
first 128 bits over purpose, subject and day, in letters that mail programs neither cut nor change
the case of. A token for one purpose opens nothing that has another.
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

_MAC_BYTES = 16
_EPOCH = date(1970, 1, 1)
_FOR_EVER = 0


class Purpose(StrEnum):
    """What a token opens; the value begins the path of its pages."""

    EDITION = "e"
    MANAGE = "m"
    UNSUBSCRIBE = "u"
    CONFIRM = "c"
    FEED = "f"
    BOUNCE = "b"
    UPDATES = "telegram"


class BadTokenError(ValueError):
    """The token opens nothing."""


class ForgedError(BadTokenError):
    """It was not sealed with this key, not for this purpose, or was changed."""


class ExpiredError(BadTokenError):
    """It was good once."""


@dataclass(frozen=True, slots=True)
class Seal:
    """*key*: 32 random bytes, the same in all processes."""

    key: bytes = field(repr=False)

    def put(self, purpose: Purpose, *subject: int | str, last: date | None = None) -> str:
        """Return the token of *subject*, good up to the day *last* (UTC); None: for ever.

        A subject's parts hold no dot, and nothing that an address must not.
        """
        day = _FOR_EVER if last is None else (last - _EPOCH).days
        signed = ".".join(map(str, (*subject, day)))
        return f"{signed}.{self._mac(purpose, signed)}"

    def read(self, purpose: Purpose, token: str, now: datetime) -> tuple[str, ...]:
        """Return the parts of the subject; ForgedError or ExpiredError where it opens nothing."""
        signed, _, mac = token.rpartition(".")
        if not hmac.compare_digest(_bytes(mac), _bytes(self._mac(purpose, signed))):
            raise ForgedError
        *subject, day = signed.split(".")
        if int(day) != _FOR_EVER and (now.astimezone(UTC).date() - _EPOCH).days > int(day):
            raise ExpiredError
        return tuple(subject)

    def secret(self, purpose: Purpose, name: str) -> str:
        """Return letters and digits that only those with the key know, the same each time.

        *name* has no dot in it, which every token's subject has before it is sealed.
        """
        return self._mac(purpose, name)

    def _mac(self, purpose: Purpose, signed: str) -> str:
        mac = hmac.digest(self.key, _bytes(f"{purpose}.{signed}"), "sha256")[:_MAC_BYTES]
        return b32encode(mac).decode().rstrip("=").lower()


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")  # half a character may stand in what strangers send
