"""Queries: what a person types, as a tree, and its one canonical text.

`parse(str(query)) == query`; queries that mean the same whatever their spelling and order have
one canonical text, and so one row.
"""

from dataclasses import dataclass, field

from bot.matching.grammar import Reading
from bot.matching.refusals import Code, QueryError
from bot.matching.stopwords import is_any, is_telling, may_stand_alone
from bot.matching.tokens import Kind
from bot.matching.tree import Node, needs, terms

__all__ = ["Code", "Query", "QueryError", "parse"]

LONGEST = 1000  # characters


@dataclass(frozen=True, slots=True)
class Query:
    tree: Node
    canonical: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "canonical", str(self.tree))

    def __str__(self) -> str:
        return self.canonical


def parse(text: str) -> Query:
    """Read *text*; raise `QueryError` with the place, and where it can be a query that works."""
    try:
        return _parse(text)
    except QueryError as error:
        if error.suggestion and not _is_readable(error.suggestion):
            error.suggestion = ""
        raise


def _is_readable(text: str) -> bool:
    try:
        _parse(text)
    except QueryError:
        return False
    return True


def _parse(text: str) -> Query:
    if len(text) > LONGEST:
        raise QueryError(Code.TOO_LONG, text, LONGEST, len(text) - LONGEST)
    reading = Reading(text)
    tree = reading.tree()
    if not needs(tree, is_any):
        raise _refused(reading, Code.ONLY_NOT, Kind.NOT)
    if not needs(tree, may_stand_alone) or not any(map(is_telling, terms(tree))):
        raise _refused(reading, Code.ONLY_STOP_WORDS, Kind.TERM)
    return Query(tree)


def _refused(reading: Reading, code: Code, kind: Kind) -> QueryError:
    """Point at the first token of the *kind* that makes the query match nearly everything."""
    found = next(
        token
        for token in reading.tokens
        if token.kind is kind and (kind is Kind.NOT or not is_telling(token))
    )
    return QueryError(code, reading.text, found.position, found.length)
