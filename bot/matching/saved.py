"""Saved topics, which `#name` stands for in a query."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.matching.refusals import Code
from bot.matching.surroundings import folded_name
from bot.matching.tree import Node

DEEPEST = 8  # brackets, and topics in topics
_LONGEST = 4000  # characters of all topics that one query reads; written out, 1,000 are allowed


@dataclass(frozen=True, slots=True)
class Saved:
    """*topics* by their folded name; *reached* are those that are just being read.

    *known* are trees by name and whether in the title: a query may name one topic many times.
    """

    topics: Mapping[str, str] = field(default_factory=dict)
    reached: tuple[str, ...] = ()
    known: dict[tuple[str, bool], Node] = field(default_factory=dict)

    @classmethod
    def of(cls, topics: Mapping[str, str]) -> "Saved":
        return cls({folded_name(name): typed for name, typed in topics.items()})

    def within(self, name: str) -> "Saved":
        return replace(self, reached=(*self.reached, name))

    def refusal_of(self, name: str) -> Code | None:
        """Why the topic cannot be read here."""
        if name in self.reached:
            return Code.TOPIC_IN_ITSELF
        if sum(len(self.topics[known]) for known, _ in self.known) > _LONGEST:
            return Code.TOO_LONG
        return Code.TOO_DEEP if len(self.reached) == DEEPEST else None


def told_as(code: Code) -> Code:
    """What is said of a topic that cannot be read because of *code*."""
    same = {Code.TOPIC_IN_ITSELF, Code.TOO_DEEP, Code.TOO_LONG, Code.TOO_MANY_LITERALS}
    return code if code in same else Code.BROKEN_TOPIC
