"""Literals as small integers: what is looked for anywhere, and how often it was seen."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.articles import Gates, MarkedKeys
from bot.matching.engine.batch import Batch
from bot.matching.engine.bits import ALL, Marked, shares
from bot.matching.engine.columns import Hits, Presence
from bot.matching.engine.frequencies import Frequencies
from bot.matching.engine.growing import Growing
from bot.matching.engine.hashing import Hashing, Ints, Kind, Words
from bot.matching.engine.keytable import KeyTable

_START = 1_024
_MOST_FREED = 65_536  # at one merge; the rest at the next
# One article in so many is thought to have a literal of which no word tells more.
_ODDS = (0, 50, 0, 500, 100, 4, 1)  # by kind


class Literals:
    """Numbers 1 to `count`; `seen` is uint32[capacity], in how many articles each was."""

    def __init__(self, hashing: Hashing) -> None:
        self.hashing = hashing
        self.table = KeyTable(_START)
        self.gates = Gates(hashing)
        self.frequencies = Frequencies()
        self.count = 0
        self.seen = Growing(np.zeros(_START, dtype=np.uint32))
        self.presence = Presence()
        self.free: list[int] = []
        self._moving: KeyTable | None = None
        self._asked: list[Ints] | None = None

    def numbers(self, batch: Batch) -> Ints:
        """The numbers of the batch's literals, new ones if need be; int32[batch.literals + 1]."""
        found = np.zeros(batch.literals + 1, dtype=np.int32)
        for kind in Kind:
            if texts := batch.texts[kind]:
                words = self.hashing.texts(texts)
                self.gates.open(kind, texts, words)
                places = np.fromiter(texts.values(), dtype=np.int32, count=len(texts))
                found[places] = self._numbered(kind, words)
        return found

    def _numbered(self, kind: Kind, words: Words) -> Ints:
        keys = words.keys ^ np.uint64(self.hashing.salts[kind])
        keys[keys == 0] = 1
        numbers = np.zeros(len(keys), dtype=np.int32)
        known, values = self.table.find(keys)
        numbers[known] = values
        fresh = np.flatnonzero(numbers == 0)
        numbers[fresh] = taken = self._take(len(fresh))
        self.seen.array[taken] = self._expected(kind, words)[fresh]
        self.table.put_all(keys[fresh], taken)
        if self._moving is not None:
            self._moving.put_all(keys, numbers)
        if self._asked is not None:
            self._asked.append(numbers)
        return numbers

    def _take(self, many: int) -> Ints:
        """So many numbers that are free."""
        again = self.free[max(0, len(self.free) - many) :]
        del self.free[len(self.free) - len(again) :]
        last = self.count + many - len(again)
        numbers = np.array([*again, *range(self.count + 1, last + 1)], dtype=np.int32)
        self.count = last
        self.seen.reach(last)
        self.presence.reach(last)
        return numbers

    def _expected(self, kind: Kind, words: Words) -> NDArray[np.uint32]:
        """In how many articles each may have been: as often as its rarest word."""
        if odds := _ODDS[kind]:
            return np.full(len(words.starts), self.frequencies.articles // odds, dtype=np.uint32)
        return np.minimum.reduceat(self.frequencies.of(words.hashes), words.starts)

    def found(self, sought: MarkedKeys) -> Hits:
        """The literals that are looked for by *sought*, sorted, each once."""
        which, values = self.table.find(sought.values)
        if sought.bits is None:
            values.sort()
            return Marked(values[_are_new(values)])
        order = values.argsort()
        values, bits = values.take(order), sought.bits.take(which.take(order))
        firsts = _are_new(values).nonzero()[0]
        return Marked(values.take(firsts), np.bitwise_or.reduceat(bits, firsts))

    def united(self, hits: Sequence[Hits]) -> Hits:
        """All of *hits*, sorted, each once."""
        there = np.zeros(self.count + 1, dtype=np.uint32)
        for some in hits:
            there[some.values] |= ALL if some.bits is None else some.bits
        literals = np.flatnonzero(there).astype(np.int32)
        return Marked(literals, None if hits[0].bits is None else there[literals])

    def learn(self, articles: int, words: MarkedKeys, hits: Hits) -> None:
        """Count so many articles, or some of them."""
        for share in self.frequencies.sampled(shares(articles)):
            self.frequencies.learn(words.of(share))
            self.seen.array[hits.of(share)] += 1

    def watch(self) -> None:
        """Begin to note which literals are asked for, until `tidied` is done."""
        self._asked = []

    def tidied(self, used: NDArray[np.bool_]) -> Iterator[None]:
        """In slices, drop what is not *used* (bool[literals]) where it is much; grow if need be."""
        left = int(np.count_nonzero(self._kept(used)))
        if self.table.is_full or self.count - left > self.count // 4:
            larger = KeyTable(max(_START, left + left // 8))
            yield from larger.cleared()
            kept = self._kept(used)
            self._moving = larger
            old = self.table
            yield from old.moved_into(larger, kept)
            self.table, self._moving = larger, None
            self._keep_asked(kept)
            self.free = (np.flatnonzero(~kept[1:-1])[:_MOST_FREED] + 1).tolist()
            yield from old.given_back()
        self._asked = None

    def _kept(self, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """bool[literals + 1]; the last is for those that are yet to come: they need no move."""
        kept = np.zeros(self.count + 2, dtype=np.bool_)
        kept[1 : len(used)] = used[1:]
        self._keep_asked(kept)
        return kept

    def _keep_asked(self, kept: NDArray[np.bool_]) -> None:
        for numbers in self._asked or ():
            kept[numbers[numbers < len(kept) - 1]] = True


def _are_new(ordered: Ints) -> NDArray[np.bool_]:
    """Whether each is another than the one before."""
    found = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=found[1:])
    return found
