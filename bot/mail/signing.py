"""Signing a mail with the key of its domain: DKIM (RFC 6376)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

# RFC 8058 requires that the list-unsubscribe fields are signed.
_SIGNED = (
    b"from reply-to to subject date message-id in-reply-to references mime-version content-type "
    b"list-id list-unsubscribe list-unsubscribe-post auto-submitted"
).split()
_PROBE = b"From: a@example.org\r\n\r\n\r\n"


class WrongKeyError(ValueError):
    """The key cannot sign."""


@dataclass(frozen=True, slots=True)
class DkimSigner:
    """A callable that returns a whole message with its signature in front."""

    key: bytes = field(repr=False)
    selector: str
    domain: str

    @classmethod
    def of(cls, key: bytes, selector: str, domain: str) -> Self:
        """Return a signer with the private *key* (PEM, RSA). Raises WrongKeyError if it is none."""
        from dkim import DKIMException  # noqa: PLC0415 - imported only by a bot that signs

        signer = cls(key, selector, domain)
        try:
            signer(_PROBE)
        except (DKIMException, ValueError, IndexError) as error:
            raise WrongKeyError(str(error) or type(error).__name__) from error
        return signer

    def __call__(self, message: bytes) -> bytes:
        from dkim import sign  # noqa: PLC0415

        head = message.partition(b"\r\n\r\n")[0].lower()
        present = [name for name in _SIGNED if f"\n{name.decode()}:".encode() in b"\n" + head]
        header: bytes = sign(
            message,
            self.selector.encode(),
            self.domain.encode(),
            self.key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=present,
        )
        return header + message
