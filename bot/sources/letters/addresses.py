"""The addresses of newsletters: `news+<token>@example.org`, and the recipient of a mail.

A token is random, because anyone who knows the address can write to it. It is short, in lower case,
since mail servers may fold the case of a local part, and without letters that look alike. Tokens of
bounces contain dots, so that one mailbox can receive both.
"""

import re
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
TOKEN_LENGTH: Final = 14  # 69 bits
# A field of the receiving server before those of the sender, because a forwarded or copied letter
# still names its first recipients.
RECIPIENT_FIELDS: Final = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "to",
    "cc",
)
_ENVELOPE: Final = RECIPIENT_FIELDS[:4]
_MOST_RECIPIENTS: Final = 5  # of our addresses in one mail
_LONGEST_FIELD: Final = 20_000  # bytes


def new_token() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(TOKEN_LENGTH))


@dataclass(frozen=True)
class AddressPattern:
    """The addresses below *base*, such as `news@example.org`."""

    base: str

    def of(self, token: str) -> str:
        local, _, host = self.base.rpartition("@")
        return f"{local}+{token}@{host}"

    @property
    def host(self) -> str:
        return self.base.rpartition("@")[2].lower()

    @cached_property
    def _token(self) -> re.Pattern[bytes]:
        local, _, host = (re.escape(part.encode()) for part in self.base.rpartition("@"))
        token = rb"([%b]{%d})" % (_LETTERS.encode(), TOKEN_LENGTH)
        return re.compile(
            rb"(?<![\w.+-])" + local + rb"\+" + token + b"@" + host + rb"(?![\w-]|\.\w)",
            re.IGNORECASE,
        )

    def tokens(self, head: bytes) -> list[str]:
        """Return the tokens of the recipients in *head*, the header of a mail or a part of it.

        The first kind of field that has any decides. The envelope has one recipient, the last one
        that the receiving server has written, which is the first in the header.
        """
        fields = _recipient_fields(head)
        for name in RECIPIENT_FIELDS:
            found = [
                token.decode().lower()
                for value in fields.get(name, ())
                for token in self._token.findall(value)
            ]
            if found:
                most = 1 if name in _ENVELOPE else _MOST_RECIPIENTS
                return list(dict.fromkeys(found))[:most]
        return []


def _recipient_fields(head: bytes) -> dict[str, list[bytes]]:
    fields: dict[str, list[bytes]] = {}
    name = ""
    for line in head.splitlines(keepends=True):
        if not line.strip():
            break
        if line[:1] in {b" ", b"\t"}:
            if name in fields and len(fields[name][-1]) < _LONGEST_FIELD:
                fields[name][-1] += line
            continue
        before, colon, value = line.partition(b":")
        name = before.strip().lower().decode("ascii", "replace") if colon else ""
        if name in RECIPIENT_FIELDS:
            fields.setdefault(name, []).append(value[:_LONGEST_FIELD])
    return fields
