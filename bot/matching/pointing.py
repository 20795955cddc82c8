"""A refused query with a caret under the place, for monospace."""

from dataclasses import dataclass
from unicodedata import combining, east_asian_width

from bot.matching.refusals import QueryError

_ROOM = 60  # characters of the query that are shown
_BEFORE = 40  # of them at most before the place


@dataclass(frozen=True, slots=True)
class Pointer:
    line: str
    caret: str


def pointer(error: QueryError) -> Pointer:
    first = max(0, error.position - _BEFORE)
    shown = " ".join(error.text[first : first + _ROOM].splitlines())
    before = ("…" if first else "") + shown[: error.position - first]
    after = shown[error.position - first :]
    line = before + after + ("…" if first + _ROOM < len(error.text) else "")
    return Pointer(line, " " * _columns(before) + "^")


def _columns(text: str) -> int:
    return sum(_width(char) for char in text)


def _width(char: str) -> int:
    if combining(char):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1
