"""Many plain queries into an empty index at once: words, pairs of words, AND and NOT of two."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from bot.matching.engine.columns import WIDTHS, Rows
from bot.matching.engine.delta import Delta
from bot.matching.engine.hashing import Ints, Keys, Kind, Places
from bot.matching.engine.keytable import KeyTable
from bot.matching.engine.literals import Literals
from bot.matching.engine.queries import Queries
from bot.matching.engine.slots import EXACT, Slots, spread
from bot.matching.occurrences import forms
from bot.matching.tree import And, Node, Not, Term

_BLOCK = 1 << 16  # keys put at once
_LONGEST = 2  # words


class Bulk:
    """Literals and slots count from 1, in the order in which they came."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._ids: list[int] = []
        self._rows: list[tuple[int, ...]] = []  # slot, literal that must be there, others

    def take(self, query_id: int, tree: Node) -> bool:
        """Whether it is plain enough to be taken."""
        rows = self._rows_of(tree)
        if rows:
            self._ids.append(query_id)
            slot = len(self._ids)
            self._rows += [(slot, *row) for row in rows]
        return bool(rows)

    def _rows_of(self, tree: Node) -> Sequence[tuple[int, ...]]:
        if isinstance(tree, Term):
            return [(number,) for number in self._numbers(tree)]
        if not isinstance(tree, And) or len(tree.operands) > _LONGEST:
            return ()
        left, right = tree.operands
        if not isinstance(left, Term):
            return ()
        wanted = self._numbers(left)
        if isinstance(right, Term):
            others = self._numbers(right)
            return [(number, other) for number in wanted for other in others]
        if isinstance(right, Not) and isinstance(right.operand, Term):
            missing = [-other for other in self._numbers(right.operand)]
            return [(number, *missing) for number in wanted] if missing else ()
        return ()

    def _numbers(self, term: Term) -> list[int]:
        """Those of its forms; none where it is not plain."""
        words, texts = term.words, self._texts
        if term.prefix or term.title or term.spelling or len(words) > _LONGEST:
            return []
        if not all(map(str.isascii, words)):
            return []
        if len(words) == 1:
            return [texts.setdefault(words[0], len(texts) + 1)]
        return [texts.setdefault(" ".join(form), len(texts) + 1) for form in forms(term)]

    def fill(self, queries: Queries) -> None:
        """Put what was taken into *queries*, which is empty."""
        if not self._ids:
            return
        self._fill_literals(queries.literals)
        self._fill_slots(queries.slots)
        queries.delta = Delta.of(self._columns(), 2 * len(self._texts))

    def _columns(self) -> Rows:
        lengths = np.fromiter(map(len, self._rows), dtype=np.int64, count=len(self._rows))
        numbers = np.fromiter(
            chain.from_iterable(self._rows), dtype=np.int32, count=int(lengths.sum())
        )
        row = np.repeat(np.arange(len(lengths)), lengths)
        column = np.arange(len(numbers)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        table = np.zeros((WIDTHS[-1] + 2, len(lengths)), dtype=np.int32)
        table[column, row] = numbers
        return Rows(table[1], table[0], table[2:])

    def _fill_literals(self, literals: Literals) -> None:
        words, starts, pairs = self._hashed(literals)
        keys = words[starts]
        keys[pairs] = keys[pairs] * literals.hashing.step + words[starts[pairs] + 1]
        keys[keys == 0] = 1
        literals.count = len(keys)
        literals.table = _table(keys)
        literals.gates.let_pairs(keys[pairs])
        literals.gates.kinds[Kind.WORDS] = True
        expected = literals.frequencies.of_all(words)
        literals.seen.reach(len(keys))
        literals.seen.array[1 : len(keys) + 1] = np.minimum.reduceat(expected, starts)
        literals.fit()

    def _hashed(self, literals: Literals) -> tuple[Keys, Places, Places]:
        """All words' hashes, where each text's begin, and which texts are pairs."""
        blocks = literals.hashing.blocks(f" {' '.join(self._texts)} ")
        words = np.concatenate([literals.hashing.words(block) for block in blocks])
        is_pair = np.fromiter((" " in text for text in self._texts), np.bool_, len(self._texts))
        starts = np.cumsum(1 + is_pair) - 1 - is_pair
        return words, starts, np.flatnonzero(is_pair)

    def _fill_slots(self, slots: Slots) -> None:
        ids = np.array(self._ids, dtype=np.int64)
        slots.count = slots.live = len(ids)
        slots.ids.reach(len(ids))
        slots.states.reach(len(ids))
        slots.ids.array[1 : len(ids) + 1] = ids
        slots.states.array[1 : len(ids) + 1] = EXACT
        slots.table = _table(spread(ids))


def _table(keys: Keys) -> KeyTable:
    """The keys' places, counted from 1."""
    table = KeyTable(len(keys) + len(keys) // 8)
    values: Ints = np.arange(1, len(keys) + 1, dtype=np.int32)
    for start in range(0, len(keys), _BLOCK):
        table.put_all(keys[start : start + _BLOCK], values[start : start + _BLOCK])
    return table
