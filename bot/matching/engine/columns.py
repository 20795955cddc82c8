"""Conjunctions as integer columns, grouped by their anchor, the literal seen most rarely.

A signed literal in a column is l where it must be there and -l where it must not; 0, which is
always there, fills up. `Presence` answers both with one look.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.bits import ALL, Bits, Marked
from bot.matching.engine.hashing import Ints, Places

Hits: TypeAlias = Marked[np.int32]

_AT_ONCE: Final = 65_536  # rows, looked at in less than a millisecond
WIDTHS: Final = (0, 1, 3, 7)  # literals beside the anchor
_START: Final = 1_024
_TIMES: Final = 64


@dataclass(frozen=True, slots=True)
class Rows:
    """Conjunctions of one width: `anchors` and `slots` int32[n], `others` int32[width, n]."""

    anchors: Ints
    slots: Ints
    others: Ints

    def __getitem__(self, which: NDArray[np.bool_] | Places | slice) -> "Rows":
        return Rows(self.anchors[which], self.slots[which], self.others[:, which])


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows sorted by anchor: those of literal l are `starts[l]` to `starts[l + 1]`."""

    starts: Ints
    slots: Ints
    others: Ints

    @classmethod
    def empty(cls, width: int) -> "Columns":
        none = np.zeros(0, dtype=np.int32)
        return cls(np.zeros(1, dtype=np.int32), none, np.zeros((width, 0), dtype=np.int32))

    def matching(self, hits: Hits, presence: Bits) -> Iterator[Marked[np.int32]]:
        """The slots whose conjunctions hold, from a block of rows at a time.

        *hits* are the literals that are there, sorted.
        """
        known = hits.cut(slice(int(hits.values.searchsorted(len(self.starts) - 1))))
        starts = self.starts.take(known.values)
        counts = self.starts[1:].take(known.values) - starts
        for rows in _ranges(Marked(starts, known.bits), counts):
            yield self._holding(rows, presence)

    def _holding(self, asked: Marked[np.int64], presence: Bits) -> Marked[np.int32]:
        rows, bits = asked
        for other in self.others:
            found = presence.take(other.take(rows))
            if bits is not None:
                found &= bits
            left = found.nonzero()[0]
            rows, bits = rows.take(left), None if bits is None else found.take(left)
        return Marked(self.slots.take(rows), bits)

    def rows(self, start: int, stop: int) -> Rows:
        """A copy of the rows *start* to *stop*, with their anchors."""
        wanted = np.arange(start, stop, dtype=np.int32)  # of another type, all starts were cast
        anchors = np.searchsorted(self.starts, wanted, side="right") - 1
        inside = slice(start, stop)
        return Rows(anchors.astype(np.int32), self.slots[inside], self.others[:, inside].copy())


def _ranges(starts: Hits, counts: Ints) -> Iterator[Marked[np.int64]]:
    """All numbers from each start on, *counts* of them, with its bits; so many at a time."""
    ends: Places = counts.cumsum(dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    offsets: Places = starts.values - (ends - counts)
    for first in range(0, total, _AT_ONCE):
        numbers = np.arange(first, min(first + _AT_ONCE, total))
        if total > _AT_ONCE:
            which = ends.searchsorted(numbers, side="right")
            yield Marked(offsets.take(which) + numbers, starts.bits_at(which))
        else:
            bits = None if starts.bits is None else starts.bits.repeat(counts)
            yield Marked(offsets.repeat(counts) + numbers, bits)


class Presence:
    """`bits` is uint32[2 * capacity]: bits[l] of the articles that have literal l, bits[-l] others.

    Nothing but what is used is ever written: a capacity that nobody touched takes no memory.
    """

    def __init__(self) -> None:
        self.count = 0
        self.bits = np.zeros(2 * _START, dtype=np.uint32)
        self.bits[0] = ALL

    def reach(self, count: int) -> None:
        """Make room for the literals up to *count*; the new ones are not there."""
        bits, known = self.bits, self.count
        if 2 * count >= len(bits):
            self.bits = np.zeros(2 * max(_TIMES * known, 2 * count), dtype=np.uint32)
            self.bits[: known + 1] = bits[: known + 1]
            self.bits[len(self.bits) - known :] = bits[len(bits) - known :]
        end = len(self.bits)
        self.bits[end - count : end - known] = ALL
        self.count = max(known, count)

    def set(self, hits: Hits) -> None:
        bits = ALL if hits.bits is None else hits.bits
        self.bits[hits.values] = bits
        self.bits[-hits.values] = ~bits

    def clear(self, hits: Hits) -> None:
        self.bits[hits.values] = 0
        self.bits[-hits.values] = ALL
