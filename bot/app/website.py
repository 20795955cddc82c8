"""The web side of one process: probes, and the pages of role `web`; before Telegram answers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from bot.app.stops import StopError
from bot.ops.health import make_web, serving
from bot.settings import Role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp.web import Application, RouteDef

    from bot.app.places import Place
    from bot.app.surroundings import Surroundings
    from bot.ops.health import Health


log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 60.0


@dataclass(eq=False)
class BotLink:
    """Where users find the bot: asked of Telegram when the first of them wants to know.

    A process of pages may have no session with Telegram. While Telegram does not answer there is
    no link, and it is asked once a minute.
    """

    place: Place
    _link: str | None = None
    _ask_at: float = 0.0

    async def get(self) -> str | None:
        if self.place.newsroom:
            return self.place.api
        if self._link is None and monotonic() >= self._ask_at:
            self._ask_at = monotonic() + RETRY_SECONDS
            self._link = await self._ask()
        return self._link

    async def _ask(self) -> str | None:
        from bot.app.aiogram_models import import_aiogram

        import_aiogram()
        from aiogram.exceptions import AiogramError

        from bot.app.sessions import telegram_session

        try:
            async with (
                asyncio.timeout(PATIENCE_SECONDS),
                telegram_session(self.place.token, self.place.api) as bot,
            ):
                return f"https://t.me/{(await bot.get_me()).username}"
        except (AiogramError, OSError, TimeoutError) as error:
            log.warning("the bot's name is unknown", error=str(error))
            return None


@asynccontextmanager
async def website(
    around: Surroundings, health: Health, others: Sequence[RouteDef] = ()
) -> AsyncIterator[None]:
    """Serve for the block, *others* too; StopError if the port is not to be had."""
    host, port = around.settings.web_host, around.settings.web_port
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serving(_web(around, health, others), host, port))
        except OSError as error:
            raise StopError(
                f"WEB_PORT is wrong: {host}:{port} is not to be had ({error.strerror})."
            ) from error
        yield


def _web(around: Surroundings, health: Health, others: Sequence[RouteDef]) -> Application:
    """Return the probes, and the pages where role `web` is ours and they can be reached."""
    if Role.WEB not in around.roles or around.links.base is None:
        return make_web(others, health=health)
    from bot.app.mails import make_bounces
    from bot.app.resources import make_mini_app, make_resources
    from bot.web.requests import Clients
    from bot.web.site import Site

    resources = make_resources(around, around.renderer)
    site = Site(
        resources,
        bounces=make_bounces(around),
        bot_link=BotLink(around.place).get,
        app=make_mini_app(around, resources) if around.place.app_url else None,
        clients=Clients(around.settings.trusted_proxies),
    )
    routes, middlewares = site.parts()
    return make_web([*others, *routes], middlewares, health=health)
