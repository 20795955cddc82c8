"""Responses are stored together, and none is lost with another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from bot.delivery.channel import CallResponse, response_to
from bot.delivery.errors import ChatBlocked
from bot.delivery.responses import ResponseWriter
from bot.delivery.sender import Calls
from storage.db.engine import Storage, Transaction
from storage.enums import DeliveryState
from storage.outbox import ClaimedDelivery, begin_sending, claim_deliveries
from tests.delivery.conftest import PACE_KEY, FakeTelegram, Outbox, TurnedTimer, send_all, stage

LEASE = timedelta(seconds=90)
SENT = DeliveryState.SENT
MANY = 10


class CountedStorage:
    """Counts the transactions that write."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.transactions = 0

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        self.transactions += 1
        async with self.storage.writing() as tx:
            yield tx

    async def write_at_once(self, work: Any) -> Any:
        self.transactions += 1
        return await self.storage.write_at_once(work)


async def begun(outbox: Outbox, number: int) -> list[ClaimedDelivery]:
    for chat in range(1, number + 1):
        await outbox.add(await outbox.chat(chat))
    async with outbox.storage.writing() as tx:
        claimed = await claim_deliveries(tx, "me", limit=number, lease=LEASE)
        await begin_sending(tx, [each.id for each in claimed], "me", LEASE)
    return claimed


def writer_of(storage: Any, clock: Any) -> ResponseWriter[Any]:
    return ResponseWriter(storage, FakeTelegram(clock), "me", PACE_KEY, TurnedTimer(clock))


async def write_all(writer: ResponseWriter[Any], responses: list[CallResponse[Any]]) -> None:
    async with asyncio.TaskGroup() as group:
        for each in responses:
            group.create_task(writer.write(each))


async def test_responses_that_arrive_during_a_commit_share_the_next_transaction(
    storage, outbox, clock
):
    claimed = await begun(outbox, MANY)
    counted = CountedStorage(storage)

    await write_all(writer_of(counted, clock), [response_to(each, 7) for each in claimed])

    assert set(await outbox.states(*(each.id for each in claimed))) == {SENT}
    assert counted.transactions == 2


async def test_a_response_that_changes_its_chat_has_a_transaction_of_its_own(
    storage, outbox, clock
):
    claimed = await begun(outbox, 3)
    first, second, third = claimed
    counted = CountedStorage(storage)
    written = [
        response_to(first, 7),
        response_to(second, error=ChatBlocked("x")),
        response_to(third, 7),
    ]

    await write_all(writer_of(counted, clock), written)

    assert await outbox.states(first.id, second.id, third.id) == [
        SENT,
        DeliveryState.SUSPENDED,
        SENT,
    ]
    assert counted.transactions == 3


async def test_a_response_that_cannot_be_stored_takes_no_other_with_it(storage, outbox, clock):
    claimed = await begun(outbox, 3)
    impossible: Any = "no number"
    bad = response_to(claimed[1], impossible)

    await write_all(
        writer_of(storage, clock), [response_to(claimed[0], 7), bad, response_to(claimed[2], 7)]
    )

    assert await outbox.states(claimed[0].id, claimed[2].id) == [SENT, SENT]


async def test_at_the_paid_rate_calls_begin_together_and_keep_the_rate(
    storage, outbox, telegram, clock
):
    for chat in range(1, 61):
        await outbox.add(await outbox.chat(chat))

    async with Calls(timer=TurnedTimer(clock)) as calls:
        await send_all(stage(storage, telegram, calls, per_second=1000.0))

    moments = [at for at, *_ in telegram.calls]
    window = timedelta(milliseconds=20)
    assert max(sum(first <= at < first + window for at in moments) for first in moments) <= 21
    assert len(set(moments)) < len(moments) / 10
