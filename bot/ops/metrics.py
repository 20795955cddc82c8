"""Metrics of one process, for Prometheus: the only module that names them.

Names end in their unit; labels take few values: never an id, a host, or a word of anybody's.
docs/reference/metrics.md says what each of them means.

They answer at a port of their own, because a proxy passes on every path of the pages' port, and
`/metrics` cannot tell whether Prometheus or the world asks. What is counted in the database is
queried when a scrape comes, every 15 seconds at most, and only by processes with role `publish`:
all of them would say the same, so dashboards take the maximum.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from bot.ops.instrumentation import STOPPED, Act, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bot.ops.instrumentation import Seen
    from storage.stats import Backlog

_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_CALLS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROUNDS: Final = (0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900)

_DONE: Final = {
    Act.STEP: ("step_rounds", "Rounds of each step.", ("step", "outcome")),
    Act.FETCH: ("fetches", "Feeds and pages asked for.", ("purpose", "outcome")),
    Act.READ: ("reads", "Documents read.", ("purpose", "outcome")),
    Act.UPDATE: ("updates", "Updates of Telegram's handled.", ("kind", "outcome")),
    Act.CALL: ("telegram_calls", "Calls of the Bot API.", ("method", "outcome")),
    Act.SEND: ("sends", "Deliveries handed over.", ("medium", "outcome")),
}
_TOOK: Final = {
    Act.STEP: ("step_round_seconds", "How long rounds took.", ("step",), _ROUNDS),
    Act.FETCH: ("fetch_seconds", "How long answers took.", ("purpose",), _CALLS),
    Act.READ: ("read_seconds", "How long reading took.", ("purpose",), _QUICK),
    Act.UPDATE: ("update_seconds", "How long updates took.", ("kind",), _CALLS),
    Act.SEND: ("send_seconds", "How long handing over took.", ("medium",), _CALLS),
}
# Tables whose new rows are counted.
_MADE: Final = {
    "entry": ("entries", "Entries that a source showed for the first time."),
    "article": ("articles", "Articles stored."),
    "match": ("matches", "Articles that a query matched."),
    "alert": ("alerts", "Alerts decided on, those that come in bundles too."),
    "edition": ("editions", "Digests made."),
    "delivery": ("deliveries", "Messages put into the outbox."),
}
_READ_OFF: Final = {
    Reading.INDEX_QUERIES: ("index_queries", "Queries in the index of this process."),
    Reading.INDEX_CHANGE: ("index_change", "The last change of a query that the index has seen."),
    Reading.SENDS_IN_FLIGHT: ("sends_in_flight", "Deliveries being handed over now."),
    Reading.POLLING_FAILS: ("polling_failing_seconds", "How long no poll has gone well; else 0."),
    Reading.CONNECTIONS: ("database_connections", "Connections to the database in use."),
    Reading.MEMORY: ("memory_bytes", "Memory of this process and its workers (RSS)."),
    Reading.WORKERS: ("worker_processes", "Processes that this one has started."),
    Reading.DISK: ("disk_free_bytes", "Room left beside the SQLite file."),
}


class Metrics:
    """It watches a process; *build* are facts that stay, such as the version."""

    def __init__(self, build: Mapping[str, str]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._done = {act: self._counter(*named) for act, named in _DONE.items()}
        self._took = {act: self._histogram(*named) for act, named in _TOOK.items()}
        self._made = {table: self._counter(*named) for table, named in _MADE.items()}
        self._work = self._counter("step_work", "What each step did, in its rows.", ("step",))
        self._delay = self._histogram(
            "event_loop_delay_seconds", "How late the event loop was.", (), _QUICK
        )
        self._ready = self._gauge("ready", "1 where /readyz says so, else 0.")
        self._up = self._gauge("database_up", "1 where the database answers, else 0.")
        self._waiting = {
            "lags": self._gauge("lag_seconds", "How long the oldest work has waited.", ("step",)),
            "queue": self._gauge("queue", "Messages that are not sent.", ("state", "medium")),
            "sources": self._gauge("sources", "Sources that are read.", ("state",)),
        }
        self._change = self._gauge("queries_change", "The last change of a query there was.")
        self._gauge("build_info", "What runs here.", tuple(build)).labels(**build).set(1)

    @contextmanager
    def watch(self, seen: Seen) -> Iterator[None]:
        try:
            yield
        finally:
            self._done[seen.act].labels(seen.name, seen.outcome).inc()
            if seen.act in self._took and seen.outcome != STOPPED:
                self._took[seen.act].labels(seen.name).observe(seen.seconds)
            if seen.done:
                self._work.labels(seen.name).inc(seen.done)

    def read_off(self, readings: Mapping[Reading, Callable[[], float]]) -> None:
        for reading, read in readings.items():
            self._gauge(*_READ_OFF[reading]).set_function(read)

    def count_made(self, made: Mapping[str, int]) -> None:
        for table, number in made.items():
            if table in self._made:
                self._made[table].inc(number)

    def note_delay(self, seconds: float) -> None:
        self._delay.observe(seconds)

    def note_ready(self, *, is_ready: bool, database: bool) -> None:
        self._ready.set(is_ready)
        self._up.set(database)

    def show(self, backlog: Backlog | None) -> None:
        """Show what waits; None: nothing is known, and what was known is not shown on."""
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
        self._change.set(backlog.queries_change)

    def _counter(self, name: str, told: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(name, told, labels, namespace="dateline", registry=self.registry)

    def _gauge(self, name: str, told: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, told, labels, namespace="dateline", registry=self.registry)

    def _histogram(
        self, name: str, told: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> Histogram:
        return Histogram(
            name, told, labels, namespace="dateline", registry=self.registry, buckets=buckets
        )
