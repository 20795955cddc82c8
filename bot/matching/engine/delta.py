"""Conjunctions added since the columns were laid out: one linked list for each anchor."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.columns import WIDTHS, Rows
from bot.matching.engine.growing import Growing
from bot.matching.engine.hashing import Ints

_WIDEST = WIDTHS[-1]
_START = 1_024


class Delta:
    """Rows 1 to `count`. `heads[anchor]` is the newest row of an anchor, `after[row]` the next."""

    def __init__(self, literals: int, capacity: int = _START) -> None:
        self.count = 0
        self._heads = Growing(np.zeros(literals, dtype=np.int32))
        self._after = Growing(np.zeros(capacity, dtype=np.int32))
        self._anchors = Growing(np.zeros(capacity, dtype=np.int32))
        self._slots = Growing(np.zeros(capacity, dtype=np.int32))
        self._others = Growing(np.zeros((capacity, _WIDEST), dtype=np.int32))

    @property
    def grown(self) -> tuple[Growing[np.int32], ...]:
        """What a snapshot keeps."""
        return self._heads, self._after, self._anchors, self._slots, self._others

    def add(self, slot: int, anchor: int, others: Sequence[int]) -> None:
        row = self.count = self.count + 1
        if row >= len(self._slots.array):
            for grown in (self._after, self._anchors, self._slots, self._others):
                grown.reach(row)
        if anchor >= len(self._heads.array):
            self._heads.reach(anchor)
        self._slots.cells[row] = slot
        self._anchors.cells[row] = anchor
        for at, other in enumerate(others, row * _WIDEST):
            self._others.cells[at] = other
        self._after.cells[row] = self._heads.cells[anchor]
        self._heads.cells[anchor] = row

    def matching(self, hits: Ints, presence: NDArray[np.bool_]) -> Ints:
        """As `Columns.matching`."""
        heads = self._heads.array
        row = heads.take(hits[: np.searchsorted(hits, len(heads))])
        row = row[row > 0]
        found = [row]
        while len(row):
            row = self._after.array.take(row)
            row = row[row > 0]
            found.append(row)
        rows = np.concatenate(found)
        rows = rows[presence[self._others.array.take(rows, axis=0)].all(axis=1)]
        return self._slots.array.take(rows)

    def rows(self, start: int, stop: int) -> Rows:
        """Rows *start* to *stop*, *stop* left out; `others` is as wide as can be."""
        inside = slice(start, stop)
        return Rows(
            self._anchors.array[inside], self._slots.array[inside], self._others.array[inside].T
        )

    @classmethod
    def of(cls, rows: Rows, literals: int) -> "Delta":
        """A delta of *rows* (as wide as can be), with room for *literals*."""
        count = len(rows.slots)
        delta = cls(literals, max(_START, 2 * count))
        heads, after, anchors, slots, others = (grown.array for grown in delta.grown)
        order = np.argsort(rows.anchors, kind="stable")
        ordered, numbers = rows.anchors[order], (order + 1).astype(np.int32)
        again = np.flatnonzero(ordered[1:] == ordered[:-1])
        after[numbers[again + 1]] = numbers[again]
        heads[ordered] = numbers  # of equal anchors the last one stays
        anchors[1 : count + 1] = rows.anchors
        slots[1 : count + 1] = rows.slots
        others[1 : count + 1] = rows.others.T
        delta.count = count
        return delta
