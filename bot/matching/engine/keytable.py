"""A hash table from 64-bit keys to positive integers that grows by single keys and by blocks.

Buckets of eight keys fill one cache line, so that a whole article's keys are compared in one
gather. What finds its bucket full goes to a small dict.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.hashing import Ints, Keys, Places

WIDTH: Final = 8
_LOAD: Final = 4  # keys in a bucket, on average, when a table is laid out; up to 5 before it grows
_SLICE: Final = 512  # buckets moved at a time
_SINGLES: Final = 256  # keys moved one by one


class KeyTable:
    """`keys` is uint64[buckets, 8], 0 where free; `values` int32[buckets, 8]."""

    def __init__(self, size: int = 4_096) -> None:
        buckets = max(64, -(-size // _LOAD))
        self.hold(
            np.zeros((buckets, WIDTH), dtype=np.uint64), np.zeros((buckets, WIDTH), dtype=np.int32)
        )
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

    def setdefault(self, key: int, value: int) -> int:
        """The value of *key*, which is *value* from now on if it had none."""
        at = ((key >> 32) * self.buckets >> 32) * WIDTH
        row = self._flat_keys[at : at + WIDTH].tolist()
        if key in row:
            return self._flat_values[at + row.index(key)] or self._put_value(key, value)
        if 0 in row:
            place = at + row.index(0)
            self._flat_keys[place] = key
            self._flat_values[place] = value
            self.count += 1
            return value
        return self.overflow.get(key) or self._put_value(key, value)

    def _put_value(self, key: int, value: int) -> int:
        self.put(key, value)
        return value

    def put(self, key: int, value: int) -> int:
        """Set the value of *key*, return the one it had; 0 for unknown, but it keeps its place."""
        at = ((key >> 32) * self.buckets >> 32) * WIDTH
        row = self._flat_keys[at : at + WIDTH].tolist()
        if key in row:
            place = at + row.index(key)
            before: int = self._flat_values[place]
            self._flat_values[place] = value
            return before
        if key in self.overflow or 0 not in row:
            return self._put_over(key, value)
        place = at + row.index(0)
        self._flat_keys[place] = key
        self._flat_values[place] = value
        self.count += 1
        return 0

    def _put_over(self, key: int, value: int) -> int:
        before = self.overflow.get(key)
        self.count += before is None
        self.overflow[key] = value
        return before or 0

    def find(self, keys: Keys) -> tuple[Places, Ints]:
        """Which of *keys* (uint64[n]) are known, and their values; in no order."""
        bucket = self._bucket(keys)
        rows = self.keys.take(bucket, axis=0)
        flat = np.flatnonzero(rows == keys[:, None])
        which = flat >> 3
        values = self.values.reshape(-1).take((bucket.take(which) << 3) + (flat & 7))
        if self.overflow and (more := self._overflowed(rows, keys)):
            which = np.concatenate((which, np.array(list(more))))
            values = np.concatenate((values, np.array(list(more.values()), dtype=np.int32)))
        return which, values

    def _overflowed(self, rows: Keys, keys: Keys) -> dict[int, int]:
        full = np.flatnonzero(rows[:, WIDTH - 1])
        looked_for = zip(full.tolist(), keys[full].tolist(), strict=True)
        return {at: self.overflow[key] for at, key in looked_for if key in self.overflow}

    def _bucket(self, keys: Keys) -> Places:
        scaled = ((keys >> np.uint64(32)) * np.uint64(self.buckets)) >> np.uint64(32)
        return scaled.view(np.int64)

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
        for at, key in enumerate(list(self.overflow)):
            value = self.overflow[key]
            if value and (kept is None or kept.take(value, mode="clip")) and not other.get(key):
                other.put(key, value)
            if at % _SINGLES == 0:
                yield

    def put_all(self, keys: Keys, values: Ints) -> None:
        """Put distinct keys, a block at once; those already known stay as they are."""
        known, _ = self.find(keys)
        fresh = np.ones(len(keys), dtype=np.bool_)
        fresh[known] = False
        keys, values = keys[fresh], values[fresh]
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
