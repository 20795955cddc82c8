"""A town to send to: readers who want alerts, readers who want digests, and what they are owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, update
from sqlmodel import col, func, select

from storage.chats import Chat
from storage.deliveries import Delivery
from storage.leases import Lease
from storage.queries import query_for
from storage.slots import DigestSlot
from storage.subscriptions import Subscription
from storage.tables import LEASED
from storage.topics import Topic
from storage.words import EVERY_DAY, DeliveryState, EmptyDay, Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.engine import Storage, Unit
    from tests.story.newspaper import Newspaper
    from tests.story.playground import FarPlayground

# Fewer than the alerts an hour above which they are bundled.
STORIES = 5
WORDS = "mayor"
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Town:
    """*readers* get an alert for each story, *subscribers* one digest; by Telegram's number."""

    storage: Storage
    paper: Newspaper
    readers: tuple[int, ...]
    subscribers: tuple[int, ...]

    @property
    def due(self) -> int:
        return len(self.readers) * STORIES + len(self.subscribers)

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
        async with self.storage.writing() as unit:
            rows = await unit.session.exec(
                select(Chat.id)
                .outerjoin(DigestSlot, col(DigestSlot.chat_id) == Chat.id)
                .where(col(Chat.telegram_id).in_(chosen), col(DigestSlot.chat_id).is_(None))
            )
            if new := [row for row in rows if row]:
                await _fall_due(unit, new)

    async def left(self) -> int:
        """Return how many of those that are due have not come to their end."""
        ended = (DeliveryState.SENT, DeliveryState.HELD, DeliveryState.FAILED)
        async with self.storage.reading() as unit:
            done = select(func.count()).where(col(Delivery.state).in_(ended))
            return self.due - (await unit.session.exec(done)).one()

    async def in_flight(self, pid: int) -> int:
        """Return how many calls the process *pid* left unanswered, as the database knows it."""
        theirs = col(Delivery.owner).contains(f":{pid}:")
        async with self.storage.reading() as unit:
            sending = col(Delivery.state) == DeliveryState.SENDING
            statement = select(func.count()).where(sending, theirs)
            return (await unit.session.exec(statement)).one()

    async def held_by(self, pid: int) -> int:
        """Return how many deliveries the process *pid* still has in hand."""
        async with self.storage.reading() as unit:
            theirs = select(func.count()).where(col(Delivery.owner).contains(f":{pid}:"))
            return (await unit.session.exec(theirs)).one()

    async def bury(self, pid: int) -> None:
        """End the leases of *pid*, which is no more, so that nobody has to wait for that."""
        async with self.storage.writing() as unit:
            tables: list[Any] = [*LEASED, Lease]
            for table in tables:
                theirs = col(table.owner).contains(f":{pid}:")
                await unit.session.exec(update(table).where(theirs).values(lease_until=unit.now))


async def _fall_due(unit: Unit, chat_ids: Sequence[int]) -> None:
    now = unit.now.replace(second=0, microsecond=0)
    minutes = now.hour * 60 + now.minute
    unit.session.add_all(
        DigestSlot(chat_id=chat, number=0, minutes=minutes, weekdays=EVERY_DAY) for chat in chat_ids
    )
    await unit.session.exec(
        update(Chat).where(col(Chat.id).in_(chat_ids)).values(next_digest_at=now)
    )


async def build(
    storage: Storage, playground: FarPlayground, paper: Newspaper, alerts: int, digests: int
) -> Town:
    readers = [await _person(playground) for _ in range(alerts // STORIES)]
    subscribers = [await _person(playground) for _ in range(digests)]
    async with storage.writing() as unit:
        query = await query_for(unit, WORDS)
        topic = Topic(name=WORDS, typed=WORDS, query_id=query.id or 0, created_at=unit.now)
        unit.session.add(topic)
        await unit.session.flush()
        await _subscribe(unit, topic.id or 0, readers, Mode.INSTANT)
        await _subscribe(unit, topic.id or 0, subscribers, Mode.DIGEST)
    return Town(storage, paper, tuple(readers), tuple(subscribers))


async def _person(playground: FarPlayground) -> int:
    return int((await playground.post("people", first_name="Reader"))["id"])


async def _subscribe(unit: Unit, topic_id: int, people: Sequence[int], mode: Mode) -> None:
    if not people:
        return
    facts: dict[str, Any] = {
        "state_since": unit.now,
        "created_at": unit.now,
        "empty_day": EmptyDay.LINE,
    }
    connection = await unit.session.connection()
    await connection.execute(insert(Chat), [{"telegram_id": person} | facts for person in people])
    chats = await unit.session.exec(select(Chat.id).where(col(Chat.telegram_id).in_(people)))
    wish = {"topic_id": topic_id, "mode": mode, "created_at": unit.now}
    await connection.execute(insert(Subscription), [{"chat_id": chat} | wish for chat in chats])
