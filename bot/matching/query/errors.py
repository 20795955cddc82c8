"""The reasons why a query cannot be read, one code each. A template has the sentences."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from unicodedata import category, east_asian_width


class QueryErrorCode(StrEnum):
    EMPTY = "empty"
    EMPTY_BRACKETS = "empty_brackets"
    EMPTY_PHRASE = "empty_phrase"
    ONLY_NOT = "only_not"
    ONLY_LANGUAGE = "only_language"
    ONLY_STOP_WORDS = "only_stop_words"
    SHORT_PREFIX = "short_prefix"
    STRAY_STAR = "stray_star"
    EXACT_STAR = "exact_star"
    UNCLOSED_BRACKET = "unclosed_bracket"
    UNCLOSED_QUOTE = "unclosed_quote"
    UNEXPECTED_BRACKET = "unexpected_bracket"
    UNEXPECTED_OPERATOR = "unexpected_operator"
    NOTHING_FOLLOWS = "nothing_follows"
    NEAR_HOW_FAR = "near_how_far"
    NEAR_TOO_FAR = "near_too_far"
    NEAR_WHAT = "near_what"
    FIELD_BRACKETS = "field_brackets"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_LANGUAGE = "unknown_language"
    UNKNOWN_TOPIC = "unknown_topic"
    BROKEN_TOPIC = "broken_topic"
    TOPIC_IN_ITSELF = "topic_in_itself"
    TOO_DEEP = "too_deep"
    TOO_LONG = "too_long"
    TOO_MANY_LITERALS = "too_many_literals"


class QueryError(ValueError):
    """The query *text* is invalid because of the *length* characters at *position*.

    `suggestion`: a query that the user may have meant, or "".
    """

    def __init__(
        self, code: QueryErrorCode, text: str, position: int, length: int = 1, suggestion: str = ""
    ) -> None:
        super().__init__(f"{code} at {position}")
        self.code = code
        self.text = text
        self.position = position
        self.length = length
        self.suggestion = suggestion

    @property
    def place(self) -> str:
        """The characters that the error is about."""
        return self.text[self.position : self.position + self.length]


def error_here(code: QueryErrorCode, text: str, start: int, end: int, instead: str) -> QueryError:
    """Return an error that suggests the same query with *instead* between *start* and *end*."""
    return QueryError(code, text, start, end - start, text[:start] + instead + text[end:])


def not_before(text: str, start: int, end: int) -> str:
    """Return *text* with the minus after the field (at *start* to *end*) moved before the field."""
    rest = text[end:].lstrip().lstrip("!-\u2212\u2013\u2014\uff0d")
    rest = rest.removeprefix("NOT ").removeprefix("not ").lstrip()
    return f"{text[:start]}-{text[start:end].rstrip()}{rest}"


_CUT = "…"

TERMINAL = 60  # characters of the query that are shown
PHONE = 30  # a longer line would wrap and misplace the carets
TWO_COLUMNS = "  "
WIDE_SPACE = "\u3000"  # as wide as a wide character where that is not two columns


@dataclass(frozen=True, slots=True)
class Pointer:
    line: str
    caret: str


class Pointed(Protocol):
    """An error about the *length* characters at *position* of *text*."""

    text: str
    position: int
    length: int


def pointer(error: Pointed, *, room: int = TERMINAL, wide: str = TWO_COLUMNS) -> Pointer:
    """Return the part of the text around the error, and a line with carets under it.

    *room*: the most characters of the part, without the ellipses. *wide*: the text under a wide
    character in the line of carets.
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
