"""Queries on their way in, many at a time: what is asked for, each literal once."""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from itertools import count

import numpy as np

from bot.matching.engine.columns import WIDTHS, Rows
from bot.matching.engine.conjunctions import (
    MOST_LITERALS,
    Conjunction,
    conjunctions,
    in_every_article,
)
from bot.matching.engine.hashing import Ints, Kind
from bot.matching.occurrences import forms
from bot.matching.tree import And, Node, Not, Term

_LONGEST = 2  # words of a plain term, operands of a plain AND


class Batch:
    """Literals and slots count from 1, in the order in which they came.

    `texts` holds the literals of each kind with their numbers; `rough` the slots of queries that
    are not exact.
    """

    def __init__(self) -> None:
        numbers = count(1)
        self.texts = tuple(defaultdict[str, int](numbers.__next__) for _ in Kind)
        self.ids: list[int] = []
        self.rough: list[int] = []
        self._words = self.texts[Kind.WORDS]
        self._slots = array("i")
        self._lengths = array("i")
        self._literals = array("i")  # of all rows; the first one of each must be there

    @property
    def literals(self) -> int:
        return sum(map(len, self.texts))

    def take(self, query_id: int, tree: Node) -> None:
        """Each id may stand there once."""
        self.ids.append(query_id)
        if not self._take_plain(tree):
            self._take_any(tree)

    def rows(self) -> Rows:
        """As wide as can be; anchors are whatever comes first."""
        lengths = np.frombuffer(self._lengths, dtype=np.int32)
        row = np.repeat(np.arange(len(lengths)), lengths)
        column = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        table = np.zeros((WIDTHS[-1] + 1, len(lengths)), dtype=np.int32)
        table[column, row] = np.frombuffer(self._literals, dtype=np.int32)
        slots: Ints = np.array(self._slots, dtype=np.int32)
        return Rows(table[0], slots, table[1:])

    def _take_any(self, tree: Node) -> None:
        found = conjunctions(tree)
        is_exact = found.exact
        for conjunction in found.any_of:
            literals = self._signed(conjunction)
            is_exact = is_exact and len(literals) <= MOST_LITERALS
            self._put(literals[:MOST_LITERALS])
        if not is_exact:
            self.rough.append(len(self.ids))

    def _put(self, literals: Sequence[int]) -> None:
        self._slots.append(len(self.ids))
        self._lengths.append(len(literals))
        self._literals.extend(literals)

    def _signed(self, conjunction: Conjunction) -> list[int]:
        wanted = [self.texts[kind][text] for kind, text, is_wanted in conjunction if is_wanted]
        missing = [
            -self.texts[kind][text] for kind, text, is_wanted in conjunction if not is_wanted
        ]
        if not wanted:
            kind, text, _ = in_every_article()
            wanted = [self.texts[kind][text]]
        return wanted + missing

    def _take_plain(self, tree: Node) -> bool:
        """The shortest way for most queries: a word or pair, one of them and another, or not."""
        rows: Sequence[Sequence[int]] = ()
        if isinstance(tree, Term):
            rows = [(literal,) for literal in self._numbers(tree)]
        elif isinstance(tree, And) and len(tree.operands) == _LONGEST:
            rows = self._pairs(*tree.operands)
        for row in rows:
            self._put(row)
        return bool(rows)

    def _pairs(self, left: Node, right: Node) -> Sequence[Sequence[int]]:
        if not isinstance(left, Term):
            return ()
        if isinstance(right, Term):
            others = self._numbers(right)
            return [(literal, other) for literal in self._numbers(left) for other in others]
        if isinstance(right, Not) and isinstance(right.operand, Term):
            missing = [-other for other in self._numbers(right.operand)]
            return [(literal, *missing) for literal in self._numbers(left)] if missing else ()
        return ()

    def _numbers(self, term: Term) -> Sequence[int]:
        """Those of its forms; none where it is not plain."""
        words = term.words
        if term.prefix or term.title or term.spelling or len(words) > _LONGEST:
            return ()
        if len(words) == 1:
            return (self._words[words[0]],) if words[0].isascii() else ()
        if not (words[0].isascii() and words[1].isascii()):
            return ()
        return [self._words[" ".join(form)] for form in forms(term)]
