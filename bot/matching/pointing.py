"""A refused query with a caret under the place, in a font whose characters are equally wide."""

from dataclasses import dataclass
from unicodedata import category, east_asian_width

from bot.matching.refusals import QueryError

_CUT = "…"

TERMINAL = 60  # characters of the query that are shown
PHONE = 30  # a longer line would wrap, and so lose the place
TWO_COLUMNS = "  "
WIDE_SPACE = "\u3000"  # as wide as the character above it, where that is not two columns


@dataclass(frozen=True, slots=True)
class Pointer:
    line: str
    caret: str


def pointer(error: QueryError, *, room: int = TERMINAL, wide: str = TWO_COLUMNS) -> Pointer:
    """Return the part of the query around the place, and a line with carets under it.

    *room*: its characters at most, the signs of a cut not counted; *wide*: what stands in the
    line of the carets under a wide character.
    """
    text = "".join(character if character.isprintable() else " " for character in error.text)
    place = min(error.position, len(text))
    start = max(0, min(place - room // 2, len(text) - room))
    end = min(len(text), start + room)
    before = _CUT * (start > 0) + text[start:place]
    line = before + text[place:end] + _CUT * (end < len(text))
    width = max(1, min(error.length, end - place))
    return Pointer(line, "".join(_blank(each, wide) for each in before) + "^" * width)


def _blank(character: str, wide: str) -> str:
    if category(character).startswith("M"):
        return ""
    return wide if east_asian_width(character) in {"W", "F"} else " "
