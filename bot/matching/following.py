"""Keeping a process's index in step with the stored queries."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import structlog

from bot.matching.building import NotBuilt, built
from bot.matching.live import LiveIndex
from bot.matching.snapshots import SnapshotFile
from storage.db.engine import Storage, Transaction
from storage.queries import (
    QueryChange,
    add_index_version,
    changes_since,
    index_versions,
    latest_change,
    live_queries,
)

log = structlog.get_logger(__name__)

_PAGE = 1_000  # queries read at a time, in about 3 ms
_SLICE = 50  # of them compiled before the event loop has its turn
_SLICES = 100  # of tidying at a time, a millisecond or less each
_MANY = 20_000  # changes; to follow them one by one takes longer than to start a process


@dataclass(frozen=True, slots=True)
class Following:
    storage: Storage
    live: LiveIndex = field(default_factory=LiveIndex)
    file: SnapshotFile | None = None
    many: int = _MANY

    async def prepare(self) -> None:
        """What takes long, and so is done before articles are leased: start, tidy up, save."""
        if self.live.number == 0:
            await self.catch_up()
        await self._tidy()
        if self.file is not None and self.live.is_worth_saving:
            await self._save(self.file)

    async def catch_up(self) -> None:
        """Follow all changes so far; long in a new process."""
        if self.live.number == 0:
            await self._begin()
        changed: Sequence[QueryChange] = ()
        while not changed or len(changed) == _PAGE:
            async with self.storage.reading() as tx:
                changed = await self.changes(tx)
            if not changed:
                break
            await self._follow(changed)

    async def changes(self, tx: Transaction) -> Sequence[QueryChange]:
        """What changed since, a page at most, as *tx* sees it; for `follow`."""
        return await changes_since(tx, self.live.number, _PAGE)

    async def follow(self, changed: Sequence[QueryChange]) -> None:
        """Take what `changes` returned, and what that left out."""
        await self._follow(changed)
        if len(changed) == _PAGE:
            await self.catch_up()

    async def _follow(self, changed: Sequence[QueryChange]) -> None:
        for at, change in enumerate(changed, 1):
            self.live.follow(
                change.number, change.query_id, change.canonical if change.live else None
            )
            if at % _SLICE == 0:
                await asyncio.sleep(0)

    async def _begin(self) -> None:
        """Take what was saved, or have it built where that is faster than following."""
        async with self.storage.reading() as tx:
            latest, known = await latest_change(tx), await index_versions(tx)
        if latest and self.file and (snapshot := await asyncio.to_thread(self.file.load, known)):
            self.live.restore(snapshot)
        elif latest >= self.many:
            await self._build(latest)

    async def _build(self, number: int) -> None:
        """What changes while the pages are read is followed from *number* on."""
        try:
            self.live.start(await built(number, self._pages()))
        except NotBuilt as error:
            log.warning("matching.index_not_built", reason=str(error))

    async def _pages(self) -> AsyncIterator[Sequence[tuple[int, str]]]:
        last = 0
        while True:
            async with self.storage.reading() as tx:
                page = await live_queries(tx, last, _PAGE)
            if not page:
                return
            yield page
            last = page[-1][0]

    async def _tidy(self) -> None:
        """Not to the end at once: articles are waiting."""
        for _ in range(_SLICES):
            if not self.live.index.tend():
                break
            await asyncio.sleep(0)

    async def _save(self, file: SnapshotFile) -> None:
        """Only one step uses the index, and waits here until it is written."""
        while self.live.index.tend():  # noqa: ASYNC110 - it works, it does not poll
            await asyncio.sleep(0)  # each turn of the loop does a slice
        async with self.storage.writing() as tx:
            token = await add_index_version(tx, self.live.number)
        try:
            await asyncio.to_thread(file.save, self.live.index.snapshot(self.live.number), token)
        except OSError as error:
            log.warning("matching.snapshot_not_written", path=str(file.path), reason=str(error))
        self.live.note_saved()
