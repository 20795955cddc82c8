"""How much of one person is handled: a bucket of tokens for each, which fills as time passes.

A bucket that ran dry is shut until half of it is there again, so that what a flooder is told, "in
ten seconds", is true; one token at a time would let through a flood of its own.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto
from math import ceil, inf

MOST_PERSONS = 10_000


class Verdict(Enum):
    HANDLE = auto()
    SAY = auto()  # it is not handled, and whoever sent it is told why
    DROP = auto()


@dataclass(frozen=True, slots=True)
class Size:
    """So many in a row, and so many a second after that."""

    burst: int
    per_second: float


@dataclass(slots=True)
class Bucket:
    """*now* and *at* are seconds of one clock, which never goes back."""

    size: Size
    level: float
    at: float
    is_shut: bool = False
    said_at: float = -inf

    def ask(self, now: float, say_again_after: float = inf) -> Verdict:
        """Take a token. Where there is none it is said once, or again after so many seconds."""
        self._refill(now)
        if self.is_shut and not self.seconds_shut():
            self.is_shut = False
        if not self.is_shut and self.level >= 1:
            self.level -= 1
            return Verdict.HANDLE
        if not self.is_shut:
            self.is_shut, self.said_at = True, -inf
        if now - self.said_at < say_again_after:
            return Verdict.DROP
        self.said_at = now
        return Verdict.SAY

    def seconds_shut(self) -> int:
        """Return how long it will be shut, at *at*, if it is."""
        return max(0, ceil((self.size.burst / 2 - self.level) / self.size.per_second))

    def _refill(self, now: float) -> None:
        gained = max(0.0, now - self.at) * self.size.per_second
        self.level = min(float(self.size.burst), self.level + gained)
        self.at = max(self.at, now)


@dataclass(slots=True)
class Buckets:
    """One for each of the persons seen last; who comes back after *most* others has a full one."""

    most: int = MOST_PERSONS
    _kept: OrderedDict[tuple[int, bool], Bucket] = field(default_factory=OrderedDict)

    def of(self, key: tuple[int, bool], size: Size, now: float) -> Bucket:
        """Return the bucket of *key*: a person, and which of their two."""
        bucket = self._kept.get(key)
        if bucket is None or bucket.size != size:
            bucket = self._kept[key] = Bucket(size, float(size.burst), now)
        self._kept.move_to_end(key)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return bucket

    def __len__(self) -> int:
        return len(self._kept)
