"""A mail's header fields as bytes (RFC 5322, RFC 2047): all comes back letter by letter.

`EmailMessage` folds by itself, and not twice alike: beside encoded words it drops a space on one
Python and doubles it on the next, and it encodes a long address of `List-Unsubscribe`, where an
encoded word may not stand and no reader looks for one. So:

- A text (Subject) of plain ASCII stands as it is and is folded at its spaces. Any other is made of
  encoded words as a whole: between two of them every reader drops the space (RFC 2047, 6.2).
- Before an address only the name is encoded, and without its quotes (RFC 2047, 5).
- All else is ASCII, and is folded at its spaces and nowhere else.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator

LONGEST_LINE = 998  # RFC 5322, 2.1.1: without its end
_WISHED = 78
_LONGEST_ENCODED_LINE = 76  # RFC 2047, 2
_LONGEST_WORD = 75
_TEXTS = frozenset({"subject"})
_NAMED = frozenset({"from", "reply-to", "to", "list-id"})
_NAME = re.compile(r"(?P<name>.*\S)\s*(?P<address><[^<>]*>)")
_IN_QUOTES = re.compile(r'"(?:[^"\\]|\\.)*"')
_QUOTED = re.compile(r"\\(.)")
_TO_QUOTE = re.compile(r'["\\]')
_SPECIAL = re.compile(r'[][()<>@,:;".\\]')  # RFC 5322, 3.2.3
_ENCODED = re.compile(r"=\?utf-8\?[bq]\?[!-~]+\?=")
_PLAIN_IN_Q = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"  # RFC 2047, 5 (3)
)


def with_name(name: str, address: str) -> str:
    """Return `name <address>` in the letters of the name, in quotes where it needs them."""
    if not name:
        return address
    is_quoted = _SPECIAL.search(name) or name != name.strip()
    return f"{_in_quotes(name) if is_quoted else name} <{address}>"


def header_line(name: str, value: str) -> bytes:
    """Return the field with its line ends; ValueError for a value that would break its line."""
    if "\r" in value or "\n" in value:
        raise ValueError(f"linefeed or carriage return in {name}")
    lines = _folded(f"{name}:", _words(name.lower(), value, len(name) + 2))
    if any(len(line) > LONGEST_LINE for line in lines):
        raise ValueError(f"a word of {name} is too long for a line")
    return b"".join(line.encode("ascii") + b"\r\n" for line in lines)


def _words(name: str, value: str, taken: int) -> list[str]:
    """Return the words between which the value may be folded; *taken*: of the first line."""
    if name in _TEXTS and not _stands_as_it_is(value):
        return list(_encoded(value, taken))
    if name in _NAMED and (named := _NAME.fullmatch(value)):
        return [*_name(named["name"], taken), named["address"]]
    return value.split(" ")


def _name(name: str, taken: int) -> list[str]:
    """Return the name before an address as the words of a phrase."""
    if _ENCODED.fullmatch(name):  # by who wrote the setting
        return [name]
    bare = _QUOTED.sub(r"\1", name[1:-1]) if _IN_QUOTES.fullmatch(name) else name
    if not _stands_as_it_is(bare):
        return list(_encoded(bare, taken))
    return (_in_quotes(bare) if _SPECIAL.search(bare) else bare).split(" ")


def _in_quotes(name: str) -> str:
    return '"' + _TO_QUOTE.sub(r"\\\g<0>", name) + '"'


def _stands_as_it_is(value: str) -> bool:
    """Tell whether no reader could take *value* for anything else.

    Spaces at a border or in a row would be lost to some, a long word would not fit a line, and
    what looks like an encoded word would be read as one.
    """
    words = value.split(" ")
    return (
        value.isascii()
        and value.isprintable()
        and "=?" not in value
        and all(0 < len(word) < _WISHED for word in words)
    ) or not value


def _folded(start: str, words: list[str]) -> list[str]:
    lines = [start]
    for word in words:
        longest = _LONGEST_ENCODED_LINE if word.startswith("=?") else _WISHED
        is_first = lines[-1] == start
        if word and not is_first and len(lines[-1]) + 1 + len(word) > longest:
            lines.append("")
        lines[-1] += f" {word}"
    return lines


def _encoded(value: str, taken: int) -> Iterator[str]:
    """Yield *value* as encoded words, none of which parts a character."""
    write = _shorter(value)
    piece, room = "", _LONGEST_ENCODED_LINE - taken
    for character in value:
        if piece and len(write(piece + character)) > room:
            yield write(piece)
            piece, room = "", _LONGEST_WORD
        piece += character
    yield write(piece)


def _shorter(value: str) -> Callable[[str], str]:
    return min(_as_q, _as_b, key=lambda write: len(write(value)))


def _as_b(text: str) -> str:
    return f"=?utf-8?b?{b64encode(_bytes(text)).decode('ascii')}?="


def _as_q(text: str) -> str:
    return f"=?utf-8?q?{''.join(map(_q, _bytes(text)))}?="


def _q(byte: int) -> str:
    if byte == ord(" "):
        return "_"
    return chr(byte) if byte in _PLAIN_IN_Q else f"={byte:02X}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")
