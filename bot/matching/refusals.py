"""Why a query cannot be read: one code for each reason; the sentences are a template's."""

from enum import StrEnum


class Code(StrEnum):
    EMPTY = "empty"
    EMPTY_BRACKETS = "empty_brackets"
    EMPTY_PHRASE = "empty_phrase"
    ONLY_NOT = "only_not"
    ONLY_STOP_WORDS = "only_stop_words"
    SHORT_PREFIX = "short_prefix"
    STRAY_STAR = "stray_star"
    UNCLOSED_BRACKET = "unclosed_bracket"
    UNCLOSED_QUOTE = "unclosed_quote"
    UNEXPECTED_BRACKET = "unexpected_bracket"
    UNEXPECTED_OPERATOR = "unexpected_operator"
    NOTHING_FOLLOWS = "nothing_follows"
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
