"""Metrics of one process for Prometheus, served at METRICS_PORT: the only module that names them.

Names end in their unit. Labels take few values: never an id, a host, or text from users.
`docs/reference/metrics.md` says what each of them means. To add an operation: `_COUNTERS`, perhaps
`_HISTOGRAMS`; to add a value that is read when asked for: `_GAUGES`.

They answer at a port of their own, because a proxy passes on every path of the pages' port, and
`/metrics` cannot tell whether Prometheus or the world asks. What is counted in the database is
queried when a scrape comes, every 15 seconds at most, and only by processes with role `publish`:
all of them would say the same, so dashboards take the maximum.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from bot.app.stops import needing_the_port
from bot.budgets import USUAL
from bot.ops import installed_version
from bot.ops.health import make_web, serving
from bot.ops.instrumentation import STOPPED, GaugeName, Operation
from bot.settings import Role
from storage.db.engine import DatabaseError
from storage.enums import UsageKind
from storage.schema import database_file
from storage.stats import backlog
from storage.usage import UsageToday

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from bot.app.resources import ProcessContext
    from bot.budgets import Budgets
    from bot.ops.health import Health
    from bot.ops.instrumentation import Observation
    from storage.db.engine import Storage
    from storage.stats import Backlog

_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_CALLS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROUNDS: Final = (0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900)

_COUNTERS: Final = {
    Operation.STEP: ("step_rounds", "Rounds of each step.", ("step", "outcome")),
    Operation.FETCH: ("fetches", "Feeds and pages asked for.", ("purpose", "outcome")),
    Operation.READ: ("reads", "Documents read.", ("purpose", "outcome")),
    Operation.UPDATE: ("updates", "Updates from Telegram handled.", ("kind", "outcome")),
    Operation.CALL: ("telegram_calls", "Calls of the Bot API.", ("method", "outcome")),
    Operation.SEND: ("sends", "Deliveries handed over.", ("medium", "outcome")),
}
_HISTOGRAMS: Final = {
    Operation.STEP: ("step_round_seconds", "How long rounds took.", ("step",), _ROUNDS),
    Operation.FETCH: ("fetch_seconds", "How long responses took.", ("purpose",), _CALLS),
    Operation.READ: ("read_seconds", "How long reading took.", ("purpose",), _QUICK),
    Operation.UPDATE: ("update_seconds", "How long updates took.", ("kind",), _CALLS),
    Operation.SEND: ("send_seconds", "How long handing over took.", ("medium",), _CALLS),
}
# Tables whose new rows are counted.
_ROW_COUNTERS: Final = {
    "entry": ("entries", "Entries that a source showed for the first time."),
    "article": ("articles", "Articles stored."),
    "match": ("matches", "Articles that a query matched."),
    "alert": ("alerts", "Alerts decided on, those that come in bundles too."),
    "edition": ("editions", "Digests made."),
    "delivery": ("deliveries", "Messages put into the outbox."),
}
_GAUGES: Final = {
    GaugeName.INDEX_QUERIES: ("index_queries", "Queries in the index of this process."),
    GaugeName.INDEX_CHANGE: ("index_change", "The last change of a query that the index has."),
    GaugeName.SENDS_IN_FLIGHT: ("sends_in_flight", "Deliveries being handed over now."),
    GaugeName.POLLING_FAILS: ("polling_failing_seconds", "How long no poll has gone well; else 0."),
    GaugeName.CONNECTIONS: ("database_connections", "Connections to the database in use."),
    GaugeName.MEMORY: ("memory_bytes", "Memory of this process and its workers (RSS)."),
    GaugeName.WORKERS: ("worker_processes", "Processes that this one has started."),
    GaugeName.DISK: ("disk_free_bytes", "Room left beside the SQLite file."),
}


class Metrics:
    """An observer of one process; *build* are facts that stay, such as the version."""

    def __init__(self, build: Mapping[str, str]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._place: dict[str, Any] = {"namespace": "dateline", "registry": self.registry}
        self._counters = {act: Counter(*named, **self._place) for act, named in _COUNTERS.items()}
        self._histograms = {
            act: Histogram(name, text, labels, buckets=buckets, **self._place)
            for act, (name, text, labels, buckets) in _HISTOGRAMS.items()
        }
        self._row_counters = {
            table: Counter(*named, **self._place) for table, named in _ROW_COUNTERS.items()
        }
        rows = "What each step did, in its rows."
        self._work = Counter("step_work", rows, ("step",), **self._place)
        late = "How late the event loop was."
        self._delay = Histogram("event_loop_delay_seconds", late, buckets=_QUICK, **self._place)
        self._ready = self._gauge("ready", "1 where /readyz says so, else 0.")
        self._up = self._gauge("database_up", "1 where the database answers, else 0.")
        self._waiting = {
            "lags": self._gauge("lag_seconds", "How long the oldest work has waited.", ("step",)),
            "queue": self._gauge("queue", "Messages that are not sent.", ("state", "medium")),
            "sources": self._gauge("sources", "Sources that are read.", ("state",)),
            "used": self._gauge("accounts_used", "What accounts used today.", ("kind",)),
            "exhausted": self._gauge(
                "accounts_exhausted", "Accounts that used up a budget today.", ("kind",)
            ),
        }
        put_aside = "Articles for which a stage failed, and which no stage claims."
        self._put_aside = self._gauge("articles_put_aside", put_aside)
        self._change = self._gauge("queries_change", "The last change of a query there was.")
        self._gauge("build_info", "What runs here.", tuple(build)).labels(**build).set(1)

    @contextmanager
    def observe(self, observation: Observation) -> Iterator[None]:
        try:
            yield
        finally:
            self._counters[observation.operation].labels(
                observation.name, observation.outcome
            ).inc()
            if observation.operation in self._histograms and observation.outcome != STOPPED:
                self._histograms[observation.operation].labels(observation.name).observe(
                    observation.seconds
                )
            if observation.done:
                self._work.labels(observation.name).inc(observation.done)

    def add_gauges(self, gauges: Mapping[GaugeName, Callable[[], float]]) -> None:
        for name, read in gauges.items():
            self._gauge(*_GAUGES[name]).set_function(read)

    def count_made(self, made: Mapping[str, int]) -> None:
        for table, number in made.items():
            if table in self._row_counters:
                self._row_counters[table].inc(number)

    def note_delay(self, seconds: float) -> None:
        self._delay.observe(seconds)

    def note_ready(self, *, is_ready: bool, database: bool) -> None:
        self._ready.set(is_ready)
        self._up.set(database)

    def show(self, backlog: Backlog | None) -> None:
        """Show what waits; None: nothing is known, so nothing is shown."""
        for gauge in self._waiting.values():
            gauge.clear()
        if backlog is None:
            return
        for step, seconds in backlog.lags.items():
            self._waiting["lags"].labels(step).set(seconds)
        for state_and_medium, number in backlog.queue.items():
            self._waiting["queue"].labels(*state_and_medium).set(number)
        for state, number in backlog.sources.items():
            self._waiting["sources"].labels(state).set(number)
        self._put_aside.set(backlog.put_aside)
        for kind in UsageKind:
            today = backlog.usage.get(kind, UsageToday(0, 0))
            self._waiting["used"].labels(kind).set(today.used)
            self._waiting["exhausted"].labels(kind).set(today.exhausted)
        self._change.set(backlog.queries_change)

    def _gauge(self, name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, documentation, labels, **self._place)


BACKLOG_SECONDS: Final = 15.0  # between two questions to the database
ASK_SECONDS: Final = 5.0  # that they may take
DELAY_SECONDS: Final = 0.25


@asynccontextmanager
async def serving_metrics(process: ProcessContext, health: Health) -> AsyncIterator[None]:
    """Measure and serve for the block; StopError if the port is not available."""
    host, port = process.settings.metrics_host, process.settings.metrics_port or 0
    metrics = Metrics(_build(process))
    process.instrumentation.add(metrics)
    process.storage.on_made = metrics.count_made
    asked = process.storage if Role.PUBLISH in process.roles else None
    app = metrics_web(MetricsPage(metrics, health, asked, process.settings.budgets))
    async with AsyncExitStack() as stack:
        with needing_the_port("METRICS_PORT", host, port):
            await stack.enter_async_context(serving(app, host, port))
        await stack.enter_async_context(_measuring_delay(metrics.note_delay))
        metrics.add_gauges(process.instrumentation.gauges | _gauges_of(process, health))
        yield


@dataclass(eq=False)
class MetricsPage:
    """Asks for what it shows when it is requested; the database only if *storage* is given."""

    metrics: Metrics
    health: Health
    storage: Storage | None
    budgets: Budgets = USUAL
    clock: Callable[[], float] = monotonic
    _asked_at: float = float("-inf")
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> None:
        async with self._one_at_a_time:
            waits = await self.health.waited_for()
            is_up = await self.health.database.answers()
            self.metrics.note_ready(is_ready=not waits, database=is_up)
            if self.storage and self.clock() - self._asked_at >= BACKLOG_SECONDS:
                asked = await _load_backlog(self.storage, self.budgets) if is_up else None
                self.metrics.show(asked)
                self._asked_at = self.clock()


def metrics_web(page: MetricsPage) -> web.Application:
    """Return `/metrics` with the probes beside it; never on the port of the pages."""

    async def answer(request: web.Request) -> web.Response:
        await page.refresh()
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        body = encode(page.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": kind})

    return make_web([web.get("/metrics", answer)], health=page.health)


async def _load_backlog(storage: Storage, budgets: Budgets) -> Backlog | None:
    try:
        async with asyncio.timeout(ASK_SECONDS), storage.reading() as tx:
            return await backlog(tx, budgets.limits)
    except (DatabaseError, OSError, TimeoutError):
        return None


@asynccontextmanager
async def _measuring_delay(note: Callable[[float], None]) -> AsyncIterator[None]:
    """Measure for the block how late the event loop runs what is due."""
    async with asyncio.TaskGroup() as group:
        measuring = group.create_task(_measure_delay(note))
        try:
            yield
        finally:
            measuring.cancel()


async def _measure_delay(note: Callable[[float], None]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + DELAY_SECONDS
        await asyncio.sleep(DELAY_SECONDS)
        note(max(loop.time() - due, 0.0))


def _gauges_of(process: ProcessContext, health: Health) -> dict[GaugeName, Callable[[], float]]:
    gauges: dict[GaugeName, Callable[[], float]] = {
        GaugeName.CONNECTIONS: lambda: process.storage.connections_in_use
    }
    if Role.CHAT in process.roles:
        gauges[GaugeName.POLLING_FAILS] = lambda: health.polling_fails_for()  # noqa: PLW0108 - set later
    if has_proc():
        gauges[GaugeName.MEMORY] = memory_bytes
        gauges[GaugeName.WORKERS] = lambda: len(descendants())
    if file := database_file(process.database.url):
        gauges[GaugeName.DISK] = lambda: shutil.disk_usage(file.parent).free
    return gauges


def _build(process: ProcessContext) -> dict[str, str]:
    return {
        "version": installed_version(),
        "python": platform.python_version(),
        "database": process.storage.dialect,
        "roles": process.role_names,
    }


# The memory of this process and of those that it has started, on Linux.
_PROC = Path("/proc")


def has_proc() -> bool:
    """Whether the system shows processes as Linux does."""
    return (_PROC / "self" / "statm").exists()


def memory_bytes() -> int:
    """Return the resident memory of all of them together."""
    pages = sum(_pages_of(pid) for pid in (os.getpid(), *descendants()))
    return pages * os.sysconf("SC_PAGE_SIZE")


def descendants() -> list[int]:
    """Return the ids of those that this process has started, and of those that they have."""
    found: list[int] = []
    left = _children_of(os.getpid())
    while left:
        pid = left.pop()
        found.append(pid)
        left += _children_of(pid)
    return found


def _pages_of(pid: int) -> int:
    with suppress(OSError):  # it has just ended
        return int((_PROC / str(pid) / "statm").read_text().split()[1])
    return 0


def _children_of(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):  # it has just ended
        for task in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                children += map(int, (task / "children").read_text().split())
    return children
