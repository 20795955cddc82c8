"""The state that all requests of the site share. `bot.web.routes` has its routes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.web.assets import AppAssets, Assets
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
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser


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
