"""Old rows are deleted, and rows that are still needed stay."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.subscribers.deletion import EDITIONS, PACES, ROLE, Retention
from storage import retention as stored
from storage.alerts import Alert
from storage.articles import Article, Folded, FoldedText, replace_folded
from storage.bundles import Bundle
from storage.db.engine import Storage
from storage.db.leases import acquire_lease
from storage.editions import Edition, EditionStory
from storage.entries import Entry
from storage.enums import ArticleStage, DeliveryKind, DeliveryState
from storage.mailboxes import MailboxRequest
from storage.matches import Match
from storage.outbox import Delivery
from storage.pace import Pace, advance_all, lock_pace, pause
from storage.schema import migrate
from storage.stories import Story

ARTICLES, DELIVERIES = timedelta(days=120), timedelta(days=30)
DAY = timedelta(days=1)


async def at_once(_seconds: float) -> None:
    return


@pytest.fixture
def retention(storage: Storage) -> Retention:
    return Retention(storage, "me", ARTICLES, DELIVERIES, pause=at_once)


@pytest.fixture
async def own_postgresql_storage(own_postgresql_url: str) -> AsyncIterator[Storage]:
    await migrate(own_postgresql_url)
    storage = Storage.open(own_postgresql_url)
    yield storage
    await storage.close()


@pytest.fixture
def little_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sources keep one article, and topics one story."""
    monkeypatch.setattr(stored, "SHOWN_BY_A_SOURCE", 1)
    monkeypatch.setattr(stored, "NEWEST_OF_A_QUERY", 1)


async def add(storage: Storage, row: Any) -> int:
    async with storage.writing() as tx:
        await tx.add(row)
        return int(row.id)


async def deliver(storage: Storage, chat_id: int, **more: Any) -> int:
    async with storage.reading() as tx:
        now = tx.now
    usual: dict[str, Any] = {
        "kind": DeliveryKind.ALERT,
        "state": DeliveryState.SENT,
        "sent_at": now,
    }
    row = Delivery(chat_id=chat_id, priority=1, body={}, due_at=now, created_at=now, **usual | more)
    return await add(storage, row)


async def numbers(storage: Storage, column: Any) -> list[Any]:
    async with storage.reading() as tx:
        return list(await tx.rows(select(column).order_by(column)))


async def publish_all(storage: Storage) -> None:
    async with storage.writing() as tx:
        await tx.change(update(Article).values(stage=ArticleStage.PUBLISHED))


async def test_old_sent_messages_are_deleted(storage, newsroom, retention, clock):
    chat = await newsroom.chat()
    for _ in range(3):
        await deliver(storage, chat)
    clock.turn(DELIVERIES)
    young = await deliver(storage, chat)
    clock.turn(DAY)

    assert await retention.run_once() == 3
    assert await numbers(storage, col(Delivery.id)) == [young]


async def test_undelivered_messages_stay(storage, newsroom, retention, clock):
    chat = await newsroom.chat()
    for state in (
        DeliveryState.HELD,
        DeliveryState.PENDING,
        DeliveryState.SUSPENDED,
        DeliveryState.UNKNOWN,
    ):
        await deliver(storage, chat, state=state, sent_at=None)
    clock.turn(2 * DELIVERIES)

    assert await retention.run_once() == 0


async def test_notices_are_deleted_like_other_messages(storage, newsroom, retention, clock):
    await deliver(storage, await newsroom.chat(), kind=DeliveryKind.NOTICE, notice="source_dead")
    clock.turn(2 * DELIVERIES)

    assert await retention.run_once() == 1


async def test_a_message_sent_late_is_kept_from_then_on(storage, newsroom, retention, clock):
    await deliver(storage, await newsroom.chat(), sent_at=clock.now + 20 * DAY)
    clock.turn(DELIVERIES + DAY)

    assert await retention.run_once() == 0


async def test_more_rows_than_one_batch_are_deleted(
    storage, newsroom, retention, clock, monkeypatch
):
    chat = await newsroom.chat()
    for _ in range(5):
        await deliver(storage, chat)
    await deliver(storage, chat, state=DeliveryState.HELD)
    clock.turn(2 * DELIVERIES)
    monkeypatch.setattr(
        Retention, "_kinds", lambda self: [kind._replace(at_once=2) for kind in kinds(self)]
    )

    assert await retention.run_once() == 5
    assert await numbers(storage, col(Delivery.state)) == [DeliveryState.HELD]


kinds = Retention._kinds


@pytest.mark.usefixtures("little_shown")
async def test_an_article_is_deleted_with_its_dependent_rows(storage, newsroom, retention, clock):
    source, query = await newsroom.source(), await newsroom.query("taiwan")
    chat = await newsroom.chat()
    old = await newsroom.article("Old", query, source_id=source)
    async with storage.writing() as tx:
        await replace_folded(tx, [FoldedText(old, "old", "words", "en")])
    story = (await numbers(storage, col(Article.story_id)))[0]
    bundle = await add(
        storage, Bundle(chat_id=chat, release_at=clock.now, is_quiet=False, released_at=clock.now)
    )
    await add(
        storage,
        Alert(chat_id=chat, story_id=story, article_id=old, made_at=clock.now, bundle_id=bundle),
    )
    clock.turn(ARTICLES + DAY)
    new = await newsroom.article("New", query, source_id=source)
    await publish_all(storage)

    await retention.run_once()

    assert await numbers(storage, col(Article.id)) == [new]
    assert await numbers(storage, col(Entry.article_id)) == [new]
    assert await numbers(storage, col(Match.article_id)) == [new]
    for left in (col(Alert.id), col(Bundle.id), col(Folded.article_id)):
        assert await numbers(storage, left) == []
    assert await numbers(storage, col(Story.id)) == await numbers(storage, col(Article.story_id))


@pytest.mark.usefixtures("little_shown")
async def test_articles_that_a_source_may_still_show_stay(storage, newsroom, retention, clock):
    await newsroom.article("Old", source_id=await newsroom.source())
    await publish_all(storage)
    clock.turn(2 * ARTICLES)

    assert await retention.run_once() == 0


@pytest.mark.usefixtures("little_shown")
async def test_the_last_story_of_a_topic_stays(storage, newsroom, retention, clock):
    source, query = await newsroom.source(), await newsroom.query("taiwan")
    last = await newsroom.article("Last of its topic", query, source_id=source)
    clock.turn(2 * ARTICLES)
    new = await newsroom.article("New", source_id=source)
    await publish_all(storage)

    await retention.run_once()

    assert await numbers(storage, col(Article.id)) == [last, new]


@pytest.mark.usefixtures("little_shown")
async def test_an_unpublished_article_stays(storage, newsroom, retention, clock):
    source = await newsroom.source()
    await newsroom.article("Old", source_id=source)
    clock.turn(2 * ARTICLES)
    await newsroom.article("New", source_id=source)

    assert await retention.run_once() == 0


async def test_a_story_stays_as_long_as_any_of_its_articles(storage, newsroom, retention, clock):
    source = await newsroom.source()
    await newsroom.article("Old", source_id=source)
    story = (await numbers(storage, col(Story.id)))[0]
    clock.turn(ARTICLES + DAY)
    new = await newsroom.article("New", source_id=source)
    await newsroom.joins(new, story_id=story)

    await retention.run_once()

    assert story in await numbers(storage, col(Story.id))


async def edition(storage: Storage, chat_id: int, made_at: datetime) -> int:
    day: dict[str, Any] = {"local_date": made_at.date(), "made_at": made_at}
    number = await add(storage, Edition(chat_id=chat_id, due_at=made_at, since=made_at, **day))
    async with storage.writing() as tx:
        await tx.add(EditionStory(chat_id=chat_id, story_id=number, edition_id=number))
    return number


async def test_an_edition_goes_when_its_link_expires_but_never_the_last(
    storage, newsroom, retention, clock
):
    chat, quiet = await newsroom.chat(7), await newsroom.chat(8)
    last_of_quiet = await edition(storage, quiet, clock.now - 400 * DAY)
    await edition(storage, chat, clock.now - EDITIONS - DAY)
    opened = await edition(storage, chat, clock.now - EDITIONS + DAY)
    newest = await edition(storage, chat, clock.now)

    assert await retention.run_once() == 1
    assert await numbers(storage, col(Edition.id)) == [last_of_quiet, opened, newest]
    kept = await numbers(storage, col(EditionStory.edition_id))
    assert kept == [last_of_quiet, opened, newest]


async def test_the_pace_of_a_silent_chat_is_deleted(storage, retention, clock):
    async with storage.writing() as tx:
        now = tx.now
        await advance_all(tx, {"chat:1": now, "chat:2": now, "bot:a": now, "smtp": now})
        await pause(tx, "chat:2", now + 2 * PACES + DAY)
    clock.turn(PACES + DAY)
    async with storage.writing() as tx:
        await advance_all(tx, {"chat:3": tx.now})

    assert await retention.run_once() == 1
    assert await numbers(storage, col(Pace.key)) == ["bot:a", "chat:2", "chat:3", "smtp"]

    clock.turn(2 * PACES + DAY)

    assert await retention.run_once() == 2
    assert await numbers(storage, col(Pace.key)) == ["bot:a", "smtp"]


async def test_paces_are_deleted_in_batches(storage, retention, clock, monkeypatch):
    async with storage.writing() as tx:
        await advance_all(tx, {f"chat:{number}": tx.now for number in range(7)})
    clock.turn(PACES + DAY)
    async with storage.writing() as tx:
        await advance_all(tx, {"chat:2": tx.now, "chat:3": tx.now})
    smaller = [kind._replace(at_once=2) for kind in retention._kinds()]
    monkeypatch.setattr(Retention, "_kinds", lambda _self: smaller)

    assert await retention.run_once() == 5
    assert await numbers(storage, col(Pace.key)) == ["chat:2", "chat:3"]


async def test_a_locked_pace_is_skipped(own_postgresql_storage):
    storage = own_postgresql_storage
    async with storage.writing() as tx:
        await advance_all(tx, {"chat:1": tx.now, "chat:2": tx.now})
        before = tx.now + DAY

    async with storage.writing() as sending:
        await lock_pace(sending, "chat:1")
        async with storage.writing() as tx:
            page = await stored.forget_paces(tx, "", before, 10)

    assert page.gone == 1
    assert await numbers(storage, col(Pace.key)) == ["chat:1"]


async def test_one_process_deletes_at_a_time(storage, newsroom, retention, clock):
    await deliver(storage, await newsroom.chat())
    clock.turn(2 * DELIVERIES)
    async with storage.writing() as tx:
        await acquire_lease(tx, ROLE, "another", timedelta(minutes=2))

    assert await retention.run_once() == 0

    clock.turn(timedelta(minutes=2))

    assert await retention.run_once() == 1


async def test_requests_to_confirm_an_address_go_after_a_day(storage, retention, clock):
    async def ask() -> int:
        row = MailboxRequest(account_hash="1", user_hash="1", address_hash="2", asked_at=clock.now)
        return await add(storage, row)

    await ask()
    clock.turn(timedelta(hours=1))
    young = await ask()
    clock.turn(timedelta(hours=23))

    await retention.run_once()

    assert await numbers(storage, MailboxRequest.id) == [young]
