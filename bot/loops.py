"""Loops: each step waits for its event, then works until nothing is left to claim."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import structlog

from bot.ops.instrumentation import Act, Watch
from storage.db.engine import is_disconnected, is_unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

LONGEST_PAUSE_SECONDS = 60.0
# While the database's server is gone, or its file is locked: work goes on within seconds after.
GONE_PAUSE_SECONDS = 2.0


@dataclass(eq=False)
class Loop:
    """Runs one step. A missed wake-up costs a tick, never a row."""

    name: str
    step: Callable[[], Awaitable[int]]
    """Does what is due and returns how much that was."""
    wakes: tuple[Loop, ...] = ()
    """The loops for which this one makes work."""
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = field(default_factory=lambda: nap)
    watch: Watch = field(default_factory=Watch)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: int = 0
    _told: set[str] = field(default_factory=set)

    def wake(self) -> None:
        self._woken.set()

    async def tick(self) -> None:
        """Wake, for a scheduler: it runs coroutines on our loop, but plain functions in threads."""
        self.wake()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until *stopping* is set; what is in hand then is finished first."""
        structlog.contextvars.bind_contextvars(step=self.name)
        self.wake()
        while not stopping.is_set():
            await until(stopping, self._woken.wait())
            self._woken.clear()
            while not stopping.is_set() and await self._work(stopping):
                for loop in self.wakes:
                    loop.wake()

    async def _work(self, stopping: asyncio.Event) -> int:
        try:
            with self.watch.over(Act.STEP, self.name) as seen:
                seen.done = done = await self.step()
        except Exception as error:  # noqa: BLE001 - one bad round must not end the loop
            self._tell(error)
            is_waiting = all(is_disconnected(reason) for reason in leaves(error))
            await self._back_off(stopping, GONE_PAUSE_SECONDS if is_waiting else None)
            return 0
        if self._failures:
            log.info("a step works again", step=self.name, failures=self._failures)
            self._failures, self._told = 0, set()
        return done

    async def _back_off(self, stopping: asyncio.Event, longest: float | None) -> None:
        """The first time the next tick tries again; then after ever longer pauses."""
        if self._failures:
            longest = longest or LONGEST_PAUSE_SECONDS
            await self.pause(stopping, min(2.0 ** min(self._failures - 1, 9), longest))
        self._failures += 1

    def _tell(self, error: Exception) -> None:
        """Log each kind of error once, until the step works again."""
        reasons = leaves(error)
        kinds = {type(reason).__name__ for reason in reasons} - self._told
        self._told |= kinds
        for kind in sorted(kinds):
            reason = next(one for one in reasons if type(one).__name__ == kind)
            if is_unavailable(reason):
                line = str(reason).partition("\n")[0]
                log.error("a step fails; it is tried again", step=self.name, reason=line)
            else:
                log.error("a step failed", step=self.name, exc_info=reason)


def leaves(error: Exception) -> list[Exception]:
    """Return the errors that a group holds, at any depth; a plain one alone."""
    if isinstance(error, ExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


async def until(stopping: asyncio.Event, work: Coroutine[object, object, Result]) -> Result | None:
    """Return the result of *work*, or None, with *work* cancelled, once *stopping* is set."""
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
    """Keep an error as a value, so that it leaves a task group as itself and not as a group."""
    try:
        return await work, None
    except Exception as error:  # noqa: BLE001 - `until` raises it again
        return None, error


async def nap(stopping: asyncio.Event, seconds: float) -> None:
    """Wait for *seconds*, or less if *stopping* is set."""
    await until(stopping, asyncio.sleep(seconds))
