"""The web server of one process: its headers, its port, and the probes `/healthz` and `/readyz`.

`/healthz` tells whether a restart would help. It is 503 only if the process cannot recover by
itself, because one of its roles has ended or a stage hangs. `/readyz` tells whether the process
works. It is 503, and names the reasons,

- while Telegram or the database is unavailable, or the database's write lock cannot be acquired;
- while a stage fails in every round, or has old work and does none of it;
- while the process stops, so that it gets no more requests.

A gap in polling counts as an outage of Telegram after half a minute.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

from aiohttp import web

from bot.ops.instrumentation import FAILED, OK, Operation
from bot.settings import Role
from bot.stages import ALERT, DIGEST, MAIL, MATCH, SEND
from bot.tasks import sleep_until
from storage.db.problems import DatabaseError
from storage.health import try_to_write
from storage.queries import latest_change
from storage.stats import lags_by_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping

    from aiohttp.typedefs import Middleware

    from bot.app.resources import ProcessContext
    from bot.ops.instrumentation import Observation
    from bot.stages import StageRunner

_POLICY_HEADER = "Content-Security-Policy"
_OLD_FRAMES = "X-Frame-Options"  # for browsers from before frame-ancestors


def policy_headers(picture_origins: Iterable[str] = ()) -> dict[str, str]:
    """Return the headers of a page that shows pictures of these origins, and nothing else of them.

    Our pages load only our stylesheet and icon, run no scripts, and may not be framed.
    """
    pictures = " ".join(("'self'", *picture_origins))
    policy = (
        f"default-src 'none'; style-src 'self'; img-src {pictures}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return {_POLICY_HEADER: policy, _OLD_FRAMES: "DENY"}


_HEADERS = {
    **policy_headers(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that the response does not set itself; remove the name of the server."""
    may_be_framed = _POLICY_HEADER in response.headers  # its own policy says by whom
    for name, value in _HEADERS.items():
        if not (may_be_framed and name == _OLD_FRAMES):
            response.headers.setdefault(name, value)
    response.headers.pop("Server", None)


# The local address of a process that listens at all addresses.
LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104

LARGEST_BODY = 1_000_000  # bytes; handlers set smaller limits

# A connection buffers several times as many bytes of a body, and there may be hundreds of
# connections.
READ_AHEAD = 8192

# A connection without a whole request, idle or slow, is closed after this time. It is longer than
# the minute for which proxies keep connections open.
IDLE_SECONDS = 75.0
LINGERING_SECONDS = 2.0  # for the rest of a request that was answered early
LARGEST_LINE, LARGEST_HEADER, MOST_HEADERS = 8190, 8190, 64

DATABASE_SECONDS: Final = 1.0  # a healthy database answers within this time
CACHED_SECONDS: Final = 1.0  # the database is queried no more often, however many probes come
LOCK_SECONDS: Final = 5.0  # to acquire the write lock; our own transactions are far shorter
LOCK_TRIED_SECONDS: Final = 1.0  # between two attempts, which write nothing
LAGS_SECONDS: Final = 10.0  # for which the lags are cached
POLLING_GAP_SECONDS: Final = 30.0  # without a successful poll
HANGS_SECONDS: Final = 3600.0  # longer than any round, even one with the largest list of feeds
MOST_FAILURES: Final = 3  # rounds in a row; one may be a collision, two a restart of the database
LATE: Final = timedelta(minutes=5)  # the age of the oldest work of a stage that does nothing

# Stages whose work never waits for a publisher, as polls and pages do.
CAN_BE_LATE: Final = frozenset(stage.name for stage in (MATCH, ALERT, DIGEST, SEND, MAIL))


class Wait(StrEnum):
    """A reason why a process is not ready."""

    START = "start"
    TELEGRAM = "telegram"
    INDEX = "index"
    DATABASE = "database"
    STOP = "stop"


# A stage whose first successful round ends a wait.
_ENDED_BY = {MATCH.name: Wait.INDEX}


async def _nothing() -> None:
    return None


@dataclass(eq=False)
class WriteProbe:
    """Tries to acquire the write lock of the database, in a loop of its own beside the probes."""

    write: Callable[[], Awaitable[object]] = _nothing
    clock: Callable[[], float] = monotonic
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = sleep_until
    _trying_since: float | None = None
    _failed: bool = False

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            self._trying_since = self.clock()
            self._failed = not await _succeeds(self.write())
            self._trying_since = None
            await self.pause(stopping, LOCK_TRIED_SECONDS)

    @property
    def is_free(self) -> bool:
        """Return False after an attempt that failed or takes too long, until one succeeds."""
        since = self._trying_since
        takes_long = since is not None and self.clock() - since >= LOCK_SECONDS
        return not self._failed and not takes_long


async def _succeeds(work: Awaitable[object]) -> bool:
    try:
        await work
    except (DatabaseError, OSError, TimeoutError):
        return False
    return True


@dataclass(eq=False)
class DatabaseProbe:
    """Checks that the database answers in time and accepts writes; probes share a query."""

    query: Callable[[], Awaitable[object]]
    clock: Callable[[], float] = monotonic
    lock: WriteProbe = field(default_factory=WriteProbe)
    _known_until: float = float("-inf")
    _answers: bool = False
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def answers(self) -> bool:
        async with self._one_at_a_time:
            if self.clock() >= self._known_until:
                self._answers = await _succeeds(self._query())
                self._known_until = self.clock() + CACHED_SECONDS
            return self._answers and self.lock.is_free

    async def _query(self) -> None:
        async with asyncio.timeout(DATABASE_SECONDS):
            await self.query()


async def _no_lags() -> Mapping[str, timedelta]:
    return {}


@dataclass(eq=False)
class Health:
    """Observes the rounds of stages, and derives the responses to both probes."""

    waits: set[Wait] = field(default_factory=set)
    database: DatabaseProbe = field(default_factory=lambda: DatabaseProbe(_nothing))
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Callable[[], float] = monotonic
    ended: list[str] = field(default_factory=list)
    """Roles and stages that ended before the process was stopped."""
    polling_fails_for: Callable[[], float] = lambda: 0.0
    """Returns for how many seconds polling has failed; the role `chat` replaces it."""
    stages: set[str] = field(default_factory=set)
    """The queue stages of this process, which `watch` adds."""
    lags: Callable[[], Awaitable[Mapping[str, timedelta]]] = _no_lags
    """Returns how long the oldest work of each stage has waited."""
    _rounds: dict[Observation, float] = field(default_factory=dict)
    _failures: Counter[str] = field(default_factory=Counter)
    _worked_at: dict[str, float] = field(default_factory=dict)
    _late: list[str] = field(default_factory=list)
    _late_known_until: float = float("-inf")

    def watch(self, runners: Iterable[StageRunner]) -> None:
        """Judge the queue stages among *runners*.

        Periodic stages, which do the housekeeping, are not judged. One bad row can fail each of
        their rounds, but the process still answers its users and should get their requests.
        """
        self.stages |= {runner.name for runner in runners if not runner.stage.is_periodic}
        self._worked_at |= dict.fromkeys(self.stages, self.clock())

    @contextmanager
    def observe(self, observation: Observation) -> Iterator[None]:
        if observation.operation is not Operation.STAGE:
            yield
            return
        self._rounds[observation] = self.clock()
        try:
            yield
        finally:
            del self._rounds[observation]
            self._note(observation)

    def _note(self, observation: Observation) -> None:
        name = observation.name
        if observation.outcome == FAILED:
            self._failures[name] += 1
        elif observation.outcome == OK:
            del self._failures[name]
            if observation.done:
                self._worked_at[name] = self.clock()
            if name in _ENDED_BY:
                self.waits.discard(_ENDED_BY[name])

    async def lasting(self, name: str, work: Awaitable[None]) -> None:
        """Await *work*, which should end when the process stops; note it if it ends earlier."""
        await work
        if not self.stopping.is_set():
            self.ended.append(name)

    def hanging(self) -> list[str]:
        """Return the stages whose current round has taken longer than `HANGS_SECONDS`."""
        since = self.clock() - HANGS_SECONDS
        return sorted(
            {stage.name for stage, started_at in self._rounds.items() if started_at < since}
        )

    def failing(self) -> list[str]:
        """Return the stages that have failed several rounds in a row."""
        return sorted(name for name in self.stages if self._failures[name] >= MOST_FAILURES)

    async def late(self) -> list[str]:
        """Return the stages whose oldest work is late and that have done nothing for as long."""
        if self.clock() >= self._late_known_until:
            lags = await self.lags()
            since = self.clock() - LATE.total_seconds()
            self._late = sorted(
                name
                for name in self.stages & CAN_BE_LATE
                if lags.get(name, timedelta()) > LATE and self._worked_at[name] < since
            )
            self._late_known_until = self.clock() + LAGS_SECONDS
        return self._late

    async def waited_for(self) -> list[str]:
        """Return why it is not ready: waits in their order, then stages; [] if it is ready."""
        waits = set(self.waits)
        if self.polling_fails_for() >= POLLING_GAP_SECONDS:
            waits.add(Wait.TELEGRAM)
        if self.stopping.is_set():
            waits.add(Wait.STOP)
        stages: set[str] = set()
        if await self.database.answers():
            stages = {*self.failing(), *await self.late()}
        else:  # an unavailable database explains failing and late stages
            waits.add(Wait.DATABASE)
        return [*(wait.value for wait in Wait if wait in waits), *sorted(stages)]

    async def answer(self, _request: web.Request) -> web.Response:
        if stuck := [*self.ended, *self.hanging()]:
            return web.json_response({"status": "stuck", "stages": stuck}, status=503)
        return web.json_response({"status": "ok"})

    async def answer_ready(self, _request: web.Request) -> web.Response:
        if waits := await self.waited_for():
            return web.json_response({"status": "waiting", "for": waits}, status=503)
        return web.json_response({"status": "ready"})

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self.answer), web.get("/readyz", self.answer_ready)]


def make_health(process: ProcessContext, stopping: asyncio.Event) -> Health:
    """Return the health of a process that starts, and let it observe the stages."""
    waits = {Wait.START}
    if Role.CHAT in process.roles:
        waits.add(Wait.TELEGRAM)
    if Role.MATCH in process.roles:
        waits.add(Wait.INDEX)

    storage = process.storage

    async def query() -> None:
        async with storage.reading() as tx:
            await latest_change(tx)

    async def lags() -> Mapping[str, timedelta]:
        try:
            async with storage.reading() as tx:
                return await lags_by_stage(tx)
        except (DatabaseError, OSError):
            return {}  # the probe of the database reports it

    health = Health(
        waits,
        DatabaseProbe(query, lock=WriteProbe(partial(try_to_write, storage))),
        stopping,
        lags=lags,
    )
    process.instrumentation.add(health)
    return health


def make_web(
    routes: Iterable[web.RouteDef] = (),
    middlewares: Iterable[Middleware] = (),
    *,
    health: Health | None = None,
) -> web.Application:
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=middlewares)
    app.add_routes([*(health or Health()).routes(), *routes])
    app.on_response_prepare.append(add_headers)
    return app


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """Serve *app* during the block; raise OSError if the address is not available."""
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=LINGERING_SECONDS,
        read_bufsize=READ_AHEAD,
        max_line_size=LARGEST_LINE,
        max_field_size=LARGEST_HEADER,
        max_headers=MOST_HEADERS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
