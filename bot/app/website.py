"""The web side of one process: probes, and the pages of role `web`; before Telegram answers."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from bot.app.stops import StopError
from bot.settings import Role
from bot.web.health import make_web, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp.web import Application, RouteDef

    from bot.app.surroundings import Surroundings
    from bot.web.health import Health


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
    if Role.WEB not in around.roles:
        return make_web(others, health=health)
    hubs = [*others, *(_hub_routes(around) if around.settings.public_url else [])]
    if around.links.base is None:
        return make_web(hubs, health=health)
    from bot.app.mails import make_bounces
    from bot.app.resources import make_mini_app, make_resources
    from bot.web.clients import Clients
    from bot.web.site import Site

    resources = make_resources(around, around.renderer)
    site = Site(
        resources,
        bounces=make_bounces(around),
        app=make_mini_app(around, resources) if around.place.app_url else None,
        clients=Clients(around.settings.trusted_proxies),
    )
    routes, middlewares = site.parts()
    return make_web([*hubs, *routes], middlewares, health=health)


def _hub_routes(around: Surroundings) -> list[RouteDef]:
    from bot.web.hub import hub_routes

    return hub_routes(around.storage)
