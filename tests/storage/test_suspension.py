"""Chats that are suspended, come back, or move to another id."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.budgets import USUAL
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.enums import (
    ChatKind,
    ChatState,
    DeliveryKind,
    DeliveryState,
    MailboxProblem,
    MailboxState,
    Medium,
    Mode,
)
from storage.mailboxes import Mailbox
from storage.outbox import Delivery, claim_deliveries, claim_mails
from storage.pins import begin_pinning, pin_of, want_pins
from storage.queries import query_for
from storage.stats import backlog
from storage.subscriptions import Subscription
from storage.suspension import (
    confirm_mailbox,
    migrate_chat,
    remove_mailbox,
    restore_chat,
    suspend_chat,
    suspend_mailbox,
)
from storage.topics import Topic
from tests.delivery.conftest import Outbox

SUSPENDED = DeliveryState.SUSPENDED
HELD_BY_STATE = [
    pytest.param(ChatState.PAUSED, {Medium.TELEGRAM, Medium.EMAIL}, id="a pause holds all"),
    pytest.param(ChatState.BLOCKED, {Medium.TELEGRAM}, id="a blocked bot may still write mails"),
    pytest.param(ChatState.KICKED, {Medium.TELEGRAM}, id="so may one that was thrown out"),
    pytest.param(ChatState.TOPIC_CLOSED, {Medium.TELEGRAM}, id="a closed topic is no mailbox"),
    pytest.param(ChatState.GONE, {Medium.TELEGRAM}, id="an account may go and its mailbox stay"),
]


@pytest.mark.parametrize(("state", "held"), HELD_BY_STATE)
async def test_a_suspended_chat_holds_its_media_and_resumes_them_when_it_comes_back(
    storage, outbox, clock, state, held
):
    chat = await outbox.chat(7)
    mailbox = await active_mailbox(storage, chat)
    ids = {
        medium: await outbox.add(chat, medium=medium, mailbox_id=box)
        for medium, box in ((Medium.TELEGRAM, None), (Medium.EMAIL, mailbox))
    }

    async with storage.writing() as tx:
        await suspend_chat(tx, chat, state)
    states = [(await outbox.get(row)).state for row in ids.values()]
    waiting = {each for each, now in zip(ids, states, strict=True) if now is SUSPENDED}
    async with storage.writing() as tx:
        await restore_chat(tx, chat)

    assert waiting == held
    assert [await due_at(outbox, row) for row in ids.values()] == [clock.now] * len(ids)
    assert {(await outbox.get(row)).state for row in ids.values()} == {DeliveryState.PENDING}


async def test_a_pause_outlasts_being_blocked(storage: Storage, outbox):
    chat = await outbox.chat(7)

    async with storage.writing() as tx:
        await suspend_chat(tx, chat, ChatState.PAUSED)
        await suspend_chat(tx, chat, ChatState.BLOCKED)

    assert await state_of(storage, chat) is ChatState.PAUSED


@pytest.mark.parametrize(
    ("kind", "away", "state"),
    [
        pytest.param(DeliveryKind.ALERT, 5, DeliveryState.PENDING, id="an alert of this morning"),
        pytest.param(DeliveryKind.ALERT, 7, DeliveryState.EXPIRED, id="an alert of last night"),
        pytest.param(DeliveryKind.BROADCAST, 71, DeliveryState.PENDING, id="said two days ago"),
        pytest.param(DeliveryKind.BROADCAST, 73, DeliveryState.EXPIRED, id="said three days ago"),
        pytest.param(DeliveryKind.EDITION, 73, DeliveryState.PENDING, id="a digest waits"),
    ],
)
async def test_stale_deliveries_expire_when_the_chat_comes_back(
    storage, outbox, clock, kind, away, state
):
    chat = await outbox.chat(7)
    row = await outbox.add(chat, kind=kind)
    async with storage.writing() as tx:
        await suspend_chat(tx, chat, ChatState.BLOCKED)
    clock.turn(timedelta(hours=away))

    async with storage.writing() as tx:
        await restore_chat(tx, chat)

    assert (await outbox.get(row)).state is state


@pytest.mark.parametrize("first", ["the chat", "the mailbox"])
async def test_a_mail_goes_again_once_both_its_chat_and_its_mailbox_are_back(
    storage, outbox, first
):
    chat = await outbox.chat(7)
    mailbox = await active_mailbox(storage, chat)
    mail = await outbox.add(chat, medium=Medium.EMAIL, mailbox_id=mailbox)
    async with storage.writing() as tx:
        await suspend_chat(tx, chat, ChatState.PAUSED)
        row = await tx.get_one(Mailbox, mailbox)
        await suspend_mailbox(tx, row, MailboxProblem.BOUNCED, "gone")

    states = []
    for back in ("the chat", "the mailbox") if first == "the chat" else ("the mailbox", "the chat"):
        async with storage.writing() as tx:
            if back == "the chat":
                await restore_chat(tx, chat)
            else:
                await confirm_mailbox(tx, await tx.get_one(Mailbox, mailbox))
        states += await outbox.states(mail)

    assert states == [SUSPENDED, DeliveryState.PENDING]


async def test_a_mail_to_a_suspended_mailbox_is_not_late(storage, outbox, clock):
    chat = await outbox.chat(7)
    mailbox = await active_mailbox(storage, chat)
    async with storage.writing() as tx:
        row = await tx.get_one(Mailbox, mailbox)
        await suspend_mailbox(tx, row, MailboxProblem.BOUNCED, "gone")
    await outbox.add(chat, medium=Medium.EMAIL, mailbox_id=mailbox)
    async with storage.writing() as tx:
        assert await claim_mails(tx, "me", limit=9, lease=timedelta(minutes=1)) == []
    clock.turn(timedelta(hours=1))

    async with storage.reading() as tx:
        assert (await backlog(tx, USUAL.limits)).lags["mail"] == 0


async def test_a_removed_mailbox_takes_its_mails_along(storage, outbox):
    chat = await outbox.chat(7)
    mailbox = await active_mailbox(storage, chat)
    await outbox.add(chat, medium=Medium.EMAIL, mailbox_id=mailbox)
    message = await outbox.add(chat)

    async with storage.writing() as tx:
        await remove_mailbox(tx, chat)

    async with storage.reading() as tx:
        assert await tx.rows(select(Delivery.id)) == [message]
        assert await tx.rows(select(Mailbox.id)) == []


async def test_deliveries_behind_a_clashing_twin_go_on_after_a_migration(storage, outbox):
    chat, twin = await outbox.chat(-1), await outbox.chat(-100)
    same: dict[str, Any] = {"kind": DeliveryKind.NOTICE, "notice": "warning", "subject": "same"}
    await outbox.add(chat, state=DeliveryState.SENT, **same)
    await outbox.add(twin, **same)
    behind = await outbox.add(twin, state=DeliveryState.QUEUED)

    async with storage.writing() as tx:
        await migrate_chat(tx, -1, -100)

    moved = await outbox.get(behind)
    assert (moved.chat_id, moved.state) == (chat, DeliveryState.PENDING)


async def test_a_supergroup_keeps_no_message_of_its_group(storage, outbox):
    chat = await outbox.chat(-1)
    alert = await outbox.add(chat, state=DeliveryState.SENT, message_id=5)
    follow_up = await outbox.add(chat, reply_to_id=alert)
    async with storage.writing() as tx:
        await begin_pinning(tx, chat)
        await want_pins(tx, {chat: 5})
        await migrate_chat(tx, -1, -100)

        pin = await pin_of(tx, chat)
        claimed = await claim_deliveries(tx, "me", limit=9, lease=timedelta(minutes=1))
    assert pin is not None
    assert (pin.pinned_id, pin.wanted_id) == (None, None)
    assert [(each.id, each.reply_message_id) for each in claimed] == [(follow_up, None)]


async def active_mailbox(storage: Storage, chat_id: int) -> int:
    async with storage.writing() as tx:
        now = tx.now
        row = Mailbox(
            chat_id=chat_id,
            address="ann@example.org",
            state=MailboxState.ACTIVE,
            state_since=now,
            created_at=now,
            asked_at=now,
        )
        return (await tx.add(row)).id


async def due_at(outbox: Outbox, delivery_id: int):
    return (await outbox.get(delivery_id)).due_at


async def state_of(storage: Storage, chat_id: int) -> ChatState:
    async with storage.reading() as tx:
        return (await tx.get_one(Chat, chat_id)).state


OLD, NEW = -7, -1007


async def add_chat(tx: Transaction, telegram_id: int, thread_id: int = 0) -> int:
    chat = Chat(
        telegram_id=telegram_id,
        thread_id=thread_id,
        kind=ChatKind.GROUP,
        state_since=tx.now,
        created_at=tx.now,
    )
    return (await tx.add(chat)).id


async def chats_of(storage: Storage) -> list[tuple[int | None, int, int]]:
    async with storage.reading() as tx:
        rows = await tx.rows(select(Chat).order_by(col(Chat.id)))
        return [(row.id, row.telegram_id, row.thread_id) for row in rows]


async def test_our_row_keeps_its_number_and_gets_the_new_id(storage):
    async with storage.writing() as tx:
        chat = await add_chat(tx, OLD)
        await migrate_chat(tx, OLD, NEW)

    assert await chats_of(storage) == [(chat, NEW, 0)]


async def test_the_row_of_a_supergroup_is_merged_into_the_older_one(storage):
    async with storage.writing() as tx:
        old, newer = await add_chat(tx, OLD), await add_chat(tx, NEW)
        both, only_new = await add_topics(tx, "Taiwan", "rates")
        for chat, topic in ((old, both), (newer, both), (newer, only_new)):
            await tx.add(
                Subscription(chat_id=chat, topic_id=topic, mode=Mode.BOTH, created_at=tx.now)
            )

        await migrate_chat(tx, OLD, NEW)

    assert await chats_of(storage) == [(old, NEW, 0)]
    async with storage.reading() as tx:
        rows = await tx.rows(select(Subscription))
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
        ids.append((await tx.add(topic)).id)
    return ids
