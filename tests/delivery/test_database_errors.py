"""The database is full, locked or away while messages are in flight, then back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import ANY

import pytest
from sqlalchemy import text
from sqlmodel import func, select
from structlog.testing import capture_logs

from bot.delivery.pace import PRIVATE_INTERVAL
from bot.delivery.responses import retry_pauses
from bot.delivery.sender import Calls
from bot.delivery.telegram import LIMITS
from bot.stages import SEND, StageRunner
from storage.db.problems import DatabaseError
from storage.enums import DeliveryState
from storage.outbox import Delivery, begin_sending, record_results
from tests.conftest import TurnedClock
from tests.database_errors import DatabaseFailure, LosingTimes, on_writer
from tests.delivery.conftest import Outbox, TurnedTimer, send_all, stage

LARGEST = 2**31 - 2  # pages, by SQLite's own limit


class PatientTimer(TurnedTimer):
    """Records its waits during the failure, and ends the failure after two."""

    def __init__(self, clock: TurnedClock, failure: DatabaseFailure) -> None:
        super().__init__(clock)
        self.failure = failure
        self.waited: list[float] = []

    async def wait(self, seconds: float) -> None:
        if self.failure.begun:
            self.waited.append(seconds)
        if len(self.waited) == 2:
            self.failure.end()
        await super().wait(seconds)


async def test_a_response_is_stored_once_a_connection_lasts(
    storage, outbox, clock, telegram, monkeypatch
):
    delivery = await outbox.add(await outbox.chat(7))
    monkeypatch.setattr("bot.delivery.responses.record_results", LosingTimes(record_results, 2))

    with capture_logs() as logs:
        async with Calls(timer=TurnedTimer(clock)) as calls:
            await send_all(stage(storage, telegram, calls))

    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert telegram.texts == ["news"]
    assert [line["in_seconds"] for line in logs] == [0.5, 1]
    assert {line["event"] for line in logs} == {"responses cannot be stored; trying again"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_response_waits_for_a_locked_database_and_nothing_is_sent_twice(
    storage, outbox, clock, database_url, telegram
):
    failure = DatabaseFailure(storage, database_url)
    telegram.during_send = failure.begin
    delivery = await outbox.add(await outbox.chat(7))
    timer = PatientTimer(clock, failure)

    with capture_logs() as logs:
        async with Calls(timer=timer) as calls:
            await send_all(stage(storage, telegram, calls))

    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert telegram.texts == ["news"]
    assert timer.waited == list(retry_pauses(LIMITS.response_seconds))[: len(timer.waited)]
    assert {line["event"] for line in logs} == {"responses cannot be stored; trying again"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_locked_database_is_logged_once_and_work_goes_on_after(
    storage, outbox, clock, database_url, telegram
):
    delivery = await outbox.add(await outbox.chat(7))
    failure = DatabaseFailure(storage, database_url)
    async with Calls(timer=TurnedTimer(clock)) as calls:
        sending = stage(storage, telegram, calls)

        logs = await run_through(sending.run_once, failure, times=4)
        await calls.all_done()

    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert [line["event"] for line in logs] == [
        "a stage fails; it is tried again",
        "a stage works again",
    ]
    assert "locked" in logs[0]["reason"]


async def run_through(
    run_once: Callable[[], Awaitable[int]], failure: DatabaseFailure, times: int
) -> list[Any]:
    """Run *run_once* as a stage, *times* during the failure and once after it; return the log."""
    stopping = asyncio.Event()
    tries = 0

    async def tried() -> int:
        nonlocal tries
        tries += 1
        runner.wake()
        done = await run_once()
        stopping.set()
        return done

    async def pause(_: asyncio.Event, __: float) -> None:
        if tries >= times:
            failure.end()

    runner = StageRunner(SEND, tried, pause=pause)
    await failure.begin()
    with capture_logs() as logs:
        await runner.run(stopping)
    return logs


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_disk_refuses_whole_transactions_and_work_goes_on_after(storage, outbox):
    chat = await outbox.chat(7)
    async with storage.reading() as tx:
        ((pages,),) = await tx.rows(text("PRAGMA page_count"))
    await on_writer(storage, f"PRAGMA max_page_count = {pages}")

    enqueued: list[int] = []
    with pytest.raises(DatabaseError, match="full"):
        await enqueue_for_ever(outbox, chat, enqueued)
    async with storage.reading() as tx:
        kept = await tx.one(select(func.count()).select_from(Delivery))
    await on_writer(storage, f"PRAGMA max_page_count = {LARGEST}")
    await outbox.add(chat, "x" * 5_000)

    assert kept == len(enqueued)


async def enqueue_for_ever(outbox: Outbox, chat: int, ids: list[int]) -> None:
    while True:
        ids.append(await outbox.add(chat, "x" * 5_000))


async def test_calls_that_could_not_begin_go_once_the_database_is_back(
    storage, outbox, clock, telegram, monkeypatch
):
    for chat in (1, 2, 3):
        await outbox.add(await outbox.chat(chat), f"to {chat}")
    monkeypatch.setattr("bot.delivery.sender.begin_sending", LosingTimes(begin_sending, 1))

    async with Calls(timer=TurnedTimer(clock)) as calls:
        sending = stage(storage, telegram, calls)
        with pytest.raises(DatabaseError):
            await sending.run_once()
        clock.turn(2 * PRIVATE_INTERVAL)
        await send_all(sending)

    assert sorted(telegram.calls, key=lambda call: call[1]) == [
        (ANY, chat, f"to {chat}", False) for chat in (1, 2, 3)
    ]
