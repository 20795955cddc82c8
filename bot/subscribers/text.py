"""What people send, as one line that cannot disturb the text around it."""

import re
from unicodedata import category

# Joiners belong to words of Persian and of Indian scripts, and to emoji.
_JOINERS = frozenset("\u200c\u200d")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def one_line(text: str) -> str:
    """Collapse white space; leave out controls, surrogates and what turns the direction of text."""
    if not text.isprintable():  # which none of those is
        text = "".join(one for one in text if one.isspace() or _is_shown(one))
    return " ".join(text.split())


def storable(text: str) -> str:
    """Put a sign in the place of NUL and of halves of characters, which no database takes.

    It is as long as they are in UTF-16, so that entities stay where they are.
    """
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _is_shown(character: str) -> bool:
    return category(character) not in {"Cc", "Cf", "Cs"} or character in _JOINERS
