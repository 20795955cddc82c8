"""Query ids in slots: small integers that the columns hold in their place."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.growing import Growing
from bot.matching.engine.hashing import Ints, Keys
from bot.matching.engine.keytable import KeyTable

GONE, EXACT, ROUGH = 0, 1, 2  # of a rough query the tree has the last word
_START = 1_024
_SPREAD: Final = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: neighbours land far apart
_ALL: Final = (1 << 64) - 1


class Slots:
    """`ids` is int64[capacity], `states` uint8[capacity]; slot 0 is nobody's."""

    def __init__(self) -> None:
        self.ids = Growing(np.zeros(_START, dtype=np.int64))
        self.states = Growing(np.zeros(_START, dtype=np.uint8))
        self.table = KeyTable(_START)
        self.live = 0
        self.count = 0
        self.free: list[int] = []
        self.gone: list[int] = []  # their rows are still in the columns
        self._moving: KeyTable | None = None

    def of(self, query_id: int) -> int:
        """The slot of *query_id*, or 0."""
        return self.table.get(_key(query_id))

    def take(self, query_ids: Sequence[int]) -> tuple[Ints, Ints]:
        """Slots for these, all exact, and those that they had (or 0), whose rows are void now."""
        again = self.free[max(0, len(self.free) - len(query_ids)) :]
        del self.free[len(self.free) - len(again) :]
        last = self.count + len(query_ids) - len(again)
        slots = np.array([*again, *range(self.count + 1, last + 1)], dtype=np.int32)
        self.count = last
        self.ids.reach(last)
        self.states.reach(last)
        ids = np.array(query_ids, dtype=np.int64)
        self.ids.array[slots] = ids
        self.states.array[slots] = EXACT
        self.live += len(slots)
        return slots, self._exchange(spread(ids), slots)

    def drop(self, query_id: int) -> int:
        """Return the slot that *query_id* had, or 0."""
        if not self.of(query_id):
            return 0
        ids = np.array([query_id], dtype=np.int64)
        return int(self._exchange(spread(ids), np.zeros(1, dtype=np.int32))[0])

    def _exchange(self, keys: Keys, slots: Ints) -> Ints:
        before = self.table.exchange(keys, slots)
        if self._moving is not None:
            self._moving.exchange(keys, slots)
        gone = before[before > 0]
        self.states.array[gone] = GONE
        self.gone += gone.tolist()
        self.live -= len(gone)
        return before

    def tidied(self) -> Iterator[None]:
        """In slices, give the ids a new table where theirs is full."""
        if self.table.is_full:
            larger = KeyTable(max(_START, self.live + self.live // 8))
            yield from larger.cleared()
            self._moving = larger
            old = self.table
            yield from old.moved_into(larger, None)
            self.table, self._moving = larger, None
            yield from old.given_back()


def spread(ids: NDArray[np.int64]) -> Keys:
    """The keys of many ids at once, uint64[n]."""
    keys: Keys = (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(_SPREAD)
    return np.maximum(keys, np.uint64(1))


def _key(query_id: int) -> int:
    return (query_id + 1) * _SPREAD & _ALL or 1
