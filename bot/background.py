"""Work that nobody waits for, such as calls to Telegram after the user was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import structlog

log = structlog.get_logger(__name__)

CLOSE_SECONDS = 2.0

Work: TypeAlias = Coroutine[Any, Any, object]


@dataclass(eq=False)
class BackgroundTasks:
    """Runs work in tasks until `close`. An error is logged, because nobody waits for the result."""

    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _last: dict[object, asyncio.Task[None]] = field(default_factory=dict)
    """The newest unfinished task of each key."""

    def start(self, work: Work, key: object) -> None:
        """Start *work* after earlier work with the same *key*, so that the latest wins."""
        after = self._last.get(key)
        task = asyncio.create_task(self._run(work, after))  # noqa: TID251 - `close` ends it
        self._tasks.add(task)
        self._last[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))

    def is_running(self, key: object) -> bool:
        return key in self._last

    async def wait(self) -> None:
        """Wait until no work is left."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Finish what ends soon, and cancel the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        late = list(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, work: Work, after: asyncio.Task[None] | None) -> None:
        try:
            if after:
                await asyncio.wait((after,))
            await work
        except Exception:
            log.exception("work in the background failed")
        finally:
            work.close()  # does nothing unless the work was cancelled before it began

    def _forget(self, key: object, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._last.get(key) is task:
            del self._last[key]
