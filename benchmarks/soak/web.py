"""A server of all hosts in this process, whose feeds fail in various ways.

The state of a host lasts an hour and is drawn by its name and the hour, so that nothing stores it.
"""

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, TextIO

from aiohttp.abc import ResolveResult

from benchmarks import http_server
from benchmarks.http_server import Headers, response
from benchmarks.skipping_clock import Clock
from benchmarks.soak.news import Feed, News
from benchmarks.soak.numbers import HOUR
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.connection import CheckedSockets
from bot.sources.fetch.response import Response
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.fetch.throttle import Throttle
from tests.fake_web import FakeNames, RedirectedSockets

_XML, _HTML = "application/xml", "text/html"


class HostState(Enum):
    WELL = auto()
    SLOW = auto()  # responds after some seconds
    MUTE = auto()  # never responds
    TOO_MANY = auto()  # 429 with Retry-After
    UNAVAILABLE = auto()  # 503
    BROKEN = auto()  # 500
    CHALLENGE = auto()  # a page for browsers instead of a feed
    TRUNCATED = auto()  # half a feed
    UNKNOWN = auto()  # its name cannot be resolved


_SHARES: Final = {
    HostState.SLOW: 0.01,
    HostState.MUTE: 0.004,
    HostState.TOO_MANY: 0.004,
    HostState.UNAVAILABLE: 0.003,
    HostState.BROKEN: 0.006,
    HostState.CHALLENGE: 0.002,
    HostState.TRUNCATED: 0.001,
    HostState.UNKNOWN: 0.003,
}
_ABANDONED: Final = 0.01  # of the hosts are never there
_RESPONSES: Final = {
    HostState.UNAVAILABLE: response("503 Service Unavailable", b"later", _HTML),
    HostState.BROKEN: response("500 Internal Server Error", b"out of order", _HTML),
    HostState.CHALLENGE: response("403 Forbidden", b"<title>Just a moment</title>", _HTML),
}


@dataclass(eq=False)
class Web:
    """*served* gets a line for each entry that a feed lists for the first time."""

    news: News
    clock: Clock
    served: TextIO
    requests: int = 0
    unchanged: int = 0
    refused: int = 0

    def state_of(self, host: str) -> HostState:
        if random.Random(host).random() < _ABANDONED:
            return HostState.UNKNOWN
        hour = int(self.clock.seconds // HOUR.total_seconds())
        drawn = random.Random(f"{host} {hour}").random()
        for state, share in _SHARES.items():
            drawn -= share
            if drawn < 0:
                return state
        return HostState.WELL

    async def respond(self, path: str, headers: Headers) -> bytes:
        self.requests += 1
        host = headers["host"].partition(":")[0]
        state = self.state_of(host)
        self.refused += state not in {HostState.WELL, HostState.SLOW}
        if state in {HostState.SLOW, HostState.MUTE}:
            with self.clock.idling():
                await asyncio.sleep(600 if state is HostState.MUTE else 3)
        if state is HostState.TOO_MANY:
            retry_after = str(600 + len(host) * 60)
            return response("429 Too Many Requests", b"later", _HTML, Retry_After=retry_after)
        if state in _RESPONSES:
            return _RESPONSES[state]
        kind, *numbers = path.strip("/").split("/")
        if kind == "story":
            event, about, publisher = map(int, numbers)
            return response("200 OK", self.news.page(event, about, publisher), _HTML)
        feed = self.news.feeds[int(numbers[0])]
        return self._feed(feed, state, headers.get("if-none-match", ""))

    def _feed(self, feed: Feed, state: HostState, validator: str) -> bytes:
        tag = f'"{feed.number}-{feed.version}"'
        # A tenth of the feeds have no validators and send the same bytes again.
        validators = {} if feed.number % 10 == 3 else {"ETag": tag}
        if validators and tag == validator:
            self.unchanged += 1
            return response("304 Not Modified", **validators)
        body = self.news.body(feed)
        if state is HostState.TRUNCATED:
            body = body[: len(body) // 2]
        else:
            self._record(feed)
        return response("200 OK", body, _XML, **validators)

    def _record(self, feed: Feed) -> None:
        is_backlog = feed.served < 0
        for report in feed.reports:
            if report.order > feed.served:
                age = (self.clock.now - report.published_at).total_seconds()
                facts = f"{report.event} {report.about} {age:.0f} {int(is_backlog)}"
                self.served.write(f"{self.clock.seconds:.0f} {facts}\n")
        feed.served = feed.reports[-1].order


class Connection(http_server.Connection):
    """Responds in a task, which ends with the connection."""

    def __init__(self, web: Web, group: asyncio.TaskGroup) -> None:
        super().__init__(lambda _path, _headers: b"")
        self._web, self._group = web, group
        self._task: asyncio.Task[None] | None = None

    def handle(self, path: str, headers: Headers) -> None:
        self._task = self._group.create_task(self._respond(path, headers))

    def connection_lost(self, _error: Exception | None) -> None:
        if self._task:
            self._task.cancel()

    async def _respond(self, path: str, headers: Headers) -> None:
        self.transport.write(await self._web.respond(path, headers))


class Names(FakeNames):
    """Resolves every name, except those of hosts in the state UNKNOWN."""

    def __init__(self, web: Web) -> None:
        super().__init__()
        self._web = web

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._web.state_of(host) is HostState.UNKNOWN:
            raise OSError(socket.EAI_NONAME, "Name or service not known")
        self.asked.clear()  # it would grow for the whole week
        return await super().resolve(host, port, family)


class _Sockets(RedirectedSockets):
    def __call__(self, found: Any) -> socket.socket:
        self.opened.clear()  # it would grow for the whole week
        return super().__call__(found)


class WorkingFetcher(Fetcher):
    """Skips no time during a request, but while it waits for its turn."""

    clock: Clock

    async def _send_in_slot(self, *request: Any) -> Response:
        with self.clock.working():
            return await super()._send_in_slot(*request)


@asynccontextmanager
async def serving(news: News, clock: Clock, served: TextIO) -> AsyncIterator[tuple[Web, Fetcher]]:
    """Yield the web, and a fetcher that reaches it under every name."""
    web = Web(news, clock, served)
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        server = await loop.create_server(
            lambda: Connection(web, group), "127.0.0.1", 0, backlog=1024
        )
        port = server.sockets[0].getsockname()[1]
        fetcher = WorkingFetcher(
            policy=AddressPolicy(),
            user_agent="Dateline soak",
            resolver=Names(web),
            throttle=Throttle(clock=loop.time),
            sockets=lambda policy: _Sockets(CheckedSockets(policy), port),
        )
        fetcher.clock = clock
        async with fetcher:
            yield web, fetcher
        server.close()
