"""Calls in flight: started at their moment, bounded, awaited when the process stops."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from bot.delivery.errors import NeverSent

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Self


# A call begins so long after its intent at the latest. That is less than others wait before they
# take this process for dead (`app.presence`), and together with the call's own time-out less than
# its lease: nobody has taken it over, and sent it once more, by then.
BEGINS_WITHIN_SECONDS = 8.0


class Timer(Protocol):
    """A clock that only goes forward, and a way to wait on it; seconds."""

    def now(self) -> float: ...

    async def wait(self, seconds: float) -> None: ...


class LoopTimer:
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(eq=False)
class Timetable:
    """Waits for moments on its timer."""

    timer: Timer = field(default_factory=LoopTimer, kw_only=True)
    _free_at: float = field(default=float("-inf"), init=False)

    async def until(self, moment: float) -> None:
        """Wait until the timer shows *moment*."""
        if (left := moment - self.timer.now()) > 0:
            await self.timer.wait(left)

    async def turn(self, moment: float, spacing: timedelta) -> None:
        """Wait until *moment* on the timer; the turn after this one comes *spacing* later.

        A loop that was late would otherwise start all that is overdue at once, over the limit.
        """
        await self.until(max(moment, self._free_at))
        self._free_at = self.timer.now() + spacing.total_seconds()


@dataclass(eq=False)
class Calls(Timetable):
    """`async with Calls() as calls:` as long as the process sends.

    Leaving it waits for the calls in flight, for *patience* at most. What is cut off then counts
    as unknown.
    """

    limit: int = 64
    patience: timedelta = timedelta(seconds=8)
    on_done: Callable[[], None] = lambda: None
    """Told after each call: the next delivery of its chat may go."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _group: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)

    @property
    def room(self) -> int:
        return max(0, self.limit - len(self._tasks))

    def check_in_time(self, intended: float) -> None:
        """Raise `NeverSent` where this process stood still since it *intended* to call."""
        if self.timer.now() - intended > BEGINS_WITHIN_SECONDS:
            raise NeverSent("this process stood still before the call")

    def start(self, call: Coroutine[object, object, None]) -> None:
        task = self._group.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    async def all_done(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.on_done()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self._tasks:
            await asyncio.wait(self._tasks, timeout=self.patience.total_seconds())
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)
