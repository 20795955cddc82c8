"""The farm: a small HTTP server with all feeds, in a process of its own whose CPU is not counted.

    python -m benchmarks.ingesting.farm GROWS_EVERY EXCERPTS

It tells its port on its first line and ends when its input ends. `/version/2` sets the version
that all feeds show; with GROWS_EVERY (else 0) a feed shows its next version every so many
requests. EXCERPTS: 1 for entries that are short and have pages, else 0.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import PIPE, Popen
from typing import IO, cast
from urllib.request import urlopen

from benchmarks.ingesting.feeds import Feeds, etag

_END = b"\r\n\r\n"


class Farm:
    def __init__(self, grows_every: int, *, excerpts: bool) -> None:
        self.version = 0
        self._feeds = Feeds(excerpts=excerpts)
        self._grows_every = grows_every
        self._asked: Counter[int] = Counter()

    def answer(self, path: str, validator: str) -> bytes:
        _, kind, number, *entry = path.split("/")
        if kind == "version":
            self.version = int(number)
            return _response(204, "", b"")
        feed = int(number)
        if entry:
            return _response(200, "", self._feeds.page(feed, int(entry[0])), "text/html")
        version = self.version
        if self._grows_every:
            version = (self._asked[feed] + feed) // self._grows_every  # not all at once
            self._asked[feed] += 1
        tag = etag(feed, version)
        if tag == validator:
            return _response(304, tag, b"")
        return _response(200, tag, self._feeds.body(feed, version))


class Connection(asyncio.Protocol):
    _transport: asyncio.WriteTransport

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._held = b""

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while _END in self._held:
            head, _, self._held = self._held.partition(_END)
            self._respond(head.decode("latin-1"))

    def _respond(self, head: str) -> None:
        request, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in _parted(lines)}
        answer = self._farm.answer(request.split()[1], headers.get("if-none-match", ""))
        self._transport.write(answer)
        if headers.get("connection", "").lower() == "close":
            self._transport.close()


def _parted(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    return (line.partition(":") for line in lines)


def _response(status: int, tag: str, body: bytes, kind: str = "application/xml") -> bytes:
    head = f"HTTP/1.1 {status} -\r\nETag: {tag}\r\nCache-Control: max-age=60\r\n"
    length = "" if status in {204, 304} else f"Content-Length: {len(body)}\r\n"
    headers = f"Content-Type: {kind}; charset=utf-8\r\nServer: farm\r\n\r\n"
    return (head + length + headers).encode() + body


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    port: int

    def show(self, version: int) -> None:
        """Let every feed show *version* from now on."""
        with urlopen(f"http://127.0.0.1:{self.port}/version/{version}"):
            pass


@contextmanager
def running(grows_every: int = 0, *, excerpts: bool = False) -> Iterator[Running]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.ingesting.farm",
        str(grows_every),
        str(int(excerpts)),
    ]
    with (
        Popen(command, stdin=PIPE, stdout=PIPE, text=True) as farm,  # noqa: S603 - our own
        cast("IO[str]", farm.stdin),
    ):
        yield Running(farm.pid, int(cast("IO[str]", farm.stdout).readline()))


async def serve(grows_every: int, *, excerpts: bool) -> None:
    loop = asyncio.get_running_loop()
    farm = Farm(grows_every, excerpts=excerpts)
    server = await loop.create_server(lambda: Connection(farm), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), excerpts=sys.argv[2] == "1"))
