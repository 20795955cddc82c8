"""All stored conjunctions and what they share; it grows, shrinks and tidies itself in slices."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from bot.matching.engine.columns import WIDTHS, Columns
from bot.matching.engine.conjunctions import Conjunction, Conjunctions, in_every_article
from bot.matching.engine.delta import Delta
from bot.matching.engine.hashing import Hashing, Ints
from bot.matching.engine.literals import Literals
from bot.matching.engine.merging import Layout, merged
from bot.matching.engine.slots import EXACT, ROUGH, Slots

_SMALL: Final = 4_096  # rows not worth a merge


class Queries:
    """Rows under the anchors of their conjunctions; new ones in a delta until they are merged."""

    def __init__(self, seed: bytes) -> None:
        self.literals = Literals(Hashing(seed))
        self.slots = Slots()
        self.columns = tuple(map(Columns.empty, WIDTHS))
        self.delta = Delta(self.literals.capacity)
        self._work: Iterator[None] | None = None

    def add(self, query_id: int, found: Conjunctions) -> tuple[int, int]:
        """Store a query; return its slot, and the slot that it had before, or 0."""
        slots = self.slots.take(query_id, EXACT if found.exact else ROUGH)
        for conjunction in found.any_of:
            if len(conjunction) == 1 and conjunction[0].wanted:
                self.delta.add(slots[0], self.literals.number(conjunction[0]), ())
            else:
                self._add(slots[0], conjunction)
        return slots

    def _add(self, slot: int, conjunction: Conjunction) -> None:
        if not any(each.wanted for each in conjunction):
            conjunction = (in_every_article(), *conjunction)
        numbers = [
            self.literals.number(each) if each.wanted else -self.literals.number(each)
            for each in conjunction
        ]
        rarest = min(
            (self.literals.weight(number), -len(literal.text), at)
            for at, (number, literal) in enumerate(zip(numbers, conjunction, strict=True))
            if literal.wanted
        )
        anchor = numbers.pop(rarest[-1])
        self.delta.add(slot, anchor, numbers)

    def matching(self, hits: Ints) -> Ints:
        """The slots of which a conjunction holds, some more than once, none that is gone.

        *hits* are the literals that are there, sorted.
        """
        presence = self.literals.presence
        presence.set(hits, there=True)
        try:
            found = [each.matching(hits, presence.flags) for each in self._stored()]
        finally:
            presence.set(hits, there=False)
        slots = np.concatenate(found) if len(found) > 1 else found[0]
        if self.slots.gone:
            slots = slots[self.slots.states.array.take(slots) != 0]
        return slots

    def _stored(self) -> list[Columns | Delta]:
        stored: list[Columns | Delta] = [each for each in self.columns if len(each.slots)]
        if self.delta.count or not stored:
            stored.append(self.delta)
        return stored

    @property
    def is_untidy(self) -> bool:
        """Whether so much was added or removed that a merge is worth its while."""
        return (
            self._work is not None
            or max(self.delta.count, len(self.slots.gone)) > max(_SMALL, self.slots.live // 8)
            or self.literals.table.is_full
            or self.slots.table.is_full
        )

    def tend(self) -> bool:
        """Do a slice of what there is to tidy; return whether there is more."""
        if not self.is_untidy:
            return False
        if self._work is None:
            self._work = self._tidied()
        next(self._work, None)
        return self.is_untidy

    def finish(self) -> None:
        """End the tidying in hand."""
        while self._work is not None:
            next(self._work, None)

    def settle(self) -> None:
        """Merge everything, however little it is."""
        self.finish()
        self._work = self._tidied()
        self.finish()

    def _tidied(self) -> Iterator[None]:
        stop, gone = self.delta.count + 1, len(self.slots.gone)
        self.literals.watch()
        used = np.zeros(self.literals.count + 1, dtype=np.bool_)
        layout = Layout(self.slots.states.array, self.literals.seen.array, used)
        self.columns = yield from merged(self.columns, self.delta, stop, layout)
        later = self.delta.rows(stop, self.delta.count + 1)
        self.delta = Delta.of(later, 2 * self.literals.count + 2)
        self.slots.free += self.slots.gone[:gone]
        del self.slots.gone[:gone]
        yield
        yield from self.literals.tidied(used)
        yield from self.slots.tidied()
        self._work = None
