"""A suspended chat: which of its deliveries wait, by which medium."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from storage.chats import Chat
from storage.enums import (
    ChatState,
    DeliveryKind,
    DeliveryState,
    MailboxProblem,
    MailboxState,
    Medium,
)
from storage.mailboxes import Mailbox
from storage.outbox import claim_mails
from storage.stats import backlog
from storage.suspension import confirm_mailbox, restore_chat, suspend_chat, suspend_mailbox
from tests.delivery.conftest import Outbox

if TYPE_CHECKING:
    from storage.db.engine import Storage

SUSPENDED = DeliveryState.SUSPENDED
HELD_BY_STATE = [
    pytest.param(ChatState.PAUSED, {Medium.TELEGRAM, Medium.EMAIL}, id="a pause holds all"),
    pytest.param(ChatState.BLOCKED, {Medium.TELEGRAM}, id="a blocked bot may still write mails"),
    pytest.param(ChatState.KICKED, {Medium.TELEGRAM}, id="so may one that was thrown out"),
    pytest.param(ChatState.TOPIC_CLOSED, {Medium.TELEGRAM}, id="a closed topic is no mailbox"),
    pytest.param(ChatState.GONE, {Medium.TELEGRAM}, id="an account may go and its mailbox stay"),
]


@pytest.mark.parametrize(("state", "held"), HELD_BY_STATE)
async def test_what_waits_and_is_due_again_when_the_chat_comes_back(storage, clock, state, held):
    outbox = Outbox(storage)
    chat = await outbox.chat(7)
    mailbox = await mailbox_of(storage, chat)
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


async def test_a_pause_outlasts_being_blocked(storage: Storage):
    outbox = Outbox(storage)
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
async def test_what_is_no_news_any_more_expires_when_the_chat_comes_back(
    storage, clock, kind, away, state
):
    outbox = Outbox(storage)
    chat = await outbox.chat(7)
    row = await outbox.add(chat, kind=kind)
    async with storage.writing() as tx:
        await suspend_chat(tx, chat, ChatState.BLOCKED)
    clock.turn(timedelta(hours=away))

    async with storage.writing() as tx:
        await restore_chat(tx, chat)

    assert (await outbox.get(row)).state is state


@pytest.mark.parametrize("first", ["the chat", "the mailbox"])
async def test_a_mail_goes_again_once_both_its_chat_and_its_mailbox_are_back(storage, first):
    outbox = Outbox(storage)
    chat = await outbox.chat(7)
    mailbox = await mailbox_of(storage, chat)
    mail = await outbox.add(chat, medium=Medium.EMAIL, mailbox_id=mailbox)
    async with storage.writing() as tx:
        await suspend_chat(tx, chat, ChatState.PAUSED)
        row = await tx.session.get_one(Mailbox, mailbox)
        await suspend_mailbox(tx, row, MailboxProblem.BOUNCED, "gone")

    states = []
    for back in ("the chat", "the mailbox") if first == "the chat" else ("the mailbox", "the chat"):
        async with storage.writing() as tx:
            if back == "the chat":
                await restore_chat(tx, chat)
            else:
                await confirm_mailbox(tx, await tx.session.get_one(Mailbox, mailbox))
        states += await outbox.states(mail)

    assert states == [SUSPENDED, DeliveryState.PENDING]


async def test_a_mail_to_a_suspended_mailbox_is_not_late(storage, clock):
    outbox = Outbox(storage)
    chat = await outbox.chat(7)
    mailbox = await mailbox_of(storage, chat)
    async with storage.writing() as tx:
        row = await tx.session.get_one(Mailbox, mailbox)
        await suspend_mailbox(tx, row, MailboxProblem.BOUNCED, "gone")
    await outbox.add(chat, medium=Medium.EMAIL, mailbox_id=mailbox)
    async with storage.writing() as tx:
        assert await claim_mails(tx, "me", limit=9, lease=timedelta(minutes=1)) == []
    clock.turn(timedelta(hours=1))

    async with storage.reading() as tx:
        assert (await backlog(tx)).lags["mail"] == 0


async def mailbox_of(storage: Storage, chat_id: int) -> int:
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
        tx.session.add(row)
        await tx.session.flush()
        return row.id


async def due_at(outbox: Outbox, delivery_id: int):
    return (await outbox.get(delivery_id)).due_at


async def state_of(storage: Storage, chat_id: int) -> ChatState:
    async with storage.reading() as tx:
        return (await tx.session.get_one(Chat, chat_id)).state
