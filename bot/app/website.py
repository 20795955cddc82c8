"""The web server of one process: probes, and the pages of role `web`."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

import structlog

from bot.app.resources import make_resources
from bot.app.stops import needing_the_port
from bot.ops.health import make_web, serving
from bot.settings import Role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from aiogram import Bot
    from aiohttp.web import Application, RouteDef

    from bot.app.deployment import Deployment
    from bot.app.resources import ProcessContext
    from bot.ops.health import Health
    from bot.rendering.renderer import Renderer
    from bot.subscribers.users import CurrentUser

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 60.0


async def _with_telegram(
    deployment: Deployment, call: Callable[[Bot], Awaitable[Result]], failure: str
) -> Result | None:
    """Return the result of *call*; log *failure* and return None if Telegram does not answer.

    Aiogram is imported for the first call, because pages need it for nothing else.
    """
    from bot.app.aiogram_models import import_aiogram

    import_aiogram()
    from aiogram.exceptions import AiogramError

    from bot.app.sessions import telegram_session

    try:
        async with telegram_session(deployment.token, deployment.api_url) as bot:
            return await call(bot)
    except (AiogramError, OSError, TimeoutError) as error:
        log.warning(failure, error=str(error))
        return None


@dataclass(eq=False)
class BotLink:
    """The link to the bot, with the name that Telegram returns on first use.

    While Telegram does not answer, there is no link, and Telegram is asked at most once a minute.
    """

    deployment: Deployment
    _link: str | None = None
    _ask_at: float = 0.0

    async def get(self) -> str | None:
        if self.deployment.is_playground:
            return self.deployment.api_url
        if self._link is None and monotonic() >= self._ask_at:
            self._ask_at = monotonic() + RETRY_SECONDS
            self._link = await self._ask()
        return self._link

    async def _ask(self) -> str | None:
        async def ask(bot: Bot) -> str:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return f"https://t.me/{(await bot.get_me()).username}"

        return await _with_telegram(self.deployment, ask, "the bot's name is unknown")


@dataclass(frozen=True, slots=True)
class Menus:
    """The menus of a chat, which follow the language chosen in the Mini App."""

    deployment: Deployment
    renderer: Renderer

    async def renew(self, user: CurrentUser, speaks: str, chosen: str | None) -> None:
        renderer, user_id = self.renderer.of(speaks), user.user_id
        is_chosen = chosen is not None

        async def renew(bot: Bot) -> None:
            from bot.chat.menu import ChatMenu

            app_url = self.deployment.app_url
            await ChatMenu(user_id, renderer, app_url, user.is_admin, is_chosen).set(bot)

        await _with_telegram(self.deployment, renew, "a menu could not be renewed")


@asynccontextmanager
async def website(
    process: ProcessContext, health: Health, others: Sequence[RouteDef] = ()
) -> AsyncIterator[None]:
    """Serve the site and the routes *others*. Raises StopError if the port is not available."""
    host, port = process.settings.web_host, process.settings.web_port
    async with AsyncExitStack() as stack:
        with needing_the_port("WEB_PORT", host, port):
            await stack.enter_async_context(serving(_web(process, health, others), host, port))
        yield


def _web(process: ProcessContext, health: Health, others: Sequence[RouteDef]) -> Application:
    """Return the probes, with the pages if this process has role `web` and a public address."""
    if Role.WEB not in process.roles or process.links.base is None:
        return make_web(others, health=health)
    from bot.app.mail import make_bounces, make_mailer
    from bot.web.requests import Clients
    from bot.web.routes import make_routes
    from bot.web.site import MiniApp, Site

    deployment, renderer = process.deployment, process.renderer
    app = MiniApp(deployment.token, Menus(deployment, renderer).renew, deployment.frames)
    resources = make_resources(process, make_mailer(process))
    site = Site(
        resources,
        bounces=make_bounces(process),
        bot_link=BotLink(deployment).get,
        app=app if deployment.app_url else None,
        clients=Clients(process.settings.trusted_proxies),
    )
    routes, middlewares = make_routes(site)
    made = make_web([*others, *routes], middlewares, health=health)
    made.on_cleanup.append(lambda _app: resources.background.close())
    return made
