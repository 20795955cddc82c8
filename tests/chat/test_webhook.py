"""Updates by webhook: accepted (not sent again) or rejected (sent again)."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram import Bot
from structlog.testing import capture_logs

from bot.chat.rate_limit import Rate, RateLimiter
from bot.chat.updates import UpdateQueue
from bot.chat.webhook import WebhookReceiver
from tests.chat.test_polling import Away, Handler

AT_ONCE = 0.0
LONG = 60.0


def said(number: int, text: str, user_id: int = 7) -> dict[str, Any]:
    who = {"id": user_id, "is_bot": False, "first_name": "Ann"}
    chat = {"id": user_id, "type": "private", "first_name": "Ann"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": who, "text": text}
    return {"update_id": number, "message": message}


@asynccontextmanager
async def open_for(bot: Bot, handler: Handler, patience: float = LONG, **facts: Any):
    webhooks, stopping = WebhookReceiver(patience), asyncio.Event()
    async with webhooks.open(UpdateQueue(bot, handler.dispatcher, **facts), stopping):
        try:
            yield webhooks, stopping
        finally:
            stopping.set()


async def test_an_update_is_accepted_once_it_was_handled(bot):
    handler = Handler()
    handler.held["hello"] = asyncio.Event()

    async with open_for(bot, handler) as (webhooks, _), asyncio.TaskGroup() as group:
        taking = group.create_task(webhooks.take(said(1, "hello")))
        await handler.begun.wait()
        was_answered = taking.done()
        handler.held["hello"].set()

    assert not was_answered
    assert taking.result()
    assert handler.texts == ["hello"]


async def test_a_slow_update_is_accepted_early_and_finished_at_the_stop(bot):
    handler = Handler()
    handler.held["slow"] = asyncio.Event()

    async with open_for(bot, handler, AT_ONCE) as (webhooks, stopping):
        taken = await webhooks.take(said(1, "slow"))
        await handler.begun.wait()
        stopping.set()
        handler.held["slow"].set()

    assert taken
    assert handler.texts == ["slow"]


async def test_updates_before_the_start_and_after_the_stop_are_rejected(bot):
    handler = Handler()
    before = await WebhookReceiver().take(said(1, "early"))

    async with open_for(bot, handler) as (webhooks, stopping):
        stopping.set()
        taken = await webhooks.take(said(2, "late"))

    assert (before, taken) == (False, False)
    assert not await webhooks.take(said(3, "too late"))
    assert handler.texts == []


async def test_updates_of_a_chat_are_handled_in_order(bot):
    handler = Handler()
    handler.held["slow"] = asyncio.Event()

    async with open_for(bot, handler) as (webhooks, _), asyncio.TaskGroup() as group:
        group.create_task(webhooks.take(said(1, "slow")))
        await handler.begun.wait()
        group.create_task(webhooks.take(said(2, "behind it")))
        await webhooks.take(said(3, "quick", user_id=8))
        first = list(handler.texts)
        handler.held["slow"].set()

    assert first == ["quick"]
    assert handler.texts == ["quick", "slow", "behind it"]


async def test_a_repeated_update_is_handled_once(bot):
    handler = Handler()
    handler.held["hello"] = asyncio.Event()

    async with open_for(bot, handler) as (webhooks, _):
        async with asyncio.TaskGroup() as group:
            both = [group.create_task(webhooks.take(said(1, "hello"))) for _ in range(2)]
            await handler.begun.wait()
            handler.held["hello"].set()
        later = await webhooks.take(said(1, "hello"))

    assert [each.result() for each in both] == [True, True]
    assert later
    assert handler.texts == ["hello"]


async def test_an_update_is_rejected_while_the_database_is_away(bot):
    handler = Away()
    handler.times = 1

    async with open_for(bot, handler) as (webhooks, _):
        first = await webhooks.take(said(1, "hello"))
        second = await webhooks.take(said(1, "hello"))

    assert (first, second) == (False, True)
    assert handler.texts == ["hello"]


async def test_an_accepted_update_is_kept_while_the_database_is_away(bot):
    handler, waited = Away(), []
    handler.times = 2
    handler.held["before it"] = asyncio.Event()

    async def pause(_: asyncio.Event, seconds: float) -> None:
        waited.append(seconds)

    async with open_for(bot, handler, AT_ONCE, pause=pause) as (webhooks, _):
        await webhooks.take(said(1, "before it"))
        await webhooks.take(said(2, "hello"))
        handler.held["before it"].set()
        await handler.wait_for(2)

    assert handler.texts == ["before it", "hello"]
    assert waited == [1, 2]


async def test_an_accepted_update_lost_at_the_stop_is_logged(bot):
    handler = Away()
    handler.times = 1
    handler.held["before it"] = asyncio.Event()

    with capture_logs() as logged:
        async with open_for(bot, handler, AT_ONCE) as (webhooks, stopping):
            await webhooks.take(said(1, "before it"))
            await webhooks.take(said(2, "hello"))
            stopping.set()
            handler.held["before it"].set()

    assert [line["number"] for line in logged if "lost" in line["event"]] == [1]


async def test_updates_beyond_the_work_limit_are_rejected(bot):
    handler = Handler()
    handler.held["slow"] = asyncio.Event()

    async with open_for(bot, handler, AT_ONCE, most_at_work=1) as (webhooks, _):
        taken = [await webhooks.take(said(n, "slow", user_id=n)) for n in (1, 2, 3)]
        handler.held["slow"].set()

    assert taken == [True, True, False]


async def test_a_flood_is_accepted_and_dropped(bot):
    handler = Handler()
    limiter = RateLimiter(everybody=Rate(burst=2, per_second=0.001))

    async with open_for(bot, handler, limiter=limiter) as (webhooks, _):
        taken = [await webhooks.take(said(number, "hello")) for number in range(1, 9)]

    assert all(taken)
    assert len(handler.texts) < len(taken)


@pytest.mark.parametrize("told", [{}, {"update_id": "x"}, {"update_id": 1, "message": 5}])
async def test_an_invalid_update_is_accepted(bot, told):
    handler = Handler()

    async with open_for(bot, handler) as (webhooks, _):
        assert await webhooks.take(told)


async def test_an_update_whose_handler_fails_is_accepted(bot):
    handler = Handler()

    async def fail(_: object) -> None:
        raise ValueError("no")

    handler.dispatcher.edited_message.register(fail)
    told = {"update_id": 1, "edited_message": said(1, "hello")["message"]}
    async with open_for(bot, handler) as (webhooks, _):
        assert await webhooks.take(told)
