"""A process that stood still, by a signal or with its machine, while others went on."""

from datetime import timedelta
from itertools import pairwise

import pytest

from bot.delivery.channel import BEGINS_WITHIN_SECONDS
from bot.delivery.pace import (
    HORIZON,
    LATE_SECONDS,
    LONGEST_LEAD_SECONDS,
    SHORTEST_LEAD_SECONDS,
    Lead,
    interval_of,
)
from bot.delivery.sender import PER_SECOND, Calls
from storage.enums import DeliveryState
from storage.outbox import begin_sending, claim_deliveries, release_claims
from storage.pace import advance_all
from tests.delivery.conftest import PACE_KEY, FakeTelegram, StandingTimer, TurnedTimer, stage

SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=30)


async def three_waiting(outbox) -> list[int]:
    return [await outbox.add(await outbox.chat(chat), f"to {chat}") for chat in (1, 2, 3)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_missed_permits_are_left_to_others(storage, outbox, clock):
    await three_waiting(outbox)
    telegram, began = FakeTelegram(clock), clock.now

    async with Calls(timer=StandingTimer(clock, 5.0)) as calls:
        assert await stage(storage, telegram, calls).run_once() == 3
        await calls.all_done()

    assert telegram.texts == ["to 1", "to 2", "to 3"]
    moments = [moment for moment, *_ in telegram.calls]
    # As if nothing had been taken before the standstill: no two come together.
    assert moments[0] - began > timedelta(seconds=5)
    assert all(after - before >= interval_of(PER_SECOND) for before, after in pairwise(moments))


async def test_a_process_that_is_a_little_late_keeps_its_permits(storage, outbox, clock):
    await three_waiting(outbox)
    telegram, began = FakeTelegram(clock), clock.now

    async with Calls(timer=StandingTimer(clock, LATE_SECONDS - 0.001)) as calls:
        await stage(storage, telegram, calls).run_once()
        await calls.all_done()

    taken = [
        began + timedelta(seconds=2 * SHORTEST_LEAD_SECONDS) + i * interval_of(PER_SECOND)
        for i in (0, 1)
    ]
    late = [moment - permit for permit, (moment, *_) in zip(taken, telegram.calls, strict=False)]
    assert [each < timedelta(seconds=LATE_SECONDS) for each in late] == [True, True]


async def test_a_process_that_is_alone_begins_late_but_not_all_calls_at_once(
    storage, outbox, clock
):
    await three_waiting(outbox)
    telegram = FakeTelegram(clock)

    async with Calls(timer=StandingTimer(clock, 5.0)) as calls:
        await stage(storage, telegram, calls).run_once()
        await calls.all_done()

    moments = [moment for moment, *_ in telegram.calls]
    assert len(moments) == 3
    assert all(after - before >= interval_of(PER_SECOND) for before, after in pairwise(moments))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_claims_without_another_permit_soon_are_released(storage, outbox, clock):
    ids = await three_waiting(outbox)
    telegram = FakeTelegram(clock)

    class Overtaken(StandingTimer):
        async def wait(self, seconds: float) -> None:
            await super().wait(seconds)
            async with storage.writing() as tx:
                await advance_all(tx, {PACE_KEY: tx.now + 2 * HORIZON})

    async with Calls(timer=Overtaken(clock, 5.0)) as calls:
        await stage(storage, telegram, calls).run_once()

    assert telegram.texts == []
    rows = [await outbox.get(each) for each in ids]
    assert [(row.state, row.attempts) for row in rows] == 3 * [(DeliveryState.PENDING, 0)]


def test_the_lead_grows_at_once_after_a_long_commit_and_shrinks_slowly():
    lead = Lead()

    seen = []
    for took in (0.001, 0.1, 5.0, 0.1):
        lead.learn(took)
        seen.append(lead.seconds)
    for _ in range(100):
        lead.learn(0.001)

    assert seen == [
        SHORTEST_LEAD_SECONDS,
        pytest.approx(0.15),
        LONGEST_LEAD_SECONDS,
        pytest.approx(0.9 * LONGEST_LEAD_SECONDS),
    ]
    assert lead.seconds == SHORTEST_LEAD_SECONDS


@pytest.mark.parametrize(
    ("seconds", "state", "said"),
    [
        pytest.param(BEGINS_WITHIN_SECONDS - 1, DeliveryState.SENT, ["news"], id="a while"),
        pytest.param(BEGINS_WITHIN_SECONDS + 1, DeliveryState.PENDING, [], id="so long"),
    ],
)
async def test_a_call_is_not_made_if_its_lease_may_have_expired(
    storage, outbox, clock, seconds, state, said
):
    news = await outbox.add(await outbox.chat(7), "news")
    telegram = FakeTelegram(clock)

    async with Calls(timer=TurnedTimer(clock)) as calls:
        sending = stage(storage, telegram, calls)
        await sending.run_once()
        clock.turn(seconds * SECOND)  # between the intent and the call
        await calls.all_done()

    assert telegram.texts == said
    assert (await outbox.get(news)).state is state


async def test_a_delivery_that_another_process_sends_is_not_released(storage, outbox, clock):
    news = await outbox.add(await outbox.chat(7), "news")
    async with storage.writing() as tx:
        await claim_deliveries(tx, "paused", limit=1, lease=LEASE)
    clock.turn(LEASE)
    async with storage.writing() as tx:
        await release_claims(tx, [news], "paused")
        await claim_deliveries(tx, "other", limit=1, lease=LEASE)
        assert await begin_sending(tx, [news], "other", LEASE)

    async with storage.writing() as tx:
        await release_claims(tx, [news], "paused")

    assert (await outbox.get(news)).state is DeliveryState.SENDING
