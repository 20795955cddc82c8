"""The site: every route that users, mail programs and hubs reach, in one table.

All of them need PUBLIC_URL, or the playground's own address. What a process serves without it is
elsewhere: the probes and `/metrics` (`bot.ops`), and Telegram's webhook (`bot.web.webhooks`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from bot.rendering.links import Purpose
from bot.web import manage, publications, webhooks
from bot.web.miniapp import page as mini_app_page
from bot.web.miniapp import routes as mini_app
from bot.web.pages import Assets, RateClass, Route, RouteRequest, TemplatePage, error_pages
from bot.web.requests import (
    CALLS_AT_ONCE,
    CALLS_PER_MINUTE,
    PREVIEWS_AT_ONCE,
    PREVIEWS_PER_MINUTE,
    SEARCHES_AT_ONCE,
    Clients,
    HeldBodies,
    RateLimit,
    rate_limiting,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Middleware

    from bot.mail.bounces import Bounces
    from bot.publishing.pages import Picture
    from bot.resources import Resources
    from bot.web.miniapp.routes import MiniApp


async def _front(site: Site, _request: RouteRequest) -> TemplatePage:
    return TemplatePage("web/front.html", {"bot_link": await site.bot_link()})


async def _robots(_site: Site, _request: RouteRequest) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /\n")


_EDITION = f"/{Purpose.EDITION}/{{token}}"
_FEED = f"/{Purpose.FEED}/{{token}}.{{kind:atom|json}}"
_MANAGE = f"/{Purpose.MANAGE}/{{token}}"
_UNSUBSCRIBE = f"/{Purpose.UNSUBSCRIBE}/{{token}}"
_CONFIRM = f"/{Purpose.CONFIRM}/{{token}}"
_BOUNCE = f"/{Purpose.BOUNCE}/{{token}}"
_HUB = f"{webhooks.HUB_PATH}{{token}}"

ROUTES = (
    Route("GET", "/", _front),
    Route("GET", "/robots.txt", _robots),
    Route("GET", _EDITION, publications.edition, Purpose.EDITION),
    Route("GET", f"{_EDITION}/week.png", publications.weekly_picture, Purpose.EDITION),
    Route("GET", _FEED, publications.feed, Purpose.FEED),
    Route("GET", _MANAGE, manage.subscriptions_page, Purpose.MANAGE),
    Route("POST", _MANAGE, manage.change_subscriptions, Purpose.MANAGE, RateClass.FORM),
    Route("GET", _UNSUBSCRIBE, manage.unsubscribe_page, Purpose.UNSUBSCRIBE),
    Route("POST", _UNSUBSCRIBE, manage.unsubscribe, Purpose.UNSUBSCRIBE, RateClass.MAILBOX),
    Route("GET", _CONFIRM, manage.confirm_page, Purpose.CONFIRM),
    Route("POST", _CONFIRM, manage.confirm_address, Purpose.CONFIRM, RateClass.FORM),
    Route("GET", _HUB, webhooks.hub_challenge, allow_head=False),
    Route("POST", _HUB, webhooks.hub_push),
)
# Where mails are sent.
BOUNCE_ROUTES = (Route("POST", _BOUNCE, webhooks.bounce, Purpose.BOUNCE),)
# Where Telegram opens the Mini App.
MINI_APP_ROUTES = (
    Route("GET", mini_app_page.PATH, mini_app_page.app_page),
    *(
        Route("POST", f"{mini_app_page.PATH}/{name}", handler, rate_class=rate_class)
        for name, handler, rate_class in mini_app.handlers()
    ),
)


async def _unknown() -> str | None:
    return None


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """*bounces* is None if no mail is sent, *app* if nobody could open it.

    *bot_link* returns the address at which users find the bot, None while that is unknown.
    """

    resources: Resources
    bounces: Bounces | None = None
    app: MiniApp | None = None
    bot_link: Callable[[], Awaitable[str | None]] = _unknown
    clock: Callable[[], datetime] = _now
    rate_limit: RateLimit = field(default_factory=RateLimit)
    clients: Clients = field(default_factory=Clients)
    bodies: HeldBodies = field(default_factory=HeldBodies)
    pushes: webhooks.PushSlots = field(default_factory=webhooks.PushSlots)
    pictures: OrderedDict[str, Picture | None] = field(default_factory=OrderedDict)
    """Of weekly editions, by their tokens."""
    searches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SEARCHES_AT_ONCE))

    @cached_property
    def origin(self) -> str:
        """Of our pages, such as `https://news.example.org`."""
        address = urlsplit(self.resources.links.base or "")
        return f"{address.scheme}://{address.netloc}"

    @cached_property
    def root(self) -> str:
        """The path under which the world reaches us: "" or such as `/dateline`."""
        return urlsplit(self.resources.links.base or "").path

    @cached_property
    def assets(self) -> Assets:
        return Assets.of(self.resources.renderer)

    @cached_property
    def app_assets(self) -> mini_app_page.AppAssets:
        return mini_app_page.AppAssets.of(self.resources.renderer)

    @cached_property
    def preview_limit(self) -> RateLimit:
        return RateLimit(PREVIEWS_PER_MINUTE, PREVIEWS_AT_ONCE, clock=self.rate_limit.clock)

    def routes(self) -> list[Route]:
        found = [*ROUTES, self.assets.style.route(), self.assets.icon.route()]
        if self.bounces:
            found += BOUNCE_ROUTES
        if self.app:
            found += MINI_APP_ROUTES
            found += [asset.route() for asset in self.app_assets.assets]
        return found

    def parts(self) -> tuple[list[web.RouteDef], list[Middleware]]:
        """Return its routes, and the middlewares around all routes of the process."""
        routes = self.routes()
        uncounted = {route.path for route in routes if route.rate_class is RateClass.MAILBOX}
        calls = RateLimit(CALLS_PER_MINUTE, CALLS_AT_ONCE, clock=self.rate_limit.clock)
        middlewares = [error_pages(self), rate_limiting(self.clients, calls, uncounted)]
        return [route.definition(self) for route in routes], middlewares
