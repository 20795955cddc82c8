"""Time that passes as this process works, and is skipped where it has nothing to do.

The event loop asks the clock what time it is, and so do all that wait in it. A second of the
processor is a second, so that a lag shows what work costs, and not who else uses the machine.
Nothing is skipped while something real is waited for: a transaction, a request that is being
answered, a worker.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession


class Clock:
    """Begins at *begins*; a storage takes it for the database's clock."""

    def __init__(self, begins: datetime) -> None:
        self.begins = begins
        self.skipped = 0.0
        self._spent = time.process_time()
        self._working = 0

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.process_time() - self._spent + self.skipped

    @property
    def now(self) -> datetime:
        return self.begins + timedelta(seconds=self.seconds)

    @property
    def stands(self) -> bool:
        """Whether nothing may be skipped."""
        return self._working > 0

    def skip(self, seconds: float) -> None:
        self.skipped += seconds

    @contextmanager
    def working(self) -> Iterator[None]:
        """What the block waits for is real."""
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1

    @contextmanager
    def idling(self) -> Iterator[None]:
        """Within `working`: what the block waits for is time."""
        self._working -= 1
        try:
            yield
        finally:
            self._working += 1

    async def __call__(self, session: AsyncSession, /) -> datetime:
        del session
        return self.now


class SkippingSelector(selectors.DefaultSelector):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0 or self._clock.stands:
            return super().select(timeout)
        # On loopback whatever was sent is there.
        ready = super().select(0)
        if not ready:
            self._clock.skip(timeout)
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        self._skipping = clock
        super().__init__(SkippingSelector(clock))

    def time(self) -> float:
        return self._skipping.seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        working = self._skipping.working()
        working.__enter__()
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: working.__exit__(None, None, None))
        return future

    async def shutdown_default_executor(self, *limit: float | None) -> None:
        with self._skipping.working():  # the limit that later Pythons set would be skipped
            await super().shutdown_default_executor(*limit)
