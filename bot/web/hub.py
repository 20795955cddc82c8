"""`/hub/…`: where hubs ask back and tell of news."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.sources.fetch.websub import answer_hub, is_expected, receive_push
from bot.web.requests import small_body

if TYPE_CHECKING:
    from storage.db.engine import Storage

PATH = "/hub/"
LARGEST_NEWS = 10_000_000  # bytes; a hub may send a whole feed
NEWS_SECONDS = 30.0


def hub_routes(storage: Storage) -> list[web.RouteDef]:
    async def answer(request: web.Request) -> web.Response:
        challenge = await answer_hub(storage, request.match_info["token"], request.query)
        if challenge is None:
            raise web.HTTPNotFound
        # Plain text, so that what comes in can never go out as a page.
        return web.Response(text=challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def take(request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if not await is_expected(storage, token):
            raise web.HTTPGone  # it ends the hub's promise
        body = await small_body(request, LARGEST_NEWS, NEWS_SECONDS)
        await receive_push(storage, token, body, _signature(request))
        return web.Response(status=202)  # signed or not: a guesser learns nothing

    route = PATH + "{token}"
    return [web.get(route, answer, allow_head=False), web.post(route, take)]


def _signature(request: web.Request) -> str:
    headers = request.headers
    return headers.get("X-Hub-Signature-256", headers.get("X-Hub-Signature", ""))
