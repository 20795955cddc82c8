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
from bot.web.mailboxes import Mailboxes, MailboxPages
from bot.web.managing import ManagePages
from bot.web.opening import Opening, now
from bot.web.pacing import CALLS_AT_ONCE, CALLS_PER_MINUTE, pacing
from bot.web.pages import Pages
from bot.web.returns import Returns, ReturnsRoute

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date, datetime

    from aiohttp.typedefs import Middleware

    from bot.publishing.pages import Edition
    from bot.rendering.links import FeedKind, Signer
    from bot.rendering.published_feeds import FeedDocument
    from bot.rendering.renderer import Renderer
    from bot.subscribers.managing import Managing
    from bot.web.app.mini_app import MiniApp

# Previews while words are typed, for each person and process.
_TYPED_PER_MINUTE, _TYPED_AT_ONCE = 60, 40


@dataclass(frozen=True, slots=True)
class WebServices:
    """What pages need; *returns* is None if no mail is sent, *app* if nobody could open it."""

    made_digest: Callable[[int, date, int], Awaitable[Edition | None]]
    published_feed: Callable[[int, int, int, FeedKind], Awaitable[FeedDocument | None]]
    managing: Managing
    mailboxes: Mailboxes
    returns: Returns | None = None
    app: MiniApp | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """*base* is where the world reaches it, without a slash at the end."""

    renderer: Renderer
    signer: Signer
    base: str
    doors: WebServices
    clock: Callable[[], datetime] = now
    allowances: Allowances = field(default_factory=Allowances)
    clients: Clients = field(default_factory=Clients)

    def parts(self) -> tuple[list[web.RouteDef], list[Middleware]]:
        """Return its routes, and what stands around all routes."""
        address = urlsplit(self.base)
        assets = Assets.of(self.renderer)
        pages = Pages(self.renderer, assets, root=address.path)
        opening = Opening(self.signer, self.clock)
        forms = Forms(f"{address.scheme}://{address.netloc}", self.allowances, self.clients)
        doors = self.doors
        routes = [
            web.get("/robots.txt", _robots),
            *assets.routes(),
            *EditionPages(pages, opening, doors.made_digest).routes(),
            *FeedPages(opening, doors.published_feed).routes(),
            *ManagePages(pages, opening, forms, doors.managing).routes(),
            *MailboxPages(pages, opening, forms, doors.mailboxes).routes(),
        ]
        if doors.returns:
            routes += ReturnsRoute(opening, doors.returns).routes()
        if doors.app:
            routes += self._app(doors.app, assets.icon.path).routes()
        calls = Allowances(CALLS_PER_MINUTE, CALLS_AT_ONCE, clock=self.allowances.clock)
        return routes, [error_pages(pages), pacing(self.clients, calls)]

    def _app(self, app: MiniApp, icon: str) -> AppRoutes:
        page = AppPage(
            renderer=self.renderer,
            dress=Dress.of(self.renderer),
            icon=icon,
            clock=self.clock,
            root=urlsplit(self.base).path,
            frames=app.frames,
        )
        entrance = Entrance(app.token, app.resources, self.clock, self.renderer)
        typing = Allowances(_TYPED_PER_MINUTE, _TYPED_AT_ONCE, clock=self.allowances.clock)
        return AppRoutes(app, entrance, page, self.allowances, typing)


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /\n")
