"""Which of up to 32 articles: four bytes with a bit for each of them.

Numpy takes nearly as long for the few words of one short article as for those of 32. The last
article has all the bits that are left, so that the contrary of such bits is of these articles only.
"""

from collections.abc import Sequence
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

MOST: Final = 32  # articles
ALL: Final = np.uint32((1 << MOST) - 1)
Bits: TypeAlias = NDArray[np.uint32]
Number = TypeVar("Number", bound=np.generic)


class Marked(NamedTuple, Generic[Number]):
    """Keys, literals or slots, and of each the articles that have it: `values` [n], `bits` [n].

    No bits: an article that is alone has them all, which spares it a tenth of the time.
    """

    values: NDArray[Number]
    bits: Bits | None = None

    def of(self, share: int) -> NDArray[Number]:
        """Those of the article with these bits."""
        return self.values if self.bits is None else self.values[(self.bits & share) != 0]

    def cut(self, part: slice) -> "Marked[Number]":
        return Marked(self.values[part], None if self.bits is None else self.bits[part])

    def bits_at(self, which: NDArray[np.int64]) -> Bits | None:
        return None if self.bits is None else self.bits.take(which)


def joined(parts: Sequence[Marked[Number]]) -> Marked[Number]:
    """All of one or more, one behind the other."""
    if len(parts) == 1:
        return parts[0]
    bits = [part.bits for part in parts if part.bits is not None]
    values = np.concatenate([part.values for part in parts])
    return Marked(values, np.concatenate(bits) if bits else None)


def shares(articles: int) -> list[int]:
    """The bits of each."""
    alone = [1 << at for at in range(articles - 1)]
    return [*alone, int(ALL) - sum(alone)]
