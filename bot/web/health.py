"""`/healthz`: answers 200 as soon as the bot works, 503 before; for whoever watches over it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from bot.web.headers import put_headers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from aiohttp.typedefs import Middleware


LARGEST_BODY = 10_000_000  # bytes; who reads one says how much less it may be

# A connection without a whole request is closed after so long, be it idle or a trickle; a proxy
# keeps its own open for a minute.
IDLE_SECONDS = 75.0
LINGERING_SECONDS = 2.0  # for what a client still sends that was answered already
LARGEST_LINE, LARGEST_HEADER, MOST_HEADERS = 8190, 8190, 64


@dataclass(eq=False)
class Health:
    is_ready: bool = True

    async def answer(self, _request: web.Request) -> web.Response:
        if self.is_ready:
            return web.json_response({"status": "ok"})
        return web.json_response({"status": "starting"}, status=503)


def make_web(
    routes: Iterable[web.RouteDef] = (),
    middlewares: Iterable[Middleware] = (),
    *,
    health: Health | None = None,
) -> web.Application:
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=middlewares)
    app.add_routes([web.get("/healthz", (health or Health()).answer), *routes])
    app.on_response_prepare.append(put_headers)
    return app


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """Serve *app* for the block; OSError if the address cannot be had."""
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=LINGERING_SECONDS,
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
