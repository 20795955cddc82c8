"""A clock that advances with this process's CPU time and skips idle time, and its event loop.

A second of CPU counts as a second, so that a lag shows the cost of work and not the load of the
machine. Nothing is skipped while the process waits for something real: a transaction, a request in
flight, a worker.
"""

import asyncio
import selectors
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.db.engine import Storage, Transaction


class Clock:
    """The time of the loop and, passed to a storage, of the database."""

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
    def is_working(self) -> bool:
        """Whether the process waits for something real, so that no time may be skipped."""
        return self._working > 0

    def skip(self, seconds: float) -> None:
        self.skipped += seconds

    @contextmanager
    def working(self) -> Iterator[None]:
        """Skip no time while the block runs."""
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1

    @contextmanager
    def idling(self) -> Iterator[None]:
        """Allow skipping again for a block inside of `working`."""
        self._working -= 1
        try:
            yield
        finally:
            self._working += 1

    async def __call__(self, connection: AsyncConnection, /) -> datetime:
        del connection
        return self.now


class SkippingSelector(selectors.DefaultSelector):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0 or self._clock.is_working:
            return super().select(timeout)
        # Data that was sent on loopback has arrived.
        ready = super().select(0)
        if not ready:
            self._clock.skip(timeout)
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        super().__init__(SkippingSelector(clock))

    def time(self) -> float:
        return self._clock.seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        working = self._clock.working()
        working.__enter__()
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: working.__exit__(None, None, None))
        return future

    async def shutdown_default_executor(self, *limit: float | None) -> None:
        with self._clock.working():  # else its time limit would be skipped
            await super().shutdown_default_executor(*limit)


class WorkingStorage(Storage):
    """Skips no time while a transaction is open."""

    clock: Clock

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        with self.clock.working():
            async with super().reading() as tx:
                yield tx

    @asynccontextmanager
    async def reading_in_transaction(self) -> AsyncIterator[Transaction]:
        with self.clock.working():
            async with super().reading_in_transaction() as tx:
                yield tx

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        with self.clock.working():
            async with super().writing() as tx:
                yield tx

    async def write_at_once(self, work: Any) -> Any:
        with self.clock.working():
            return await super().write_at_once(work)


def open_storage(url: str, clock: Clock) -> WorkingStorage:
    storage = WorkingStorage.open(url, clock=clock)
    assert isinstance(storage, WorkingStorage)
    storage.clock = clock
    return storage
