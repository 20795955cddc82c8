"""A suspended chat: which of its deliveries wait, by which medium."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from storage.chats import Chat
from storage.enums import ChatState, DeliveryKind, DeliveryState, Medium
from storage.outbox import SUSPENDED_UNTIL
from storage.suspension import restore_chat, suspend_chat
from tests.delivery.conftest import Outbox

if TYPE_CHECKING:
    from storage.db.engine import Storage

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
    ids = {medium: await outbox.add(chat, medium=medium) for medium in Medium}

    async with storage.writing() as unit:
        await suspend_chat(unit, chat, state)
    waiting = {each for each, row in ids.items() if await due_at(outbox, row) == SUSPENDED_UNTIL}
    async with storage.writing() as unit:
        await restore_chat(unit, chat)

    assert waiting == held
    assert [await due_at(outbox, row) for row in ids.values()] == [clock.now] * len(ids)


async def test_a_pause_outlasts_being_blocked(storage: Storage):
    outbox = Outbox(storage)
    chat = await outbox.chat(7)

    async with storage.writing() as unit:
        await suspend_chat(unit, chat, ChatState.PAUSED)
        await suspend_chat(unit, chat, ChatState.BLOCKED)

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
    async with storage.writing() as unit:
        await suspend_chat(unit, chat, ChatState.BLOCKED)
    clock.turn(timedelta(hours=away))

    async with storage.writing() as unit:
        await restore_chat(unit, chat)

    assert (await outbox.get(row)).state is state


async def due_at(outbox: Outbox, delivery_id: int):
    return (await outbox.get(delivery_id)).due_at


async def state_of(storage: Storage, chat_id: int) -> ChatState:
    async with storage.reading() as unit:
        return (await unit.session.get_one(Chat, chat_id)).state
