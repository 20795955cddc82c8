"""The step that adds the feeds of the lists that chats have sent, a few at a time.

What was tried is a row, so that a crash loses nothing and repeats only the lines in hand.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.urls import host_of
from bot.subscribers.errors import TooManyFeeds, UserError
from bot.subscribers.limits import Limits
from bot.subscribers.own_sources import AddsFeeds, Outcome, follow_feed
from storage.db.engine import Storage
from storage.db.leases import release
from storage.feeds_followed import (
    FeedImport,
    FeedImportLine,
    ImportChat,
    claim_import,
    count_lines,
    delete_import,
    line_tried,
    lines_of,
    lines_to_try,
)

log = structlog.get_logger(__name__)

AT_ONCE = 16  # lines; those of one host take turns
LEASE = timedelta(minutes=10)
TOO_MANY = "too many"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a line; *outcome* is one of `Outcome`, or `TOO_MANY`."""

    url: str
    outcome: str
    problem: Problem | None = None


class TellsOfLists(Protocol):
    """Tells a chat how far its list is, in one message; what cannot be told is left."""

    async def tell(self, place: ImportChat, tried: int, total: int) -> None: ...

    async def report(self, place: ImportChat, lines: Sequence[Tried]) -> None: ...


@dataclass(frozen=True, slots=True)
class AddingLists:
    storage: Storage
    adder: AddsFeeds
    limits: Limits
    tells: TellsOfLists
    owner: str

    async def add_due(self) -> int:
        """Try the next lines of one list; return how many lists were worked on."""
        async with self.storage.writing() as tx:
            place = await claim_import(tx, self.owner, LEASE)
            lines = await lines_to_try(tx, place.list_id, AT_ONCE) if place else []
        if place is None:
            return 0
        if not lines:
            await self._finish(place)
            return 1
        async with asyncio.TaskGroup() as group:
            for one_host in _by_host(lines):
                group.create_task(self._add_in_turn(place, one_host))
        async with self.storage.writing() as tx:
            await release(tx, FeedImport, [place.list_id], self.owner)
            tried, total = await count_lines(tx, place.list_id)
        await self.tells.tell(place, tried, total)
        return 1

    async def _add_in_turn(self, place: ImportChat, lines: Iterable[FeedImportLine]) -> None:
        for line in lines:
            outcome, problem = await self._added(place.chat_id, line.url)
            error = problem.code.value if problem else None
            detail = dict(problem.detail) if problem else None
            async with self.storage.writing() as tx:
                await line_tried(
                    tx, place.list_id, line.number, outcome, error=error, error_detail=detail
                )

    async def _added(self, chat_id: int, url: str) -> tuple[str, Problem | None]:
        try:
            done = await follow_feed(
                self.storage, chat_id, url, adder=self.adder, most=self.limits.feeds
            )
        except TooManyFeeds:
            return TOO_MANY, None
        except UserError:  # the chat was erased meanwhile
            return Outcome.REFUSED, None
        except Exception:  # one bad feed must not stop the others
            log.exception("a feed of a list could not be added")
            return Outcome.REFUSED, None
        return done.outcome, done.problem

    async def _finish(self, place: ImportChat) -> None:
        async with self.storage.reading() as tx:
            lines = await lines_of(tx, place.list_id)
        tried = [Tried(line.url, line.outcome or "", _problem_of(line)) for line in lines]
        await self.tells.report(place, tried)
        async with self.storage.writing() as tx:
            await delete_import(tx, place.list_id)


def _problem_of(line: FeedImportLine) -> Problem | None:
    return Problem(ProblemCode(line.error), line.error_detail or {}) if line.error else None


def _by_host(lines: Iterable[FeedImportLine]) -> Iterable[list[FeedImportLine]]:
    hosts: dict[str, list[FeedImportLine]] = defaultdict(list)
    for line in lines:
        hosts[host_of(line.url)].append(line)
    return hosts.values()
