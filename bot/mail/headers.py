"""Header fields as bytes (RFC 5322, RFC 2047), and the addresses that they hold.

The folding of `EmailMessage` differs between Python versions: next to encoded words it drops a
space in one and doubles it in another. It also encodes a long address of `List-Unsubscribe`, where
encoded words are not allowed and no mail program expects one. This module therefore folds by its
own rules:

- A text (Subject) of plain ASCII stays as it is and is folded at its spaces. Any other text is
  encoded as a whole, because mail programs drop the space between two encoded words (RFC 2047,
  6.2).
- Only the name before an address is encoded, without its quotes (RFC 2047, 5).
- Everything else is ASCII and is folded only at its spaces.

Addresses are read strictly, because they go into headers and commands:

- `local@domain` with a local part of plain ASCII (RFC 5321's dot-string), without quotes, comments,
  source routes (`%`, `!`) or a display name.
- The domain has a dot, may be typed in any script, and is stored as A-labels (IDNA 2008).
- There are at most 64 octets before the @ and 254 in all.
"""

import re
from email.header import Header
from email.utils import quote

import idna

LONGEST_LINE = 998  # RFC 5322, 2.1.1, without the line end
_PREFERRED_LINE = 78
_LONGEST_ENCODED_LINE = 76  # RFC 2047, 2
_NAMED = frozenset({"from", "reply-to", "to", "list-id"})
_NAME = re.compile(r"(?P<name>.*\S)\s*(?P<address><[^<>]*>)")
_IN_QUOTES = re.compile(r'"(?:[^"\\]|\\.)*"')
_QUOTED = re.compile(r"\\(.)")
_SPECIAL = re.compile(r'[][()<>@,:;".\\]')  # RFC 5322, 3.2.3
_ENCODED = re.compile(r"=\?utf-8\?[bq]\?[!-~]+\?=")

LONGEST_ADDRESS = 254
_LONGEST_LOCAL = 64
_WORD = r"[A-Za-z0-9#$&'*+/=?^_{}~-]+"
_LOCAL = re.compile(rf"(?!-){_WORD}(?:\.{_WORD})*")


# Header fields


def with_name(name: str, address: str) -> str:
    """Return `name <address>`, not encoded yet, with the name in quotes if it needs them.

    An address without a name has brackets too, because several spam filters mark a bare one.
    """
    if not name:
        return f"<{address}>"
    is_quoted = _SPECIAL.search(name) or name != name.strip()
    return f"{_in_quotes(name) if is_quoted else name} <{address}>"


def header_line(name: str, value: str) -> bytes:
    """Return the field with its line ends; raise ValueError if *value* does not fit its lines."""
    if "\r" in value or "\n" in value:
        raise ValueError(f"linefeed or carriage return in {name}")
    lines = _folded(f"{name}:", _words(name, value))
    if any(len(line) > LONGEST_LINE for line in lines):
        raise ValueError(f"a word of {name} is too long for a line")
    return b"".join(line.encode("ascii") + b"\r\n" for line in lines)


def _words(header: str, value: str) -> list[str]:
    """Return the words of *value*, between which it may be folded."""
    if header.lower() == "subject" and not _is_plain(value):
        return _encoded(header, value)
    if header.lower() in _NAMED and (named := _NAME.fullmatch(value)):
        return [*_name(header, named["name"]), named["address"]]
    return value.split(" ")


def _name(header: str, name: str) -> list[str]:
    """Return the name before an address as the words of a phrase."""
    if _ENCODED.fullmatch(name):  # encoded by the operator, in the setting
        return [name]
    bare = _QUOTED.sub(r"\1", name[1:-1]) if _IN_QUOTES.fullmatch(name) else name
    if not _is_plain(bare):
        return _encoded(header, bare)
    return (_in_quotes(bare) if _SPECIAL.search(bare) else bare).split(" ")


def _in_quotes(name: str) -> str:
    return f'"{quote(name)}"'


def _is_plain(value: str) -> bool:
    """Return whether every mail program reads *value* correctly without encoding.

    Some programs drop spaces at either end or in a row, a long word does not fit a line, and `=?`
    may look like an encoded word.
    """
    words = value.split(" ")
    return (
        value.isascii()
        and value.isprintable()
        and "=?" not in value
        and all(0 < len(word) < _PREFERRED_LINE for word in words)
    ) or not value


def _encoded(header: str, value: str) -> list[str]:
    """Return *value* as encoded words, none of which splits a character."""
    # The standard library would start a new line at any line break in the text.
    text = " ".join(value.encode("utf-8", "replace").decode().splitlines())
    # One less than a line may hold, because each later word follows the space of a folded line.
    encoded = Header(text, "utf-8", _LONGEST_ENCODED_LINE - 1, header).encode(linesep="\n")
    return encoded.split("\n ")


def _folded(start: str, words: list[str]) -> list[str]:
    lines = [start]
    for word in words:
        limit = _LONGEST_ENCODED_LINE if word.startswith("=?") else _PREFERRED_LINE
        is_first = lines[-1] == start
        if word and not is_first and len(lines[-1]) + 1 + len(word) > limit:
            lines.append("")
        lines[-1] += f" {word}"
    return lines


# Addresses


class NotAnAddressError(ValueError):
    """The text is no valid mail address."""


def read_address(text: str) -> str:
    """Return the address in *text*, its domain in lower-case A-labels."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise NotAnAddressError(text)
    address = f"{local}@{_host(domain)}"
    if len(address) > LONGEST_ADDRESS:
        raise NotAnAddressError(text)
    return address


def _host(domain: str) -> str:
    try:
        name = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise NotAnAddressError(domain) from error
    _, dot, top = name.rpartition(".")
    if not dot or not top or top.isdecimal():
        raise NotAnAddressError(domain)
    return name
