"""The webhook of this bot: its address, its route and its registration at Telegram."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.chat.dispatcher import ALLOWED_UPDATES
from bot.chat.webhook import Webhook, WebhookReceiver, WebhookRegistration
from bot.rendering.links import Purpose
from bot.settings import Role, Updates
from bot.tasks import sleep_until
from bot.web.webhooks import TelegramWebhook
from storage.db.leases import acquire_lease, release_lease
from storage.db.problems import DatabaseError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from aiogram import Bot
    from aiohttp.web import RouteDef

    from bot.app.resources import ProcessContext
    from bot.chat.updates import UpdateQueue
    from bot.rendering.links import Signer

ROLE = "webhook"
CHECK_SECONDS = 3600.0
LEASE = timedelta(seconds=2 * CHECK_SECONDS)


def webhook_at(base: str, signer: Signer) -> Webhook:
    """Return the webhook under *base*, which is the same in all processes with the same key."""
    path = signer.secret(Purpose.UPDATES, "path")
    secret = signer.secret(Purpose.UPDATES, "token")
    return Webhook(f"{base}/{Purpose.UPDATES}/{path}", secret, ALLOWED_UPDATES)


@dataclass(frozen=True, slots=True)
class WebhookUpdates:
    """Receives updates by webhook, and keeps the webhook registered at Telegram."""

    process: ProcessContext
    webhook: Webhook
    receiver: WebhookReceiver = field(default_factory=WebhookReceiver)

    def routes(self) -> list[RouteDef]:
        path = self.webhook.url.rpartition("/")[2]
        return TelegramWebhook(path, self.webhook.secret, self.receiver.take).routes()

    async def run(
        self, bot: Bot, queue: UpdateQueue, ready: Callable[[], None], stopping: asyncio.Event
    ) -> None:
        registration = WebhookRegistration(bot, self.webhook)
        async with self.receiver.open(queue, stopping):
            await registration.set(stopping)
            ready()
            while not stopping.is_set():
                await sleep_until(stopping, CHECK_SECONDS)
                if not stopping.is_set():
                    await registration.check(stopping, may_set=await self._may_set())
        await self._release()

    async def _may_set(self) -> bool:
        """Take or renew the lease to register the webhook; return whether this process has it."""
        try:
            async with self.process.storage.writing() as tx:
                return await acquire_lease(tx, ROLE, self.process.owner, LEASE)
        except (DatabaseError, OSError):
            return False

    async def _release(self) -> None:
        try:
            async with self.process.storage.writing() as tx:
                await release_lease(tx, ROLE, self.process.owner)
        except (DatabaseError, OSError):
            return  # then the lease expires


def webhook_updates(process: ProcessContext) -> WebhookUpdates | None:
    """Return the receiver if this process has the role `chat` and updates come by webhook."""
    base, settings = process.deployment.public_url, process.settings
    if Role.CHAT not in process.roles or settings.updates is not Updates.WEBHOOK or base is None:
        return None
    return WebhookUpdates(process, webhook_at(base, process.links.signer))
