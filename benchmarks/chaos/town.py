"""A town to send to: readers and groups who want alerts, readers who want digests; their dues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import col, func, select

from storage.chats import Chat, DigestTime
from storage.db.engine import Storage, Transaction
from storage.db.leases import Lease
from storage.enums import ChatKind, DeliveryState, EmptyDay, Mode
from storage.outbox import Delivery
from storage.queries import query_for
from storage.schedules import EVERY_DAY
from storage.schema import leased_tables
from storage.subscriptions import Subscription
from storage.topics import Topic
from tests.story.newspaper import Newspaper
from tests.story.playground import FarPlayground

# Fewer than the alerts an hour above which they are bundled.
STORIES = 5
WORDS = "mayor"
# Forums, and for how many alerts in all each of them has one more topic that wants its own: of
# thousands a forum gets more than 20, a minute's worth, and has time enough for them; of fewer
# none, since at one in three seconds a run would wait for them alone.
GROUPS = 3
ALERTS_A_TOPIC = 600
_MINUTE = timedelta(minutes=1)

Address = tuple[int, int]
"""A chat by Telegram's number, and the topic in it; 0 is the chat itself."""


@dataclass(frozen=True)
class Town:
    """*readers* and *topics*, those of groups, get an alert for each story, *subscribers* one
    digest; by Telegram's number.
    """

    storage: Storage
    paper: Newspaper
    readers: tuple[int, ...]
    subscribers: tuple[int, ...]
    topics: tuple[Address, ...] = ()

    @property
    def alerts(self) -> int:
        return (len(self.readers) + len(self.topics)) * STORIES

    @property
    def due(self) -> int:
        return self.alerts + len(self.subscribers)

    @property
    def chats(self) -> set[int]:
        return {*self.readers, *self.subscribers, *(group for group, _ in self.topics)}

    def owed(self) -> dict[Address, int]:
        """Return how many messages each is to have at the end."""
        each = len(self.titles())
        return (
            {(reader, 0): each for reader in self.readers}
            | dict.fromkeys(self.topics, each)
            | {(subscriber, 0): 1 for subscriber in self.subscribers}
        )

    def titles(self) -> tuple[str, ...]:
        # So different that no two are one story.
        return (
            "Mayor opens a bridge over the Harmon river",
            "Hospital strike ends after talks with the mayor",
            "Fire at the old mill: mayor thanks volunteers",
            "Mayor bans cars from the market square",
            "Football club asks mayor for a larger stadium",
        )[:STORIES]

    async def progress(self, share: float) -> None:
        """Let happen what happens by the time a *share* of the run is over."""
        printed = len(self.paper.titles) - 1
        wanted = min(STORIES, int(share * STORIES) + 1)
        if wanted > printed:
            self.paper.print(*self.titles()[printed:wanted])
        await self._fall_due(min(1.0, share + 0.1))

    async def _fall_due(self, share: float) -> None:
        """Let the digests of a *share* of the subscribers be due now."""
        chosen = self.subscribers[: int(share * len(self.subscribers))]
        async with self.storage.writing() as tx:
            rows = await tx.session.exec(
                select(Chat.id)
                .outerjoin(DigestTime, col(DigestTime.chat_id) == Chat.id)
                .where(col(Chat.telegram_id).in_(chosen), col(DigestTime.chat_id).is_(None))
            )
            if new := [row for row in rows if row]:
                await _fall_due(tx, new)

    async def left(self) -> int:
        """Return how many of those that are due have not come to their end."""
        ended = (DeliveryState.SENT, DeliveryState.HELD, DeliveryState.FAILED)
        async with self.storage.reading() as tx:
            done = select(func.count()).where(col(Delivery.state).in_(ended))
            return self.due - (await tx.session.exec(done)).one()

    async def in_flight(self, pid: int) -> int:
        """Return how many calls the process *pid* left unanswered, as the database knows it."""
        theirs = col(Delivery.owner).contains(f":{pid}:")
        async with self.storage.reading() as tx:
            sending = col(Delivery.state) == DeliveryState.SENDING
            statement = select(func.count()).where(sending, theirs)
            return (await tx.session.exec(statement)).one()

    async def held_by(self, pid: int) -> int:
        """Return how many deliveries the process *pid* still has in hand."""
        async with self.storage.reading() as tx:
            theirs = select(func.count()).where(col(Delivery.owner).contains(f":{pid}:"))
            return (await tx.session.exec(theirs)).one()

    async def bury(self, pid: int) -> None:
        """End the leases of *pid*, which is no more, so that nobody has to wait for that."""
        async with self.storage.writing() as tx:
            tables: list[Any] = [*leased_tables(), Lease]
            for table in tables:
                theirs = col(table.owner).contains(f":{pid}:")
                await tx.session.exec(update(table).where(theirs).values(lease_until=tx.now))


async def _fall_due(tx: Transaction, chat_ids: Sequence[int]) -> None:
    now = tx.now.replace(second=0, microsecond=0)
    minutes = now.hour * 60 + now.minute
    tx.session.add_all(
        DigestTime(chat_id=chat, number=0, minutes=minutes, weekdays=EVERY_DAY) for chat in chat_ids
    )
    await tx.session.exec(update(Chat).where(col(Chat.id).in_(chat_ids)).values(next_digest_at=now))


async def build(
    storage: Storage, playground: FarPlayground, paper: Newspaper, alerts: int, digests: int
) -> Town:
    topics = await _forums(playground, alerts // ALERTS_A_TOPIC)
    readers = [await _person(playground) for _ in range(alerts // STORIES - len(topics))]
    subscribers = [await _person(playground) for _ in range(digests)]
    async with storage.writing() as tx:
        query = await query_for(tx, WORDS)
        topic = Topic(name=WORDS, typed=WORDS, query_id=query.id, created_at=tx.now)
        tx.session.add(topic)
        await tx.session.flush()
        alerted = [*_private(readers), *(_in_forum(each) for each in topics)]
        await _subscribe(tx, topic.id, alerted, Mode.INSTANT)
        await _subscribe(tx, topic.id, _private(subscribers), Mode.DIGEST)
    return Town(storage, paper, tuple(readers), tuple(subscribers), tuple(topics))


async def _forums(playground: FarPlayground, topics_each: int) -> list[Address]:
    """Return the topics of the groups; the bot is in them already."""
    topics, owner = [], await _person(playground)
    for number in range(GROUPS):
        forum = {"type": "supergroup", "title": f"Group {number}", "members": [owner]}
        chat = int((await playground.post("add_chat", **forum))["chat_id"])
        for thread in range(1, topics_each + 1):
            await playground.post("topic", chat_id=chat, thread_id=thread, from_id=owner)
            topics.append((chat, thread))
    return topics


async def _person(playground: FarPlayground) -> int:
    return int((await playground.post("add_user", first_name="Reader"))["id"])


def _private(people: Iterable[int]) -> list[dict[str, Any]]:
    return [{"telegram_id": person, "thread_id": 0, "kind": ChatKind.PRIVATE} for person in people]


def _in_forum(topic: Address) -> dict[str, Any]:
    return {"telegram_id": topic[0], "thread_id": topic[1], "kind": ChatKind.SUPERGROUP}


async def _subscribe(
    tx: Transaction, topic_id: int, chats: Sequence[dict[str, Any]], mode: Mode
) -> None:
    if not chats:
        return
    facts: dict[str, Any] = {
        "state_since": tx.now,
        "created_at": tx.now,
        "empty_day": EmptyDay.LINE,
    }
    connection = await tx.session.connection()
    await connection.execute(insert(Chat), [chat | facts for chat in chats])
    theirs = col(Chat.telegram_id).in_({chat["telegram_id"] for chat in chats})
    rows = await tx.session.exec(select(Chat.id).where(theirs))
    wish = {"topic_id": topic_id, "mode": mode, "created_at": tx.now}
    await connection.execute(insert(Subscription), [{"chat_id": row} | wish for row in rows])
