"""The metrics of one process, where METRICS_PORT asks for them; without it nothing is imported."""

from __future__ import annotations

import asyncio
import platform
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final

from bot.app.stops import needing_the_port
from bot.ops import processes
from bot.ops.instrumentation import Reading
from bot.ops.version import our_version
from bot.settings import Role
from storage.db.engine import DatabaseError
from storage.schema import database_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.app.resources import ProcessContext
    from bot.ops.health import Health
    from bot.ops.metrics import Metrics
    from storage.db.engine import Storage
    from storage.stats import Backlog

BACKLOG_SECONDS: Final = 15.0  # between two questions to the database
ASK_SECONDS: Final = 5.0  # that they may take
BEAT_SECONDS: Final = 0.25


@asynccontextmanager
async def measuring(around: ProcessContext, health: Health) -> AsyncIterator[None]:
    """Measure and serve for the block; StopError if the port is not to be had."""
    host, port = around.settings.metrics_host, around.settings.metrics_port
    if port is None:
        yield
        return
    from bot.ops.health import serving
    from bot.ops.metrics import Metrics
    from bot.ops.metrics_page import MetricsPage, make_metrics_web

    metrics = Metrics(_build(around))
    around.watch.join(metrics)
    around.storage.on_made = metrics.count_made
    asked = around.storage if Role.PUBLISH in around.roles else None
    page = MetricsPage(metrics.registry, Looking(metrics, health, asked).look)
    app = make_metrics_web(page, health)
    async with AsyncExitStack() as stack:
        with needing_the_port("METRICS_PORT", host, port):
            await stack.enter_async_context(serving(app, host, port))
        await stack.enter_async_context(_beating(metrics.note_delay))
        metrics.read_off(around.watch.readings | _readings(around, health))
        yield


@dataclass(eq=False)
class Looking:
    """Asks for what is shown when it is looked at; the database where *storage* is given."""

    metrics: Metrics
    health: Health
    storage: Storage | None
    clock: Callable[[], float] = monotonic
    _asked_at: float = float("-inf")
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self) -> None:
        async with self._one_at_a_time:
            waits = await self.health.waited_for()
            is_up = await self.health.database.answers()
            self.metrics.note_ready(is_ready=not waits, database=is_up)
            if self.storage and self.clock() - self._asked_at >= BACKLOG_SECONDS:
                self.metrics.show(await _asked(self.storage) if is_up else None)
                self._asked_at = self.clock()


async def _asked(storage: Storage) -> Backlog | None:
    from storage.stats import backlog

    try:
        async with asyncio.timeout(ASK_SECONDS), storage.reading() as tx:
            return await backlog(tx)
    except (DatabaseError, OSError, TimeoutError):
        return None


@asynccontextmanager
async def _beating(note: Callable[[float], None]) -> AsyncIterator[None]:
    """Note for the block how late the event loop comes to what should be done by now."""
    async with asyncio.TaskGroup() as group:
        beating = group.create_task(_beat(note))
        try:
            yield
        finally:
            beating.cancel()


async def _beat(note: Callable[[float], None]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + BEAT_SECONDS
        await asyncio.sleep(BEAT_SECONDS)
        note(max(loop.time() - due, 0.0))


def _readings(around: ProcessContext, health: Health) -> dict[Reading, Callable[[], float]]:
    readings: dict[Reading, Callable[[], float]] = {
        Reading.CONNECTIONS: lambda: around.storage.connections_in_use
    }
    if Role.CHAT in around.roles:
        readings[Reading.POLLING_FAILS] = lambda: health.polling_fails_for()  # noqa: PLW0108 - set later
    if processes.are_told_of():
        readings[Reading.MEMORY] = processes.memory_bytes
        readings[Reading.WORKERS] = lambda: len(processes.descendants())
    if file := database_file(around.deployment.database_url):
        readings[Reading.DISK] = lambda: shutil.disk_usage(file.parent).free
    return readings


def _build(around: ProcessContext) -> dict[str, str]:
    return {
        "version": our_version(),
        "python": platform.python_version(),
        "database": around.storage.dialect,
        "roles": around.roles_said,
    }
