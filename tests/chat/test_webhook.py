"""Updates by webhook: accepted (not sent again) or rejected (sent again)."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.chat.rate_limit import Rate, RateLimiter
from bot.chat.webhook import WebhookReceiver
from tests.chat.receiving import AT_ONCE, FailingHandler, message_of, webhook


async def test_an_update_is_accepted_once_it_was_handled(bot, handler):
    handler.held["hello"] = asyncio.Event()

    async with webhook(bot, handler.dispatcher) as (receiver, _), asyncio.TaskGroup() as group:
        taking = group.create_task(receiver.take(message_of(1, "hello")))
        await handler.begun.wait()
        was_answered = taking.done()
        handler.held["hello"].set()

    assert not was_answered
    assert taking.result()
    assert handler.texts == ["hello"]


async def test_updates_before_the_start_and_after_the_stop_are_rejected(bot, handler):
    before = await WebhookReceiver().take(message_of(1, "early"))

    async with webhook(bot, handler.dispatcher) as (receiver, stopping):
        stopping.set()
        taken = await receiver.take(message_of(2, "late"))

    assert (before, taken) == (False, False)
    assert not await receiver.take(message_of(3, "too late"))
    assert handler.texts == []


async def test_a_repeated_update_is_handled_once(bot, handler):
    handler.held["hello"] = asyncio.Event()

    async with webhook(bot, handler.dispatcher) as (receiver, _):
        async with asyncio.TaskGroup() as group:
            both = [group.create_task(receiver.take(message_of(1, "hello"))) for _ in range(2)]
            await handler.begun.wait()
            handler.held["hello"].set()
        later = await receiver.take(message_of(1, "hello"))

    assert [each.result() for each in both] == [True, True]
    assert later
    assert handler.texts == ["hello"]


async def test_an_update_is_rejected_while_the_database_is_away(bot):
    handler = FailingHandler(times=1)

    async with webhook(bot, handler.dispatcher) as (receiver, _):
        first = await receiver.take(message_of(1, "hello"))
        second = await receiver.take(message_of(1, "hello"))

    assert (first, second) == (False, True)
    assert handler.texts == ["hello"]


async def test_an_accepted_update_lost_at_the_stop_is_logged(bot):
    handler = FailingHandler(times=1)
    handler.held["before it"] = asyncio.Event()

    with capture_logs() as logged:
        async with webhook(bot, handler.dispatcher, AT_ONCE) as (receiver, stopping):
            await receiver.take(message_of(1, "before it"))
            await receiver.take(message_of(2, "hello"))
            stopping.set()
            handler.held["before it"].set()

    assert [line["number"] for line in logged if "lost" in line["event"]] == [1]


async def test_updates_beyond_the_work_limit_are_rejected(bot, handler):
    handler.held["slow"] = asyncio.Event()

    async with webhook(bot, handler.dispatcher, AT_ONCE, most_at_work=1) as (receiver, _):
        taken = [await receiver.take(message_of(n, "slow", user_id=n)) for n in (1, 2, 3)]
        handler.held["slow"].set()

    assert taken == [True, True, False]


async def test_a_flood_is_accepted_and_dropped(bot, handler):
    limiter = RateLimiter(everybody=Rate(burst=2, per_second=0.001))

    async with webhook(bot, handler.dispatcher, limiter=limiter) as (receiver, _):
        taken = [await receiver.take(message_of(number, "hello")) for number in range(1, 9)]

    assert all(taken)
    assert len(handler.texts) < len(taken)


@pytest.mark.parametrize(
    "update",
    [
        pytest.param({}, id="empty"),
        pytest.param({"update_id": 1}, id="no content"),
        pytest.param({"update_id": "x"}, id="no number"),
        pytest.param({"update_id": 1, "message": 5}, id="no object"),
    ],
)
async def test_an_invalid_update_is_accepted(bot, handler, update):
    async with webhook(bot, handler.dispatcher) as (receiver, _):
        assert await receiver.take(update)


async def test_an_update_whose_handler_fails_is_accepted(bot, handler):
    async def fail(_: object) -> None:
        raise ValueError("no")

    handler.dispatcher.edited_message.register(fail)
    update = {"update_id": 1, "edited_message": message_of(1, "hello")["message"]}
    async with webhook(bot, handler.dispatcher) as (receiver, _):
        assert await receiver.take(update)
