"""A small web of feeds on this machine, which answers as a test tells it and keeps a journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Page = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class FeedFarm:
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> Self:
        server = web.Server(self._answer)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._runner.cleanup()

    def url(self, path: str = "/feed.xml", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def serve(self, path: str, body: bytes | str = b"", status: int = 200, **headers: str) -> None:
        """Answer *path* like this; underscores in header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body.encode() if isinstance(body, str) else body

        async def page(_request: web.Request) -> web.Response:
            return web.Response(status=status, body=data, headers=named)

        self.pages[path] = page

    def serve_validated(self, path: str, body: str, etag: str, **on_304: str) -> None:
        """Answer 304 to who shows *etag*, and without an ETag of its own."""

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
