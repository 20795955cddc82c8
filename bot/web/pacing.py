"""How often one client may ask for any page: more than people and their programs ever do.

It keeps a mad client from the database. What is counted otherwise is left out here: probes, what
Telegram sends (its few addresses speak for everybody), and mails that are unsubscribed by one
click, for which large mail services call from a few addresses: those count for each mailbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.rendering.links import Purpose

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from bot.web.allowances import Allowances
    from bot.web.clients import Clients

CALLS_PER_MINUTE, CALLS_AT_ONCE = 600, 300
_UNCOUNTED = ("/healthz", "/readyz", "/metrics", "/telegram/")
_BY_MAILBOX = f"/{Purpose.UNSUBSCRIBE}/"


def pacing(clients: Clients, allowances: Allowances) -> Middleware:
    @web.middleware
    async def pace(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_counted_otherwise(request):
            count(allowances, clients.of(request))
        return await handler(request)

    return pace


def count(allowances: Allowances, client: str) -> None:
    """Count one more of *client*; the page for 429 where that is one too many."""
    if wait := allowances.take(client):
        raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)})


def _is_counted_otherwise(request: web.Request) -> bool:
    one_click = request.method == "POST" and request.path.startswith(_BY_MAILBOX)
    return one_click or request.path.startswith(_UNCOUNTED)
