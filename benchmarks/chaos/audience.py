"""Chats that are due alerts or digests, and how many of these have been sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col, func, select

from benchmarks import rows
from storage.chats import Chat, DigestTime
from storage.db.engine import Storage, Transaction
from storage.db.leases import Lease
from storage.enums import ChatKind, DeliveryState, EmptyDay, Mode
from storage.outbox import Delivery
from storage.schedules import EVERY_DAY
from storage.schema import leased_tables
from storage.subscriptions import Subscription
from tests.story.newspaper import Newspaper
from tests.story.playground import RemotePlayground

# So different that no two are one story, and fewer than the alerts an hour that are not bundled.
TITLES = (
    "Mayor opens a bridge over the Harmon river",
    "Hospital strike ends after talks with the ministry",
    "Fire at the old mill: mayor thanks volunteers",
    "Ministry bans cars from the market square",
    "Football club asks mayor for a larger stadium",
)
# Each title matches one of them. More than four alerts of one topic within minutes are a burst, the
# rest of which waits for five minutes.
TOPICS = ("mayor", "ministry")
GROUPS = 3
# A forum has a topic thread for each so many alerts. With thousands of alerts a forum gets more
# than 20, a minute's worth; with few it has no thread, because one message in three seconds would
# make a run wait for the forums alone.
ALERTS_A_THREAD = 600

Address = tuple[int, int]
"""A chat by Telegram's number, and the topic thread in it; 0 is the chat itself."""


@dataclass(frozen=True)
class Audience:
    """*readers* and *threads* are due an alert for each story, *subscribers* one digest."""

    storage: Storage
    paper: Newspaper
    readers: tuple[int, ...]
    subscribers: tuple[int, ...]
    threads: tuple[Address, ...]

    @property
    def alerts(self) -> int:
        return (len(self.readers) + len(self.threads)) * len(TITLES)

    @property
    def due(self) -> int:
        return self.alerts + len(self.subscribers)

    @property
    def chats(self) -> set[int]:
        return {*self.readers, *self.subscribers, *(group for group, _ in self.threads)}

    def due_by_address(self) -> dict[Address, int]:
        alerted = [*((reader, 0) for reader in self.readers), *self.threads]
        digests = ((subscriber, 0) for subscriber in self.subscribers)
        return dict.fromkeys(alerted, len(TITLES)) | dict.fromkeys(digests, 1)

    async def progress(self, share: float) -> None:
        """Print the stories and make due the digests of the first *share* of the run."""
        printed = len(self.paper.titles) - 1
        wanted = min(len(TITLES), int(share * len(TITLES)) + 1)
        if wanted > printed:
            self.paper.print(*TITLES[printed:wanted])
        subscribers = self.subscribers[: int(min(1.0, share + 0.1) * len(self.subscribers))]
        without_time = (
            select(Chat.id)
            .outerjoin(DigestTime, col(DigestTime.chat_id) == Chat.id)
            .where(col(Chat.telegram_id).in_(subscribers), col(DigestTime.chat_id).is_(None))
        )
        async with self.storage.writing() as tx:
            chats = await tx.rows(without_time)
            now = tx.now.replace(second=0, microsecond=0)
            time = {"number": 0, "minutes": now.hour * 60 + now.minute, "weekdays": EVERY_DAY}
            await rows.add(tx, DigestTime, (time | {"chat_id": chat} for chat in chats))
            due = update(Chat).where(col(Chat.id).in_(chats))
            await tx.change(due.values(next_digest_at=now))

    async def left(self) -> int:
        """Return how many due deliveries have not reached a final state."""
        final = (DeliveryState.SENT, DeliveryState.HELD, DeliveryState.FAILED)
        return self.due - await self._count(col(Delivery.state).in_(final))

    async def sending(self) -> int:
        return await self._count(col(Delivery.state) == DeliveryState.SENDING)

    async def in_flight(self, pid: int) -> int:
        """Return how many calls of the process *pid* have no stored response."""
        return await self._count(col(Delivery.state) == DeliveryState.SENDING, _is_of(pid))

    async def held_by(self, pid: int) -> int:
        """Return how many deliveries the process *pid* has claimed."""
        return await self._count(_is_of(pid))

    async def _count(self, *conditions: Any) -> int:
        async with self.storage.reading() as tx:
            return await tx.one(select(func.count()).select_from(Delivery).where(*conditions))

    async def end_leases(self, pid: int) -> None:
        """End the leases of the process *pid*, which was killed."""
        tables: list[Any] = [*leased_tables(), Lease]
        async with self.storage.writing() as tx:
            for table in tables:
                theirs = update(table).where(_is_of(pid, table))
                await tx.change(theirs.values(lease_until=tx.now))


def _is_of(pid: int, table: Any = Delivery) -> Any:
    return col(table.owner).contains(f":{pid}:")


async def add_audience(
    storage: Storage, playground: RemotePlayground, paper: Newspaper, alerts: int, digests: int
) -> Audience:
    threads = await _add_forums(playground, alerts // ALERTS_A_THREAD)
    readers = [await _add_user(playground) for _ in range(alerts // len(TITLES) - len(threads))]
    subscribers = [await _add_user(playground) for _ in range(digests)]
    async with storage.writing() as tx:
        topics = [(await rows.add_topic(tx, keywords, timedelta())).id for keywords in TOPICS]
        alerted = [*((reader, 0) for reader in readers), *threads]
        await _subscribe(tx, topics, alerted, Mode.INSTANT)
        await _subscribe(tx, topics, ((user, 0) for user in subscribers), Mode.DIGEST)
    return Audience(storage, paper, tuple(readers), tuple(subscribers), tuple(threads))


async def _add_forums(playground: RemotePlayground, threads_each: int) -> list[Address]:
    """Add groups with the bot, and return their topic threads."""
    threads, owner = [], await _add_user(playground)
    for number in range(GROUPS):
        forum = {"type": "supergroup", "title": f"Group {number}", "members": [owner]}
        chat = int((await playground.post("add_chat", **forum))["chat_id"])
        for thread in range(1, threads_each + 1):
            await playground.post("topic", chat_id=chat, thread_id=thread, from_id=owner)
            threads.append((chat, thread))
    return threads


async def _add_user(playground: RemotePlayground) -> int:
    return int((await playground.post("add_user", first_name="Reader"))["id"])


async def _subscribe(
    tx: Transaction, topics: Iterable[int], addresses: Iterable[Address], mode: Mode
) -> None:
    chats = [
        rows.chat(
            chat,
            tx.now,
            thread_id=thread,
            kind=ChatKind.SUPERGROUP if thread else ChatKind.PRIVATE,
            empty_day=EmptyDay.LINE,
        )
        for chat, thread in addresses
    ]
    await rows.add(tx, Chat, chats)
    theirs = col(Chat.telegram_id).in_({chat["telegram_id"] for chat in chats})
    ids = await tx.rows(select(Chat.id).where(theirs))
    for topic in topics:
        subscription = {"topic_id": topic, "mode": mode, "created_at": tx.now}
        await rows.add(tx, Subscription, (subscription | {"chat_id": chat_id} for chat_id in ids))
