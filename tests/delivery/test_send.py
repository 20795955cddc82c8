"""The step that sends: what goes, in which order, at which pace; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage.enums import DeliveryKind, DeliveryState
from tests.delivery.conftest import send_all

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
SENT = DeliveryState.SENT


async def test_what_is_due_is_sent_once(sending, outbox, telegram):
    chat = await outbox.chat(7)
    delivery = await outbox.add(chat, "Taiwan")

    assert await send_all(sending) == 1
    assert await send_all(sending) == 0

    row = await outbox.get(delivery)
    assert telegram.texts == ["Taiwan"]
    assert (row.state, row.message_id, row.attempts) == (SENT, 1, 1)
    assert (row.owner, row.lease_until) == (None, None)


async def test_what_is_due_later_waits(sending, outbox, telegram, clock):
    await outbox.add(await outbox.chat(7), due_at=clock.now + MINUTE)

    assert await send_all(sending) == 0

    clock.turn(MINUTE)
    assert await send_all(sending) == 1


async def test_a_chat_gets_its_deliveries_in_the_order_of_their_creation(
    sending, outbox, telegram, clock
):
    chat = await outbox.chat(7)
    await outbox.add(chat, "first", DeliveryKind.EDITION)
    await outbox.add(chat, "second", DeliveryKind.ALERT)

    await send_all(sending)
    clock.turn(2 * SECOND)
    await send_all(sending)

    assert telegram.texts == ["first", "second"]


async def test_a_reply_names_the_message_that_it_answers(sending, outbox, telegram, clock):
    chat = await outbox.chat(7)
    first = await outbox.add(chat, "Ferry sinks", state=SENT, message_id=31)
    await outbox.add(chat, "Captain detained", reply_to_id=first)

    await send_all(sending)

    assert telegram.replies == [("Captain detained", 31)]


@pytest.mark.parametrize("state", [DeliveryState.HELD, DeliveryState.FAILED])
async def test_a_reply_to_what_was_never_sent_goes_alone(sending, outbox, telegram, state):
    chat = await outbox.chat(7)
    first = await outbox.add(chat, "Ferry sinks", state=state)
    await outbox.add(chat, "Captain detained", reply_to_id=first)

    await send_all(sending)

    assert telegram.texts == ["Captain detained"]
    assert telegram.replies == []


async def test_between_chats_alerts_go_before_digests(sending, outbox, telegram):
    await outbox.add(await outbox.chat(7), "digest", DeliveryKind.EDITION)
    await outbox.add(await outbox.chat(8), "alert", DeliveryKind.ALERT)

    await send_all(sending)

    assert telegram.texts == ["alert", "digest"]


async def test_the_pace_is_kept(sending, outbox, telegram, clock):
    for i in range(1, 61):
        await outbox.add(await outbox.chat(i))

    while len(telegram.calls) < 60:
        await send_all(sending)
        clock.turn(SECOND / 10)

    moments = [at for at, *_ in telegram.calls]
    for first in moments:
        assert sum(first <= at < first + SECOND for at in moments) <= 28


async def test_a_group_gets_no_more_than_twenty_a_minute(sending, outbox, telegram, clock):
    chat = await outbox.chat(-7)
    for _ in range(25):
        await outbox.add(chat)

    while len(telegram.calls) < 25:
        await send_all(sending)
        clock.turn(SECOND / 2)

    moments = [at for at, *_ in telegram.calls]
    for first in moments:
        assert sum(first <= at < first + MINUTE for at in moments) <= 20
