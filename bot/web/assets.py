"""What pages are dressed with: the stylesheet and the icon, each at an address of its content."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from bot.rendering.renderer import Renderer

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True)
class Asset:
    """*path* changes with the content, so that nobody keeps an old one."""

    path: str
    body: bytes
    content_type: str

    def route(self) -> web.RouteDef:
        async def give(_request: web.Request) -> web.Response:
            return web.Response(
                body=self.body,
                content_type=self.content_type,
                charset="utf-8",
                headers=_FOR_EVER,
            )

        return web.get(self.path, give)


@dataclass(frozen=True, slots=True)
class Assets:
    style: Asset
    icon: Asset

    @classmethod
    def of(cls, renderer: Renderer) -> Assets:
        return cls(
            style=_asset(renderer, "style.css", "text/css"),
            icon=_asset(renderer, "icon.svg", "image/svg+xml"),
        )

    def routes(self) -> list[web.RouteDef]:
        return [self.style.route(), self.icon.route()]


def _asset(renderer: Renderer, name: str, content_type: str) -> Asset:
    body = renderer.text(f"web/{name}").encode()
    return Asset(f"/static/{sha256(body).hexdigest()[:16]}-{name}", body, content_type)
