"""Chats on each database, their mailboxes, and the messages that they were sent."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlmodel import SQLModel, col, func, select

from bot.mail.compose import FromAddress, Mail, Mailer
from bot.matching.query import ParsedQuery
from bot.rendering.links import Links, Purpose, Signer
from bot.rendering.renderer import Renderer
from bot.subscribers import catalogue, export, mutes, settings, subscriptions, users
from bot.subscribers.access import Access
from bot.subscribers.mutes import Duration, TopicSubject
from bot.subscribers.subscriptions import Subscribed
from bot.subscribers.users import CurrentUser, Sender
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import Medium, Mode
from storage.outbox import Delivery
from storage.schedules import QuietHours
from tests.publishing.newsroom import Newsroom
from tests.resources import USUAL_LIMITS

SIGNER = Signer(b"k" * 32)
OPEN = Access(is_open=True)


async def identify(storage: Storage, sender: Sender, access: Access = OPEN) -> CurrentUser:
    """Return the user who sent an update; by default everybody has access."""
    user = await users.identify(storage, sender, access=access)
    assert user
    return user


async def subscribe(
    storage: Storage, chat_id: int, typed: str, mode: Mode = Mode.BOTH
) -> Subscribed:
    """Subscribe the chat within the usual limits."""
    return await subscriptions.subscribe(storage, chat_id, typed, mode, limits=USUAL_LIMITS)


async def subscribe_to_topic(
    storage: Storage, chat_id: int, topic_id: int, mode: Mode = Mode.BOTH
) -> Subscribed:
    return await subscriptions.subscribe_to_topic(
        storage, chat_id, topic_id, mode, limits=USUAL_LIMITS
    )


async def fill_chat(storage: Storage, chat_id: int) -> None:
    """Give a chat two topics, a name, a mute, a digest time and quiet hours."""
    topic_id = (await subscribe(storage, chat_id, 'Taiwan OR "a b"', Mode.DIGEST)).topic_id
    await subscriptions.rename_topic(storage, chat_id, topic_id, "The island")
    await mutes.mute(storage, chat_id, TopicSubject(topic_id), Duration.WEEK)
    await subscribe(storage, chat_id, "Japan")
    await settings.set_single_time(storage, chat_id, 7 * 60 + 30)
    await settings.set_quiet_hours(storage, chat_id, QuietHours(22 * 60, 6 * 60))


async def next_digest(storage: Storage, chat_id: int) -> datetime | None:
    async with storage.reading() as tx:
        return (await tx.get_one(Chat, chat_id)).next_digest_at


async def count(storage: Storage, table: type[SQLModel]) -> int:
    async with storage.reading() as tx:
        return int(await tx.one(select(func.count()).select_from(table)))


@pytest.fixture
def newsroom(storage: Storage) -> Newsroom:
    return Newsroom(storage)


@pytest.fixture
def backfills(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, datetime]]:
    """Return the queries that were backfilled, each with the start of the search."""
    asked: list[tuple[str, datetime]] = []

    async def backfill(
        _storage: Storage, _query: int, query: ParsedQuery, since: datetime, **_: object
    ) -> int:
        asked.append((query.canonical, since))
        return 0

    for caller in (catalogue, export, subscriptions):
        monkeypatch.setattr(caller, "backfill", backfill)
    return asked


@pytest.fixture
def arrive(storage) -> Callable[..., Awaitable[int]]:
    """Return how to get our row of a user's chat: `await arrive(7)`."""

    async def arrived(user_id: int = 1, language: str = "ja") -> int:
        user = await identify(storage, Sender(user_id, user_id, name="A", language=language))
        return user.chat_id

    return arrived


@pytest.fixture
async def chat_id(arrive) -> int:
    """Return our row of a user's chat."""
    return int(await arrive())


@pytest.fixture
def mailer() -> Mailer:
    sender = FromAddress("news@dateline.example", returns="back@dateline.example")
    return Mailer(Renderer(), sender, Links("https://dateline.example", SIGNER))


@dataclass
class Sent:
    """Reads the outbox."""

    storage: Storage

    async def mails(self) -> list[Mail]:
        return [Mail.from_json(row.body) for row in await self.rows() if row.medium is Medium.EMAIL]

    async def rows(self) -> list[Delivery]:
        async with self.storage.reading() as tx:
            return list(await tx.rows(select(Delivery).order_by(col(Delivery.id))))

    async def code(self) -> str:
        found = re.search(r"^ +(\d{3}) (\d{3})$", (await self.mails())[-1].text, re.MULTILINE)
        assert found
        return found[1] + found[2]

    async def token(self, now) -> str:
        found = re.search(r"https://dateline\.example/c/(\S+)", (await self.mails())[-1].text)
        assert found
        return SIGNER.verify(Purpose.CONFIRM, found[1], now)[1]


@pytest.fixture
def sent(storage) -> Sent:
    return Sent(storage)
