"""The pace against the playground's strict accounting, on one clock that the test turns."""

from datetime import timedelta

import pytest

from bot.delivery.sender import Calls
from bot.delivery.telegram import Telegram
from tests.delivery.conftest import TurnedTimer, stage
from tests.local_playground import LocalPlayground

pytestmark = pytest.mark.slow

PEOPLE = 80
ONE_PERSON, ONE_GROUP = 3, 22


class PunctualTimer(TurnedTimer):
    """Turns the clock only once all started calls have arrived."""

    calls: Calls

    async def wait(self, seconds: float) -> None:
        await self.calls.all_done()
        self.clock.turn(timedelta(seconds=seconds))


@pytest.fixture
async def playground(clock):
    def seconds() -> float:
        moment: float = clock.now.timestamp()
        return moment

    async with LocalPlayground(flood="strict", clock=seconds) as opened:
        yield opened


@pytest.fixture
async def sending(storage, bot, clock):
    timer = PunctualTimer(clock)
    async with Calls(timer=timer) as calls:
        timer.calls = calls
        yield stage(storage, Telegram(bot), calls)


async def test_no_call_is_ever_too_fast_for_telegram(sending, playground, outbox, clock):
    group = playground.chat("group", "Readers", [playground.user("Zoe")])
    chats = [playground.user(f"P{i}").id for i in range(PEOPLE)]
    rows = [await outbox.chat(chat) for chat in (*chats, group.id)]
    for row in (*rows, *[rows[0]] * ONE_PERSON, *[rows[-1]] * ONE_GROUP):
        await outbox.add(row)

    while len(playground.journal("sendMessage")) < len(rows) + ONE_PERSON + ONE_GROUP:
        if not await sending.run_once():
            await sending.calls.all_done()
            clock.turn(timedelta(milliseconds=500))

    assert {call["status"] for call in playground.journal("sendMessage")} == {200}
