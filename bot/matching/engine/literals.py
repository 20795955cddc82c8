"""Literals as small integers: what is looked for anywhere, and how often it was seen."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.matching.engine.article import Gates
from bot.matching.engine.columns import Presence
from bot.matching.engine.conjunctions import Literal
from bot.matching.engine.frequencies import Frequencies
from bot.matching.engine.growing import Growing
from bot.matching.engine.hashing import Hashing, Ints, Keys, Kind
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
        self.presence = Presence(_START)
        self.free: list[int] = []
        self._moving: KeyTable | None = None
        self._asked: set[int] | None = None

    @property
    def capacity(self) -> int:
        return len(self.seen.array)

    def number(self, literal: Literal) -> int:
        """The number of *literal*, a new one if need be."""
        words = self.hashing.scalars(literal.text)
        key = self.hashing.key_of(literal.kind, words)
        fresh = self.free[-1] if self.free else self.count + 1
        number = self.table.setdefault(key, fresh)
        if number == fresh:
            self._take(number, literal, words)
        if self._asked is not None:
            self._ask(key, number, self._asked)
        return number

    def number_of(self, kind: Kind, text: str) -> int:
        """The number of a known literal, or 0."""
        return self.table.get(self.hashing.key(kind, text))

    def weight(self, number: int) -> int:
        """In how many articles the literal was, or is thought to have been."""
        count: int = self.seen.cells[number]
        return count

    def _take(self, number: int, literal: Literal, words: Sequence[int]) -> None:
        if self.free:
            self.free.pop()
        else:
            self.count = number
        if number >= self.capacity:
            self.seen.reach(number)
        if number >= len(self.presence.flags) // 2:
            self.fit()
        self.gates.open(literal.kind, literal.text, words)
        self.seen.cells[number] = self._expected(literal.kind, words)

    def fit(self) -> None:
        """Have room to say of every literal whether it is there."""
        self.presence = Presence(2 * self.count + _START)

    def _expected(self, kind: Kind, words: Sequence[int]) -> int:
        if odds := _ODDS[kind]:
            return self.frequencies.articles // odds
        return min(map(self.frequencies.of, words))

    def found(self, keys: Keys) -> Ints:
        """The literals of which *keys* are some, sorted, each once."""
        _, values = self.table.find(keys)
        values.sort()
        return values[np.flatnonzero(np.diff(values, prepend=0))]

    def learn(self, words: Keys, hits: Ints) -> None:
        """Count one article."""
        if self.frequencies.learn(words):
            self.seen.array[hits] += 1

    def watch(self) -> None:
        """Begin to note which literals are asked for, until `tidied` is done."""
        self._asked = set()

    def tidied(self, used: NDArray[np.bool_]) -> Iterator[None]:
        """In slices, drop what is not *used* (bool[literals]) where it is much; grow if need be."""
        kept = np.zeros(self.count + 2, dtype=np.bool_)
        kept[: len(used)] = used
        self._keep_asked(kept)
        dropped = len(kept) - 2 - int(np.count_nonzero(kept[1:]))
        if self.table.is_full or dropped > self.count // 4:
            left = self.count - dropped
            self._moving = KeyTable(max(_START, left + left // 8))
            yield from self.table.moved_into(self._moving, kept)
            self.table, self._moving = self._moving, None
            self._keep_asked(kept)
            self.free = (np.flatnonzero(~kept[1:-1])[:_MOST_FREED] + 1).tolist()
        self._asked = None

    def _keep_asked(self, kept: NDArray[np.bool_]) -> None:
        """The last flag is for those that came after *kept* was made: they are moved already."""
        kept[[number for number in self._asked or () if number < len(kept) - 1]] = True

    def _ask(self, key: int, number: int, asked: set[int]) -> None:
        asked.add(number)
        if self._moving is not None and not self._moving.get(key):
            self._moving.put(key, number)
