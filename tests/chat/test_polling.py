"""Polling: the lease, confirmed updates, outages and conflicts."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramConflictError, TelegramNetworkError
from aiogram.methods import GetUpdates
from structlog.testing import capture_logs

from bot.chat.polling import (
    CONFLICT_SECONDS,
    Failures,
    Poller,
    SecondPollerError,
    TokenRefusedError,
)
from bot.chat.updates import UpdateQueue
from tests.bot_api import PlainSession
from tests.chat.receiving import FailingHandler, Handler, bot_on, polling, unconfirmed
from tests.local_playground import LocalPlayground


async def test_one_busy_chat_leaves_room_for_others(playground, monkeypatch, handler):
    monkeypatch.setattr("bot.chat.updates.MOST_OF_A_CHAT", 3)
    people = [playground.user(f"Member {number}") for number in range(8)]
    group = playground.chat("supergroup", "Newsroom", people, bot="administrator")
    handler.held["slow"] = asyncio.Event()

    async with polling(playground, handler.dispatcher, most_at_work=5):
        for member in people:
            playground.send(group, "slow", from_id=member.id)
        playground.send(playground.user("Ben"), "quick")
        first = list(await handler.wait_for(1))
        handler.held["slow"].set()
        await handler.wait_for(4)
        playground.send(group, "later", from_id=people[0].id)
        texts = await handler.wait_for(5)

    assert first == ["quick"]
    assert texts == ["quick", "slow", "slow", "slow", "later"]


async def test_a_failed_confirmation_does_not_delay_the_stop(playground, handler):
    playground.send(playground.user("Ann"), "hello")

    async with polling(playground, handler.dispatcher) as stopping:
        await handler.wait_for(1)
        playground.inject("502_html", method="getUpdates", times=2)
        stopping.set()

    assert handler.texts == ["hello"]


async def test_polling_waits_for_the_lease(playground, handler):
    holds_lease = asyncio.Event()
    playground.send(playground.user("Ann"), "hello")

    async with polling(playground, handler.dispatcher, holds_lease.is_set):
        polled = playground.journal("getUpdates")
        holds_lease.set()
        texts = await handler.wait_for(1)

    assert polled == []
    assert texts == ["hello"]


async def test_updates_received_after_the_lease_expired_are_left_unconfirmed(playground, handler):
    stopping = asyncio.Event()
    playground.send(playground.user("Ann"), "hello")
    answers = iter([True, False])

    async with bot_on(playground) as bot:

        def holds_lease() -> bool:
            if (holds := next(answers, None)) is None:
                stopping.set()
            return bool(holds)

        handling = UpdateQueue(bot, handler.dispatcher)
        await Poller(bot, handling, holds_lease, ("message",)).run(stopping)
        left = await bot.get_updates()

    assert handler.texts == []
    assert len(left) == 1
    assert len(playground.journal("getUpdates")) == 2  # the poller's and the test's


async def test_nothing_is_confirmed_without_the_lease(playground, handler):
    playground.send(playground.user("Ann"), "hello")
    holds_lease = True

    async with polling(playground, handler.dispatcher, lambda: holds_lease) as stopping:
        await handler.wait_for(1)
        holds_lease = False
        stopping.set()

    assert await unconfirmed(playground) == ["hello"]


async def test_an_update_that_was_not_handled_comes_again_after_a_crash(playground, handler):
    playground.send(playground.user("Ann"), "hello")
    async with bot_on(playground) as crashed:
        assert len(await crashed.get_updates()) == 1

    async with polling(playground, handler.dispatcher):
        texts = await handler.wait_for(1)

    assert texts == ["hello"]


async def test_polling_continues_after_a_server_error(playground, handler):
    playground.inject("502_html", method="getUpdates", times=1)
    playground.send(playground.user("Ann"), "hello")

    async with polling(playground, handler.dispatcher):
        texts = await handler.wait_for(1)

    assert texts == ["hello"]


async def test_updates_waiting_at_the_stop_stay_unconfirmed(playground):
    ann, ben = playground.user("Ann"), playground.user("Ben")
    handler = FailingHandler(times=1)
    playground.send(ben, "before it")
    playground.send(ann, "hello")

    async with polling(playground, handler.dispatcher) as stopping:
        await handler.wait_for(1)
        await handler.begun.wait()
        stopping.set()

    assert await unconfirmed(playground) == ["hello"]


async def test_a_wrong_token_stops_the_polling_with_a_sentence():
    async with (
        LocalPlayground(token="2:another-token") as playground,
        bot_on(playground, "1:playground") as bot,
    ):
        poller = Poller(bot, UpdateQueue(bot, Dispatcher(disable_fsm=True)), lambda: True, ())
        with pytest.raises(ExceptionGroup) as stopped:
            await poller.run(asyncio.Event())

    assert stopped.group_contains(TokenRefusedError, match="BOT_TOKEN")


@asynccontextmanager
async def pausing(
    playground: LocalPlayground, handler: Handler, session: PlainSession | None = None
):
    """Poll; yield the poller, the seconds of each pause, and how to let one end."""
    waited: asyncio.Queue[float] = asyncio.Queue()
    stopping, goes_on = asyncio.Event(), asyncio.Semaphore(0)

    async def pause(_: asyncio.Event, seconds: float) -> None:
        waited.put_nowait(seconds)
        await goes_on.acquire()

    session = session or PlainSession(playground.base_url)
    async with Bot("1:playground", session=session) as bot, asyncio.TaskGroup() as group:
        handling = UpdateQueue(bot, handler.dispatcher)
        poller = Poller(bot, handling, lambda: True, ("message",), pause=pause)
        group.create_task(poller.run(stopping))
        try:
            yield poller, waited, goes_on.release
        finally:
            stopping.set()
            goes_on.release()


async def test_one_refusal_of_a_valid_token_is_retried(playground, handler):
    playground.inject("401", method="getUpdates")
    playground.send(playground.user("Ann"), "hello")

    async with pausing(playground, handler) as (_, waited, go_on):
        assert await waited.get() == 1
        go_on()
        texts = await handler.wait_for(1)

    assert texts == ["hello"]


async def test_polling_continues_while_the_token_cannot_be_checked(playground, handler):
    playground.inject("401", method="getUpdates")
    playground.inject("502_html", method="getMe")
    playground.send(playground.user("Ann"), "hello")

    async with pausing(playground, handler) as (_, _waited, go_on):
        go_on()
        assert await handler.wait_for(1) == ["hello"]


async def test_the_length_of_an_outage_is_known_until_polling_works(
    playground, monkeypatch, handler
):
    seconds = 100.0
    monkeypatch.setattr("bot.chat.polling.now", lambda: seconds)
    playground.inject("502_html", method="getUpdates", times=2)
    playground.send(playground.user("Ann"), "hello")

    async with pausing(playground, handler) as (poller, waited, go_on):
        failing = []
        for _ in range(2):
            await waited.get()
            seconds += 20
            failing.append(poller.fails_for())
            go_on()
        await handler.wait_for(1)
        after = poller.fails_for()

    assert failing == [20, 40]
    assert after == 0


class OddSession(PlainSession):
    """Replaces the first responses to `getUpdates` with those in *odd*."""

    odd: list[tuple[int, str]]

    def check_response(self, bot, method, status_code, content):
        if method.__api_method__ == "getUpdates" and self.odd:
            status_code, content = self.odd.pop()
        return super().check_response(bot, method, status_code, content)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        pytest.param(502, "<p>secret</p>", id="a page"),
        pytest.param(500, '{"ok": false}', id="no description"),
        pytest.param(200, '{"ok": true, "result": ["secret"]}', id="no update"),
        pytest.param(200, '{"ok": true, "result": [{"message": "secret"}]}', id="no number"),
        pytest.param(200, '{"ok": true, "result": {"message": "secret"}}', id="no list"),
    ],
)
async def test_an_unreadable_response_is_skipped_and_not_logged(
    playground, status, content, handler
):
    playground.send(playground.user("Ann"), "hello")
    session = OddSession(playground.base_url)
    session.odd = [(status, content)]

    with capture_logs() as logged:
        async with pausing(playground, handler, session) as (_, waited, go_on):
            assert await waited.get() == 1
            go_on()
            assert await handler.wait_for(1) == ["hello"]

    assert [line["event"] for line in logged] == ["polling failed"]
    assert "secret" not in str(logged)


def test_a_lasting_conflict_stops_the_polling():
    conflict = TelegramConflictError(GetUpdates(), "Conflict: terminated by other getUpdates")
    failures = Failures()

    failures.pause_after(conflict, now=100.0)
    failures.pause_after(conflict, now=100.0 + CONFLICT_SECONDS - 1)

    with pytest.raises(SecondPollerError):
        failures.pause_after(conflict, now=100.0 + CONFLICT_SECONDS)


def test_a_conflict_with_a_webhook_names_it():
    conflict = TelegramConflictError(
        GetUpdates(), "Conflict: can't use getUpdates method while webhook is active"
    )
    failures = Failures()
    failures.pause_after(conflict, now=100.0)

    with pytest.raises(SecondPollerError, match="webhook"):
        failures.pause_after(conflict, now=100.0 + CONFLICT_SECONDS)


def test_pauses_grow_to_half_a_minute():
    failures = Failures()
    lost = TelegramNetworkError(GetUpdates(), "lost")

    assert [failures.pause_after(lost, now=0.0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
