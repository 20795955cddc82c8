"""Updates that Telegram brings by webhook: answered for when they have been handled.

1. Telegram forgets what was answered with 200, so that is said once an update has been handled; in
   a crash before that it comes again. It brings the messages of a chat one after another, each to
   whatever process, so that their order is kept too.
2. What takes longer than a moment's patience is answered for, goes on, and is finished at a stop.
3. It shall come again, here or to another process, while the database is away, where too much is in
   hand, before the start and from the stop on.
4. One that comes again meanwhile, as where a balancer lost patience, is not handled twice here.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from bot.chat.updates import read_update

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.chat.handling import Handling

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 10.0  # less than a balancer has
MOST_REMEMBERED = 10_000  # updates that were handled


@dataclass(eq=False)
class Webhooks:
    patience_seconds: float = PATIENCE_SECONDS
    _handling: Handling | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[int, asyncio.Task[bool]] = field(default_factory=dict)
    _done: dict[int, None] = field(default_factory=dict)
    _promised: set[int] = field(default_factory=set)
    """Those that were answered for, and are not done with."""

    @asynccontextmanager
    async def open(self, handling: Handling, stopping: asyncio.Event) -> AsyncIterator[None]:
        """Take updates in the block, until *stopping* is set; its end finishes those in hand."""
        handling.is_ours = lambda update: update.update_id in self._promised
        try:
            async with handling.open(stopping):
                self._handling, self._stopping = handling, stopping
                yield
        finally:
            self._handling = None
            if self._promised:
                log.error("updates are lost that took too long", number=len(self._promised))

    async def take(self, told: dict[str, Any]) -> bool:
        """Return whether an update needs not come again."""
        if self._handling is None or self._stopping.is_set():
            return False
        update = read_update(told, self._handling.bot, self._handling.watch)
        if update is None or update.update_id in self._done:
            return True
        task = self._running.get(update.update_id)
        if task is None:
            if self._handling.is_full:
                return False
            task = self._handling.start(update)
        return task is None or await self._is_done(update.update_id, task)

    async def _is_done(self, update_id: int, task: asyncio.Task[bool]) -> bool:
        if update_id not in self._running:
            self._running[update_id] = task
            task.add_done_callback(lambda done: self._forget(update_id, done))
        await asyncio.wait((task,), timeout=self.patience_seconds)
        if not task.done():
            self._promised.add(update_id)
            return True
        return _is_good(task)

    def _forget(self, update_id: int, task: asyncio.Task[bool]) -> None:
        del self._running[update_id]
        if not _is_good(task):
            return
        self._promised.discard(update_id)
        self._done[update_id] = None
        if len(self._done) > MOST_REMEMBERED:
            del self._done[next(iter(self._done))]


def _is_good(task: asyncio.Task[bool]) -> bool:
    return not task.cancelled() and not task.exception() and task.result()
