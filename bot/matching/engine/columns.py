"""Conjunctions as integer columns, grouped by their anchor, the literal seen most rarely.

A signed literal in a column is l where it must be there and -l where it must not; 0, which is
always there, fills up. `Presence` answers both with one look.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.hashing import Ints, Places

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

    def __getitem__(self, which: "NDArray[np.bool_] | Places | slice") -> "Rows":
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

    def matching(self, hits: Ints, presence: NDArray[np.bool_]) -> Iterator[Ints]:
        """The slots whose conjunctions hold, from a block of rows at a time.

        *hits* are the literals that are there, sorted.
        """
        hits = hits[: hits.searchsorted(len(self.starts) - 1)]
        starts = self.starts.take(hits)
        counts = self.starts[1:].take(hits) - starts
        some = counts.nonzero()[0]  # its method: the function takes as long again
        for rows in _ranges(starts.take(some), counts.take(some)):
            left = rows
            for other in self.others:
                left = left[presence[other.take(left)]]
            yield self.slots.take(left)

    def rows(self, start: int, stop: int) -> Rows:
        """A copy of the rows *start* to *stop*, with their anchors."""
        wanted = np.arange(start, stop, dtype=np.int32)  # of another type, all starts were cast
        anchors = np.searchsorted(self.starts, wanted, side="right") - 1
        inside = slice(start, stop)
        return Rows(anchors.astype(np.int32), self.slots[inside], self.others[:, inside].copy())


def _ranges(starts: Ints, counts: Ints) -> Iterator[Places]:
    """All numbers from each start on, *counts* of them; so many at a time."""
    ends: Places = counts.cumsum(dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    offsets: Places = starts - (ends - counts)
    for first in range(0, total, _AT_ONCE):
        numbers = np.arange(first, min(first + _AT_ONCE, total))
        if total > _AT_ONCE:
            yield offsets[ends.searchsorted(numbers, side="right")] + numbers
        else:
            yield offsets.repeat(counts) + numbers


class Presence:
    """`flags` is bool[2 * capacity]: flags[l] says that literal l is there, flags[-l] not.

    Nothing but what is used is ever written: a capacity that nobody touched takes no memory.
    """

    def __init__(self) -> None:
        self.count = 0
        self.flags = np.zeros(2 * _START, dtype=np.bool_)
        self.flags[0] = True

    def reach(self, count: int) -> None:
        """Make room for the literals up to *count*; the new ones are not there."""
        flags, known = self.flags, self.count
        if 2 * count >= len(flags):
            self.flags = np.zeros(2 * max(_TIMES * known, 2 * count), dtype=np.bool_)
            self.flags[: known + 1] = flags[: known + 1]
            self.flags[len(self.flags) - known :] = flags[len(flags) - known :]
        end = len(self.flags)
        self.flags[end - count : end - known] = True
        self.count = max(known, count)

    def set(self, hits: Ints, *, there: bool) -> None:
        self.flags[hits] = there
        self.flags[-hits] = not there
