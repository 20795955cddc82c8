"""Several processes of the bot on one database, with many readers and one newspaper."""

from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, func, select

from bot.subscribers import subscriptions, users
from bot.subscribers.access import Access
from bot.subscribers.users import Sender
from storage.db.engine import Storage
from storage.enums import DeliveryState, Mode
from storage.outbox import Delivery
from tests.resources import USUAL_LIMITS
from tests.story.newspaper import Newspaper
from tests.story.playground import RemotePlayground
from tests.story.processes import Command, Workplace

CHATS = 50
NEWS = ("Mayor opens a bridge", "Mayor closes a bridge")
ALERTS = CHATS * len(NEWS)


@dataclass(frozen=True)
class Fleet:
    """Processes of the bot; *readers* are chats that all subscribe to the mayor."""

    workplace: Workplace
    playground: RemotePlayground
    paper: Newspaper
    storage: Storage
    settings: dict[str, Any]
    readers: tuple[int, ...]

    def bot(self, *roles: str) -> AbstractAsyncContextManager[Command]:
        """Run a process with all roles, or with *roles* only."""
        options = ("--roles", ",".join(roles)) if roles else ()
        return self.workplace.dateline("run", *options, **self.settings)

    async def messages_by_chat(self) -> Counter[int]:
        return Counter(call["chat_id"] for call in await self.playground.messages_sent())

    async def until_sent(self, number: int) -> None:
        async def are_sent() -> bool:
            return (await self.messages_by_chat()).total() >= number

        await self.playground.until(are_sent)

    async def until_reached(self, reader: int) -> None:
        async def is_reached() -> bool:
            return reader in await self.messages_by_chat()

        await self.playground.until(is_reached)

    async def until_all_alerts_are_sent(self) -> None:
        async def are_sent() -> bool:
            return await self.count(Delivery, col(Delivery.state) == DeliveryState.SENT) == ALERTS

        await self.playground.until(are_sent)

    async def count(self, table: Any, *conditions: Any) -> int:
        async with self.storage.reading() as tx:
            return await tx.one(select(func.count()).select_from(table).where(*conditions))


async def subscribe(storage: Storage, playground: RemotePlayground) -> int:
    """Add a reader with a subscription to the mayor; return their id."""
    number: int = (await playground.post("add_user", first_name="Reader"))["id"]
    user = await users.identify(storage, Sender(number, number), access=Access(is_open=True))
    assert user
    await subscriptions.subscribe(storage, user.chat_id, "mayor", Mode.INSTANT, limits=USUAL_LIMITS)
    return number
