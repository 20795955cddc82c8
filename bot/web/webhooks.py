"""Requests from other servers: updates from Telegram, pushes from hubs, and bounced mails.

An update from Telegram is answered with 200, or with 503 if Telegram shall send it again.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.rendering.links import Purpose
from bot.sources.fetch.websub import (
    PushSignature,
    accept_push,
    answer_hub,
    find_push,
)
from bot.web.requests import HeldBodies, read_body, small_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.web.pages import RouteRequest
    from bot.web.site import Site
    from storage.websub import ExpectedPush

LARGEST_UPDATE = 1_000_000  # bytes
RETRY_SECONDS = 1
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header


@dataclass(frozen=True, slots=True)
class TelegramWebhook:
    """*take* handles an update; it returns False if Telegram shall send it again."""

    path: str = field(repr=False)
    secret: str = field(repr=False)
    take: Callable[[dict[str, Any]], Awaitable[bool]]
    bodies: HeldBodies = field(default_factory=HeldBodies)

    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"/{Purpose.UPDATES}/{{path}}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        if not self._has_secrets(request):
            raise web.HTTPNotFound
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        async with small_body(request, self.bodies, LARGEST_UPDATE) as body:
            if await self.take(_read(body)):
                return web.Response()
        return web.Response(status=503, headers={"Retry-After": str(RETRY_SECONDS)})

    def _has_secrets(self, request: web.Request) -> bool:
        """Compare both in one step, so that the time does not show which of them is wrong."""
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
LARGEST_PUSH = 1_000_000  # bytes


async def hub_challenge(site: Site, request: RouteRequest) -> web.Response:
    token = request.http.match_info["token"]
    challenge = await answer_hub(site.resources.storage, token, request.http.query)
    if challenge is None:
        raise web.HTTPNotFound
    # Plain text, so that the challenge is never shown as a page.
    return web.Response(text=challenge, headers={"X-Content-Type-Options": "nosniff"})


async def hub_push(site: Site, request: RouteRequest) -> web.Response:
    """Verify the signature of a push part by part, without keeping its body.

    The body is not read if the source is due already.
    """
    storage, token = site.resources.storage, request.http.match_info["token"]
    push = await find_push(storage, token)
    if push is None:
        raise web.HTTPGone  # tells the hub to end the subscription
    if not push.is_pending:
        with site.pushes.slot(push):
            signature = await _read_signature(request.http, push)
        if signature is not None and signature.is_valid:
            await accept_push(storage, push)
        else:
            site.pushes.forged.note(push)
    return web.Response(status=202)  # for forged pushes too, so that an attacker learns nothing


async def _read_signature(request: web.Request, push: ExpectedPush) -> PushSignature | None:
    """Return the signature over the body; None if the push has no valid signature header."""
    headers = request.headers
    header = headers.get("X-Hub-Signature-256", headers.get("X-Hub-Signature", ""))
    signature = PushSignature.of(header, push.secret)
    if signature is not None:
        await read_body(request, signature.update, LARGEST_PUSH)
    return signature


LARGEST_MAIL = 256 * 1024  # bytes; a bounce with one of our mails has a third of that


async def bounce(site: Site, request: RouteRequest) -> web.Response:
    """Return 202 always, because a relay can do nothing about mails that are not ours."""
    async with small_body(request.http, site.bodies, LARGEST_MAIL) as body:
        if site.bounces:
            await site.bounces.take(body)
    return web.Response(status=202)
