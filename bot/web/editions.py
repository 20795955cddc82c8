"""`/e/…`: an edition in the browser, all of it, and the picture of a weekly one."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

from bot.publishing.contents import load_made_digest
from bot.publishing.pages import values_of
from bot.publishing.pictures import with_picture
from bot.rendering.links import Purpose
from bot.web.pages import Gone

if TYPE_CHECKING:
    from bot.publishing.pages import Edition, Picture
    from bot.web.pages import Pages, Tokens
    from storage.db.engine import Storage

_PATH = f"/{Purpose.EDITION}/{{token}}"
_MOST_PICTURES = 100  # kept, some 50 KB each
_KEPT = {"Cache-Control": "private, max-age=300"}


@dataclass(frozen=True, slots=True)
class EditionPages:
    pages: Pages
    tokens: Tokens
    storage: Storage
    _pictures: OrderedDict[str, Picture | None] = field(default_factory=OrderedDict)

    def routes(self) -> list[web.RouteDef]:
        return [web.get(_PATH, self.show), web.get(f"{_PATH}/week.png", self.show_picture)]

    async def show(self, request: web.Request) -> web.Response:
        edition = await self._edition(request)
        return self.pages.show(
            request,
            "web/edition.html",
            headers=_KEPT,
            speaks=edition.language,
            **values_of(edition),
        )

    async def show_picture(self, request: web.Request) -> web.Response:
        picture = (await self._edition(request)).picture
        if picture is None:
            raise web.HTTPNotFound
        return web.Response(body=picture.png, content_type="image/png", headers=_KEPT)

    async def _edition(self, request: web.Request) -> Edition:
        token = request.match_info["token"]
        chat, date, slot = self.tokens.read(Purpose.EDITION, token)
        day = datetime.strptime(date, "%Y%m%d").date()  # noqa: DTZ007 - a local date
        edition = await load_made_digest(self.storage, int(chat), day, int(slot))
        if edition is None:
            raise Gone(Purpose.EDITION)
        if not edition.is_weekly:
            return edition
        if token not in self._pictures:  # drawn once, for the page and for itself
            self._pictures[token] = (await with_picture(self.pages.renderer, edition)).picture
            if len(self._pictures) > _MOST_PICTURES:
                self._pictures.popitem(last=False)
        return replace(edition, picture=self._pictures[token])
