"""A process that stood still, by a signal or with its machine, while others went on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.calls import BEGINS_WITHIN_SECONDS, LATE_SECONDS, Calls, Lateness
from bot.delivery.send import Sending
from storage.deliveries_claimed import begin_sending, claim_deliveries, give_back
from storage.words import DeliveryState
from tests.delivery.conftest import PACE_KEY, FakeTelegram, TurnedTimer

SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=30)


class StandingTimer(TurnedTimer):
    """Stands still where it is to wait for a moment, so many seconds beyond it."""

    seconds = 0.0

    async def wait(self, seconds: float) -> None:
        await super().wait(seconds + self.seconds)


async def three_waiting(outbox) -> list[int]:
    return [await outbox.add(await outbox.chat(chat), f"to {chat}") for chat in (1, 2, 3)]


async def test_slots_that_are_long_over_are_let_go(storage, outbox, clock):
    await three_waiting(outbox)
    telegram, timer = FakeTelegram(clock), StandingTimer(clock)
    timer.seconds = 2 * LATE_SECONDS

    async with Calls(timer=timer) as calls:
        sending = Sending(storage, telegram, "me", calls, PACE_KEY)
        assert await sending.send_due() == 3
        await calls.all_done()

    # The first went at once; those that had to wait came back too late.
    assert telegram.texts == ["to 1"]


def test_a_machine_that_is_always_late_sends_all_the_same():
    lateness = Lateness()

    rounds = []
    for moments in ((1.0, 1.0), (1.0, 1.05, 9.0), (0.0,)):
        lateness.begin_round()
        rounds.append([lateness.is_unusual(seconds) for seconds in moments])

    assert rounds == [[True, True], [False, False, True], [False]]


@pytest.mark.parametrize(
    ("seconds", "state", "said"),
    [
        pytest.param(BEGINS_WITHIN_SECONDS - 1, DeliveryState.SENT, ["news"], id="a while"),
        pytest.param(BEGINS_WITHIN_SECONDS + 1, DeliveryState.PENDING, [], id="so long"),
    ],
)
async def test_a_call_is_not_made_where_its_lease_may_be_over(
    storage, outbox, clock, seconds, state, said
):
    news = await outbox.add(await outbox.chat(7), "news")
    telegram = FakeTelegram(clock)

    async with Calls(timer=TurnedTimer(clock)) as calls:
        sending = Sending(storage, telegram, "me", calls, PACE_KEY)
        await sending.send_due()
        clock.turn(seconds * SECOND)  # between the intent and the call
        await calls.all_done()

    assert telegram.texts == said
    assert (await outbox.get(news)).state is state


async def test_what_another_sends_by_now_is_not_given_back(storage, outbox, clock):
    news = await outbox.add(await outbox.chat(7), "news")
    async with storage.writing() as unit:
        await claim_deliveries(unit, "paused", limit=1, lease=LEASE)
    clock.turn(LEASE)
    async with storage.writing() as unit:
        await give_back(unit, [news], "paused")
        await claim_deliveries(unit, "other", limit=1, lease=LEASE)
        assert await begin_sending(unit, [news], "other", LEASE)

    async with storage.writing() as unit:
        await give_back(unit, [news], "paused")

    assert (await outbox.get(news)).state is DeliveryState.SENDING
