"""Alerts that could not reach a chat are listed in its next digest, or move with their thread."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.subscribers import groups
from storage.chats import Chat
from storage.enums import ChatKind, ChatState, DeliveryKind, DeliveryState, EmptyDay, Mode
from storage.outbox import Delivery
from storage.subscriptions import Subscription
from storage.suspension import restore_chat, suspend_chat

DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def alerted(newsroom, clock):
    """A chat with alerts of one topic and digests of another."""
    await newsroom.source()
    chat = await newsroom.chat(next_digest_at=DUE)
    ferry, ports = await newsroom.query("ferry"), await newsroom.query("ports")
    await newsroom.subscribe(chat, ferry, "Ferries", Mode.INSTANT)
    await newsroom.subscribe(chat, ports, "Ports", Mode.DIGEST)
    clock.turn(MINUTE)
    return chat


@pytest.fixture
def closed(storage, clock):
    """Return a function that closes Telegram to the bot for an hour, and acts meanwhile."""

    async def close(chat: int, happens, state: ChatState = ChatState.BLOCKED) -> None:
        async with storage.writing() as tx:
            await suspend_chat(tx, chat, state)
        clock.turn(MINUTE)
        await happens()
        clock.turn(HOUR)
        async with storage.writing() as tx:
            await restore_chat(tx, chat)
        clock.turn(MINUTE)

    return close


@pytest.fixture
def reported(newsroom, publishing):
    """Return a function that stores an article on ferries, and sends alerts about it."""

    async def report(title: str = "A ferry sinks", **more) -> None:
        await newsroom.article(title, 1, source_id=1, **more)
        await publishing.alerts()

    return report


@pytest.fixture
def digest(publishing, newsroom, clock):
    async def texts() -> list[str]:
        clock.now = (await newsroom.all(Chat))[0].next_digest_at
        await publishing.digests()
        rows = await newsroom.all(Delivery)
        return [row.body["text"] for row in rows if row.kind is DeliveryKind.EDITION]

    return texts


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(ChatState.BLOCKED, id="blocked"),
        pytest.param(ChatState.KICKED, id="kicked"),
    ],
)
async def test_missed_alerts_are_in_the_next_digest(
    alerted, closed, reported, digest, newsroom, state
):
    await closed(alerted, reported, state)

    first = await digest()
    await newsroom.article("A port opens", 2, source_id=1)
    second = await digest()

    assert await newsroom.alerts() == []
    assert "Ferries · 1 story\n\n• A ferry sinks" in first[0]
    assert "That is all: 1 story" in first[0]
    assert "ferry" not in second[1]


async def test_an_expired_alert_is_there_too(alerted, closed, reported, digest, storage, clock):
    await reported()

    async def time_passes() -> None:
        clock.turn(7 * HOUR)

    await closed(alerted, time_passes)

    async with storage.reading() as tx:
        (delivery,) = await tx.rows(select(Delivery))
    assert delivery.state is DeliveryState.EXPIRED
    assert "• A ferry sinks" in (await digest())[0]


async def test_stories_alerted_before_or_after_are_not_missed_alerts(
    alerted, closed, reported, digest
):
    async def nothing() -> None:
        return

    await reported("A ferry sails")
    await closed(alerted, nothing)
    await reported("A ferry lands")

    assert await digest() == []


@pytest.mark.parametrize("setting", [None, EmptyDay.SKIP, EmptyDay.NEAREST])
async def test_a_chat_with_alerts_only_gets_one_digest_of_what_it_missed(
    alerted, closed, reported, digest, newsroom, publishing, setting
):
    ports = (await newsroom.all(Subscription))[1]
    await newsroom.change(Subscription, ports.id, mode=Mode.INSTANT)
    await newsroom.change(Chat, alerted, next_digest_at=None)
    if setting:
        await newsroom.change(Chat, alerted, empty_day=setting)

    await closed(alerted, reported)
    await publishing.digests()
    (chat,) = await newsroom.all(Chat)
    assert chat.next_digest_at == DUE
    (text,) = await digest()

    assert "Ferries · 1 story\n\n• A ferry sinks" in text
    assert "Next" not in text
    (chat,) = await newsroom.all(Chat)
    assert chat.next_digest_at is None
    await reported("A ferry lands")
    assert len(await newsroom.alerts()) == 1


async def test_a_chat_with_alerts_only_that_missed_nothing_gets_no_digest(
    alerted, closed, digest, newsroom, publishing
):
    async def nothing() -> None:
        return

    ports = (await newsroom.all(Subscription))[1]
    await newsroom.change(Subscription, ports.id, mode=Mode.INSTANT)
    await newsroom.change(Chat, alerted, next_digest_at=None, empty_day=EmptyDay.NEAREST)

    await closed(alerted, nothing)
    await publishing.digests()

    assert await digest() == []
    (chat,) = await newsroom.all(Chat)
    assert chat.next_digest_at is None


@pytest.mark.parametrize(
    ("state", "more"),
    [
        pytest.param(ChatState.PAUSED, {}, id="the chat had paused"),
        pytest.param(ChatState.BLOCKED, {"quiet": True}, id="the article was backlog"),
    ],
)
async def test_stories_that_were_never_alerts_are_not_missed_alerts(
    alerted, closed, reported, digest, state, more
):
    async def happens() -> None:
        await reported(**more)

    await closed(alerted, happens, state)

    assert await digest() == []


GROUP = -1_000_000_000_007


@pytest.fixture
async def thread(newsroom, clock):
    """Return a thread of a group with alerts, and the group's own chat."""
    await newsroom.source()
    general = await newsroom.chat(GROUP, kind=ChatKind.SUPERGROUP)
    closed = await newsroom.chat(GROUP, kind=ChatKind.SUPERGROUP, thread_id=5, alerts_an_hour=1)
    query = await newsroom.query("ferry")
    topic = await newsroom.subscribe(closed, query, "Ferries", Mode.INSTANT)
    clock.turn(MINUTE)
    return closed, general, topic


@pytest.fixture
def deleted(storage, thread):
    """Return a function by which Telegram reports that the thread was deleted."""

    async def delete() -> None:
        async with storage.writing() as tx:
            await suspend_chat(tx, thread[0], ChatState.TOPIC_CLOSED)

    return delete


async def test_an_alert_moves_with_its_topic(thread, deleted, reported, newsroom, storage, clock):
    closed, general, topic = thread
    await reported()
    await deleted()
    clock.turn(HOUR)

    await groups.move_subscription(storage, general, closed, topic)

    (delivery,), (alert,) = await newsroom.all(Delivery), await newsroom.alerts()
    assert (delivery.chat_id, delivery.state) == (general, DeliveryState.PENDING)
    assert alert.chat_id == general


async def test_an_old_alert_expires_on_the_move(
    thread, deleted, reported, newsroom, storage, clock
):
    closed, general, topic = thread
    await reported()
    await deleted()
    clock.turn(7 * HOUR)

    await groups.move_subscription(storage, general, closed, topic)

    (delivery,) = await newsroom.all(Delivery)
    assert delivery.state is DeliveryState.EXPIRED


async def test_postponed_alerts_move_too(
    thread, deleted, reported, newsroom, publishing, storage, clock
):
    closed, general, topic = thread
    await reported("A ferry sails")
    await reported("A ferry sinks")  # beyond the limit of one an hour
    await deleted()

    await groups.move_subscription(storage, general, closed, topic)
    clock.turn(2 * HOUR)
    await publishing.bundles()

    bundled = [row for row in await newsroom.all(Delivery) if row.kind is DeliveryKind.BUNDLE]
    assert [row.chat_id for row in bundled] == [general]
    assert "A ferry sinks" in bundled[0].body["text"]


async def test_deliveries_to_an_open_thread_stay_there(thread, reported, newsroom, storage):
    closed, general, topic = thread
    await reported()

    await groups.move_subscription(storage, general, closed, topic)

    (delivery,) = await newsroom.all(Delivery)
    assert delivery.chat_id == closed
