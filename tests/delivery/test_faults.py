"""Every fault of the playground at both moments: what the user sees, what the outbox says.

Real aiogram, real HTTP; the outbox's clock is turned by hand.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiogram import Bot

from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.rendering.messages import Message
from bot.telegram import BOT_DEFAULTS
from storage.chats import Chat
from storage.enums import ChatState, DeliveryKind, DeliveryState
from tests.bot_api import PlainSession
from tests.delivery.conftest import PACE_KEY, TurnedTimer, send_all
from tests.local_playground import LocalPlayground

if TYPE_CHECKING:
    from tests.conftest import TurnedClock

pytestmark = pytest.mark.slow

SECOND = timedelta(seconds=1)
TOKEN = "1:playground"


@pytest.fixture
async def playground():
    async with LocalPlayground(flood="off") as opened:
        yield opened


@pytest.fixture
async def sending(request, storage, playground, clock):
    session = PlainSession(playground.base_url)
    # Where no time runs out, a busy machine must not make it.
    seconds = 2 if "time_out" in request.node.name else 30
    telegram = Telegram(Bot(TOKEN, session=session, default=BOT_DEFAULTS), call_seconds=seconds)
    async with Calls(timer=TurnedTimer(clock)) as calls:
        yield SendStage(storage, telegram, "me", calls, PACE_KEY)
    await session.close()


async def work_for(sending: SendStage[Any], clock: TurnedClock, rounds: int = 4) -> None:
    for _ in range(rounds):
        await send_all(sending)
        clock.turn(2 * SECOND)


@pytest.mark.parametrize(
    ("fault", "when"),
    [
        ("429", "before"),
        *((fault, "before") for fault in ("500", "502_html", "reset", "time_out")),
        *((fault, "after") for fault in ("500", "502_html", "reset", "time_out")),
    ],
)
async def test_after_any_fault_it_arrives_and_a_repeat_is_silent(
    sending, playground, outbox, clock, fault, when
):
    ann, bob = playground.user("Ann"), playground.user("Bob")
    playground.inject(fault, method="sendMessage", chat_id=ann.id, when=when)
    first = await outbox.add(await outbox.chat(ann.id), "Taiwan")
    other = await outbox.add(await outbox.chat(bob.id), "Taiwan")

    await work_for(sending, clock)

    arrived = playground.messages(ann)
    assert await outbox.states(first, other) == [DeliveryState.SENT] * 2
    assert len(playground.messages(bob)) == 1
    assert 1 <= len(arrived) <= 2
    assert all(message["silent"] for message in arrived[1:])


@pytest.mark.parametrize("fault", ["reset", "time_out"])
async def test_what_is_unknown_twice_is_held_and_lets_the_next_one_pass(
    sending, playground, outbox, clock, fault
):
    ann = playground.user("Ann")
    playground.inject(fault, method="sendMessage", chat_id=ann.id, times=2, when="before")
    chat = await outbox.chat(ann.id)
    first, behind = await outbox.add(chat, "first"), await outbox.add(chat, "behind")

    await work_for(sending, clock)

    assert await outbox.states(first, behind) == [DeliveryState.HELD, DeliveryState.SENT]
    assert [message["text"] for message in playground.messages(ann)] == ["behind"]


@pytest.mark.parametrize(
    ("fault", "description", "state"),
    [
        ("403", "Forbidden: bot was blocked by the user", ChatState.BLOCKED),
        ("403", "Forbidden: user is deactivated", ChatState.GONE),
        ("403", "Forbidden: bot was kicked from the group chat", ChatState.KICKED),
        ("400", "Bad Request: chat not found", ChatState.GONE),
        ("400", "Bad Request: TOPIC_CLOSED", ChatState.TOPIC_CLOSED),
        ("400", "Bad Request: not enough rights to send text messages", ChatState.BLOCKED),
    ],
)
async def test_a_closed_address_is_suspended_and_loses_nothing(
    sending, playground, outbox, clock, storage, fault, description, state
):
    ann = playground.user("Ann")
    playground.inject(fault, method="sendMessage", chat_id=ann.id, description=description)
    chat = await outbox.chat(ann.id)
    delivery = await outbox.add(chat)

    await work_for(sending, clock)

    async with storage.reading() as tx:
        row = await tx.session.get(Chat, chat)
    assert row
    assert row.state is state
    assert await outbox.states(delivery) == [DeliveryState.SUSPENDED]
    assert playground.messages(ann) == []


async def test_bad_markup_arrives_as_plain_text(sending, playground, outbox, clock):
    ann = playground.user("Ann")
    rich = Message("Taiwan").to_json() | {
        "entities": [{"type": "text_link", "offset": 0, "length": 6, "url": "no link"}],
        "keyboard": [[{"text": "More", "data": "x" * 65}]],
    }
    delivery = await outbox.add(
        await outbox.chat(ann.id), body=rich, fallback=Message("Taiwan, plain").to_json()
    )

    await work_for(sending, clock)

    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert [message["text"] for message in playground.messages(ann)] == ["Taiwan, plain"]


async def test_what_is_too_long_fails_alone(sending, playground, outbox, clock):
    ann = playground.user("Ann")
    chat = await outbox.chat(ann.id)
    long, behind = await outbox.add(chat, "x" * 5000), await outbox.add(chat, "behind")

    await work_for(sending, clock)

    assert await outbox.states(long, behind) == [DeliveryState.FAILED, DeliveryState.SENT]


async def test_a_migrated_group_gets_what_waits_and_is_one_row(
    sending, playground, outbox, clock, storage
):
    group = playground.chat("group", "Readers", [playground.user("Ann")])
    old = await outbox.chat(group.id)
    delivery = await outbox.add(old, "before")
    new_id = playground.migrate(group)
    newer = await outbox.chat(new_id)
    later = await outbox.add(newer, "after")

    await work_for(sending, clock, rounds=6)

    texts = [message.get("text") for message in playground.messages(new_id)]
    assert [text for text in texts if text in {"before", "after"}] in (
        ["before", "after"],
        ["after", "before"],
    )
    assert await outbox.states(delivery, later) == [DeliveryState.SENT] * 2
    async with storage.reading() as tx:
        assert await tx.session.get(Chat, newer) is None
    assert (await outbox.get(later)).chat_id == old


async def test_an_alert_is_edited_in_place(sending, playground, outbox, clock):
    ann = playground.user("Ann")
    chat = await outbox.chat(ann.id)
    alert = await outbox.add(chat, "Taiwan")
    for version, text in enumerate(("Taiwan +1", "Taiwan +2"), start=1):
        await outbox.add(chat, text, DeliveryKind.EDIT, target_id=alert, version=version)

    await work_for(sending, clock)

    assert [message["text"] for message in playground.messages(ann)] == ["Taiwan +2"]


async def test_nothing_is_held_by_an_outage(sending, playground, outbox, clock):
    people = [playground.user(f"P{i}") for i in range(5)]
    ids = [await outbox.add(await outbox.chat(person.id)) for person in people]
    playground.inject("502_html", times=0)

    await work_for(sending, clock, rounds=30)
    playground.clear()
    clock.turn(timedelta(minutes=5))
    await work_for(sending, clock)

    assert set(await outbox.states(*ids)) == {DeliveryState.SENT}
