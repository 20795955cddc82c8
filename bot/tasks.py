"""Tasks of one process: waits that end when it stops, work in the background, and slots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias, TypeVar

import structlog

log = structlog.get_logger(__name__)

Result = TypeVar("Result")


async def work_until(
    stopping: asyncio.Event, work: Coroutine[object, object, Result]
) -> Result | None:
    """Return the result of *work*; once *stopping* is set, cancel *work* and return None."""
    async with asyncio.TaskGroup() as group:
        working = group.create_task(_outcome(work))
        stop = group.create_task(stopping.wait())
        await asyncio.wait((working, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not working.done():
            working.cancel()
            return None
    result, error = working.result()
    if error:
        raise error
    return result


async def _outcome(
    work: Coroutine[object, object, Result],
) -> tuple[Result | None, Exception | None]:
    """Return an error as a value, so that a task group does not wrap it."""
    try:
        return await work, None
    except Exception as error:  # noqa: BLE001 - `work_until` raises it again
        return None, error


async def sleep_until(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep for *seconds*, or until *stopping* is set."""
    await work_until(stopping, asyncio.sleep(seconds))


def flat_errors(error: Exception) -> list[Exception]:
    """Return the errors in a group, at any depth; a single error is returned alone."""
    if isinstance(error, ExceptionGroup):
        return [each for inner in error.exceptions for each in flat_errors(inner)]
    return [error]


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
