"""What other servers post: updates from Telegram, news from hubs, and mails that came back.

Telegram's updates are answered with 200 when they need not come again, and with 503 when they must.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.rendering.links import Purpose
from bot.sources.fetch.websub import answer_hub, is_expected, receive_push
from bot.web.requests import small_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.web.pages import RouteRequest
    from bot.web.site import Site

LARGEST_UPDATE = 1_000_000  # bytes
UPDATE_SECONDS = 10.0  # for a body to come in
RETRY_SECONDS = 1
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header


@dataclass(frozen=True, slots=True)
class TelegramWebhook:
    """*take* says of an update whether it needs not come again."""

    path: str = field(repr=False)
    secret: str = field(repr=False)
    take: Callable[[dict[str, Any]], Awaitable[bool]]

    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"/{Purpose.UPDATES}/{{path}}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        if not self._knows_the_secrets(request):
            raise web.HTTPNotFound
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        update = _read(await small_body(request, LARGEST_UPDATE, UPDATE_SECONDS))
        if await self.take(update):
            return web.Response()
        return web.Response(status=503, headers={"Retry-After": str(RETRY_SECONDS)})

    def _knows_the_secrets(self, request: web.Request) -> bool:
        """Compare both at once, which takes the same time whichever of them is wrong."""
        given = f"{request.match_info['path']} {request.headers.get(_SECRET_HEADER, '')}"
        known = f"{self.path} {self.secret}"
        return hmac.compare_digest(known.encode(), given.encode(errors="replace"))


def _read(body: bytes) -> dict[str, Any]:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest from None
    if not isinstance(update, dict):
        raise web.HTTPBadRequest
    return update


HUB_PATH = "/hub/"
LARGEST_PUSH = 10_000_000  # bytes; a hub may send a whole feed
PUSH_SECONDS = 30.0


async def hub_challenge(site: Site, request: RouteRequest) -> web.Response:
    token = request.http.match_info["token"]
    challenge = await answer_hub(site.resources.storage, token, request.http.query)
    if challenge is None:
        raise web.HTTPNotFound
    # Plain text, so that what comes in can never go out as a page.
    return web.Response(text=challenge, headers={"X-Content-Type-Options": "nosniff"})


async def hub_push(site: Site, request: RouteRequest) -> web.Response:
    storage, token = site.resources.storage, request.http.match_info["token"]
    if not await is_expected(storage, token):
        raise web.HTTPGone  # it ends the hub's promise
    headers = request.http.headers
    signature = headers.get("X-Hub-Signature-256", headers.get("X-Hub-Signature", ""))
    body = await small_body(request.http, LARGEST_PUSH, PUSH_SECONDS)
    await receive_push(storage, token, body, signature)
    return web.Response(status=202)  # signed or not: a guesser learns nothing


LARGEST_MAIL = 256 * 1024  # bytes; one that holds ours whole is a third of that


async def bounce(site: Site, request: RouteRequest) -> web.Response:
    """Answer 202 always: a relay can do nothing about a mail that is none of ours."""
    body = await small_body(request.http, LARGEST_MAIL)
    if site.bounces:
        await site.bounces.take(body)
    return web.Response(status=202)
