"""Conjunctions added since the columns were laid out: one linked list for each anchor."""

from collections.abc import Iterator

import numpy as np

from bot.matching.engine.bits import Bits, Marked
from bot.matching.engine.columns import WIDTHS, Hits, Rows
from bot.matching.engine.growing import Growing, room
from bot.matching.engine.hashing import Ints

_WIDEST = WIDTHS[-1]
_START = 1 << 19  # rows; room that nobody touched takes no memory
_LINKS = 16  # a popular word's list may have a hundred thousand


class Delta:
    """Rows 1 to `count`. `heads[anchor]` is the newest row of an anchor, `after[row]` the next."""

    def __init__(self) -> None:
        self.count = 0
        self._heads = Growing(room((_START,), np.int32))
        self._after = Growing(room((_START,), np.int32))
        self._anchors = Growing(room((_START,), np.int32))
        self._slots = Growing(room((_START,), np.int32))
        self._others = Growing(room((_START, _WIDEST), np.int32))

    @property
    def grown(self) -> tuple[Growing[np.int32], ...]:
        """What a snapshot keeps."""
        return self._heads, self._after, self._anchors, self._slots, self._others

    def add(self, rows: Rows) -> None:
        """Add *rows*, as wide as can be."""
        first, self.count = self.count + 1, self.count + len(rows.slots)
        for grown in (self._after, self._anchors, self._slots, self._others):
            grown.reach(self.count)
        inside = slice(first, self.count + 1)
        self._anchors.array[inside] = rows.anchors
        self._slots.array[inside] = rows.slots
        self._others.array[inside] = rows.others.T
        self._link(first, rows.anchors)

    def _link(self, first: int, anchors: Ints) -> None:
        if not len(anchors):
            return
        self._heads.reach(int(anchors.max()))
        order = np.argsort(anchors, kind="stable")
        ordered, numbers = anchors[order], (order + first).astype(np.int32)
        after = self._heads.array[ordered]
        again = np.flatnonzero(ordered[1:] == ordered[:-1])
        after[again + 1] = numbers[again]
        self._after.array[numbers] = after
        self._heads.array[ordered] = numbers  # of equal anchors the last one stays

    def matching(self, hits: Hits, presence: Bits) -> Iterator[Marked[np.int32]]:
        """As `Columns.matching`, all at once."""
        rows = self._anchored(hits.values, presence)
        others = presence.take(self._others.array.take(rows, axis=0))
        bits = np.bitwise_and.reduce(others, axis=1)
        if hits.bits is not None:
            bits &= presence.take(self._anchors.array.take(rows))
        left = bits.nonzero()[0]
        slots = self._slots.array.take(rows.take(left))
        yield Marked(slots, None if hits.bits is None else bits.take(left))

    def _anchored(self, hits: Ints, presence: Bits) -> Ints:
        """The rows whose anchor is there: by their links, or where these go on, a look at all."""
        heads = self._heads.array
        row = heads.take(hits[: np.searchsorted(hits, len(heads))])
        found = [row]
        for _ in range(_LINKS):
            row = self._after.array.take(row)  # of row 0, the end of every list, that is 0
            if not row.any():
                rows: Ints = np.concatenate(found)
                return rows[rows > 0]
            found.append(row)
        anchors = self._anchors.array[1 : self.count + 1]
        return (np.flatnonzero(presence[anchors]) + 1).astype(np.int32)

    def rows(self, start: int, stop: int) -> Rows:
        """A copy of the rows *start* to *stop*, as wide as can be."""
        inside = slice(start, stop)
        anchors, slots = self._anchors.array[inside], self._slots.array[inside]
        return Rows(anchors.copy(), slots.copy(), self._others.array[inside].T.copy())

    def clear(self) -> None:
        self._heads.array[self._anchors.array[: self.count + 1]] = 0
        self.count = 0
