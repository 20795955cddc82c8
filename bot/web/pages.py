"""Pages: a template and its values, as an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.web.accepting import preferred
from bot.web.look import Look

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.rendering.i18n import Language
    from bot.rendering.renderer import Renderer
    from bot.web.assets import Assets


@dataclass(frozen=True, slots=True)
class Pages:
    """*root* is the path under which the world reaches us: "" or such as `/dateline`."""

    renderer: Renderer
    assets: Assets
    root: str = ""

    def show(
        self,
        request: web.Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        speaks: str | None = None,
        **values: Any,
    ) -> web.Response:
        """Return the page in the language of the tag *speaks*, a chat's; else in the browser's."""
        spoken = self._spoken(request, speaks)
        text = spoken.text(template, site=self._look(request, spoken.language), **values)
        known = {"Vary": "Accept-Language"} if speaks is None else {}
        return web.Response(
            text=text, content_type="text/html", status=status, headers={**known, **(headers or {})}
        )

    def _spoken(self, request: web.Request, speaks: str | None) -> Renderer:
        if speaks is None:
            offered = [language.code for language in self.renderer.offered]
            speaks = preferred(request.headers.get("Accept-Language", ""), offered)
        return self.renderer.of(speaks)

    def again(self, request: web.Request, **query: str) -> web.Response:
        """Lead back to the page whose form was sent, so that loading it anew sends nothing."""
        where = request.rel_url.with_query(query)
        return web.Response(status=303, headers={"Location": f"{self.root}{where}"})

    def _look(self, request: web.Request, language: Language) -> Look:
        return Look(
            style=self.root + self.assets.style.path,
            icon=self.root + self.assets.icon.path,
            here=self.root + request.rel_url.raw_path,
            lang=language.code,
            dir=language.direction,
        )
