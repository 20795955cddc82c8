"""Chats on each database, their mailboxes, and what they were sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from bot.mail.compose import FromAddress, Mail, Mailer
from bot.matching import search
from bot.rendering.links import Links, Purpose, Signer
from bot.rendering.renderer import Renderer
from bot.subscribers import subscriptions, users
from bot.subscribers.access import Access
from bot.subscribers.users import Sender
from storage.enums import Medium, Mode
from storage.outbox import Delivery
from tests.limits import USUAL_LIMITS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.matching.query import ParsedQuery
    from bot.subscribers.subscriptions import Subscribed
    from bot.subscribers.users import CurrentUser
    from storage.db.engine import Storage


SIGNER = Signer(b"k" * 32)
OPEN = Access(is_open=True)


async def identify(storage: Storage, sender: Sender, access: Access = OPEN) -> CurrentUser:
    """Return the user behind an update; where everybody has access, unless told otherwise."""
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


@pytest.fixture
def backfills(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, datetime]]:
    """What was asked to be searched for in the past: the query, and since when."""
    asked: list[tuple[str, datetime]] = []

    async def backfill(_storage: Storage, _query: int, query: ParsedQuery, since: datetime) -> int:
        asked.append((query.canonical, since))
        return 0

    monkeypatch.setattr(search, "backfill", backfill)
    return asked


@pytest.fixture
def arrive(storage) -> Callable[..., Awaitable[int]]:
    """Return how to get our row of a chat: `await arrive(7)`."""

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
    """What stands in the outbox."""

    storage: Storage

    async def mails(self) -> list[Mail]:
        return [Mail.from_json(row.body) for row in await self.rows() if row.medium is Medium.EMAIL]

    async def rows(self) -> list[Delivery]:
        async with self.storage.reading() as tx:
            return list(await tx.session.exec(select(Delivery).order_by(col(Delivery.id))))

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
