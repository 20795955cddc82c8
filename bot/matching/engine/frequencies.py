"""How many articles had a word: learned from the articles, halved now and then, kept on disk.

A sketch: words that share a cell count together, which makes one of them look more frequent.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.growing import Growing
from bot.matching.engine.hashing import Keys

_BITS: Final = 18
_SHIFT: Final = np.uint64(64 - _BITS)
_HALVED_AFTER: Final = 65_536  # articles
_FEW: Final = 1_000
_ONE_IN: Final = 8


class Frequencies:
    """`counts` is uint32[2^18], by the highest bits of a key."""

    def __init__(self) -> None:
        self.counts = Growing(np.zeros(1 << _BITS, dtype=np.uint32))
        self.articles = 0
        self._passed = 0

    def sampled(self, articles: Sequence[int]) -> Sequence[int]:
        """Those of the next articles that count: many pass uncounted once a few are known."""
        before, self._passed = self._passed, self._passed + len(articles)
        if self.articles <= _FEW:
            return articles
        return articles[-before % _ONE_IN :: _ONE_IN]

    def learn(self, keys: Keys) -> None:
        """Count an article with these keys, once each."""
        counts = self.counts.array
        counts[(keys >> _SHIFT).view(np.int64)] += 1
        self.articles += 1
        if self.articles == _HALVED_AFTER:
            counts >>= 1
            self.articles //= 2

    def of(self, keys: Keys) -> NDArray[np.uint32]:
        return self.counts.array[(keys >> _SHIFT).view(np.int64)]
