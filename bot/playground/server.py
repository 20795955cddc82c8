"""The playground as one server: Bot API, control API, chat page, newsroom, mailroom, model room.

Only programs on this machine and the playground's own page may use it. The server responds with 403
if Host is not loopback (DNS rebinding), Origin is not the playground's own, or Sec-Fetch-Site is
another site. Browsers send these headers; other programs send only Host.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from aiohttp import web

from bot.playground.api.server import Api
from bot.playground.api.webhooks import LONGEST_WEBHOOK_PAUSE, WebhookDelivery
from bot.playground.control import Control
from bot.playground.mailroom.server import Mailroom
from bot.playground.modelroom.server import PATH as MODEL_PATH
from bot.playground.newsroom.newsroom import Newsroom
from bot.playground.newsroom.routes import NewsroomPages
from bot.playground.state.flood import FloodMode
from bot.playground.state.world import World

LARGEST_BODY = 51 * 1024 * 1024  # bytes; a bot may upload 50 MB
GUARDED = ("/control", "/bot", "/file", "/mail", "/model")
_OWN_SITE = {"same-origin", "none"}
_PAGE = Path(__file__).with_name("page")
_SHUTDOWN_TIME_OUT = 0.01  # seconds for calls in flight

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Playground:
    """`async with Playground() as playground:` serves at `base_url` until the block ends.

    *flood* is off, normal or strict; the newsroom publishes an article every *newsroom_every*; only
    *token* is accepted, if it is set; *size* bounds the journal, events and pending updates;
    *clock* gives Unix seconds; each call takes *latency* seconds.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        flood: str = "normal",
        newsroom_every: timedelta | None = None,
        token: str | None = None,
        size: int = 100_000,
        clock: Callable[[], float] = time.time,
        latency: float = 0.0,
    ) -> None:
        self.port = port
        self.host = "127.0.0.1"
        self.world = World(
            clock=clock, flood=FloodMode(flood), size=size, newsroom_every=newsroom_every
        )
        self.mailroom = Mailroom(self.world)
        self.api = Api(self.world, token, latency)
        self.webhooks = WebhookDelivery(self.world.updates, clock, self.api.reply)
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    @property
    def newsroom(self) -> Newsroom:
        return self.world.newsroom

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def smtp(self) -> tuple[str, int]:
        """Host and port of the mail server."""
        return self.host, self.mailroom.port

    @property
    def model_url(self) -> str:
        """The address of the language model, up to and without `/chat/completions`."""
        return f"{self.base_url}{MODEL_PATH}"

    @property
    def newsroom_url(self) -> str:
        return f"{self.base_url}/news/feed.xml"

    def application(self) -> web.Application:
        app = web.Application(middlewares=[guard], client_max_size=LARGEST_BODY)
        pages = NewsroomPages(self.newsroom)
        for part in (self.api, Control(self.world), pages, self.mailroom, self.world.model):
            app.add_routes(part.routes())
        app.router.add_get("/", _index)
        app.router.add_static("/page", _PAGE)
        app.cleanup_ctx.extend(
            [self.webhooks.lifetime, self.newsroom.lifetime, self.mailroom.lifetime]
        )
        return app

    async def __aenter__(self) -> Self:
        runner = web.AppRunner(
            self.application(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_TIME_OUT,
        )
        await runner.setup()
        self._runner = runner
        await self._listen(runner)
        self.port = runner.addresses[0][1]
        return self

    async def _listen(self, runner: web.AppRunner) -> None:
        self._site = web.TCPSite(runner, self.host, self.port)
        await self._site.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Refuse new connections inside the block; open connections stay."""
        if self._runner is None or self._site is None:
            raise RuntimeError("the playground is not open")
        await self._site.stop()
        try:
            yield
        finally:
            await self._listen(self._runner)


async def _index(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path.startswith(GUARDED) and (problem := _foreign(request)):
        return web.json_response({"error": f"refused: {problem}"}, status=403)
    return await handler(request)


def _foreign(request: web.Request) -> str:
    host = request.headers.get("Host", "")
    if not _is_loopback(host):
        return "the host is not this machine"
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host}".lower():
        return "another origin"
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE:
        return "another site"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


async def run_forever(
    port: int,
    *,
    flood: str = "normal",
    newsroom_every: timedelta | None = timedelta(seconds=45),
    latency: float = 0.0,
    longest_pause: float = LONGEST_WEBHOOK_PAUSE,
    started: Callable[[Playground], None] = lambda _playground: None,
) -> None:
    """Serve until cancelled; *started* is called once the port is open."""
    opened = Playground(port, flood=flood, newsroom_every=newsroom_every, latency=latency)
    opened.webhooks.longest_pause = longest_pause
    async with opened as playground:
        started(playground)
        await asyncio.Event().wait()
