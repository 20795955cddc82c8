"""Nothing is left of a deleted chat: every table is examined."""

import subprocess
import sys
from datetime import date
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from sqlalchemy import Column, func
from sqlmodel import SQLModel, col
from sqlmodel import select as rows_of

import storage as storage_package
from bot.subscribers import deletion, mutes, settings, subscriptions, users
from bot.subscribers.access import Access
from bot.subscribers.mutes import Duration, TopicSubject
from bot.subscribers.users import Sender
from storage.access import add_admin, admin_ids
from storage.alerts import Alert
from storage.articles import store_articles
from storage.chats import Chat, PublishedFeed
from storage.editions import Edition, EditionStory
from storage.enums import ChatKind, DeliveryKind
from storage.outbox import Delivery
from storage.queries import Query
from storage.schema import metadata
from storage.sources import Follow, add_source
from storage.stories import Story
from storage.subscriptions import Subscription
from storage.suspension import open_mailbox
from storage.topics import Topic
from tests.rows import source_row
from tests.subscribers.conftest import subscribe

# Columns that name a user or a chat of Telegram and not our row: admins and what they did; users
# with access and chat admins, whom the deletion forgets itself; bans and wrong codes, which outlive
# a deletion.
OTHERS = {
    *("auditevent.user_id", "admin.user_id", "broadcast.user_id"),
    "broadcast.status_chat_id",
    "feedimport.telegram_id",  # where its progress is shown; the row goes when it is done
    *("accessrequest.user_id", "accessrequest.telegram_id"),  # deleted with the user's chat
    "channelsource.telegram_id",  # deleted with the channel, and with the chat that allowed it
    *("admission.user_id", "ban.telegram_id", "wrongguesses.user_id", "chatadmin.user_id"),
}


def columns() -> list[Column[Any]]:
    """Return every column that names our row of a chat."""
    chat = metadata().tables["chat"].c.id
    return [
        column
        for table in metadata().tables.values()
        for column in table.columns
        if column.references(chat)
    ]


def test_rows_that_name_a_chat_go_with_it():
    """Else a new table could be forgotten. Counts of usage stay without the chat."""
    assert [
        (str(column), key.ondelete)
        for column in columns()
        for key in column.foreign_keys
        if key.ondelete != "CASCADE"
    ] == [("usage.chat_id", "SET NULL")]


def test_no_column_names_a_chat_or_a_user_unlisted():
    named = {
        f"{table.name}.{column.name}"
        for table in metadata().tables.values()
        for column in table.columns
        if column.name.endswith(("chat_id", "user_id", "telegram_id"))
    }

    assert named - {str(column) for column in columns()} - OTHERS == {"chat.telegram_id"}


@pytest.fixture
async def ann(storage, arrive):
    """Return a chat with a row in as many tables as possible."""
    chat_id = await arrive(1)
    kept, ended = [(await subscribe(storage, chat_id, words)).topic_id for words in ("a1", "b1")]
    await mutes.mute(storage, chat_id, TopicSubject(kept), Duration.WEEK)
    await subscriptions.unsubscribe(storage, chat_id, ended)
    await settings.set_single_time(storage, chat_id, 7 * 60)
    await _report(storage, chat_id)
    return chat_id


async def _report(storage, chat_id: int) -> None:
    async with storage.writing() as tx:
        now = tx.now
        await tx.add(Follow(chat_id=chat_id, source_id=await add_source(tx, source_row()) or 0))
        article = {"url_hash": "1", "url": "https://a.example/1", "title": "A", "text": ""}
        times = {"stored_at": now, "news_at": now}
        ((_, article_id),) = (await store_articles(tx, [article | times])).items()
        story = await tx.one(rows_of(Story.id))
        await tx.add(PublishedFeed(chat_id=chat_id, changed_at=now))
        await open_mailbox(tx, chat_id, "ann@example.org")
        edition = Edition(
            chat_id=chat_id, local_date=date(2026, 3, 2), due_at=now, made_at=now, since=now
        )
        await tx.add(edition)
        await tx.add(EditionStory(chat_id=chat_id, story_id=story, edition_id=edition.id))
        await tx.add(Alert(chat_id=chat_id, story_id=story, article_id=article_id, made_at=now))
        kind = DeliveryKind.NOTICE
        await tx.add(
            Delivery(kind=kind, chat_id=chat_id, priority=0, body={}, due_at=now, created_at=now)
        )


async def left(storage, chat_id: int) -> dict[str, int]:
    async with storage.reading() as tx:
        counts = {
            str(column): await tx.one(
                rows_of(func.count()).select_from(column.table).where(column == chat_id)
            )
            for column in columns()
        }
    return {name: count for name, count in counts.items() if count}


async def test_every_table_forgets_the_chat(storage, ann, arrive):
    bob = await arrive(2)
    await subscribe(storage, bob, "a1")
    before, bobs = await left(storage, ann), await left(storage, bob)

    await deletion.delete_chat(storage, ann, 1)

    assert len(before) >= 12
    assert await left(storage, ann) == {}
    assert await left(storage, bob) == bobs
    async with storage.reading() as tx:
        assert await tx.rows(rows_of(Chat).where(col(Chat.telegram_id) == 1)) == []


def test_every_table_of_storage_is_examined():
    """Other tests have imported all modules, so a new process says which `metadata` knows."""
    known = subprocess.run(
        [sys.executable, "-c", "from storage.schema import metadata; print(*metadata().tables)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    for module in walk_packages(storage_package.__path__, "storage."):
        if not module.name.startswith("storage.migrations"):
            import_module(module.name)

    assert set(known) == set(SQLModel.metadata.tables)


async def test_deleting_a_chat_deletes_nothing_of_others(storage, arrive):
    ann, bob = await arrive(1), await arrive(2)
    for chat_id in (ann, bob):
        await subscribe(storage, chat_id, "Taiwan")
    await subscribe(storage, ann, "a secret")
    async with storage.writing() as tx:
        await add_admin(tx, 1)

    await deletion.delete_chat(storage, ann, 1)

    async with storage.reading() as tx:
        chats = list(await tx.rows(rows_of(Chat.id)))
        topics = list(await tx.rows(rows_of(Topic.chat_id)))
        subscribed = list(await tx.rows(rows_of(Subscription.chat_id)))
        live = rows_of(Query.canonical).where(col(Query.live).is_(True))
        queries = list(await tx.rows(live))
        admins = await admin_ids(tx)
    assert chats == topics == subscribed == [bob]
    assert queries == ["taiwan"]
    assert list(admins) == []


async def test_deleting_a_chat_twice_is_as_deleting_it_once(storage, arrive):
    ann = await arrive(1)

    await deletion.delete_chat(storage, ann, 1)
    await deletion.delete_chat(storage, ann, 1)

    async with storage.reading() as tx:
        assert list(await tx.rows(rows_of(Chat.id))) == []


async def test_a_group_stays_and_forgets_its_inviter(storage, arrive):
    own = await arrive(7)
    group = Sender(7, -100, kind=ChatKind.GROUP, name="Ann", title="Newsroom")
    chat_id = await users.join_group(storage, group, access=Access(is_open=True))

    await deletion.delete_chat(storage, own, 7)

    async with storage.reading() as tx:
        row = await tx.get(Chat, chat_id)
    assert row
    assert row.invited_by == 0
