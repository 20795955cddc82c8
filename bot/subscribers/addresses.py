"""E-mail addresses as people type them: read strictly, since they go into headers and commands.

- `local@domain` with a local part of plain ASCII (RFC 5321's dot-string); no quotes, no comments,
  no source routes (`%`, `!`), no display name around it.
- The domain has a dot and is written in any script; it is kept as its A-labels (IDNA 2008).
- At most 64 octets before the @ and 254 in all.
"""

import re
from hashlib import sha256

import idna

LONGEST = 254
_LONGEST_LOCAL = 64
_WORD = r"[A-Za-z0-9#$&'*+/=?^_{}~-]+"
_LOCAL = re.compile(rf"(?!-){_WORD}(?:\.{_WORD})*")
_NUMERIC = re.compile(r"[0-9]+")


class NotAnAddressError(ValueError):
    """The text is no address that mail could be sent to."""


def read_address(text: str) -> str:
    """Return the address that *text* is, the domain in lower-case A-labels."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise NotAnAddressError(text)
    address = f"{local}@{_host(domain)}"
    if len(address) > LONGEST:
        raise NotAnAddressError(text)
    return address


def counted_as(address: str) -> str:
    """Return a hash under which every spelling that reaches the same mailbox is counted.

    Case and what stands behind a `+` make no other mailbox.
    """
    local, _, domain = address.lower().rpartition("@")
    return sha256(f"{local.partition('+')[0]}@{domain}".encode()).hexdigest()


def _host(domain: str) -> str:
    try:
        name = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise NotAnAddressError(domain) from error
    top = name.rpartition(".")
    if not top[1] or _NUMERIC.fullmatch(top[2]) or name.endswith("."):
        raise NotAnAddressError(domain)
    return name
