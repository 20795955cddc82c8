"""Replies to users share the pace with deliveries and never wait behind them."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageText,
    GetChatMember,
    GetMe,
    SendChatAction,
    SendMessage,
)
from aiohttp import ClientConnectionResetError, ClientOSError
from sqlalchemy.exc import OperationalError

from bot.delivery.pace import GROUP_INTERVAL, HORIZON, PRIVATE_BURST, interval_of
from bot.delivery.replies import BLOCK, TRIES, Replies, counts_as_message
from bot.telegram import MayHaveArrived, is_late
from storage.pace import Pace, chat_pace_key, flood_waits_today, pause, pauses_by_key
from tests.conftest import TurnedClock
from tests.delivery.conftest import PACE_KEY, StandingTimer, TurnedTimer

BOT = Bot("1:playground")
SECOND = timedelta(seconds=1)


class FakeCall:
    """The call behind the middleware; it fails with the first of *failures*, if any is left."""

    def __init__(self, clock: TurnedClock, *failures: Exception) -> None:
        self.clock = clock
        self.failures = list(failures)
        self.moments: list[datetime] = []

    async def __call__(self, _bot: Any, _method: Any) -> Any:
        self.moments.append(self.clock.now)
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def call(clock):
    return FakeCall(clock)


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
def test_only_methods_that_send_count_as_messages(method, counted):
    assert counts_as_message(method) is counted


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(GetMe(), id="getMe"),
        pytest.param(SendChatAction(chat_id=7, action="typing"), id="sendChatAction"),
        pytest.param(EditMessageText(text="x", chat_id=7), id="editMessageText"),
    ],
)
async def test_a_call_that_does_not_count_takes_no_permit(replies, call, method):
    for _ in range(40):
        await replies(call, BOT, method)

    assert set(call.moments) == {call.moments[0]}


async def test_replies_keep_the_pace_of_the_token(replies, call):
    for chat in range(1, 61):
        await replies(call, BOT, to(chat))

    for first in call.moments:
        assert sum(first <= at < first + SECOND for at in call.moments) <= 28


async def test_missed_permits_are_left_to_others(storage, clock, call):
    timer = StandingTimer(clock)
    replies = Replies(storage, PACE_KEY, timer=timer)

    await replies(call, BOT, to(1))
    timer.seconds.append(2.0)
    await replies(call, BOT, to(2))
    await replies(call, BOT, to(3))

    stood, after = call.moments[1:]
    async with storage.reading() as tx:
        row = await tx.get_one(Pace, PACE_KEY)
    # The second missed its permit by two seconds; the row has the permits that it took instead.
    assert stood - call.moments[0] > 2 * SECOND
    assert row.tat == stood + BLOCK * interval_of(27)
    assert after - stood == pytest.approx(interval_of(27), abs=SECOND / 1000)


async def test_a_reply_that_waits_for_its_chat_takes_a_later_permit(replies, call, clock):
    for _ in range(PRIVATE_BURST):
        await replies(call, BOT, to(7))
    await replies(call, BOT, to(7))

    others = [FakeCall(clock) for _ in range(2)]
    for chat, other in enumerate(others, 8):
        await replies(other, BOT, to(chat))

    moments = [call.moments[-1], *(other.moments[0] for other in others)]
    assert all(later - one >= interval_of(27) for one, later in pairwise(moments))


async def test_a_reply_goes_without_a_permit_after_a_few_tries(storage, clock, call):
    replies = Replies(storage, PACE_KEY, timer=StandingTimer(clock, *[1.0] * (TRIES + 1)))
    await replies(call, BOT, to(1))
    await replies(call, BOT, to(2))

    assert len(call.moments) == 2


async def test_a_reply_does_not_wait_behind_deliveries(
    replies, call, clock, outbox, sending, telegram
):
    for chat in range(1, 31):
        await outbox.add(await outbox.chat(chat))
    await sending.run_once()
    asked_at = clock.now
    await replies(call, BOT, to(99))

    assert call.moments[0] - asked_at <= HORIZON + SECOND / 20
    assert len(telegram.calls) < 30


async def test_deliveries_skip_the_permits_that_replies_took(
    replies, call, outbox, sending, telegram
):
    await outbox.add(await outbox.chat(1))
    await replies(call, BOT, to(99))

    await sending.run_once()
    await sending.calls.all_done()

    assert telegram.calls[0][0] - call.moments[0] >= BLOCK * SECOND / 27


async def test_a_few_replies_to_one_user_go_at_once(replies, call):
    for _ in range(4):
        await replies(call, BOT, to(7))

    assert call.moments[2] - call.moments[0] < SECOND / 5
    assert call.moments[3] - call.moments[0] > SECOND


async def test_a_reply_waits_for_the_end_of_a_short_flood_wait(replies, clock, storage):
    call = FakeCall(clock, TelegramRetryAfter(to(7), "slow", 2))

    await replies(call, BOT, to(7))

    assert call.moments[1] - call.moments[0] >= 2 * SECOND


async def test_a_long_flood_wait_is_reported_and_pauses_its_chat_alone(replies, clock, storage):
    call = FakeCall(clock, TelegramRetryAfter(to(7), "slow", 600))

    with pytest.raises(TelegramRetryAfter):
        await replies(call, BOT, to(7))

    async with storage.reading() as tx:
        chat = await chat_pace_key(tx, 7)
        assert await pauses_by_key(tx, [PACE_KEY, chat]) == {chat: tx.now + 600 * SECOND}
        assert await flood_waits_today(tx) == 1


async def test_only_calls_about_a_paused_chat_are_refused(replies, clock):
    call = FakeCall(clock, TelegramRetryAfter(to(-7), "slow", 600))
    methods = (
        to(-7),
        EditMessageText(text="x", chat_id=-7),
        SendChatAction(chat_id=-7, action="typing"),
        GetChatMember(chat_id=-7, user_id=1),
    )

    for method in methods:
        with pytest.raises(TelegramRetryAfter):
            await replies(call, BOT, method)
    assert len(call.moments) == 1
    await replies(call, BOT, to(8))
    await replies(call, BOT, AnswerCallbackQuery(callback_query_id="1"))
    clock.turn(600 * SECOND)
    await replies(call, BOT, to(-7))

    assert len(call.moments) == 4


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(to(8), id="of a second chat while the first pauses"),
        pytest.param(AnswerCallbackQuery(callback_query_id="1"), id="of a call about no chat"),
    ],
)
async def test_the_token_pauses_after_a_refusal(replies, clock, storage, second):
    refusals = [TelegramRetryAfter(method, "slow", 60) for method in (to(7), second)]
    call = FakeCall(clock, *refusals)

    for method in (to(7), second):
        with pytest.raises(TelegramRetryAfter):
            await replies(call, BOT, method)
    with pytest.raises(TelegramRetryAfter):
        await replies(call, BOT, to(9))

    assert len(call.moments) == 2


async def test_the_token_goes_on_when_a_second_chat_is_refused_after_the_first_pause(
    replies, clock, storage
):
    other = FakeCall(clock)

    for chat in (7, 8):
        with pytest.raises(TelegramRetryAfter):
            await replies(FakeCall(clock, TelegramRetryAfter(to(chat), "slow", 60)), BOT, to(chat))
        clock.turn(60 * SECOND)
        await replies(other, BOT, to(9))

    assert len(other.moments) == 2


async def test_replies_to_a_group_and_deliveries_there_are_20_in_any_minute(
    replies, call, clock, storage, outbox, sending, telegram
):
    group = await outbox.chat(-7)
    for number in range(60):
        if number > 20:
            await outbox.add(group)
            await sending.run_once()
            await sending.calls.all_done()
        with suppress(TelegramRetryAfter):
            await replies(call, BOT, to(-7))
        clock.turn(SECOND)

    moments = sorted([*call.moments, *(at for at, *_ in telegram.calls)])
    for first in moments:
        assert sum(first <= at <= first + 60 * SECOND for at in moments) <= 20
    assert len(telegram.calls) >= 5


async def test_an_alert_does_not_wait_behind_the_replies_to_a_busy_group(
    replies, call, outbox, sending, telegram
):
    for _ in range(30):
        await replies(call, BOT, to(-7))
    await outbox.add(await outbox.chat(-7))

    await sending.run_once()
    await sending.calls.all_done()

    assert len(telegram.calls) == 1
    assert telegram.calls[0][0] - call.moments[-1] < SECOND


class HeldTimer(TurnedTimer):
    """Lets nobody's wait begin before *may_begin* is set."""

    def __init__(self, clock: TurnedClock) -> None:
        super().__init__(clock)
        self.may_begin = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        await self.may_begin.wait()
        await super().wait(seconds)


async def test_a_reply_whose_permit_is_too_far_away_is_not_sent(storage, call, clock):
    timer = HeldTimer(clock)
    replies = Replies(storage, PACE_KEY, timer=timer)
    calls = [asyncio.create_task(replies(call, BOT, to(-7))) for _ in range(6)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_EXCEPTION)
    timer.may_begin.set()
    results = await asyncio.gather(*calls, return_exceptions=True)

    refused = [each for each in results if isinstance(each, TelegramRetryAfter)]
    assert refused
    assert len(refused) + len(call.moments) == 6
    clock.turn(2 * GROUP_INTERVAL)
    await replies(call, BOT, to(-7))  # the refused ones took no permits


async def test_a_user_who_waited_too_long_gets_no_message(replies, call):
    is_late.set(True)

    with pytest.raises(TelegramRetryAfter):
        await replies(call, BOT, to(7))
    await replies(call, BOT, AnswerCallbackQuery(callback_query_id="1"))

    assert len(call.moments) == 1


async def test_a_pause_of_the_token_delays_replies_too(replies, call, clock, storage):
    async with storage.writing() as tx:
        await pause(tx, PACE_KEY, tx.now + 2 * SECOND)
    before = clock.now

    await replies(call, BOT, to(7))

    assert call.moments[0] - before >= 2 * SECOND


def no_connection(method: Any) -> TelegramNetworkError:
    error = TelegramNetworkError(method, "ClientConnectionResetError: closing")
    error.__cause__ = ClientConnectionResetError("Cannot write to closing transport")
    return error


def reset(method: Any) -> TelegramNetworkError:
    error = TelegramNetworkError(method, "ClientOSError: reset")
    error.__cause__ = ClientOSError(104, "Connection reset by peer")
    return error


PRESS = AnswerCallbackQuery(callback_query_id="1")
EDIT = EditMessageText(text="x", chat_id=7, message_id=1)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        pytest.param(to(7), no_connection(to(7)), id="a reply that never left"),
        pytest.param(to(7), TelegramServerError(to(7), "500"), id="a reply refused by a 500"),
        pytest.param(to(7), ClientDecodeError("x", ValueError(), "<html>502"), id="by a 502"),
        pytest.param(EDIT, reset(EDIT), id="an edit after a reset"),
        pytest.param(PRESS, reset(PRESS), id="the answer to a press after a reset"),
        pytest.param(PRESS, TelegramServerError(PRESS, "500"), id="the answer to a press, a 500"),
    ],
)
async def test_a_call_that_did_not_arrive_or_may_come_twice_is_tried_again(
    replies, clock, method, error
):
    call = FakeCall(clock, error)

    await replies(call, BOT, method)

    assert len(call.moments) == 2


FIVE_HUNDRED = TelegramServerError(to(7), "500")
BAD_GATEWAY = ClientDecodeError("x", ValueError(), "<html>502")
TIME_OUT = TelegramNetworkError(to(7), "Request timeout error")


@pytest.mark.parametrize(
    ("errors", "raised", "calls"),
    [
        pytest.param([no_connection(to(7))] * 3, TelegramNetworkError, 3, id="three in all"),
        pytest.param([FIVE_HUNDRED] * 3, MayHaveArrived, 2, id="twice if the server fails"),
        pytest.param([BAD_GATEWAY] * 3, MayHaveArrived, 2, id="twice behind a failing gateway"),
        pytest.param([reset(to(7))], MayHaveArrived, 1, id="once if it may have arrived"),
        pytest.param([TIME_OUT], TelegramNetworkError, 1, id="once if time ran out"),
    ],
)
async def test_a_reply_is_tried_only_while_it_cannot_come_more_than_twice(
    replies, clock, errors, raised, calls
):
    call = FakeCall(clock, *errors)

    with pytest.raises(raised):
        await replies(call, BOT, to(7))

    assert len(call.moments) == calls


async def test_a_reply_goes_even_if_no_permit_can_be_taken(clock, call):
    class FullDisk:
        def writing(self):
            raise OperationalError("INSERT", None, OSError("the disk is full"))

    replies = Replies(FullDisk(), PACE_KEY, timer=TurnedTimer(clock))  # type: ignore[arg-type]
    await replies(call, BOT, to(1))

    assert len(call.moments) == 1
