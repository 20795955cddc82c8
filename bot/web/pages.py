"""Pages: a template and its values, as an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.web.accepting import preferred

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.rendering.renderer import Renderer
    from bot.web.assets import Assets


@dataclass(frozen=True, slots=True)
class Look:
    """As `site`, to the layout of every page; *here* is where the forms of the page go."""

    style: str
    icon: str
    here: str


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
        if speaks is None:
            offered = [language.code for language in self.renderer.offered]
            speaks = preferred(request.headers.get("Accept-Language", ""), offered)
            headers = {"Vary": "Accept-Language", **(headers or {})}
        site = Look(
            style=self.root + self.assets.style.path,
            icon=self.root + self.assets.icon.path,
            here=self.root + request.rel_url.raw_path,
        )
        text = self.renderer.of(speaks).text(template, site=site, **values)
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)

    def again(self, request: web.Request, **query: str) -> web.Response:
        """Lead back to the page whose form was sent, so that loading it anew sends nothing."""
        where = request.rel_url.with_query(query)
        return web.Response(status=303, headers={"Location": f"{self.root}{where}"})
