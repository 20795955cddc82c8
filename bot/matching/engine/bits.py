"""Which of up to eight articles: a byte with a bit for each of them.

Numpy takes nearly as long for the few words of one short article as for those of eight. The last
article has all the bits that are left: so the contrary of a byte is of these articles only.
"""

from collections.abc import Iterable
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

MOST: Final = 8  # articles
ALL: Final = np.uint8((1 << MOST) - 1)
Bits: TypeAlias = NDArray[np.uint8]
Number = TypeVar("Number", bound=np.generic)


class Marked(NamedTuple, Generic[Number]):
    """Keys, literals or slots, and of each the articles that have it: `values` [n], `bits` [n]."""

    values: NDArray[Number]
    bits: Bits

    def of(self, share: int) -> NDArray[Number]:
        """Those of the article with these bits."""
        return self.values.take((self.bits & share).nonzero()[0])

    def where(self, which: NDArray[np.bool_]) -> "Marked[Number]":
        return Marked(self.values[which], self.bits[which])


def joined(parts: Iterable[Marked[Number]]) -> Marked[Number]:
    """All of one or more, one behind the other."""
    values, bits = zip(*parts, strict=True)
    return (
        Marked(np.concatenate(values), np.concatenate(bits))
        if values[1:]
        else Marked(values[0], bits[0])
    )


def shares(articles: int) -> list[int]:
    """The bits of each."""
    alone = [1 << at for at in range(articles - 1)]
    return [*alone, int(ALL) - sum(alone)]
