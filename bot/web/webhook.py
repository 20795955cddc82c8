"""`POST /telegram/…`: where Telegram brings updates. Who does not know the secrets learns nothing.

It answers 200 for what needs not come again, and 503 for what shall.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.rendering.links import Purpose
from bot.web.requests import small_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LARGEST_UPDATE = 1_000_000  # bytes
UPDATE_SECONDS = 10.0  # for a body to come in
RETRY_SECONDS = 1
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header


@dataclass(frozen=True, slots=True)
class WebhookRoute:
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
