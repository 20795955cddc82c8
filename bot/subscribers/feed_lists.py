"""Lists of feeds that a chat sends: counted first, and added once a user confirms.

- The stage serves accounts in turn: next is the list of the account that was served longest ago.
  Each account has one list in progress. Several stages run concurrently.
- A turn tries a few lines, those of different hosts concurrently. A line with a slow host is put
  off until the other lines of its list have been tried.
- The result of each line is stored, so that a crash loses nothing, and repeats the lines of at most
  one turn.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from bot.sources.discovery.add import Addition
from bot.sources.discovery.opml import Outline
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.limits import LONGEST_URL
from bot.sources.urls import host_of, logged_url
from bot.subscribers.errors import (
    ListIsAdded,
    NoSuchList,
    OverBudget,
    TooManyAdditions,
    TooManyFeeds,
    UserError,
)
from bot.subscribers.limits import Limits
from bot.subscribers.own_feeds import AddsFeeds, FeedAddition, follow_feed
from storage import feeds_followed
from storage.chats import lock_account, lock_chat
from storage.db.engine import Storage
from storage.db.leases import release

log = structlog.get_logger(__name__)

MOST_LINES = 1000
AT_ONCE = 8  # lines of one list in a turn; those of one host are tried one by one
PATIENCE_SECONDS = 10.0  # for the first try of a line
LEASE = timedelta(minutes=10)
TOO_MANY = "too many"


class ReadsLists(Protocol):
    """Reads OPML where a slow file cannot delay anything else."""

    async def outlines(self, data: bytes, /) -> Sequence[Outline]: ...


async def read_list(data: bytes, *, reader: ReadsLists) -> list[str]:
    """Return the addresses in a list of feeds; raise `Unreadable` if *data* is no such list."""
    return [outline.url or outline.site for outline in await reader.outlines(data)]


async def check_no_list_is_added(storage: Storage, chat_id: int) -> None:
    """Raise ListIsAdded while the feeds of a file that was sent before are being added."""
    async with storage.reading() as tx:
        if await feeds_followed.has_running_import(tx, chat_id):
            raise ListIsAdded


async def keep_list(storage: Storage, chat_id: int, urls: Sequence[str]) -> tuple[int, int]:
    """Store the list for a day; return its id, and how many of its feeds would be tried."""
    kept = [url for url in dict.fromkeys(urls) if 0 < len(url) <= LONGEST_URL][:MOST_LINES]
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        return await feeds_followed.create_import(tx, chat_id, kept), len(kept)


async def add_list(
    storage: Storage, chat_id: int, list_id: int, message: feeds_followed.ImportMessage
) -> int:
    """Make the stage add the feeds and report in *message*; return the number of feeds.

    Raises NoSuchList if the list belongs to another chat, was added before, or has expired, and
    ListIsAdded if another list is being added.
    """
    async with storage.writing() as tx:
        await lock_account(tx, chat_id)
        is_busy = await feeds_followed.has_running_import(tx, chat_id)
        if not await feeds_followed.start_import(tx, chat_id, list_id, message):
            raise NoSuchList
        if is_busy:  # the error rolls the start back
            raise ListIsAdded
        _, total = await feeds_followed.count_lines(tx, list_id)
    return total


@dataclass(frozen=True, slots=True)
class Tried:
    """The result of a line; *outcome* is a `FeedAddition` or `TOO_MANY`."""

    url: str
    outcome: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class ListProgress:
    """The progress of a list; *lines* is None until all of them were tried."""

    tried: int
    total: int
    lines: Sequence[Tried] | None = None


class _HostIsSlowError(Exception):
    """The host of a feed took too long, and other feeds should not wait for it."""


@dataclass(frozen=True, slots=True)
class _ImpatientAdder:
    """Gives up on a feed after *seconds*."""

    adder: AddsFeeds
    seconds: float

    async def for_account(self, url: str, /, *, room: int) -> Addition:
        try:
            async with asyncio.timeout(self.seconds):
                return await self.adder.for_account(url, room=room)
        except TimeoutError as error:
            raise _HostIsSlowError from error


@dataclass(frozen=True, slots=True)
class FeedListStage:
    """Adds lists of feeds; *report* shows the chat the progress, and raises nothing."""

    storage: Storage
    adder: AddsFeeds
    limits: Limits
    report: Callable[[feeds_followed.ImportChat, ListProgress], Awaitable[None]]
    owner: str
    patience_seconds: float = PATIENCE_SECONDS

    async def run_once(self) -> int:
        """Try the next lines of one list; return how many lists were worked on."""
        async with self.storage.writing() as tx:
            chat = await feeds_followed.claim_import(tx, self.owner, LEASE)
            lines = await feeds_followed.lines_to_try(tx, chat.list_id, AT_ONCE) if chat else []
        if chat is None:
            return 0
        if not lines:
            await self._finish(chat)
            return 1
        async with asyncio.TaskGroup() as group:
            for one_host in _by_host(lines):
                group.create_task(self._add_in_turn(chat, one_host))
        async with self.storage.writing() as tx:
            served = {"served_at": tx.now}
            await release(tx, feeds_followed.FeedImport, [chat.list_id], self.owner, **served)
            tried, total = await feeds_followed.count_lines(tx, chat.list_id)
        await self.report(chat, ListProgress(tried, total))
        return 1

    async def _add_in_turn(
        self, chat: feeds_followed.ImportChat, lines: Iterable[feeds_followed.FeedImportLine]
    ) -> None:
        for line in lines:
            try:
                outcome, problem = await self._add(chat.chat_id, line)
            except _HostIsSlowError:
                async with self.storage.writing() as tx:
                    await feeds_followed.postpone_line(tx, chat.list_id, line.number)
                return  # the next turn tries this host again
            error = problem.code.value if problem else None
            detail = dict(problem.detail) if problem else None
            async with self.storage.writing() as tx:
                await feeds_followed.record_line(
                    tx, chat.list_id, line.number, outcome, error=error, error_detail=detail
                )

    async def _add(
        self, chat_id: int, line: feeds_followed.FeedImportLine
    ) -> tuple[str, Problem | None]:
        adder = self.adder if line.is_slow else _ImpatientAdder(self.adder, self.patience_seconds)
        try:
            followed = await follow_feed(
                self.storage,
                chat_id,
                line.url,
                adder=adder,
                limits=self.limits,
                import_id=line.list_id,
            )
        except _HostIsSlowError:
            raise
        except TooManyFeeds:
            return TOO_MANY, None
        except (TooManyAdditions, OverBudget):
            return FeedAddition.REFUSED, Problem(ProblemCode.OVER_BUDGET)
        except UserError:  # the chat was deleted meanwhile
            return FeedAddition.REFUSED, None
        except Exception:  # one bad feed must not stop the others
            name = logged_url(line.url, public=False)
            log.exception("a feed of a list could not be added", feed=name)
            return FeedAddition.REFUSED, None
        return followed.outcome, followed.problem

    async def _finish(self, chat: feeds_followed.ImportChat) -> None:
        async with self.storage.reading() as tx:
            lines = await feeds_followed.import_lines(tx, chat.list_id)
        tried = [Tried(line.url, line.outcome or "", _problem_of(line)) for line in lines]
        await self.report(chat, ListProgress(len(tried), len(tried), tried))
        async with self.storage.writing() as tx:
            await feeds_followed.delete_import(tx, chat.list_id)


def _problem_of(line: feeds_followed.FeedImportLine) -> Problem | None:
    return Problem(ProblemCode(line.error), line.error_detail or {}) if line.error else None


def _by_host(
    lines: Iterable[feeds_followed.FeedImportLine],
) -> Iterable[list[feeds_followed.FeedImportLine]]:
    hosts: dict[str, list[feeds_followed.FeedImportLine]] = defaultdict(list)
    for line in lines:
        hosts[host_of(line.url)].append(line)
    return hosts.values()
