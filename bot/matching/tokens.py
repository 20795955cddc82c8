"""The tokens of a query: words, phrases, names, brackets and operators, each with its place."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    TERM = "term"
    OPEN = "open"
    CLOSE = "close"
    AND = "and"
    OR = "or"
    NOT = "not"
    NEAR = "near"
    TITLE = "title"
    SOURCE = "source"
    LANGUAGE = "lang"
    TOPIC = "topic"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    position: int
    length: int
    words: tuple[str, ...] = ()  # folded; a term has at least one
    prefix: bool = False
    spelling: str = ""  # where it must be spelt exactly so
    typed: str = ""  # a term or name as it was written, without quotes or star
    name: str = ""  # what a topic, source or language is called
    distance: int = -1  # of a NEAR; -1 where it is not said

    @property
    def end(self) -> int:
        return self.position + self.length
