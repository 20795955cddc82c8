"""Pointing at a place in a line, in a font whose characters are as wide as each other."""

from dataclasses import dataclass
from unicodedata import category, east_asian_width

from bot.matching.refusals import QueryError

# A phone shows about this many characters in a line before it wraps, which would lose the place.
_LINE = 30
_CUT = "…"
_WIDE_SPACE = "\u3000"


@dataclass(frozen=True, slots=True)
class Pointed:
    line: str
    caret: str


def pointed(error: QueryError) -> Pointed:
    """Return the part of the query around the place, and a line with a caret under it."""
    text = "".join(character if character.isprintable() else " " for character in error.text)
    place = min(error.position, len(text))
    start = max(0, min(place - _LINE // 2, len(text) - _LINE))
    end = min(len(text), start + _LINE)
    before = _CUT * (start > 0) + text[start:place]
    line = before + text[place:end] + _CUT * (end < len(text))
    width = max(1, min(error.length, end - place))
    return Pointed(line, "".join(map(_blank, before)) + "^" * width)


def _blank(character: str) -> str:
    if category(character).startswith("M"):
        return ""
    return _WIDE_SPACE if east_asian_width(character) in {"W", "F"} else " "
