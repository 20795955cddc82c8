"""The latest alerts of a chat: those that have arrived, alone or in a bundle."""

from datetime import timedelta

import pytest
from sqlmodel import col, update

from bot.publishing.rate_limits import BURST_WITHIN
from bot.subscribers.errors import NoSuchAlert
from bot.subscribers.sent_stories import MOST, recent_alert, recent_alerts
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import DeliveryKind, DeliveryState
from storage.outbox import Delivery

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
async def chat(newsroom, publishing, clock):
    """Return a chat that had two alerts one by one, and two in a bundle."""
    source, query = await newsroom.source("Wire"), await newsroom.query("words")
    chat = await newsroom.reader(query, name="My words", alerts_an_hour=2)
    for title in ("One", "Two", "Three", "Four"):
        clock.turn(MINUTE)
        await newsroom.article(title, query, source_id=source)
        await publishing.alerts()
    clock.turn(2 * HOUR)
    await publishing.bundles()
    return chat


@pytest.fixture
def settle(storage):
    """Return a function that gives the deliveries of a kind a state."""

    async def change(state: DeliveryState, kind: DeliveryKind) -> None:
        async with storage.writing() as tx:
            await tx.change(update(Delivery).where(col(Delivery.kind) == kind).values(state=state))

    return change


async def titles(storage: Storage, chat: int) -> list[str]:
    return [alert.story.title for alert in await recent_alerts(storage, chat)]


async def test_alerts_are_listed_once_they_have_arrived(storage, chat, settle):
    waiting = await titles(storage, chat)
    await settle(DeliveryState.SENT, DeliveryKind.ALERT)
    alone = await titles(storage, chat)
    await settle(DeliveryState.SENT, DeliveryKind.BUNDLE)

    assert waiting == []
    assert alone == ["Two", "One"]
    assert await titles(storage, chat) == ["Four", "Three", "Two", "One"]


async def test_an_alert_that_was_dropped_is_not_listed(storage, chat, settle):
    await settle(DeliveryState.SENT, DeliveryKind.ALERT)
    await settle(DeliveryState.DROPPED, DeliveryKind.BUNDLE)

    assert await titles(storage, chat) == ["Two", "One"]


async def test_an_alert_is_shown_as_it_was_sent(storage, chat, settle):
    await settle(DeliveryState.SENT, DeliveryKind.ALERT)
    *_, first = await recent_alerts(storage, chat)

    alert = await recent_alert(storage, chat, first.story.id)

    assert alert == first
    assert (alert.story.title, alert.story.publisher) == ("One", "Wire")
    assert [topic.name for topic in alert.topics] == ["My words"]


async def test_an_alert_of_another_chat_cannot_be_shown(storage, newsroom, chat, settle):
    await settle(DeliveryState.SENT, DeliveryKind.ALERT)
    (newest, *_) = await recent_alerts(storage, chat)
    other = await newsroom.chat(8)

    assert await recent_alerts(storage, other) == []
    with pytest.raises(NoSuchAlert):
        await recent_alert(storage, other, newest.story.id)


async def test_only_the_latest_alerts_are_listed(
    storage, newsroom, publishing, chat, settle, clock
):
    await newsroom.change(Chat, chat, alerts_an_hour=60)
    for number in range(MOST):
        clock.turn(BURST_WITHIN)
        await newsroom.article(f"More {number}", 1, source_id=1)
        await publishing.alerts()
    await settle(DeliveryState.SENT, DeliveryKind.ALERT)

    assert await titles(storage, chat) == [f"More {number}" for number in reversed(range(MOST))]
