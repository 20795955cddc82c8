"""The site: every page that people reach by a link, and what stands around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from bot.web.allowances import Allowances
from bot.web.app.entrance import Entrance
from bot.web.app.page import AppPage, Dress
from bot.web.app.routes import AppRoutes
from bot.web.assets import Assets
from bot.web.clients import Clients
from bot.web.editions import EditionPages
from bot.web.error_pages import error_pages
from bot.web.feeds import FeedPages
from bot.web.forms import Forms
from bot.web.mailboxes import MailboxPages
from bot.web.managing import ManagePages
from bot.web.opening import Opening, now
from bot.web.pacing import CALLS_AT_ONCE, CALLS_PER_MINUTE, pacing
from bot.web.pages import Pages
from bot.web.returns import ReturnsRoute

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiohttp.typedefs import Middleware

    from bot.mail.bounces import Bounces
    from bot.resources import Resources
    from bot.web.app.mini_app import MiniApp

# Previews while words are typed, for each person and process.
_TYPED_PER_MINUTE, _TYPED_AT_ONCE = 60, 40


@dataclass(frozen=True, slots=True)
class Site:
    """*bounces* is None if no mail is sent, *app* if nobody could open it."""

    resources: Resources
    bounces: Bounces | None = None
    app: MiniApp | None = None
    clock: Callable[[], datetime] = now
    allowances: Allowances = field(default_factory=Allowances)
    clients: Clients = field(default_factory=Clients)

    def parts(self) -> tuple[list[web.RouteDef], list[Middleware]]:
        """Return its routes, and what stands around all routes."""
        storage, renderer = self.resources.storage, self.resources.renderer
        links, limits = self.resources.links, self.resources.limits
        address = urlsplit(links.base or "")
        assets = Assets.of(renderer)
        pages = Pages(renderer, assets, root=address.path)
        opening = Opening(links.signer, self.clock)
        forms = Forms(f"{address.scheme}://{address.netloc}", self.allowances, self.clients)
        routes = [
            web.get("/robots.txt", _robots),
            *assets.routes(),
            *EditionPages(pages, opening, storage).routes(),
            *FeedPages(opening, storage, renderer, links).routes(),
            *ManagePages(pages, opening, forms, storage, limits).routes(),
            *MailboxPages(pages, opening, forms, storage, renderer).routes(),
        ]
        if self.bounces:
            routes += ReturnsRoute(opening, self.bounces).routes()
        if self.app:
            routes += self._app(self.app, assets.icon.path, address.path).routes()
        calls = Allowances(CALLS_PER_MINUTE, CALLS_AT_ONCE, clock=self.allowances.clock)
        return routes, [error_pages(pages), pacing(self.clients, calls)]

    def _app(self, app: MiniApp, icon: str, root: str) -> AppRoutes:
        renderer = self.resources.renderer
        page = AppPage(
            renderer=renderer,
            dress=Dress.of(renderer),
            icon=icon,
            clock=self.clock,
            root=root,
            frames=app.frames,
        )
        entrance = Entrance(app.token, app.resources, self.clock, renderer)
        typing = Allowances(_TYPED_PER_MINUTE, _TYPED_AT_ONCE, clock=self.allowances.clock)
        return AppRoutes(app, entrance, page, self.allowances, typing)


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /\n")
