"""Keeping a process's index in step with the stored queries."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from bot.matching.live import LiveIndex
from bot.matching.snapshots import SnapshotFile
from storage.engine import Storage, Unit
from storage.queries import Query, latest_change, queries_changed_since

log = structlog.get_logger(__name__)

_PAGE = 10_000  # changed queries read at a time
_SLICE = 20  # of them parsed before the event loop has its turn


@dataclass(frozen=True, slots=True)
class Following:
    storage: Storage
    live: LiveIndex = field(default_factory=LiveIndex)
    file: SnapshotFile | None = None

    async def catch_up(self) -> None:
        """Follow all changes so far; long in a new process, and so before articles are leased."""
        if self.file is not None and self.live.number == 0:
            await self._restore(self.file)
        changed: Sequence[Query] = ()
        while not changed or len(changed) == _PAGE:
            async with self.storage.reading() as unit:
                changed = await self.changes(unit)
            if not changed:
                break
            await self._follow(changed)
        if self.file is not None and self.live.is_worth_saving:
            await self._save(self.file)

    async def changes(self, unit: Unit) -> Sequence[Query]:
        """What changed since, a page at most, as *unit* sees it; for `follow`."""
        return await queries_changed_since(unit, self.live.number, _PAGE)

    async def follow(self, changed: Sequence[Query]) -> None:
        """Take what `changes` returned, and what that left out."""
        await self._follow(changed)
        if len(changed) == _PAGE:
            await self.catch_up()

    async def _follow(self, changed: Sequence[Query]) -> None:
        for at, row in enumerate(changed):
            if row.id is not None:
                self.live.follow(row.changed, row.id, row.canonical if row.live else None)
            if at % _SLICE == 0:
                await asyncio.sleep(0)

    async def _restore(self, file: SnapshotFile) -> None:
        async with self.storage.reading() as unit:
            latest = await latest_change(unit)
        if snapshot := await asyncio.to_thread(file.load, latest):
            self.live.restore(snapshot)

    async def _save(self, file: SnapshotFile) -> None:
        """Only one step uses the index, and waits here until it is written."""
        while self.live.index.tend():  # noqa: ASYNC110 - it works, it does not poll
            await asyncio.sleep(0)  # each turn of the loop does a slice
        try:
            await asyncio.to_thread(file.save, self.live.index.snapshot(self.live.number))
        except OSError as error:
            log.warning("matching.snapshot_not_written", path=str(file.path), reason=str(error))
        self.live.note_saved()
