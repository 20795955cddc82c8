"""`/b/…`: where a mail relay of the operator's posts each mail that came back, as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from bot.rendering.links import Purpose
from bot.web.forms import small_body

if TYPE_CHECKING:
    from bot.mail.bounces import Bounces
    from bot.web.opening import Opening

LARGEST_MAIL = 256 * 1024  # bytes; one that holds ours whole is a third of that


@dataclass(frozen=True, slots=True)
class ReturnsRoute:
    opening: Opening
    bounces: Bounces

    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"/{Purpose.BOUNCE}/{{token}}", self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Answer 202 whatever it was: a relay can do nothing about a mail that is none of ours."""
        self.opening.read(Purpose.BOUNCE, request.match_info["token"])
        await self.bounces.take(await small_body(request, LARGEST_MAIL))
        return web.Response(status=202)
