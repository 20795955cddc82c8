"""Why a query cannot be read: one code for each reason; the sentences are a template's."""

from enum import StrEnum


class Code(StrEnum):
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
    """The query *text* is refused because of the *length* characters at *position*.

    `suggestion` is a query that could be meant instead, or "".
    """

    def __init__(
        self, code: Code, text: str, position: int, length: int = 1, suggestion: str = ""
    ) -> None:
        super().__init__(f"{code} at {position}")
        self.code = code
        self.text = text
        self.position = position
        self.length = length
        self.suggestion = suggestion

    @property
    def place(self) -> str:
        """The characters it is about."""
        return self.text[self.position : self.position + self.length]


def refused_here(code: Code, text: str, start: int, end: int, instead: str) -> QueryError:
    """Suggest the same query with *instead* at that place."""
    return QueryError(code, text, start, end - start, text[:start] + instead + text[end:])


def not_before(text: str, start: int, end: int) -> str:
    """*text* with the minus behind the field between *start* and *end* in front of it."""
    rest = text[end:].lstrip().lstrip("!-\u2212\u2013\u2014\uff0d")
    rest = rest.removeprefix("NOT ").removeprefix("not ").lstrip()
    return f"{text[:start]}-{text[start:end].rstrip()}{rest}"
