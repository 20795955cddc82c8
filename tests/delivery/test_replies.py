"""People's replies share the pace with deliveries and never wait behind them."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import EditMessageText, GetMe, SendChatAction, SendMessage
from sqlalchemy.exc import OperationalError

from bot.delivery.pace import HORIZON, interval_of
from bot.delivery.replies import BLOCK, PRIVATE_BURST, TRIES, Replies, counts
from storage.pace import Pace, paused_until
from storage.tallies import tallied_today
from storage.words import Event
from tests.delivery.conftest import PACE_KEY, StandingTimer, TurnedTimer

if TYPE_CHECKING:
    from datetime import datetime

    from tests.conftest import TurnedClock

BOT = Bot("1:playground")
SECOND = timedelta(seconds=1)


class FakeCall:
    """What stands behind the middleware: it fails with the first of *failures*, if any is left."""

    def __init__(self, clock: TurnedClock, *failures: Exception) -> None:
        self.clock = clock
        self.failures = list(failures)
        self.moments: list[datetime] = []

    async def __call__(self, _bot: Any, _method: Any) -> Any:
        self.moments.append(self.clock.now)
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def replies(storage, clock):
    return Replies(storage, PACE_KEY, timer=TurnedTimer(clock))


def to(chat_id: int) -> SendMessage:
    return SendMessage(chat_id=chat_id, text="hello")


@pytest.mark.parametrize(
    ("method", "counted"),
    [
        ("sendMessage", True),
        ("sendDocument", True),
        ("copyMessage", True),
        ("forwardMessages", True),
        ("sendChatAction", False),
        ("editMessageText", False),
        ("answerCallbackQuery", False),
        ("getMe", False),
    ],
)
def test_only_what_sends_counts(method, counted):
    assert counts(method) is counted


@pytest.mark.parametrize(
    "method",
    [GetMe(), SendChatAction(chat_id=7, action="typing"), EditMessageText(text="x", chat_id=7)],
)
async def test_what_does_not_count_takes_no_slot(replies, clock, method):
    call = FakeCall(clock)

    for _ in range(40):
        await replies(call, BOT, method)

    assert set(call.moments) == {call.moments[0]}


async def test_replies_keep_the_pace_of_the_token(replies, clock):
    call = FakeCall(clock)

    for person in range(1, 61):
        await replies(call, BOT, to(person))

    for first in call.moments:
        assert sum(first <= at < first + SECOND for at in call.moments) <= 28


async def test_slots_that_were_missed_are_let_go_for_others(storage, clock):
    timer, call = StandingTimer(clock), FakeCall(clock)
    replies = Replies(storage, PACE_KEY, timer=timer)

    await replies(call, BOT, to(1))
    timer.seconds.append(2.0)
    await replies(call, BOT, to(2))
    await replies(call, BOT, to(3))

    stood, after = call.moments[1:]
    async with storage.reading() as unit:
        row = await unit.session.get(Pace, PACE_KEY)
    # The second came two seconds too late for its slot; what it took for that is in the row.
    assert stood - call.moments[0] > 2 * SECOND
    assert row.tat == stood + BLOCK * interval_of(27)
    assert after - stood == pytest.approx(interval_of(27), abs=SECOND / 1000)


async def test_a_reply_that_waits_for_its_chat_takes_a_slot_of_then(replies, clock):
    call = FakeCall(clock)
    for _ in range(PRIVATE_BURST):
        await replies(call, BOT, to(7))
    await replies(call, BOT, to(7))

    others = [FakeCall(clock) for _ in range(2)]
    for person, other in enumerate(others, 8):
        await replies(other, BOT, to(person))

    moments = [call.moments[-1], *(other.moments[0] for other in others)]
    assert all(later - one >= interval_of(27) for one, later in pairwise(moments))


async def test_after_a_few_tries_a_reply_goes_all_the_same(storage, clock):
    replies = Replies(storage, PACE_KEY, timer=StandingTimer(clock, *[1.0] * (TRIES + 1)))
    call = FakeCall(clock)

    await replies(call, BOT, to(1))
    await replies(call, BOT, to(2))

    assert len(call.moments) == 2


async def test_a_reply_does_not_wait_behind_ten_thousand_deliveries(
    replies, clock, outbox, sending, telegram
):
    for person in range(1, 31):
        await outbox.add(await outbox.chat(person))
    await sending.send_due()
    asked_at = clock.now
    call = FakeCall(clock)

    await replies(call, BOT, to(99))

    assert call.moments[0] - asked_at <= HORIZON + SECOND / 20
    assert len(telegram.calls) < 30


async def test_deliveries_leave_out_the_slots_that_replies_took(
    replies, clock, outbox, sending, telegram
):
    await outbox.add(await outbox.chat(1))
    call = FakeCall(clock)
    await replies(call, BOT, to(99))

    await sending.send_due()
    await sending.calls.all_done()

    assert telegram.calls[0][0] - call.moments[0] >= BLOCK * SECOND / 27


async def test_a_few_replies_in_a_row_go_to_one_person_at_once(replies, clock):
    call = FakeCall(clock)

    for _ in range(4):
        await replies(call, BOT, to(7))

    assert call.moments[2] - call.moments[0] < SECOND / 5
    assert call.moments[3] - call.moments[0] > SECOND


async def test_a_short_flood_wait_is_waited_for(replies, clock, storage):
    call = FakeCall(clock, TelegramRetryAfter(to(7), "slow", 2))

    await replies(call, BOT, to(7))

    assert call.moments[1] - call.moments[0] >= 2 * SECOND


async def test_a_long_flood_wait_is_told_and_pauses_the_token(replies, clock, storage):
    call = FakeCall(clock, TelegramRetryAfter(to(7), "slow", 600))

    with pytest.raises(TelegramRetryAfter):
        await replies(call, BOT, to(7))

    async with storage.reading() as unit:
        assert await paused_until(unit, PACE_KEY) == unit.now + 600 * SECOND
        assert await tallied_today(unit, Event.FLOOD_WAIT) == 1


async def test_a_time_out_is_never_retried(replies, clock):
    call = FakeCall(clock, TelegramNetworkError(to(7), "Request timeout error"))

    with pytest.raises(TelegramNetworkError):
        await replies(call, BOT, to(7))

    assert len(call.moments) == 1


async def test_a_person_is_answered_even_if_no_slot_can_be_taken(clock):
    class FullDisk:
        def writing(self):
            raise OperationalError("INSERT", None, OSError("the disk is full"))

    replies = Replies(FullDisk(), PACE_KEY, timer=TurnedTimer(clock))  # type: ignore[arg-type]
    call = FakeCall(clock)

    await replies(call, BOT, to(1))

    assert len(call.moments) == 1
