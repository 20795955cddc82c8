"""HTTP of one process: its headers, its port, and the probes `/healthz` and `/readyz`.

`/healthz` says whether a restart would help: it is 503 only where the process cannot mend itself,
because one of its roles has ended, or a step hangs. `/readyz` says whether it works: it is 503, and
names what the process waits for, while Telegram or the database is away, and while the process
stops, so that it gets no more requests. A gap in polling counts after half a minute.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING, Final

from aiohttp import web

from bot.ops.instrumentation import OK, Operation
from bot.settings import Role
from storage.db.engine import DatabaseError
from storage.queries import latest_change

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from aiohttp.typedefs import Middleware

    from bot.app.resources import ProcessContext
    from bot.ops.instrumentation import Observation

# Pages of ours load nothing but our stylesheet and icon, run nothing, and stand in no frame.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_POLICY_HEADER = "Content-Security-Policy"
_OLD_FRAMES = "X-Frame-Options"  # for browsers from before frame-ancestors
_HEADERS = {
    _POLICY_HEADER: _POLICY,
    "X-Content-Type-Options": "nosniff",
    _OLD_FRAMES: "DENY",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


async def add_headers(_request: web.Request, answer: web.StreamResponse) -> None:
    """Add the headers that the response does not set itself; hide the name of the server."""
    may_be_framed = _POLICY_HEADER in answer.headers  # its own policy says by whom
    for name, value in _HEADERS.items():
        if not (may_be_framed and name == _OLD_FRAMES):
            answer.headers.setdefault(name, value)
    answer.headers.pop("Server", None)


LARGEST_BODY = 1_000_000  # bytes; each reader of a body sets a smaller limit

# Bytes of a body that each connection holds unread, several times over: there may be hundreds.
READ_AHEAD = 8192

# A connection without a whole request is closed after so long, be it idle or a trickle; a proxy
# keeps its own open for a minute.
IDLE_SECONDS = 75.0
LINGERING_SECONDS = 2.0  # for what a client still sends that was answered already
LARGEST_LINE, LARGEST_HEADER, MOST_HEADERS = 8190, 8190, 64

DATABASE_SECONDS: Final = 1.0  # it answers within
CACHED_SECONDS: Final = 1.0  # and is asked no more often, however many ask us
POLLING_GAP_SECONDS: Final = 30.0  # without a poll that succeeded
HANGS_SECONDS: Final = 3600.0  # no round takes so long, not even for the largest list of feeds


class Wait(StrEnum):
    """What a process waits for before it works."""

    START = "start"
    TELEGRAM = "telegram"
    INDEX = "index"
    DATABASE = "database"
    STOP = "stop"


# The step whose first successful round shows that something is there.
_SHOWN_BY = {"match": Wait.INDEX}


@dataclass(eq=False)
class DatabaseProbe:
    """Whether it answers in time; probes at the same moment share one query."""

    ask: Callable[[], Awaitable[object]]
    clock: Callable[[], float] = monotonic
    _known_until: float = float("-inf")
    _answers: bool = False
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def answers(self) -> bool:
        async with self._one_at_a_time:
            if self.clock() >= self._known_until:
                self._answers = await self._asked()
                self._known_until = self.clock() + CACHED_SECONDS
            return self._answers

    async def _asked(self) -> bool:
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                await self.ask()
        except (DatabaseError, OSError, TimeoutError):
            return False
        return True


async def _nothing() -> None:
    return None


@dataclass(eq=False)
class Health:
    """Observes the rounds of steps; a part that starts up reports when it works."""

    waits: set[Wait] = field(default_factory=set)
    database: DatabaseProbe = field(default_factory=lambda: DatabaseProbe(_nothing))
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Callable[[], float] = monotonic
    ended: list[str] = field(default_factory=list)
    """Roles and steps that ended although nobody had asked them to."""
    polling_fails_for: Callable[[], float] = lambda: 0.0
    """In seconds; the polling sets it."""
    _rounds: dict[Observation, float] = field(default_factory=dict)

    @contextmanager
    def observe(self, observation: Observation) -> Iterator[None]:
        if observation.operation is not Operation.STEP:
            yield
            return
        self._rounds[observation] = self.clock()
        try:
            yield
        finally:
            del self._rounds[observation]
            if observation.outcome == OK and observation.name in _SHOWN_BY:
                self.waits.discard(_SHOWN_BY[observation.name])

    async def lasting(self, name: str, work: Awaitable[None]) -> None:
        """Do *work*, which ends when the process stops, and note it if it ends before."""
        await work
        if not self.stopping.is_set():
            self.ended.append(name)

    def hanging(self) -> list[str]:
        """Return the steps of which a round takes longer than any should."""
        since = self.clock() - HANGS_SECONDS
        return sorted({each.name for each, started in self._rounds.items() if started < since})

    async def waited_for(self) -> list[Wait]:
        """Return what keeps it from working, in the order of `Wait`; nothing if it works."""
        waits = set(self.waits)
        if self.polling_fails_for() >= POLLING_GAP_SECONDS:
            waits.add(Wait.TELEGRAM)
        if self.stopping.is_set():
            waits.add(Wait.STOP)
        if not await self.database.answers():
            waits.add(Wait.DATABASE)
        return [wait for wait in Wait if wait in waits]

    async def answer(self, _request: web.Request) -> web.Response:
        if stuck := [*self.ended, *self.hanging()]:
            return web.json_response({"status": "stuck", "steps": stuck}, status=503)
        return web.json_response({"status": "ok"})

    async def answer_ready(self, _request: web.Request) -> web.Response:
        if waits := await self.waited_for():
            return web.json_response({"status": "waiting", "for": waits}, status=503)
        return web.json_response({"status": "ready"})

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self.answer), web.get("/readyz", self.answer_ready)]


def make_health(process: ProcessContext, stopping: asyncio.Event) -> Health:
    """Return the health of a process that starts; it observes the steps."""
    waits = {Wait.START}
    if Role.CHAT in process.roles:
        waits.add(Wait.TELEGRAM)
    if Role.MATCH in process.roles:
        waits.add(Wait.INDEX)

    async def ask() -> None:
        async with process.storage.reading() as tx:
            await latest_change(tx)

    health = Health(waits, DatabaseProbe(ask), stopping)
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
    """Serve *app* for the block; OSError if the address cannot be had."""
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
