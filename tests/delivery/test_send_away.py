"""Chats that are blocked, come back, or have moved, and what waits for them."""

from __future__ import annotations

from datetime import timedelta

from bot.delivery import errors
from storage.chats import Chat
from storage.enums import ChatState, DeliveryKind, DeliveryState
from storage.suspension import restore_chat
from tests.delivery.conftest import send_all

SECOND = timedelta(seconds=1)
PENDING, SENT, SUSPENDED = DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.SUSPENDED


async def test_a_blocked_chat_keeps_what_waits_and_gets_it_when_it_comes_back(
    sending, outbox, telegram, clock, storage
):
    telegram.errors[7] = [errors.ChatBlocked("blocked by the user")]
    chat = await outbox.chat(7)
    delivery = await outbox.add(chat, kind=DeliveryKind.EDITION)

    await send_all(sending)

    async with storage.reading() as tx:
        row = await tx.session.get(Chat, chat)
    assert row
    assert row.state is ChatState.BLOCKED
    assert await outbox.states(delivery) == [SUSPENDED]

    async with storage.writing() as tx:
        await restore_chat(tx, chat)
    clock.turn(2 * SECOND)
    await send_all(sending)
    assert await outbox.states(delivery) == [SENT]


async def test_alerts_over_six_hours_old_expire_when_a_chat_comes_back(
    sending, outbox, telegram, clock, storage
):
    telegram.errors[7] = [errors.ChatKicked("kicked")]
    chat = await outbox.chat(7)
    alert = await outbox.add(chat, "old alert")
    digest = await outbox.add(chat, "digest", DeliveryKind.EDITION)
    await send_all(sending)
    clock.turn(timedelta(hours=7))
    fresh = await outbox.add(chat, "fresh alert")

    async with storage.writing() as tx:
        assert await restore_chat(tx, chat) == 1
    for _ in range(3):
        await send_all(sending)
        clock.turn(2 * SECOND)

    assert await outbox.states(alert, digest, fresh) == [DeliveryState.EXPIRED, SENT, SENT]


async def test_a_chat_that_was_never_away_loses_no_alert_by_being_restored(outbox, clock, storage):
    chat = await outbox.chat(7)
    alert = await outbox.add(chat)
    clock.turn(timedelta(hours=7))  # a long flood wait, say

    async with storage.writing() as tx:
        assert await restore_chat(tx, chat) == 0

    assert await outbox.states(alert) == [PENDING]


async def test_a_migrated_group_is_reached_under_its_new_id(sending, outbox, telegram):
    telegram.errors[-7] = [errors.ChatMigrated("upgraded", -1007)]
    delivery = await outbox.add(await outbox.chat(-7))

    await send_all(sending)

    assert [chat_id for _, chat_id, *_ in telegram.calls] == [-7, -1007]
    assert await outbox.states(delivery) == [SENT]
