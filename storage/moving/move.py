"""The move itself: table by table, then what is built at the end, then all compared."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from storage.moving.notes import Note
from storage.moving.shapes import Sum, shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage.moving.origins import Origin
    from storage.moving.shapes import Rows, Shape
    from storage.moving.targets import Target

_FIRST_ROWS: Final = 500
_MOST_ROWS: Final = 20_000
_BATCH_BYTES: Final = 4_000_000


class Compared(NamedTuple):
    """Of one table: what the origin had, what came of it, and what the target has now."""

    name: str
    counted: int
    moved: Sum
    found: Sum

    @property
    def is_same(self) -> bool:
        return self.moved == self.found and self.counted == self.moved.rows


class Told(Protocol):
    """Hears how far it is: at "moving", "building" or "comparing", and with what."""

    def __call__(self, stage: str, what: str, done: int, total: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Move:
    origin: Origin
    target: Target
    told: Told

    async def run(self) -> list[Compared]:
        """Move all; return how each table compares. Only if all are the same is it ended."""
        notes = await self.target.begin(await self.origin.mark())
        wanted = shapes(self.origin.dialect, self.target.dialect)
        counts = {shape.name: await self.origin.count(shape) for shape in wanted}
        await self._move(wanted, notes, counts)
        async for done, total in self.target.build():
            self.told("building", "indexes and keys", done, total)
        compared = await self._compare(wanted, notes, counts)
        if all(each.is_same for each in compared):
            numbered = [shape for shape in wanted if shape.is_numbered]
            last = {shape.name: await self.origin.last_number(shape) for shape in numbered}
            await self.target.end(last)
        return compared

    async def _move(
        self, wanted: list[Shape], notes: dict[str, Note], counts: Mapping[str, int]
    ) -> None:
        total, before = sum(counts.values()), 0
        for shape in wanted:
            steps = _Steps(self.origin, self.target, shape, notes.get(shape.name, Note(shape.name)))
            self.told("moving", shape.name, before + steps.note.sum.rows, total)
            while await steps.take():
                self.told("moving", shape.name, before + steps.note.sum.rows, total)
            notes[shape.name] = steps.note
            before += steps.note.sum.rows

    async def _compare(
        self, wanted: list[Shape], notes: Mapping[str, Note], counts: Mapping[str, int]
    ) -> list[Compared]:
        compared, total, done = [], sum(counts.values()), 0
        for shape in wanted:
            found = Sum()
            async for rows in self.target.all_rows(shape):
                found += shape.sum_of(rows)[0]
                self.told("comparing", shape.name, done + found.rows, total)
            done += found.rows
            moved = notes[shape.name].sum
            compared.append(Compared(shape.name, counts[shape.name], moved, found))
        return compared


@dataclass(slots=True)
class _Steps:
    """The batches of one table; the next one is read while one is written."""

    origin: Origin
    target: Target
    shape: Shape
    note: Note
    limit: int = _FIRST_ROWS
    ahead: Rows | None = None

    async def take(self) -> int:
        """Move a batch; return how many rows that were."""
        rows = self.ahead if self.ahead is not None else await self._read(self.note.reached)
        if not rows:
            return 0
        reached = self.shape.key_of(rows[-1])
        written = self.shape.rewritten(rows)
        added, size = self.shape.sum_of(written)
        self.limit = max(100, min(_MOST_ROWS, _BATCH_BYTES * len(rows) // size))
        self.note = Note(self.shape.name, reached, self.note.sum + added)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.target.put(self.shape, written, self.note))
            reading = group.create_task(self._read(reached))
        self.ahead = reading.result()
        return len(rows)

    async def _read(self, key: tuple[Any, ...] | None) -> Rows:
        return await self.origin.after(self.shape, key, self.limit)
