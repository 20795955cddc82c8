"""The webhook of this bot: where it is, and how it stands with Telegram."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.chat.dispatcher import ALLOWED_UPDATES
from bot.chat.hooking import Hook, Hooking
from bot.chat.webhooks import Webhooks
from bot.loops import nap
from bot.rendering.links import Purpose
from bot.settings import Role, Updates
from bot.web.webhook import WebhookRoute
from storage.db.engine import DatabaseError
from storage.db.leases import acquire_lease, release_lease

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from aiogram import Bot
    from aiohttp.web import RouteDef

    from bot.app.surroundings import Surroundings
    from bot.chat.handling import Handling
    from bot.rendering.links import Signer

ROLE = "webhook"
LOOK_SECONDS = 3600.0
LEASE = timedelta(seconds=2 * LOOK_SECONDS)


def hook_at(base: str, signer: Signer) -> Hook:
    """Return the webhook under *base*, the same in all processes with the same key."""
    path = signer.secret(Purpose.UPDATES, "path")
    secret = signer.secret(Purpose.UPDATES, "token")
    return Hook(f"{base}/{Purpose.UPDATES}/{path}", secret, ALLOWED_UPDATES)


@dataclass(frozen=True, slots=True)
class HookedDoor:
    """Takes updates by webhook, and sees to it that Telegram brings them."""

    around: Surroundings
    hook: Hook
    webhooks: Webhooks = field(default_factory=Webhooks)

    def routes(self) -> list[RouteDef]:
        path = self.hook.url.rpartition("/")[2]
        return WebhookRoute(path, self.hook.secret, self.webhooks.take).routes()

    async def run(
        self, bot: Bot, handling: Handling, ready: Callable[[], None], stopping: asyncio.Event
    ) -> None:
        hooking = Hooking(bot, self.hook)
        async with self.webhooks.open(handling, stopping):
            await hooking.set(stopping)
            ready()
            while not stopping.is_set():
                await nap(stopping, LOOK_SECONDS)
                if not stopping.is_set():
                    await hooking.check(stopping, may_set=await self._is_ours_to_set())
        await self._let_go()

    async def _is_ours_to_set(self) -> bool:
        """Of several processes one sees to it."""
        try:
            async with self.around.storage.writing() as tx:
                return await acquire_lease(tx, ROLE, self.around.owner, LEASE)
        except (DatabaseError, OSError):
            return False

    async def _let_go(self) -> None:
        try:
            async with self.around.storage.writing() as tx:
                await release_lease(tx, ROLE, self.around.owner)
        except (DatabaseError, OSError):
            return  # then it runs out by itself


def hooked_door(around: Surroundings) -> HookedDoor | None:
    """Return the door where this process answers people, and Telegram brings what they say."""
    base, settings = around.place.public_url, around.settings
    if Role.CHAT not in around.roles or settings.updates is not Updates.WEBHOOK or base is None:
        return None
    return HookedDoor(around, hook_at(base, around.links.signer))
