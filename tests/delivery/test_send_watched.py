"""An observer of a process sees how each call ended, and nothing of what it said."""

from contextlib import contextmanager
from datetime import timedelta

import pytest

from bot.delivery.errors import ChatBlocked, FloodWait, Unknown
from bot.delivery.sender import Calls
from bot.ops.instrumentation import Instrumentation, Observation
from storage.enums import DeliveryKind, DeliveryState
from tests.delivery.conftest import TurnedTimer, send_all, stage


class Watcher:
    def __init__(self) -> None:
        self.seen: list[Observation] = []

    @contextmanager
    def observe(self, observation: Observation):
        try:
            yield
        finally:
            self.seen.append(observation)

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(seen.name, seen.outcome) for seen in self.seen]


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
async def watched(storage, telegram, clock, watcher):
    async with Calls(timer=TurnedTimer(clock)) as calls:
        yield stage(storage, telegram, calls, instrumentation=Instrumentation([watcher]))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(FloodWait("slow", timedelta(seconds=3)), "flood_wait", id="too fast"),
        pytest.param(ChatBlocked("blocked"), "chat_blocked", id="blocked"),
        pytest.param(Unknown("no answer"), "unknown", id="nobody knows"),
        pytest.param(RuntimeError("?"), "failed", id="ours"),
    ],
)
async def test_a_call_that_is_refused_is_seen_by_the_name_of_its_error(
    watched, watcher, outbox, telegram, error, outcome
):
    telegram.errors[7] = [error]
    await outbox.add(await outbox.chat(7), "Hello")

    await send_all(watched)

    assert watcher.outcomes == [("telegram", outcome)]


async def test_a_message_and_its_edit_are_seen_without_what_they_say(
    watched, watcher, outbox, telegram
):
    chat = await outbox.chat(7)
    sent = await outbox.add(chat, "Hello", state=DeliveryState.SENT, message_id=42)
    await outbox.add(chat, "Hello")
    await outbox.add(chat, "Hello again", DeliveryKind.EDIT, target_id=sent, version=1)

    for _ in range(2):
        telegram.clock.turn(timedelta(seconds=2))
        await send_all(watched)

    assert watcher.outcomes == [("telegram", "ok")] * 2
    assert [seen.facts["edits"] for seen in watcher.seen] == [0, 1]
    assert "Hello" not in f"{watcher.seen}"
