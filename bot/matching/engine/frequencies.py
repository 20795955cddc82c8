"""How many articles had a word: learned from every article, halved now and then, kept on disk.

A sketch: words that share a cell count together, which makes one of them look more frequent.
"""

from typing import Final

import numpy as np

from bot.matching.engine.hashing import Keys

_BITS: Final = 18
_SHIFT: Final = np.uint64(64 - _BITS)
_HALVED_AFTER: Final = 65_536  # articles


class Frequencies:
    """`counts` is uint32[2^18], by the highest bits of a key."""

    def __init__(self) -> None:
        self.counts = np.zeros(1 << _BITS, dtype=np.uint32)
        self.articles = 0
        self._cells = memoryview(self.counts)

    def learn(self, keys: Keys) -> None:
        """Count one article with these keys; however often a key stands there, it counts once."""
        self.counts[(keys >> _SHIFT).view(np.int64)] += 1
        self.articles += 1
        if self.articles == _HALVED_AFTER:
            self.counts >>= 1
            self.articles //= 2

    def of(self, key: int) -> int:
        count: int = self._cells[key >> (64 - _BITS)]
        return count
