"""Texts from users, as one line that cannot disturb the text around it."""

import re
from unicodedata import category
from zlib import crc32

# Joiners belong to words of Persian and of Indian scripts, and to emoji.
_JOINERS = frozenset("\u200c\u200d")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def one_line(text: str) -> str:
    """Collapse white space; drop control characters, surrogates and marks of direction."""
    if not text.isprintable():  # false for any text with those characters
        text = "".join(sign for sign in text if sign.isspace() or _is_shown(sign))
    return " ".join(text.split())


def storable(text: str) -> str:
    """Replace NUL and lone surrogates, which no database can store.

    The replacement is as long in UTF-16, so that entities stay in place.
    """
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _is_shown(character: str) -> bool:
    return category(character) not in {"Cc", "Cf", "Cs"} or character in _JOINERS


def checksum(text: str) -> str:
    """Return eight hexadecimal digits, by which buttons recognise a value."""
    return f"{crc32(text.encode()):08x}"
