"""Metrics of one process for Prometheus, served at METRICS_PORT. Only this module names them.

Names end in their unit. Labels have few values, and never an id, a host or text from users.
`docs/reference/metrics.md` explains each metric. A new operation needs a row in `_COUNTERS` and
perhaps in `_HISTOGRAMS`; a value that is read at each scrape needs a row in `_GAUGES`.

Metrics have a port of their own, because a proxy passes on every path of the pages' port, and
`/metrics` cannot tell Prometheus from the public. Figures from the database are queried at a
scrape, every 15 seconds at most, and only by processes with role `publish`. They all report the
same figures, so dashboards take the maximum.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import product
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
from storage.db.problems import DatabaseError
from storage.enums import DeliveryState, Medium, UsageKind
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
    Operation.STAGE: ("stage_rounds", "Rounds of each stage.", ("stage", "outcome")),
    Operation.FETCH: ("fetches", "Requests for feeds and pages.", ("purpose", "outcome")),
    Operation.READ: ("reads", "Documents read.", ("purpose", "outcome")),
    Operation.UPDATE: ("updates", "Updates from Telegram handled.", ("kind", "outcome")),
    Operation.CALL: ("telegram_calls", "Calls of the Bot API.", ("method", "outcome")),
    Operation.SEND: (
        "sends",
        "Deliveries handed to Telegram or the mail server.",
        ("medium", "outcome"),
    ),
    Operation.MODEL: (
        "model_calls",
        "Calls of the language model.",
        ("language", "outcome"),
    ),
    Operation.LETTER: ("letters", "Letters to newsletters.", ("reason", "outcome")),
}
_HISTOGRAMS: Final = {
    Operation.STAGE: ("stage_round_seconds", "Duration of rounds.", ("stage",), _ROUNDS),
    Operation.FETCH: (
        "fetch_seconds",
        "Duration of requests for feeds and pages.",
        ("purpose",),
        _CALLS,
    ),
    Operation.READ: ("read_seconds", "Duration of reading documents.", ("purpose",), _QUICK),
    Operation.UPDATE: ("update_seconds", "Duration of handling updates.", ("kind",), _CALLS),
    Operation.MODEL: (
        "model_seconds",
        "Duration of calls of the language model.",
        ("language",),
        _CALLS,
    ),
    Operation.SEND: ("send_seconds", "Duration of handing deliveries over.", ("medium",), _CALLS),
}
# Tables whose new rows are counted.
_ROW_COUNTERS: Final = {
    "entry": ("entries", "New entries of sources."),
    "droppedentry": ("dropped_entries", "Entries that a rule of their source dropped."),
    "article": ("articles", "Articles stored."),
    "match": ("matches", "Articles that a query matched."),
    "alert": ("alerts", "Alerts decided, including those in bundles."),
    "edition": ("editions", "Digests made."),
    "delivery": ("deliveries", "Messages enqueued in the outbox."),
}
_GAUGES: Final = {
    GaugeName.INDEX_QUERIES: ("index_queries", "Queries in the index of this process."),
    GaugeName.INDEX_CHANGE: ("index_change", "Number of the last query change that the index has."),
    GaugeName.STORY_MEMORY: ("story_memory_bytes", "Estimated memory of the stories."),
    GaugeName.SENDS_IN_FLIGHT: ("sends_in_flight", "Deliveries that are being sent now."),
    GaugeName.POLLING_FAILS: (
        "polling_failing_seconds",
        "Time since the last successful poll while polls fail; else 0.",
    ),
    GaugeName.CONNECTIONS: ("database_connections", "Connections to the database in use."),
    GaugeName.MEMORY: ("memory_bytes", "Memory of this process and its workers (RSS)."),
    GaugeName.WORKERS: ("worker_processes", "Worker processes."),
    GaugeName.MAILBOX_AGE: ("mailbox_age_seconds", "Time since the mailbox was last read."),
    GaugeName.MAILBOX_WATCHED: ("mailbox_watched", "1 while IDLE announces new mails, else 0."),
    GaugeName.DISK: ("disk_free_bytes", "Free space on the disk of the SQLite file."),
}


class Metrics:
    """An observer of one process; *build* has constant facts such as the version."""

    def __init__(self, build: Mapping[str, str]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._options: dict[str, Any] = {"namespace": "dateline", "registry": self.registry}
        self._counters = {
            operation: Counter(*named, **self._options) for operation, named in _COUNTERS.items()
        }
        self._histograms = {
            operation: Histogram(name, text, labels, buckets=buckets, **self._options)
            for operation, (name, text, labels, buckets) in _HISTOGRAMS.items()
        }
        self._row_counters = {
            table: Counter(*named, **self._options) for table, named in _ROW_COUNTERS.items()
        }
        rows = "Rows that each stage has processed."
        self._work = Counter("stage_work", rows, ("stage",), **self._options)
        late = "Delay of the event loop."
        self._delay = Histogram("event_loop_delay_seconds", late, buckets=_QUICK, **self._options)
        self._ready = self._gauge("ready", "1 if the process is ready (/readyz), else 0.")
        self._up = self._gauge("database_up", "1 if the database answers, else 0.")
        self._waiting = {
            "lags": self._gauge("lag_seconds", "Age of the oldest waiting work.", ("stage",)),
            "queue": self._gauge("queue", "Messages that have not been sent.", ("state", "medium")),
            "sources": self._gauge("sources", "Sources that are polled.", ("state",)),
            "kinds": self._gauge(
                "sources_by_kind", "Sources of each kind, by health.", ("kind", "health")
            ),
            "used": self._gauge(
                "accounts_used", "Use of budgets by all accounts today.", ("kind",)
            ),
            "model": self._gauge("model_today", "The language model today (UTC).", ("kind",)),
            "exhausted": self._gauge(
                "accounts_exhausted", "Accounts that have used up a budget today.", ("kind",)
            ),
        }
        put_aside = "Articles that no stage claims any more because one failed."
        self._put_aside = self._gauge("articles_put_aside", put_aside)
        made = "When the last backup was made, as Unix time; 0 if never."
        self._backup = self._gauge("last_backup_timestamp_seconds", made)
        maintained = "1 while the bot answers only its admins, else 0 (dateline maintenance)."
        self._maintenance = self._gauge("maintenance", maintained)
        self._change = self._gauge(
            "queries_change", "Number of the last query change in the database."
        )
        self._gauge(
            "build_info", "Version, Python, database and roles of the process.", tuple(build)
        ).labels(**build).set(1)

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
        """Show the backlog, or no values if it is unknown (None)."""
        for gauge in self._waiting.values():
            gauge.clear()
        if backlog is None:
            return
        by_name: dict[str, Mapping[Any, float]] = {
            "lags": backlog.lags,
            "queue": {key: backlog.queue.get(key, 0) for key in product(_NOT_SENT, Medium)},
            "sources": backlog.sources,
            "kinds": backlog.kinds,
            "model": backlog.model,
        }
        for name, values in by_name.items():
            for labels, number in values.items():
                named = (labels,) if isinstance(labels, str) else labels
                self._waiting[name].labels(*named).set(number)
        self._put_aside.set(backlog.put_aside)
        for kind in UsageKind:
            today = backlog.usage.get(kind, UsageToday(0, 0))
            self._waiting["used"].labels(kind).set(today.used)
            self._waiting["exhausted"].labels(kind).set(today.exhausted)
        self._backup.set(backlog.last_backup.timestamp() if backlog.last_backup else 0)
        self._maintenance.set(backlog.is_maintained)
        self._change.set(backlog.queries_change)

    def _gauge(self, name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, documentation, labels, **self._options)


# A state without messages is shown as 0, because Prometheus takes a missing value for unknown.
_NOT_SENT: Final = [state for state in DeliveryState if state.is_blocking or state.is_stuck]
BACKLOG_SECONDS: Final = 15.0  # between two queries of the database
QUERY_SECONDS: Final = 5.0  # the longest that a query may take
DELAY_SECONDS: Final = 0.25


@asynccontextmanager
async def serving_metrics(process: ProcessContext, health: Health) -> AsyncIterator[None]:
    """Measure and serve during the block; raise StopError if the port is not available."""
    host, port = process.settings.metrics_host, process.settings.metrics_port or 0
    metrics = Metrics(_build(process))
    process.instrumentation.add(metrics)
    process.storage.on_made = metrics.count_made
    storage = process.storage if Role.PUBLISH in process.roles else None
    app = metrics_web(MetricsPage(metrics, health, storage, process.settings.budgets))
    async with AsyncExitStack() as stack:
        with needing_the_port("METRICS_PORT", host, port):
            await stack.enter_async_context(serving(app, host, port))
        await stack.enter_async_context(_measuring_delay(metrics.note_delay))
        metrics.add_gauges(process.instrumentation.gauges | _gauges_of(process, health))
        yield


@dataclass(eq=False)
class MetricsPage:
    """Collects its values when it is requested, from the database only if it has a *storage*."""

    metrics: Metrics
    health: Health
    storage: Storage | None
    budgets: Budgets = USUAL
    clock: Callable[[], float] = monotonic
    _queried_at: float = float("-inf")
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> None:
        async with self._one_at_a_time:
            waits = await self.health.waited_for()
            is_up = await self.health.database.answers()
            self.metrics.note_ready(is_ready=not waits, database=is_up)
            if self.storage and self.clock() - self._queried_at >= BACKLOG_SECONDS:
                loaded = await _load_backlog(self.storage, self.budgets) if is_up else None
                self.metrics.show(loaded)
                self._queried_at = self.clock()


def metrics_web(page: MetricsPage) -> web.Application:
    """Return the web application with `/metrics` and both probes, for a port of its own."""

    async def answer(request: web.Request) -> web.Response:
        await page.refresh()
        encode, kind = choose_encoder(request.headers.get("Accept", ""))
        body = encode(page.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": kind})

    return make_web([web.get("/metrics", answer)], health=page.health)


async def _load_backlog(storage: Storage, budgets: Budgets) -> Backlog | None:
    try:
        async with asyncio.timeout(QUERY_SECONDS), storage.reading() as tx:
            return await backlog(tx, budgets.limits)
    except (DatabaseError, OSError, TimeoutError):
        return None


@asynccontextmanager
async def _measuring_delay(note: Callable[[float], None]) -> AsyncIterator[None]:
    """Measure the delay of the event loop during the block."""
    async with asyncio.TaskGroup() as group:
        measuring = group.create_task(_measure_delay(note))
        try:
            yield
        finally:
            measuring.cancel()


async def _measure_delay(note: Callable[[float], None]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due_at = loop.time() + DELAY_SECONDS
        await asyncio.sleep(DELAY_SECONDS)
        note(max(loop.time() - due_at, 0.0))


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


# The memory of this process and its descendants, on Linux.
_PROC = Path("/proc")


def has_proc() -> bool:
    """Return whether the system has the process files of Linux."""
    return (_PROC / "self" / "statm").exists()


def memory_bytes() -> int:
    """Return the resident memory of this process and its descendants together."""
    pages = sum(_pages_of(pid) for pid in (os.getpid(), *descendants()))
    return pages * os.sysconf("SC_PAGE_SIZE")


def descendants() -> list[int]:
    """Return the ids of the processes that this one has started, directly or indirectly."""
    pids: list[int] = []
    waiting = _children_of(os.getpid())
    while waiting:
        pid = waiting.pop()
        pids.append(pid)
        waiting += _children_of(pid)
    return pids


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
