"""An observer of a process sees how each call ended, and no text."""

from datetime import timedelta

import pytest

from bot.delivery.errors import ChatBlocked, FloodWait, Unknown
from bot.delivery.sender import Calls
from bot.ops.instrumentation import Instrumentation
from storage.enums import DeliveryKind, DeliveryState
from tests.delivery.conftest import FakeObserver, TurnedTimer, send_all, stage


@pytest.fixture
def observer() -> FakeObserver:
    return FakeObserver()


@pytest.fixture
async def observed(storage, telegram, clock, observer):
    async with Calls(timer=TurnedTimer(clock)) as calls:
        yield stage(storage, telegram, calls, instrumentation=Instrumentation([observer]))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(FloodWait("slow", timedelta(seconds=3)), "flood_wait", id="too fast"),
        pytest.param(ChatBlocked("blocked"), "chat_blocked", id="blocked"),
        pytest.param(Unknown("no answer"), "unknown", id="nobody knows"),
        pytest.param(RuntimeError("?"), "failed", id="ours"),
    ],
)
async def test_an_observer_sees_the_name_of_the_error_of_a_refused_call(
    observed, observer, outbox, telegram, error, outcome
):
    telegram.errors[7] = [error]
    await outbox.add(await outbox.chat(7), "Hello")

    await send_all(observed)

    assert observer.outcomes == [("telegram", outcome)]


async def test_an_observer_sees_no_text_of_a_message_or_its_edit(
    observed, observer, outbox, telegram
):
    chat = await outbox.chat(7)
    sent = await outbox.add(chat, "Hello", state=DeliveryState.SENT, message_id=42)
    await outbox.add(chat, "Hello")
    await outbox.add(chat, "Hello again", DeliveryKind.EDIT, target_id=sent, version=1)

    for _ in range(2):
        telegram.clock.turn(timedelta(seconds=2))
        await send_all(observed)

    assert observer.outcomes == [("telegram", "ok")] * 2
    assert [seen.facts["edits"] for seen in observer.seen] == [0, 1]
    assert "Hello" not in f"{observer.seen}"
