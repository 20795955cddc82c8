"""The web in tests: a server that answers as the test tells it, with names and sockets.

The policy judges the addresses of the names; no connection leaves the machine.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.sources.fetch.connection import CheckedSockets

Page = Callable[[web.Request], Awaitable[web.StreamResponse]]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

SOMEWHERE = "93.184.216.34"  # a public address; nobody connects to it


@asynccontextmanager
async def serving(
    answer: Handler, addresses: Iterable[str] = ("127.0.0.1",), port: int = 0
) -> AsyncIterator[int]:
    """Serve on all *addresses*; yield the port, which is a free one if *port* is 0."""
    runner = web.ServerRunner(web.Server(answer), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        for address in addresses:
            await web.TCPSite(runner, address, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@dataclass
class FakeWeb:
    """Pages by path, on one server; `asked` has each request, with its headers."""

    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        self.port = await self._stack.enter_async_context(serving(self._answer))
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._stack.aclose()

    def url(self, path: str = "/feed.xml", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def serve(self, path: str, body: bytes | str = b"", status: int = 200, **headers: str) -> None:
        """Answer *path* with this response; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body.encode() if isinstance(body, str) else body

        async def page(_request: web.Request) -> web.Response:
            return web.Response(status=status, body=data, headers=named)

        self.pages[path] = page

    def serve_validated(self, path: str, body: str, etag: str, **on_304: str) -> None:
        """Answer a request with *etag* with 304, which has no ETag itself."""

        async def page(request: web.Request) -> web.Response:
            if request.headers.get("If-None-Match") == etag:
                named = {name.replace("_", "-"): value for name, value in on_304.items()}
                return web.Response(status=304, headers=named)
            return web.Response(text=body, headers={"ETag": etag}, content_type="text/xml")

        self.pages[path] = page

    def redirect(self, path: str, target: str) -> None:
        self.serve(path, status=302, Location=target)

    def paths(self) -> list[str]:
        return [path for path, _headers in self.asked]

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append((request.path_qs, dict(request.headers)))
        page = self.pages.get(request.path)
        if page is None:
            return web.Response(status=404)
        return await page(request)  # type: ignore[arg-type]


class FakeNames(AbstractResolver):
    """Resolves names. A list of answers is used up one by one; its last answer repeats.

    A name that is not in *known* has one public address. Numbers are read as by the system.
    """

    def __init__(self, **known: str | list[str | tuple[str, ...]]) -> None:
        self.asked: list[str] = []
        self._known = {
            name.replace("_", "."): [answers] if isinstance(answers, str) else list(answers)
            for name, answers in known.items()
        }

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        self.asked.append(host)
        answers = self._known.get(host) or [_as_the_system_reads(host) or SOMEWHERE]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in ((answer,) if isinstance(answer, str) else answer)
        ]

    async def close(self) -> None:
        pass


def _as_the_system_reads(host: str) -> str | None:
    """Return 127.0.0.1 for `0x7f.1` and for names under `localhost`, as system resolvers do."""
    if host.rstrip(".").rpartition(".")[2] == "localhost":
        return "127.0.0.1"
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


class RedirectedSocket(socket.socket):
    """A socket that connects to a server on this machine, whatever the address."""

    port = 0

    def connect(self, _address: Any, /) -> None:
        super().connect(("127.0.0.1", self.port))


@dataclass(frozen=True, slots=True)
class RedirectedSockets:
    """Makes sockets that lead here after the policy has judged them; *opened*: their addresses."""

    judging: CheckedSockets
    port: int
    opened: list[str] = field(default_factory=list)

    def __call__(self, found: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        self.judging(found).close()
        self.opened.append(found[4][0])
        led = RedirectedSocket(socket.AF_INET, socket.SOCK_STREAM)
        led.port = self.port
        return led
