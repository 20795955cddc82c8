"""Queries: what a person types, as a tree, and its one canonical text.

`parse(str(query)) == query`; queries that mean the same whatever their spelling and order have
one canonical text, and so one row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from bot.matching.grammar import MOST_LITERALS, Reading
from bot.matching.refusals import Code, QueryError
from bot.matching.saved import DEEPEST, Saved
from bot.matching.stopwords import is_any, is_no_language, is_telling, may_stand_alone
from bot.matching.tokens import Kind, Token
from bot.matching.tree import Node, Term, leaves, needs, terms

__all__ = ["Code", "Query", "QueryError", "is_readable", "parse"]

LONGEST = 1000  # characters


@dataclass(frozen=True, slots=True)
class Query:
    tree: Node
    canonical: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "canonical", str(self.tree))

    def __str__(self) -> str:
        return self.canonical


def parse(text: str, topics: Mapping[str, str] | None = None) -> Query:
    """Read *text*; raise `QueryError` with the place, and where it can be a query that works.

    *topics* are the saved ones, what each asks for by its name; `#name` stands for one of them.
    """
    saved = Saved.of(topics or {})
    try:
        return _parse(text, saved)
    except QueryError as error:
        if error.suggestion and not _is_readable(error.suggestion, saved):
            error.suggestion = ""
        raise


def is_readable(text: str) -> bool:
    """Whether *text* is a query without any saved topics."""
    return _is_readable(text, Saved())


def _is_readable(text: str, saved: Saved) -> bool:
    try:
        _parse(text, saved)
    except QueryError:
        return False
    return True


def _parse(text: str, saved: Saved) -> Query:
    if len(text) > LONGEST:
        raise QueryError(Code.TOO_LONG, text, LONGEST, len(text) - LONGEST)
    reading = Reading(text, saved)
    tree = reading.tree()
    if not needs(tree, is_any):
        raise _refused(reading, Code.ONLY_NOT, lambda token: token.kind is Kind.NOT)
    if not needs(tree, is_no_language):
        raise _refused(reading, Code.ONLY_LANGUAGE, lambda token: token.kind is Kind.LANGUAGE)
    if not needs(tree, may_stand_alone) or not any(map(is_telling, leaves(tree))):
        raise _refused(reading, Code.ONLY_STOP_WORDS, _is_stop_word)
    return _written_out(reading, Query(tree))


def _refused(reading: Reading, code: Code, is_why: Callable[[Token], bool]) -> QueryError:
    """Point at the first token that makes the query match nearly everything, or at all of it."""
    for token in reading.tokens:
        if is_why(token):
            return QueryError(code, reading.text, token.position, token.length)
    return QueryError(code, reading.text, 0, len(reading.text))


def _is_stop_word(token: Token) -> bool:
    return token.kind is Kind.TERM and not is_telling(
        Term(token.words, token.prefix, spelling=token.spelling)
    )


def _written_out(reading: Reading, query: Query) -> Query:
    """What is stored is the canonical text: it must be readable too, topics written out and all."""
    why = None
    if len(query.canonical) > LONGEST:
        why = Code.TOO_LONG
    elif sum(1 for _ in terms(query.tree)) > MOST_LITERALS:
        why = Code.TOO_MANY_LITERALS
    elif _depth(query.canonical) > DEEPEST:
        why = Code.TOO_DEEP
    if why:
        raise _refused(reading, why, lambda token: token.kind in {Kind.TOPIC, Kind.NEAR})
    return query


def _depth(canonical: str) -> int:
    """How many brackets are open at once; in quotes there is none."""
    return max(accumulate((char == "(") - (char == ")") for char in canonical))
