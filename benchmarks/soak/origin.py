"""The web that the feeds are on: one server in this process, which has all hosts and their moods.

A mood lasts an hour, and is drawn by the feed and the hour, so that nothing has to remember it.
"""

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, TextIO

from aiohttp.abc import ResolveResult

from benchmarks.ingesting.world import Anywhere, EveryName, Lenient
from benchmarks.soak.clock import Clock
from benchmarks.soak.numbers import HOUR
from benchmarks.soak.press import Feed, Press
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.response import Response
from bot.sources.fetch.throttle import Throttle

_END: Final = b"\r\n\r\n"
_XML, _HTML = "application/xml", "text/html"


class Mood(Enum):
    WELL = auto()
    SLOW = auto()  # answers after some seconds
    MUTE = auto()  # never answers
    BUSY = auto()  # 429, and says when to come back
    BUSY_503 = auto()
    BROKEN = auto()  # 500
    WALL = auto()  # a challenge instead of a feed
    GARBLED = auto()  # a feed that ends in the middle
    DEAD = auto()  # its name is not known


_MOODS: Final = {
    Mood.SLOW: 0.01,
    Mood.MUTE: 0.004,
    Mood.BUSY: 0.004,
    Mood.BUSY_503: 0.003,
    Mood.BROKEN: 0.006,
    Mood.WALL: 0.002,
    Mood.GARBLED: 0.001,
    Mood.DEAD: 0.003,
}
# So many of the hosts are never there at all.
_ABANDONED: Final = 0.01


def mood_of(host: str, hour: int) -> Mood:
    if random.Random(host).random() < _ABANDONED:
        return Mood.DEAD
    drawn = random.Random(f"{host} {hour}").random()
    for mood, share in _MOODS.items():
        drawn -= share
        if drawn < 0:
            return mood
    return Mood.WELL


@dataclass(eq=False)
class Origin:
    """*served* takes a line for each entry that a feed shows for the first time."""

    press: Press
    clock: Clock
    served: TextIO
    asked: int = 0
    unchanged: int = 0
    refused: int = 0
    port: int = 0

    @property
    def hour(self) -> int:
        return int(self.clock.seconds // HOUR.total_seconds())

    def mood_of(self, host: str) -> Mood:
        return mood_of(host, self.hour)

    async def answer(self, host: str, path: str, validator: str) -> bytes:
        self.asked += 1
        mood = self.mood_of(host)
        if mood is not Mood.WELL:
            self.refused += mood is not Mood.SLOW
            if refusal := await self._in_mood(mood, host):
                return refusal
        kind, *rest = path.strip("/").split("/")
        if kind == "story":
            event, about, teller = map(int, rest)
            return _response("200 OK", self.press.page(event, about, teller), _HTML)
        return self._feed(self.press.feeds[int(rest[0])], mood, validator)

    def _feed(self, feed: Feed, mood: Mood, validator: str) -> bytes:
        tag = f'"{feed.number}-{feed.version}"'
        # A tenth have no validators, and give the same bytes again.
        validated = {} if feed.number % 10 == 3 else {"ETag": tag}
        if validated and tag == validator:
            self.unchanged += 1
            return _response("304 Not Modified", b"", "", **validated)
        body = self.press.body(feed)
        if mood is Mood.GARBLED:
            body = body[: len(body) // 2]
        else:
            self._note(feed)
        return _response("200 OK", body, _XML, **validated)

    def _note(self, feed: Feed) -> None:
        is_backlog = feed.served < 0
        for entry in feed.shown:
            if entry.order > feed.served:
                late = (self.clock.now - entry.published).total_seconds()
                facts = f"{entry.event} {entry.about} {late:.0f} {int(is_backlog)}"
                self.served.write(f"{self.clock.seconds:.0f} {facts}\n")
        feed.served = feed.shown[-1].order

    async def _in_mood(self, mood: Mood, host: str) -> bytes | None:
        if mood in {Mood.SLOW, Mood.MUTE}:
            with self.clock.idling():
                await asyncio.sleep(600 if mood is Mood.MUTE else 3)
        match mood:
            case Mood.BUSY:
                after = str(600 + len(host) * 60)
                return _response("429 Too Many Requests", b"later", _HTML, Retry_After=after)
            case Mood.BUSY_503:
                return _response("503 Service Unavailable", b"later", _HTML)
            case Mood.BROKEN:
                return _response("500 Internal Server Error", b"out of order", _HTML)
            case Mood.WALL:
                return _response("403 Forbidden", b"<title>Just a moment</title>", _HTML)
        return None


def _response(status: str, body: bytes, kind: str, **headers: str) -> bytes:
    told = headers | {"Content-Length": str(len(body))} | ({"Content-Type": kind} if kind else {})
    if status.startswith("304"):
        del told["Content-Length"]
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in told.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


@dataclass(eq=False)
class Connection(asyncio.Protocol):
    origin: Origin
    group: asyncio.TaskGroup
    _held: bytes = b""
    _task: asyncio.Task[None] | None = None
    _transport: Any = field(default=None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        if self._task:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._held += data
        if _END in self._held:
            head, _, self._held = self._held.partition(_END)
            self._task = self.group.create_task(self._respond(head.decode("latin-1")))

    async def _respond(self, head: str) -> None:
        request, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        host = headers["host"].partition(":")[0]
        asked = request.split()[1], headers.get("if-none-match", "")
        self._transport.write(await self.origin.answer(host, *asked))


class Names(EveryName):
    """Each name is this machine's, but for those of hosts that are dead."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._origin.mood_of(host) is Mood.DEAD:
            raise OSError(socket.EAI_NONAME, "Name or service not known")
        return await super().resolve(host, port, family)


class RealFetcher(Anywhere):
    """While it asks, time is not skipped; while it waits for its turn, it is."""

    clock: Clock

    async def _send_in_slot(self, *asked: Any) -> Response:
        with self.clock.working():
            return await super()._send_in_slot(*asked)


@asynccontextmanager
async def serving(
    press: Press, clock: Clock, served: TextIO
) -> AsyncIterator[tuple[Origin, Fetcher]]:
    """Yield the web, and the way there."""
    origin = Origin(press, clock, served)
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        server = await loop.create_server(
            lambda: Connection(origin, group), "127.0.0.1", 0, backlog=1024
        )
        origin.port = press.port = server.sockets[0].getsockname()[1]
        fetcher = RealFetcher(
            policy=Lenient(),
            user_agent="Dateline soak",
            resolver=Names(origin),
            throttle=Throttle(clock=loop.time),
        )
        fetcher.clock = clock
        async with fetcher:
            yield origin, fetcher
        server.close()
