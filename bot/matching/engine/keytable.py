"""A hash table from 64-bit keys to positive integers that grows by single keys and by blocks.

Buckets of eight keys fill one cache line, so that a whole article's keys are compared in one
gather. What finds its bucket full goes to a small dict.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.growing import cleared, room
from bot.matching.engine.hashing import Ints, Keys, Places

WIDTH: Final = 8
_LOAD: Final = 4  # keys in a bucket, on average, when a table is laid out; up to 5 before it grows
_SLICE: Final = 1_024  # buckets moved at a time


class KeyTable:
    """`keys` is uint64[buckets, 8], 0 where free; `values` int32[buckets, 8]."""

    def __init__(self, size: int = 4_096) -> None:
        buckets = max(64, -(-size // _LOAD))
        self.hold(room((buckets, WIDTH), np.uint64), room((buckets, WIDTH), np.int32))
        self.overflow: dict[int, int] = {}
        self.count = 0

    def hold(self, keys: Keys, values: Ints) -> None:
        """Let these be the table."""
        self.keys, self.values, self.buckets = keys, values, len(keys)
        self._flat_keys = keys.reshape(-1).data
        self._flat_values = values.reshape(-1).data

    @property
    def is_full(self) -> bool:
        return self.count > self.buckets * (_LOAD + 1)

    def get(self, key: int) -> int:
        """The value, or 0."""
        at = ((key >> 32) * self.buckets >> 32) * WIDTH
        row = self._flat_keys[at : at + WIDTH].tolist()
        if key in row:
            value: int = self._flat_values[at + row.index(key)]
            return value
        return self.overflow.get(key, 0)

    def find(self, keys: Keys) -> tuple[Places, Ints]:
        """Which of *keys* (uint64[n]) are known, and their values; in no order."""
        which, places, rows = self._located(keys)
        values = self.values.reshape(-1).take(places)
        if self.overflow and (more := self._overflowed(rows, keys)):
            which = np.concatenate((which, np.array(list(more))))
            values = np.concatenate((values, np.array(list(more.values()), dtype=np.int32)))
        return which, values

    def _located(self, keys: Keys) -> tuple[Places, Places, Keys]:
        """Which of *keys* are in their buckets, at which flat places, and all buckets' keys."""
        bucket = self._bucket(keys)
        rows = self.keys.take(bucket, axis=0)
        flat: Places = (rows == keys[:, None]).ravel().nonzero()[0]
        which = flat >> 3
        return which, (bucket.take(which) << 3) + (flat & 7), rows

    def _overflowed(self, rows: Keys, keys: Keys) -> dict[int, int]:
        full = rows[:, WIDTH - 1].nonzero()[0]
        looked_for = zip(full.tolist(), keys[full].tolist(), strict=True)
        return {at: self.overflow[key] for at, key in looked_for if key in self.overflow}

    def _bucket(self, keys: Keys) -> Places:
        scaled = ((keys >> np.uint64(32)) * np.uint64(self.buckets)) >> np.uint64(32)
        return scaled.view(np.int64)

    def grow(self) -> None:
        """At once, where it is full: have room for half as many again."""
        if self.is_full:
            larger = KeyTable(self.count + self.count // 2)
            for _ in self.moved_into(larger, None):
                pass
            self.hold(larger.keys, larger.values)
            self.overflow, self.count = larger.overflow, larger.count

    def cleared(self) -> Iterator[None]:
        """In slices, make a new table's memory its own."""
        yield from cleared(self.keys)
        yield from cleared(self.values)

    def moved_into(self, other: "KeyTable", kept: NDArray[np.bool_] | None) -> Iterator[None]:
        """Move all into *other*, slice by slice; with *kept* only the values of which it says True.

        Beyond its end its last answer counts.
        """
        for start in range(0, self.buckets, _SLICE):
            keys = self.keys[start : start + _SLICE].reshape(-1)
            values = self.values[start : start + _SLICE].reshape(-1)
            wanted = values > 0
            if kept is not None:
                wanted &= kept.take(values, mode="clip")
            other.put_all(keys[wanted], values[wanted])
            yield
        keys = np.array(list(self.overflow), dtype=np.uint64)
        values = np.array(list(self.overflow.values()), dtype=np.int32)
        wanted = values > 0 if kept is None else (values > 0) & kept.take(values, mode="clip")
        keys, values = keys[wanted], values[wanted]
        for start in range(0, len(keys), _SLICE):
            other.put_all(keys[start : start + _SLICE], values[start : start + _SLICE])
            yield

    def given_back(self) -> Iterator[None]:
        """In slices, let go of the memory; no more is asked of this table."""
        self.keys = np.zeros((0, WIDTH), dtype=np.uint64)
        self._flat_keys = self.keys.reshape(-1).data
        yield
        self.values = np.zeros((0, WIDTH), dtype=np.int32)
        self._flat_values = self.values.reshape(-1).data
        yield

    def put_all(self, keys: Keys, values: Ints) -> None:
        """Put distinct keys, a block at once; those already known stay as they are."""
        known, _ = self.find(keys)
        fresh = np.ones(len(keys), dtype=np.bool_)
        fresh[known] = False
        self._put_fresh(keys[fresh], values[fresh])

    def exchange(self, keys: Keys, values: Ints) -> Ints:
        """Put distinct keys whatever their values were; return those, 0 for an unknown key."""
        before = np.zeros(len(keys), dtype=np.int32)
        which, places, _ = self._located(keys)
        flat = self.values.reshape(-1)
        before[which] = flat[places]
        flat[places] = values[which]
        left = np.ones(len(keys), dtype=np.bool_)
        left[which] = False
        for at in np.flatnonzero(left).tolist() if self.overflow else ():
            key = int(keys[at])
            if key in self.overflow:
                before[at], self.overflow[key] = self.overflow[key], int(values[at])
                left[at] = False
        self._put_fresh(keys[left], values[left])
        return before

    def _put_fresh(self, keys: Keys, values: Ints) -> None:
        bucket = self._bucket(keys)
        order = np.argsort(bucket, kind="stable")
        keys, values, bucket = keys[order], values[order], bucket[order]
        first = np.searchsorted(bucket, bucket)
        filled = np.count_nonzero(self.keys.take(bucket, axis=0), axis=1)
        place = filled + np.arange(len(bucket)) - first
        fits = place < WIDTH
        self.keys[bucket[fits], place[fits]] = keys[fits]
        self.values[bucket[fits], place[fits]] = values[fits]
        self.overflow.update(zip(keys[~fits].tolist(), values[~fits].tolist(), strict=True))
        self.count += len(keys)
