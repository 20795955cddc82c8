"""All stored conjunctions and what they share; it grows, shrinks and tidies itself in slices."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from bot.matching.engine.batch import Batch
from bot.matching.engine.bits import Marked, joined
from bot.matching.engine.columns import WIDTHS, Columns, Hits, Rows
from bot.matching.engine.delta import Delta
from bot.matching.engine.hashing import Hashing, Ints
from bot.matching.engine.literals import Literals
from bot.matching.engine.merging import Layout, merged, reanchored
from bot.matching.engine.slots import GONE, ROUGH, Slots
from bot.matching.slices import Slices

_NOTHING: Final = Hits(np.zeros(0, dtype=np.int32))
_SMALL: Final = 4_096  # rows not worth a merge
_WISER: Final = 8  # times as many articles known as at the last merge: anchors may be better


class Queries:
    """Rows under the anchors of their conjunctions; new ones in a delta until they are merged."""

    def __init__(self, seed: bytes) -> None:
        self.literals = Literals(Hashing(seed))
        self.slots = Slots()
        self.columns = tuple(map(Columns.empty, WIDTHS))
        self.delta = Delta()
        self._closed = Delta()  # empty, but while it is merged
        self._work: Iterator[None] | None = None
        self._known = 0  # articles, at the last merge

    def add(self, batch: Batch) -> tuple[Ints, Ints]:
        """Store its queries; return their slots, and those that they had before, or 0."""
        slots, before = self.slots.take(batch.ids)
        self.slots.states.array[slots[[at - 1 for at in batch.rough]]] = ROUGH
        numbers = self.literals.numbers(batch)
        local = batch.rows()
        others = np.sign(local.others) * numbers[np.abs(local.others)]
        rows = Rows(numbers[local.anchors], slots[local.slots - 1], others)
        self.delta.add(reanchored(rows, self.literals.seen.array))
        return slots, before

    def matching(self, hits: Hits) -> Slices[Marked[np.int32]]:
        """The slots of which a conjunction holds, some more than once, none that is gone.

        *hits* are the literals that are there, sorted. Nothing may be added before it ends.
        """
        presence = self.literals.presence
        found: list[Marked[np.int32]] = []
        presence.set(hits)
        try:
            for each in self._stored():
                for slots in each.matching(hits, presence.bits):
                    found.append(slots)
                    yield
        finally:
            presence.clear(hits)
        slots = joined(found or [_NOTHING])
        if self.slots.gone:
            left = (self.slots.states.array.take(slots.values) != GONE).nonzero()[0]
            slots = Marked(slots.values.take(left), slots.bits_at(left))
        return slots

    def _stored(self) -> list[Columns | Delta]:
        columns = [each for each in self.columns if len(each.slots)]
        return [*columns, *(each for each in (self.delta, self._closed) if each.count)]

    @property
    def is_untidy(self) -> bool:
        """Whether so much was added or removed that a merge is worth its while."""
        return (
            self._work is not None
            or max(self.delta.count, len(self.slots.gone)) > max(_SMALL, self.slots.live // 8)
            or self.literals.frequencies.articles > _WISER * max(_WISER, self._known)
            or self.literals.table.is_full
            or self.slots.table.is_full
        )

    def tend(self) -> bool:
        """Do a slice of what there is to tidy; return whether there is more."""
        if self._work is None and self.is_untidy:
            self._work = self._tidied()
        if self._work is not None:
            next(self._work, None)
        return self.is_untidy

    def grow(self) -> None:
        """At once, not in slices: have room for many more."""
        self.finish()
        self.literals.table.grow()
        self.slots.table.grow()

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
        self._known = self.literals.frequencies.articles
        self.delta, self._closed = self._closed, self.delta
        gone = len(self.slots.gone)
        self.literals.watch()
        used = np.zeros(self.literals.count + 1, dtype=np.bool_)
        layout = Layout(self.slots.states.array, self.literals.seen.array, used)
        old = self.columns
        self.columns = yield from merged(old, self._closed, layout)
        self._closed.clear()
        self.slots.free += self.slots.gone[:gone]
        del self.slots.gone[:gone]
        yield
        while old:  # to give much memory back takes its time too
            old = old[:-1]
            yield
        yield from self.literals.tidied(used)
        yield from self.slots.tidied()
        self._work = None
