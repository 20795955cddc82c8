"""Keeps a process's index in step with the stored queries.

Changes of queries are numbered in order. The index has seen all changes up to `number`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import structlog

from bot.matching.index import FEW, QueryIndex
from bot.matching.postings import QueryBatch
from bot.matching.query import ParsedQuery, QueryError
from bot.matching.query.canonical import read_back
from bot.slices import Slices, in_turns
from storage.db.engine import Storage, Transaction
from storage.queries import QueryChange, changes_since, latest_change, live_queries, queries_by_id

log = structlog.get_logger(__name__)

_PAGE: Final = 1_000  # queries read at a time, in about 3 ms
_REMEMBERED: Final = 4_096  # queries that matched lately, because they are likely to match again


@dataclass(slots=True)
class IndexSync:
    storage: Storage
    index: QueryIndex = field(default_factory=QueryIndex)
    number: int = 0
    _is_started: bool = False
    _matched: dict[int, ParsedQuery] = field(default_factory=dict)  # by id, the latest last

    async def prepare(self) -> None:
        """Read all queries at the start; compact the index if needed.

        Both take long, so call this before articles are claimed.
        """
        if not self._is_started:
            await self.catch_up()
        if self.index.needs_compaction:
            await self.index.compacted()

    async def catch_up(self) -> None:
        """Apply all changes so far; in a new process, read all queries first."""
        if not self._is_started:
            await self._start()
        changed: Sequence[QueryChange] = ()
        while not changed or len(changed) == _PAGE:
            async with self.storage.reading() as tx:
                changed = await self.changes(tx)
            if not changed:
                break
            await in_turns(self._follow(changed))

    async def changes(self, tx: Transaction) -> Sequence[QueryChange]:
        """Return the next changes that the index has not seen, at most a page, for `follow`."""
        return await changes_since(tx, self.number, _PAGE)

    async def follow(self, changed: Sequence[QueryChange]) -> None:
        """Apply the changes that `changes` returned, and any that did not fit in its page."""
        await in_turns(self._follow(changed))
        if len(changed) == _PAGE:
            await self.catch_up()

    async def queries(self, ids: set[int]) -> dict[int, ParsedQuery]:
        """Return the queries with these ids; ids that are no longer stored are left out."""
        found = {number: self._matched.pop(number) for number in ids & self._matched.keys()}
        unread = iter(ids - found.keys())
        while page := list(islice(unread, _PAGE)):
            async with self.storage.reading() as tx:
                canonical = await queries_by_id(tx, page)
            await in_turns(_parsed(canonical.items(), found.__setitem__))
        self._matched |= found
        for query_id in list(islice(self._matched, max(0, len(self._matched) - _REMEMBERED))):
            del self._matched[query_id]
        return found

    def _follow(self, changed: Iterable[QueryChange]) -> Slices[None]:
        for change in changed:
            self.index.remove(change.query_id)
            self._matched.pop(change.query_id, None)
            if change.live:
                yield from _parsed([(change.query_id, change.canonical)], self.index.add)
            self.number = change.number
            yield

    async def _start(self) -> None:
        """Read the number of the last change, then all live queries.

        Changes made meanwhile have higher numbers, so they are applied later.
        """
        async with self.storage.reading() as tx:
            number = await latest_change(tx)
        batch = QueryBatch()
        last = 0
        while True:
            async with self.storage.reading() as tx:
                page = await live_queries(tx, last, _PAGE)
            if not page:
                break
            add = self.index.add if len(self.index) < FEW else batch.add
            await in_turns(_parsed(page, add))
            last = page[-1][0]
        if len(self.index) >= FEW:
            await self.index.compacted(batch)
        self.number = number
        self._is_started = True


def _parsed(
    canonical: Iterable[tuple[int, str]], take: Callable[[int, ParsedQuery], None]
) -> Slices[None]:
    for query_id, text in canonical:
        try:
            take(query_id, read_back(text))
        except QueryError:
            continue  # a query of an older grammar matches nothing until its topic is edited
        except Exception:  # one query must not keep all others from being matched
            log.exception("a query cannot be indexed", query=query_id)
        yield
