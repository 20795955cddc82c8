"""Words as 64-bit keys, of a whole article at once.

A word's hash is a polynomial over its UTF-8 bytes (mod 2^64, each byte valued by a secret
table), so that one running sum gives the hash of every word and of every beginning of a word.
Words that follow each other hash by Horner's rule over their hashes. Keys stand for their
words: with a million literals a foreign word takes one for its own once in 10^13 words.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from hashlib import shake_256
from operator import mul
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Keys: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int32]
Places: TypeAlias = NDArray[np.int64]

_ALL: Final = (1 << 64) - 1
_WIDEST_CHARACTER: Final = 4  # bytes
_SPACE: Final = ord(" ")
_LONGEST_WORD: Final = 4_096  # bytes, of a query
BLOCK: Final = 32_768  # bytes hashed at once
BREAK: Final = "\0"  # a word of no query: what stands left and right of it is no phrase
END: Final = "\1"  # another, between two articles
_NAMES: Final = 20_000  # keys of sources and languages kept: the same few carry most articles


class Kind(IntEnum):
    """What a literal looks for; each kind has keys of its own."""

    WORDS = 0
    PREFIX = 1
    TITLE_WORDS = 2
    TITLE_PREFIX = 3
    SOURCE = 4
    LANGUAGE = 5
    ALWAYS = 6

    __hash__ = int.__hash__  # an enum's own is slow, and literals are hashed often


@dataclass(frozen=True, slots=True)
class Block:
    """Words of one stretch of text: `starts` and `ends` are int64[n] byte offsets in `data`."""

    data: NDArray[np.uint8]
    sums: Keys  # uint64[len(data) + 1]
    starts: Places
    ends: Places


@dataclass(frozen=True, slots=True)
class Words:
    """Of many texts all words: `hashes` uint64[words], `starts` and `counts` int64[texts]."""

    hashes: Keys
    starts: Places
    counts: Places
    keys: Keys  # uint64[texts], of each text as a whole, unsalted


class Hashing:
    """The keys that *seed* gives; a snapshot keeps the seed."""

    def __init__(self, seed: bytes) -> None:
        self.seed = seed
        secret = np.frombuffer(shake_256(seed).digest(8 * 272), dtype="<u8").astype(np.uint64)
        self._values = secret[:256]
        base, step = int(secret[256]) & ~7 | 3, int(secret[257]) | 1
        self._powers = _powers_of(base)
        self._inverse = _powers_of(pow(base, -1, 1 << 64))
        self._step, self.step = step, np.uint64(step)
        self._tables: tuple[list[int], list[int]] = (
            self._values.tolist(),
            self._powers[:_LONGEST_WORD].tolist(),
        )
        self.salts = [int(salt) for salt in secret[258 : 258 + len(Kind)]]
        self.salts[Kind.WORDS] = 0  # the commonest kind needs none
        self.end = np.uint64(self.key(Kind.WORDS, END))
        self.name = lru_cache(maxsize=_NAMES)(self.key)

    def key(self, kind: Kind, text: str) -> int:
        """The key of the words in *text*, which stand with one space between them.

        It is never 0, which marks a free place.
        """
        values, powers = self._tables
        found = 0
        for word in text.split(" "):
            one = sum(map(mul, map(values.__getitem__, word.encode()), powers))
            found = found * self._step + one & _ALL
        return found ^ self.salts[kind] or 1

    def blocks(self, reading: str) -> Iterator[Block]:
        """The words of a folded reading, which has a space before and after every word."""
        longest = BLOCK if reading.isascii() else BLOCK // _WIDEST_CHARACTER
        for part in _cut(reading, longest):
            yield self._block(part.encode("utf-8", "surrogatepass"))

    def _block(self, part: bytes) -> Block:
        data = np.frombuffer(part, dtype=np.uint8)
        sums = np.zeros(len(data) + 1, dtype=np.uint64)
        (self._values.take(data) * self._powers[: len(data)]).cumsum(out=sums[1:])
        spaces: Places = (data == _SPACE).nonzero()[0]
        return Block(data, sums, spaces[:-1] + 1, spaces[1:])

    def words(self, block: Block) -> Keys:
        """Unsalted hashes, uint64[n]."""
        sums, starts = block.sums, block.starts
        return (sums.take(block.ends) - sums.take(starts)) * self._inverse.take(starts)

    def texts(self, texts: Collection[str]) -> Words:
        """Of texts whose words stand with one space between them."""
        blocks = self.blocks(f" {' '.join(texts)} ")
        hashes = np.concatenate([self.words(block) for block in blocks])
        counts = np.fromiter((text.count(" ") + 1 for text in texts), np.int64, len(texts))
        starts = np.cumsum(counts) - counts
        keys, length = hashes[starts], 1
        longer = np.flatnonzero(counts > length)
        while len(longer):
            keys[longer] = keys[longer] * self.step + hashes[starts[longer] + length]
            length += 1
            longer = longer[counts[longer] > length]
        return Words(hashes, starts, counts, keys)

    def beginnings(self, block: Block, which: Places, length: int) -> Keys:
        """Unsalted hashes of the first *length* bytes of the words *which*."""
        starts = block.starts[which]
        return (block.sums[starts + length] - block.sums[starts]) * self._inverse[starts]


def _powers_of(base: int) -> Keys:
    powers = np.full(BLOCK, base, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def _cut(reading: str, longest: int) -> Iterator[str]:
    """Parts that begin and end with a space; of a word that is too long its beginning."""
    at, last = 0, len(reading) - 1
    while last - at >= longest:
        end = reading.rfind(" ", at + 1, at + longest)
        if end < 0:
            yield reading[at : at + longest - 1] + " "
            end = reading.find(" ", at + 1)
        else:
            yield reading[at : end + 1]
        at = end
    if at < last:
        yield reading[at:] if at else reading
