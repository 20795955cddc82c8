"""The state that all requests of the site share. `bot.web.routes` has its routes.

Addresses of static files contain a hash of the content, so that no browser keeps an old one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.web.requests import (
    PREVIEWS_AT_ONCE,
    PREVIEWS_PER_MINUTE,
    SEARCHES_AT_ONCE,
    Clients,
    HeldBodies,
    PushSlots,
    RateLimit,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from bot.mail.bounces import Bounces
    from bot.publishing.pages import Picture
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser


@dataclass(frozen=True, slots=True)
class Asset:
    path: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """The stylesheet and icon of all pages."""

    style: Asset
    icon: Asset

    @classmethod
    def of(cls, renderer: Renderer) -> Assets:
        return cls(
            style=_asset(renderer, "style.css", "text/css"),
            icon=_asset(renderer, "icon.svg", "image/svg+xml"),
        )


def _asset(renderer: Renderer, name: str, content_type: str) -> Asset:
    body = renderer.text(f"web/{name}").encode()
    return Asset(f"/static/{_hash(body)}-{name}", body, content_type)


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class AppAssets:
    """The stylesheet and scripts of the Mini App.

    They share one folder, named after the hash of them all, so that scripts find each other.
    """

    assets: tuple[Asset, ...]
    folder: str

    @classmethod
    def of(cls, renderer: Renderer) -> AppAssets:
        style = renderer.text("web/app.css").encode()
        scripts = {
            script.name: script.read_bytes()
            for script in sorted(files("bot.web.miniapp").joinpath("scripts").iterdir(), key=str)
            if script.name.endswith(".js")
        }
        folder = "/static/" + _hash(b"\0".join([style, *scripts.values()]))
        assets = [Asset(f"{folder}/app.css", style, "text/css")]
        assets += [
            Asset(f"{folder}/{name}", body, "text/javascript") for name, body in scripts.items()
        ]
        return cls(tuple(assets), folder)


@dataclass(frozen=True, slots=True)
class MiniApp:
    """*token*: the bot's, which signs the launch data. *frames*: sites that may embed the app.

    *renew_menus* translates the menus of the user's chat into the language of the first tag. The
    second tag is the language that the user chose, if any.
    """

    token: str
    renew_menus: Callable[[CurrentUser, str, str | None], Coroutine[None, None, None]]
    frames: tuple[str, ...] = ()


async def _unknown() -> str | None:
    return None


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """*bounces* is None if no mail is sent; *app* is None if nobody could open the Mini App.

    *bot_link* returns the address at which users find the bot, or None while it is unknown.
    """

    resources: Resources
    bounces: Bounces | None = None
    app: MiniApp | None = None
    bot_link: Callable[[], Awaitable[str | None]] = _unknown
    clock: Callable[[], datetime] = _now
    rate_limit: RateLimit = field(default_factory=RateLimit)
    clients: Clients = field(default_factory=Clients)
    bodies: HeldBodies = field(default_factory=HeldBodies)
    pushes: PushSlots = field(default_factory=PushSlots)
    pictures: OrderedDict[str, Picture | None] = field(default_factory=OrderedDict)
    """Pictures of weekly editions, by token."""
    searches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SEARCHES_AT_ONCE))

    @cached_property
    def origin(self) -> str:
        """The origin of the pages, such as `https://news.example.org`."""
        address = urlsplit(self.resources.links.base or "")
        return f"{address.scheme}://{address.netloc}"

    @cached_property
    def root(self) -> str:
        """The path of the public address: "" or such as `/dateline`."""
        return urlsplit(self.resources.links.base or "").path

    @cached_property
    def assets(self) -> Assets:
        return Assets.of(self.resources.renderer)

    @cached_property
    def app_assets(self) -> AppAssets:
        return AppAssets.of(self.resources.renderer)

    @cached_property
    def preview_limit(self) -> RateLimit:
        return RateLimit(PREVIEWS_PER_MINUTE, PREVIEWS_AT_ONCE, clock=self.rate_limit.clock)
