"""The page itself, with its stylesheet and scripts; it loads nothing from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import web
from babel.dates import get_day_names

from bot.rendering.i18n import ENGLISH
from bot.subscribers.timezones import SUGGESTED
from bot.web.pages import Asset
from bot.web.requests import language_asked_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from bot.rendering.i18n import Language
    from bot.rendering.renderer import Renderer

PATH = "/app"
# Telegram's own pages, where an app stands in a frame.
_TELEGRAM = ("https://web.telegram.org", "https://*.telegram.org")
_DAYS = range(7)


@dataclass(frozen=True, slots=True)
class Dress:
    """All in one folder, named after all of them, so that scripts find each other."""

    assets: tuple[Asset, ...]
    folder: str

    @classmethod
    def of(cls, renderer: Renderer) -> Dress:
        style = renderer.text("web/app.css").encode()
        scripts = {
            script.name: script.read_bytes()
            for script in sorted(files("bot.web.miniapp").joinpath("scripts").iterdir(), key=str)
            if script.name.endswith(".js")
        }
        mark = sha256(b"\0".join([style, *scripts.values()])).hexdigest()[:16]
        folder = f"/static/{mark}"
        assets = [Asset(f"{folder}/app.css", style, "text/css")]
        assets += [
            Asset(f"{folder}/{name}", body, "text/javascript") for name, body in scripts.items()
        ]
        return cls(tuple(assets), folder)


@dataclass(frozen=True, slots=True)
class AppLook:
    """As `app`, to the page: addresses, and short and whole names of days from Monday on."""

    folder: str
    api: str
    icon: str
    days: tuple[tuple[str, str], ...]
    zones: tuple[str, ...]
    now: datetime
    languages: tuple[Language, ...] = (ENGLISH,)


@dataclass(frozen=True, slots=True)
class AppPage:
    """*root* is the path under which the world reaches us; *frames*: who may show it in a frame."""

    renderer: Renderer
    dress: Dress
    icon: str
    clock: Callable[[], datetime]
    root: str = ""
    frames: tuple[str, ...] = ()
    bot_link: Callable[[], Awaitable[str | None]] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self.show), *(asset.route() for asset in self.dress.assets)]

    async def show(self, request: web.Request) -> web.Response:
        wanted = request.query.get("language") or language_asked_for(request, self.renderer)
        renderer = self.renderer.of(wanted)
        bot_link = await self.bot_link() if self.bot_link else None
        text = renderer.text("web/app.html", app=self._look(renderer), bot_link=bot_link)
        headers = {"Content-Security-Policy": policy((*_TELEGRAM, *self.frames))}
        return web.Response(text=text, content_type="text/html", headers=headers)

    def _look(self, renderer: Renderer) -> AppLook:
        return AppLook(
            folder=self.root + self.dress.folder,
            api=f"{self.root}{PATH}/",
            icon=self.root + self.icon,
            days=day_names(renderer.language.locale),
            zones=SUGGESTED,
            now=self.clock(),
            languages=renderer.offered,
        )


def policy(frames: Iterable[str]) -> str:
    """Return the page's policy: our scripts and no others, in Telegram's frames and no others."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; "
        f"frame-ancestors {' '.join(frames)}"
    )


def day_names(locale: str) -> tuple[tuple[str, str], ...]:
    """Return short and whole names, from Monday on."""
    short = get_day_names("abbreviated", "stand-alone", locale)
    whole = get_day_names("wide", "stand-alone", locale)
    return tuple((short[day], whole[day]) for day in _DAYS)
