"""Calls in flight: bounded, awaited at the end, cut off when patience is over."""

import asyncio
from datetime import timedelta

from bot.delivery.sender import Calls
from bot.rendering.messages import Message
from storage.enums import DeliveryState
from tests.conftest import TurnedClock
from tests.delivery.conftest import FakeTelegram, TurnedTimer, send_all, stage

SECOND = timedelta(seconds=1)


class SlowTelegram(FakeTelegram):
    """Reply nobody before *answer* is set."""

    def __init__(self, clock: TurnedClock) -> None:
        super().__init__(clock)
        self.answer = asyncio.Event()

    async def send(
        self,
        chat_id: int,
        message: Message,
        *,
        thread_id: int = 0,
        silent: bool = False,
        reply_to: int | None = None,
    ) -> int:
        sent = await super().send(
            chat_id, message, thread_id=thread_id, silent=silent, reply_to=reply_to
        )
        await self.answer.wait()
        return sent


async def test_the_limit_bounds_the_calls_in_flight(storage, outbox, clock):
    telegram = SlowTelegram(clock)
    for chat in range(1, 6):
        await outbox.add(await outbox.chat(chat))

    async with Calls(limit=2, timer=TurnedTimer(clock)) as calls:
        assert await stage(storage, telegram, calls).run_once() == 2
        assert await stage(storage, telegram, calls).run_once() == 0
        telegram.answer.set()

    assert len(telegram.calls) == 2


async def test_a_slow_call_holds_up_no_other_chat(storage, outbox, clock):
    slow, quick = SlowTelegram(clock), FakeTelegram(clock)
    first = await outbox.add(await outbox.chat(1))
    answered = asyncio.Event()

    async with Calls(timer=TurnedTimer(clock), on_done=answered.set) as calls:
        await stage(storage, slow, calls).run_once()
        second = await outbox.add(await outbox.chat(2))
        await stage(storage, quick, calls).run_once()
        await answered.wait()
        assert await outbox.states(second) == [DeliveryState.SENT]
        assert await outbox.states(first) == [DeliveryState.SENDING]
        slow.answer.set()


async def test_a_stop_waits_for_the_calls_in_flight(storage, outbox, clock):
    telegram = SlowTelegram(clock)
    delivery = await outbox.add(await outbox.chat(1))

    async with Calls(timer=TurnedTimer(clock)) as calls:
        await stage(storage, telegram, calls).run_once()
        asyncio.get_running_loop().call_soon(telegram.answer.set)

    assert await outbox.states(delivery) == [DeliveryState.SENT]


async def test_what_a_stop_cuts_off_is_repeated_silently_by_the_next_process(
    storage, outbox, clock, sending, telegram
):
    delivery = await outbox.add(await outbox.chat(1))
    async with Calls(patience=timedelta(), timer=TurnedTimer(clock)) as calls:
        await stage(storage, SlowTelegram(clock), calls).run_once()
    assert await outbox.states(delivery) == [DeliveryState.SENDING]

    for _ in range(2):
        clock.turn(timedelta(minutes=2))
        await send_all(sending)

    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert [silent for *_, silent in telegram.calls] == [True]


async def test_whoever_waits_is_woken_by_each_answer(storage, outbox, clock, telegram):
    woken = []
    await outbox.add(await outbox.chat(1))

    async with Calls(timer=TurnedTimer(clock), on_done=lambda: woken.append(1)) as calls:
        await stage(storage, telegram, calls).run_once()

    assert woken == [1]
