"""Every route that users, mail programs and hubs reach, in one table.

All of them need PUBLIC_URL, or the playground's own address. The routes that a process serves
without it are the probes and `/metrics` (`bot.ops`), and Telegram's webhook (`bot.web.webhooks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.rendering.links import Purpose
from bot.web import manage, publications, stories, webhooks
from bot.web.miniapp import page as mini_app_page
from bot.web.miniapp import page as mini_app_status
from bot.web.miniapp import routes as mini_app
from bot.web.pages import RateClass, Route, RouteRequest, TemplatePage, error_pages
from bot.web.requests import CALLS_AT_ONCE, CALLS_PER_MINUTE, RateLimit, rate_limiting

if TYPE_CHECKING:
    from aiohttp.typedefs import Middleware

    from bot.web.site import Asset, Site


async def _front(site: Site, _request: RouteRequest) -> TemplatePage:
    return TemplatePage("web/front.html", {"bot_link": await site.bot_link()})


async def _robots(_site: Site, _request: RouteRequest) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /\n")


_EDITION = f"/{Purpose.EDITION}/{{token}}"
_FEED = f"/{Purpose.FEED}/{{token}}.{{kind:atom|json}}"
_MANAGE = f"/{Purpose.MANAGE}/{{token}}"
_STORY = f"/{Purpose.STORIES}/{{token}}/{{story:[0-9]{{1,18}}}}"
_UNSUBSCRIBE = f"/{Purpose.UNSUBSCRIBE}/{{token}}"
_CONFIRM = f"/{Purpose.CONFIRM}/{{token}}"
_BOUNCE = f"/{Purpose.BOUNCE}/{{token}}"
_LETTER = f"/{Purpose.LETTER}/{{token}}"
_HUB = f"{webhooks.HUB_PATH}{{token}}"

ROUTES = (
    Route("GET", "/", _front),
    Route("GET", "/robots.txt", _robots),
    Route("GET", _EDITION, publications.edition, Purpose.EDITION),
    Route("GET", f"{_EDITION}/week.png", publications.weekly_picture, Purpose.EDITION),
    Route("GET", _FEED, publications.feed, Purpose.FEED),
    Route("GET", _MANAGE, manage.subscriptions_page, Purpose.MANAGE),
    Route("POST", _MANAGE, manage.change_subscriptions, Purpose.MANAGE, RateClass.FORM),
    Route("GET", _STORY, stories.story_page, Purpose.STORIES),
    Route("POST", _STORY, stories.act_on_story, Purpose.STORIES, RateClass.FORM),
    Route("GET", _LETTER, stories.letter_page, Purpose.LETTER),
    Route("GET", _UNSUBSCRIBE, manage.unsubscribe_page, Purpose.UNSUBSCRIBE),
    Route("POST", _UNSUBSCRIBE, manage.unsubscribe, Purpose.UNSUBSCRIBE, RateClass.MAILBOX),
    Route("GET", _CONFIRM, manage.confirm_page, Purpose.CONFIRM),
    Route("POST", _CONFIRM, manage.confirm_address, Purpose.CONFIRM, RateClass.FORM),
    Route("GET", _HUB, webhooks.hub_challenge, allow_head=False),
    Route("POST", _HUB, webhooks.hub_push),
)
# Served if the bot sends mail.
BOUNCE_ROUTES = (Route("POST", _BOUNCE, webhooks.bounce, Purpose.BOUNCE),)
# Served if Telegram can open the Mini App.
MINI_APP_ROUTES = (
    Route("GET", mini_app_page.PATH, mini_app_page.app_page),
    Route("GET", mini_app_page.STATUS_PATH, mini_app_status.status_page),
    *(
        Route("POST", f"{mini_app_page.PATH}/{name}", handler, rate_class=rate_class)
        for name, handler, rate_class in mini_app.handlers()
    ),
)

_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}


def _asset_route(asset: Asset) -> Route:
    async def serve(_site: Site, _request: RouteRequest) -> web.Response:
        return web.Response(
            body=asset.body, content_type=asset.content_type, charset="utf-8", headers=_IMMUTABLE
        )

    return Route("GET", asset.path, serve)


def _routes(site: Site) -> list[Route]:
    routes = [*ROUTES, _asset_route(site.assets.style), _asset_route(site.assets.icon)]
    if site.bounces:
        routes += BOUNCE_ROUTES
    if site.app:
        routes += [*MINI_APP_ROUTES, *map(_asset_route, site.app_assets.assets)]
    return routes


def make_routes(site: Site) -> tuple[list[web.RouteDef], list[Middleware]]:
    """Return the routes of *site*, and the middlewares around all routes of the process."""
    routes = _routes(site)
    uncounted = {route.path for route in routes if route.rate_class is RateClass.MAILBOX}
    calls = RateLimit(CALLS_PER_MINUTE, CALLS_AT_ONCE, clock=site.rate_limit.clock)
    middlewares = [error_pages(site), rate_limiting(site.clients, calls, uncounted)]
    return [route.definition(site) for route in routes], middlewares
