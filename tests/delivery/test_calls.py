"""Calls in flight: bounded, awaited at the end, cut off after a while."""

import asyncio
from datetime import timedelta

from bot.delivery.sender import Calls
from storage.enums import DeliveryState
from tests.conftest import TurnedClock
from tests.delivery.conftest import FakeTelegram, TurnedTimer, send_all, stage

SECOND = timedelta(seconds=1)


def slow_telegram(clock: TurnedClock, response: asyncio.Event) -> FakeTelegram:
    """Return a Telegram that responds once *response* is set."""
    telegram = FakeTelegram(clock)
    telegram.during_send = response.wait
    return telegram


async def test_the_limit_bounds_the_calls_in_flight(storage, outbox, clock):
    response = asyncio.Event()
    telegram = slow_telegram(clock, response)
    for chat in range(1, 6):
        await outbox.add(await outbox.chat(chat))

    async with Calls(limit=2, timer=TurnedTimer(clock)) as calls:
        assert await stage(storage, telegram, calls).run_once() == 2
        assert await stage(storage, telegram, calls).run_once() == 0
        response.set()

    assert len(telegram.calls) == 2


async def test_a_slow_call_holds_up_no_other_chat(storage, outbox, clock):
    response = asyncio.Event()
    slow, quick = slow_telegram(clock, response), FakeTelegram(clock)
    first = await outbox.add(await outbox.chat(1))
    answered = asyncio.Event()

    async with Calls(timer=TurnedTimer(clock), on_done=answered.set) as calls:
        await stage(storage, slow, calls).run_once()
        second = await outbox.add(await outbox.chat(2))
        await stage(storage, quick, calls).run_once()
        await answered.wait()
        assert await outbox.states(second) == [DeliveryState.SENT]
        assert await outbox.states(first) == [DeliveryState.SENDING]
        response.set()


async def test_a_stop_waits_for_the_calls_in_flight(storage, outbox, clock):
    response = asyncio.Event()
    telegram = slow_telegram(clock, response)
    delivery = await outbox.add(await outbox.chat(1))

    async with Calls(timer=TurnedTimer(clock)) as calls:
        await stage(storage, telegram, calls).run_once()
        asyncio.get_running_loop().call_soon(response.set)

    assert await outbox.states(delivery) == [DeliveryState.SENT]


async def test_a_call_that_a_stop_cuts_off_is_repeated_silently_by_the_next_process(
    storage, outbox, clock, sending, telegram
):
    delivery = await outbox.add(await outbox.chat(1))
    async with Calls(patience=timedelta(), timer=TurnedTimer(clock)) as calls:
        await stage(storage, slow_telegram(clock, asyncio.Event()), calls).run_once()
    assert await outbox.states(delivery) == [DeliveryState.SENDING]

    for _ in range(2):
        clock.turn(timedelta(minutes=2))
        await send_all(sending)

    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert [silent for *_, silent in telegram.calls] == [True]


async def test_each_call_that_ends_wakes_the_stage(storage, outbox, clock, telegram):
    woken = []
    await outbox.add(await outbox.chat(1))

    async with Calls(timer=TurnedTimer(clock), on_done=lambda: woken.append(1)) as calls:
        await stage(storage, telegram, calls).run_once()

    assert woken == [1]
