"""A group that became a supergroup stays one row, whatever came first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col, select

from storage.chats import Chat
from storage.enums import ChatKind, Mode
from storage.queries import query_for
from storage.subscriptions import Subscription
from storage.suspension import migrate_chat
from storage.topics import Topic

if TYPE_CHECKING:
    from storage.db.engine import Storage, Transaction

OLD, NEW = -7, -1007


async def add_chat(tx: Transaction, telegram_id: int, thread_id: int = 0) -> int:
    chat = Chat(
        telegram_id=telegram_id,
        thread_id=thread_id,
        kind=ChatKind.GROUP,
        state_since=tx.now,
        created_at=tx.now,
    )
    tx.session.add(chat)
    await tx.session.flush()
    assert chat.id
    return chat.id


async def chats_of(storage: Storage) -> list[tuple[int | None, int, int]]:
    async with storage.reading() as tx:
        rows = await tx.session.exec(select(Chat).order_by(col(Chat.id)))
        return [(row.id, row.telegram_id, row.thread_id) for row in rows]


async def test_our_row_keeps_its_number_and_gets_the_new_id(storage):
    async with storage.writing() as tx:
        chat = await add_chat(tx, OLD)
        await migrate_chat(tx, OLD, NEW)

    assert await chats_of(storage) == [(chat, NEW, 0)]


async def test_a_row_that_came_first_is_merged_into_the_older_one(storage):
    async with storage.writing() as tx:
        old, newer = await add_chat(tx, OLD), await add_chat(tx, NEW)
        both, only_new = await add_topics(tx, "Taiwan", "rates")
        for chat, topic in ((old, both), (newer, both), (newer, only_new)):
            tx.session.add(
                Subscription(chat_id=chat, topic_id=topic, mode=Mode.BOTH, created_at=tx.now)
            )
        await tx.session.flush()

        await migrate_chat(tx, OLD, NEW)

    assert await chats_of(storage) == [(old, NEW, 0)]
    async with storage.reading() as tx:
        rows = (await tx.session.exec(select(Subscription))).all()
        assert sorted((row.chat_id, row.topic_id) for row in rows) == [(old, both), (old, only_new)]


async def test_migrating_twice_changes_nothing(storage):
    async with storage.writing() as tx:
        chat = await add_chat(tx, OLD)
        await migrate_chat(tx, OLD, NEW)
        await migrate_chat(tx, OLD, NEW)

    assert await chats_of(storage) == [(chat, NEW, 0)]


async def test_each_thread_moves_with_its_group(storage):
    async with storage.writing() as tx:
        main, thread = await add_chat(tx, OLD), await add_chat(tx, OLD, 5)
        await migrate_chat(tx, OLD, NEW)

    assert await chats_of(storage) == [(main, NEW, 0), (thread, NEW, 5)]


async def add_topics(tx: Transaction, *texts: str) -> list[int]:
    ids = []
    for text in texts:
        query = await query_for(tx, text)
        topic = Topic(name=text, typed=text, query_id=query.id, created_at=tx.now)
        tx.session.add(topic)
        await tx.session.flush()
        assert topic.id
        ids.append(topic.id)
    return ids
