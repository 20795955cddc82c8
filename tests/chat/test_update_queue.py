"""The queue of updates, polled and by webhook: order, stop, and an unavailable database."""

import asyncio

from structlog.testing import capture_logs

from tests.chat.receiving import FailingHandler, Handler, RecordedPauses


async def test_updates_of_one_chat_are_handled_in_order(receiving):
    handler = Handler()

    async with receiving.open(handler.dispatcher):
        for number in range(10):
            await receiving.send(str(number))
        texts = await handler.wait_for(10)

    assert texts == [str(number) for number in range(10)]


async def test_a_slow_handler_delays_only_its_own_chat(receiving):
    handler = Handler()
    handler.held["slow"] = asyncio.Event()

    async with receiving.open(handler.dispatcher):
        await receiving.send("slow", "Ann")
        await receiving.send("behind it", "Ann")
        await receiving.send("quick", "Ben")
        first = list(await handler.wait_for(1))
        handler.held["slow"].set()
        texts = await handler.wait_for(3)

    assert first == ["quick"]
    assert texts == ["quick", "slow", "behind it"]


async def test_an_update_in_progress_at_the_stop_is_finished_and_confirmed(receiving):
    handler = Handler()
    handler.held["slow"] = asyncio.Event()

    async with receiving.open(handler.dispatcher) as stopping:
        await receiving.send("slow")
        await handler.begun.wait()
        stopping.set()
        handler.held["slow"].set()

    assert handler.texts == ["slow"]
    assert await receiving.left() == []


async def test_an_update_waits_for_the_database_ahead_of_its_chat(receiving):
    handler, pause = FailingHandler(times=3), RecordedPauses()
    handler.held["before it"] = asyncio.Event()

    with capture_logs() as logged:
        async with receiving.open(handler.dispatcher, pause=pause):
            for text in ("before it", "hello", "behind it"):
                await receiving.send(text)
            handler.held["before it"].set()
            texts = await handler.wait_for(3)

    assert texts == ["before it", "hello", "behind it"]
    assert pause.seconds == [1, 2, 4]
    assert [line["reason"] for line in logged if line["log_level"] == "error"] == [
        "(builtins.Exception) away"
    ]
