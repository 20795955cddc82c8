"""A clock that is wrong for a while: no message is lost or comes twice, and all go on after."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiogram import Bot
from aiogram.methods import SendMessage
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.errors import FloodWait, NeverSent, Unknown
from bot.delivery.replies import Replies
from bot.delivery.sender import Calls, SendStage
from bot.ops.clock import ClockWatch
from storage.db.engine import Storage
from storage.enums import DeliveryState
from tests.conftest import TurnedClock
from tests.delivery.conftest import (
    PACE_KEY,
    TurnedTimer,
    send_all,
    stage,
)

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
JUMPS = [pytest.param(by, id=str(by)) for by in (2 * HOUR, -2 * HOUR, DAY, -DAY)]
CHATS = (1, 2, 3, -4)


class WrongClock(TurnedClock):
    """The database's clock, which may be wrong; timers go by `now`, a steady clock."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong = timedelta()

    async def __call__(self, _connection: AsyncConnection) -> datetime:
        return self.now + self.wrong

    @contextmanager
    def wrong_by(self, wrong: timedelta) -> Iterator[None]:
        self.wrong = wrong
        yield
        self.wrong = timedelta()


@pytest.fixture
def clock() -> WrongClock:
    return WrongClock()


async def all_flow(
    storage: Storage, clock: TurnedClock, sending: SendStage[Any], seconds: int = 60
) -> None:
    """Let time pass: send each second, and watch the clock as a process does."""
    watch = ClockWatch(storage)
    watch._has_checked = True
    for second in range(seconds):
        if second % 20 == 0:
            await watch.run_once()
        await send_all(sending)
        clock.turn(SECOND)


@pytest.mark.parametrize("jump", JUMPS)
async def test_messages_flow_again_within_a_minute_once_each(
    storage, outbox, clock, telegram, sending, jump
):
    chats = [await outbox.chat(number) for number in CHATS]
    ids = [await outbox.add(chat, f"before {chat}") for chat in chats]
    await send_all(sending)
    with clock.wrong_by(jump):
        ids += [await outbox.add(chat, f"meanwhile {chat}") for chat in chats]
        telegram.errors = {1: [FloodWait("429", 2 * SECOND)], 2: [NeverSent("none")]}
        await send_all(sending)

    ids += [await outbox.add(chat, f"after {chat}") for chat in chats]
    await all_flow(storage, clock, sending)

    assert set(await outbox.states(*ids)) == {DeliveryState.SENT}
    refused = Counter({f"meanwhile {chat}": 1 for chat in chats[:2]})
    assert Counter(telegram.texts) - refused == Counter(
        f"{when} {chat}" for when in ("before", "meanwhile", "after") for chat in chats
    )


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_reply_waits_no_longer_than_usual(storage, clock, jump):
    replies: Any = Replies(storage, PACE_KEY, timer=TurnedTimer(clock))
    bot, moments = Bot("1:playground"), []

    async def call(_bot: Any, _method: Any) -> Any:
        moments.append(clock.now)

    with clock.wrong_by(jump):
        for _ in range(3):
            await replies(call, bot, SendMessage(chat_id=7, text="hello"))
    before = clock.now
    await replies(call, bot, SendMessage(chat_id=7, text="hello"))

    assert len(moments) == 4
    assert moments[-1] - before < 5 * SECOND


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_jump_during_a_call_repeats_nothing(storage, outbox, clock, telegram, jump):
    async def jump_clock() -> None:
        clock.wrong = jump

    telegram.during_send = jump_clock
    ids = [await outbox.add(await outbox.chat(number)) for number in CHATS]

    async with Calls(timer=TurnedTimer(clock)) as calls:
        sending = stage(storage, telegram, calls)
        await all_flow(storage, clock, sending)
        clock.wrong = timedelta()
        await all_flow(storage, clock, sending)

    assert set(await outbox.states(*ids)) == {DeliveryState.SENT}
    assert len(telegram.calls) == len(CHATS)


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_call_in_flight_is_not_taken_for_abandoned(outbox, clock, sending, jump):
    number = await outbox.add(await outbox.chat(7), owner="me")
    lease = clock.now + 90 * SECOND
    await outbox.set(number, state=DeliveryState.SENDING, lease_until=lease)
    sending._in_flight.add(number)

    with clock.wrong_by(jump):
        await sending.run_once()
        assert await outbox.states(number) == [DeliveryState.SENDING]


@pytest.mark.parametrize("jump", JUMPS)
async def test_an_unknown_outcome_is_resent_once_when_the_clock_jumps(
    storage, outbox, clock, telegram, sending, jump
):
    number = await outbox.add(await outbox.chat(7))
    with clock.wrong_by(jump):
        telegram.errors = {7: [Unknown("reset")]}
        await sending.run_once()
        await sending.calls.all_done()

    await all_flow(storage, clock, sending)

    assert await outbox.states(number) == [DeliveryState.SENT]
    assert len(telegram.calls) == 2
