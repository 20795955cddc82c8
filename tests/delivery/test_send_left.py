"""What a process that died has left behind is sent by another, and nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import LIMITS
from storage.enums import DeliveryState, Medium
from tests.delivery.conftest import PACE_KEY, FakeTelegram, TurnedTimer, send_all

SECOND = timedelta(seconds=1)
SENT = DeliveryState.SENT


async def test_a_claim_whose_lease_is_over_is_due_again_with_sound(
    sending, outbox, telegram, clock
):
    delivery = await outbox.add(
        await outbox.chat(7),
        state=DeliveryState.CLAIMED,
        owner="dead",
        lease_until=clock.now + LIMITS.claim_lease,
    )

    assert await send_all(sending) == 0
    clock.turn(LIMITS.claim_lease)
    await send_all(sending)

    assert await outbox.states(delivery) == [SENT]
    assert [silent for *_, silent in telegram.calls] == [False]


async def test_a_call_that_a_dead_process_began_is_repeated_once_silently(
    sending, outbox, telegram, clock
):
    delivery = await outbox.add(
        await outbox.chat(7),
        state=DeliveryState.SENDING,
        owner="dead",
        attempts=1,
        lease_until=clock.now + LIMITS.call_lease,
    )

    assert await send_all(sending) == 0
    clock.turn(LIMITS.call_lease)
    await send_all(sending)
    clock.turn(2 * SECOND)
    await send_all(sending)

    row = await outbox.get(delivery)
    assert (row.state, row.resent) == (SENT, True)
    assert [silent for *_, silent in telegram.calls] == [True]


@pytest.mark.parametrize("state", [DeliveryState.CLAIMED, DeliveryState.SENDING])
async def test_what_another_medium_left_behind_is_not_touched(sending, outbox, clock, state):
    mail = await outbox.add(
        await outbox.chat(7), medium=Medium.EMAIL, state=state, owner="dead", lease_until=clock.now
    )

    assert await send_all(sending) == 0

    assert (await outbox.get(mail)).owner == "dead"


async def test_two_processes_send_nothing_twice(storage, outbox, clock):
    chats = [await outbox.chat(i) for i in range(1, 31)]
    ids = [await outbox.add(chat, f"to {chat}") for chat in chats]
    telegram = FakeTelegram(clock)

    async with Calls(timer=TurnedTimer(clock)) as calls, Calls(timer=TurnedTimer(clock)) as more:
        one = SendStage(storage, telegram, "one", calls, PACE_KEY)
        two = SendStage(storage, telegram, "two", more, PACE_KEY)
        while await one.run_once(3) + await two.run_once(3):
            clock.turn(SECOND / 10)
        await calls.all_done()
        await more.all_done()

    assert sorted(telegram.texts) == sorted(f"to {chat}" for chat in chats)
    assert set(await outbox.states(*ids)) == {SENT}
