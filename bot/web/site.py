"""The site: every page that users reach by a link, and what surrounds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from bot.web.editions import EditionPages
from bot.web.feeds import FeedPages
from bot.web.mail import BounceRoute, MailboxPages
from bot.web.manage import ManagePages
from bot.web.miniapp.authentication import Authentication
from bot.web.miniapp.page import AppPage, Dress
from bot.web.miniapp.routes import AppRoutes
from bot.web.pages import Assets, Pages, Tokens, error_pages, now
from bot.web.requests import (
    CALLS_AT_ONCE,
    CALLS_PER_MINUTE,
    Clients,
    Forms,
    RateLimit,
    rate_limiting,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from aiohttp.typedefs import Handler, Middleware

    from bot.mail.bounces import Bounces
    from bot.resources import Resources
    from bot.web.miniapp.routes import MiniApp

# Previews while a query is typed, for each user and process.
_PREVIEWS_PER_MINUTE, _PREVIEWS_AT_ONCE = 60, 40


async def _unknown() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Site:
    """*bounces* is None if no mail is sent, *app* if nobody could open it.

    *bot_link* returns the address at which users find the bot, None while that is unknown.
    """

    resources: Resources
    bounces: Bounces | None = None
    app: MiniApp | None = None
    bot_link: Callable[[], Awaitable[str | None]] = _unknown
    clock: Callable[[], datetime] = now
    rate_limit: RateLimit = field(default_factory=RateLimit)
    clients: Clients = field(default_factory=Clients)

    def parts(self) -> tuple[list[web.RouteDef], list[Middleware]]:
        """Return its routes, and what stands around all routes."""
        storage, renderer = self.resources.storage, self.resources.renderer
        links, limits = self.resources.links, self.resources.limits
        address = urlsplit(links.base or "")
        assets = Assets.of(renderer)
        pages = Pages(renderer, assets, root=address.path)
        tokens = Tokens(links.signer, self.clock)
        forms = Forms(f"{address.scheme}://{address.netloc}", self.rate_limit, self.clients)
        routes = [
            web.get("/", self._front(pages)),
            web.get("/robots.txt", _robots),
            *assets.routes(),
            *EditionPages(pages, tokens, storage).routes(),
            *FeedPages(tokens, storage, renderer, links).routes(),
            *ManagePages(pages, tokens, forms, storage, limits).routes(),
            *MailboxPages(pages, tokens, forms, storage, renderer).routes(),
        ]
        if self.bounces:
            routes += BounceRoute(tokens, self.bounces).routes()
        if self.app:
            routes += self._app(self.app, assets.icon.path, address.path).routes()
        calls = RateLimit(CALLS_PER_MINUTE, CALLS_AT_ONCE, clock=self.rate_limit.clock)
        return routes, [error_pages(pages), rate_limiting(self.clients, calls)]

    def _front(self, pages: Pages) -> Handler:
        async def show(request: web.Request) -> web.Response:
            return pages.show(request, "web/front.html", bot_link=await self.bot_link())

        return show

    def _app(self, app: MiniApp, icon: str, root: str) -> AppRoutes:
        renderer = self.resources.renderer
        page = AppPage(
            renderer=renderer,
            dress=Dress.of(renderer),
            icon=icon,
            clock=self.clock,
            root=root,
            frames=app.frames,
            bot_link=self.bot_link,
        )
        authentication = Authentication(app.token, app.resources, self.clock)
        previewing = RateLimit(_PREVIEWS_PER_MINUTE, _PREVIEWS_AT_ONCE, clock=self.rate_limit.clock)
        return AppRoutes(app, authentication, page, self.rate_limit, previewing)


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /\n")
