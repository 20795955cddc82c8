"""Slots for tasks that outlast the rounds of their stage, so that a slow task delays no round."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Self


@dataclass(eq=False, slots=True)
class Slots:
    """Runs at most *limit* tasks at once. Use inside `async with`; its end cancels running tasks.

    *on_done* is called after each task. The tasks handle their own errors.
    """

    limit: int
    on_done: Callable[[], None] = lambda: None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _group: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)

    @property
    def room(self) -> int:
        return self.limit - len(self._tasks)

    @property
    def is_used(self) -> bool:
        return bool(self._tasks)

    def start(self, work: Coroutine[object, object, None]) -> None:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    async def all_done(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.on_done()

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)
