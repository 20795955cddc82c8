"""`/e/…`: an edition in the browser, all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

from bot.publishing.pages import values_of
from bot.rendering.seals import Purpose
from bot.web.opening import Gone

if TYPE_CHECKING:
    from bot.publishing.reading import Reading
    from bot.web.opening import Opening
    from bot.web.pages import Pages

_KEPT = {"Cache-Control": "private, max-age=300"}


@dataclass(frozen=True, slots=True)
class EditionPages:
    pages: Pages
    opening: Opening
    reading: Reading

    def routes(self) -> list[web.RouteDef]:
        return [web.get(f"/{Purpose.EDITION}/{{token}}", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        chat, date, slot = self.opening.read(Purpose.EDITION, request.match_info["token"])
        day = datetime.strptime(date, "%Y%m%d").date()  # noqa: DTZ007 - a local date
        edition = await self.reading.edition(int(chat), day, int(slot))
        if edition is None:
            raise Gone(Purpose.EDITION)
        return self.pages.show(
            request,
            "web/edition.html",
            headers=_KEPT,
            **values_of(edition),
        )
