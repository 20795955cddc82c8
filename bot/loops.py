"""Loops: each step waits for its event, then works until nothing is left to claim."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

log = structlog.get_logger(__name__)

Result = TypeVar("Result")


@dataclass(eq=False)
class Loop:
    """Runs one step. A missed wake-up costs a tick, never a row."""

    name: str
    step: Callable[[], Awaitable[int]]
    """Does what is due and returns how much that was."""
    wakes: tuple[Loop, ...] = ()
    """The loops for which this one makes work."""
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self._woken.set()

    async def tick(self) -> None:
        """Wake, for a scheduler: it runs coroutines on our loop, but plain functions in threads."""
        self.wake()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until *stopping* is set; what is in hand then is finished first."""
        self.wake()
        while not stopping.is_set():
            await until(stopping, self._woken.wait())
            self._woken.clear()
            while not stopping.is_set() and await self._work():
                for loop in self.wakes:
                    loop.wake()

    async def _work(self) -> int:
        try:
            return await self.step()
        except Exception:  # one bad round must not end the loop; the next tick tries again
            log.exception("a step failed", step=self.name)
            return 0


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
