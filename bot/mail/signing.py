"""DKIM (RFC 6376): signing a mail with the key of its domain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

_SIGNED = (
    b"from",
    b"reply-to",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"list-id",
    b"list-unsubscribe",  # RFC 8058 asks for this and the next
    b"list-unsubscribe-post",
    b"auto-submitted",
)
_PROBE = b"From: a@example.org\r\n\r\n\r\n"


class WrongKeyError(ValueError):
    """The key cannot sign."""


@dataclass(frozen=True, slots=True)
class DkimSigner:
    """Called with a whole message, it returns the message with its signature before it."""

    key: bytes = field(repr=False)
    selector: str
    domain: str

    @classmethod
    def of(cls, key: bytes, selector: str, domain: str) -> Self:
        """Return what signs with the private *key* (PEM, RSA); WrongKeyError if it cannot."""
        from dkim import DKIMException  # noqa: PLC0415 - only those who sign pay for it

        signer = cls(key, selector, domain)
        try:
            signer(_PROBE)
        except (DKIMException, ValueError, IndexError) as error:
            raise WrongKeyError(str(error) or type(error).__name__) from error
        return signer

    def __call__(self, message: bytes) -> bytes:
        from dkim import sign  # noqa: PLC0415

        head = message.partition(b"\r\n\r\n")[0].lower()
        there = [name for name in _SIGNED if f"\n{name.decode()}:".encode() in b"\n" + head]
        header: bytes = sign(
            message,
            self.selector.encode(),
            self.domain.encode(),
            self.key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=there,
        )
        return header + message
