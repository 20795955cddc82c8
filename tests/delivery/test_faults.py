"""Errors that the playground itself raises, and an outage; `matrix.py` has each response.

They run on real aiogram and HTTP; the test turns the outbox's clock.
"""

from datetime import timedelta
from typing import Any

import pytest

from bot.rendering.messages import Message
from storage.chats import Chat
from storage.enums import DeliveryState
from tests.conftest import TurnedClock
from tests.delivery.conftest import send_all

pytestmark = pytest.mark.slow

SECOND = timedelta(seconds=1)


async def work_for(sending: Any, clock: TurnedClock, rounds: int = 4) -> None:
    for _ in range(rounds):
        await send_all(sending)
        clock.turn(2 * SECOND)


async def test_bad_markup_arrives_as_plain_text(sending_there, playground, outbox, clock):
    ann = playground.user("Ann")
    rich = Message("Taiwan").to_json() | {
        "entities": [{"type": "text_link", "offset": 0, "length": 6, "url": "no link"}],
        "keyboard": [[{"text": "More", "data": "x" * 65}]],
    }
    delivery = await outbox.add(
        await outbox.chat(ann.id), body=rich, fallback=Message("Taiwan, plain").to_json()
    )

    await work_for(sending_there, clock)

    assert await outbox.states(delivery) == [DeliveryState.SENT]
    assert [message["text"] for message in playground.messages(ann)] == ["Taiwan, plain"]


async def test_a_message_that_is_too_long_fails_alone(sending_there, playground, outbox, clock):
    ann = playground.user("Ann")
    chat = await outbox.chat(ann.id)
    long, behind = await outbox.add(chat, "x" * 5000), await outbox.add(chat, "behind")

    await work_for(sending_there, clock)

    assert await outbox.states(long, behind) == [DeliveryState.FAILED, DeliveryState.SENT]


async def test_a_migrated_group_gets_its_waiting_messages_and_is_one_row(
    sending_there, playground, outbox, clock, storage
):
    group = playground.chat("group", "Readers", [playground.user("Ann")])
    old = await outbox.chat(group.id)
    delivery = await outbox.add(old, "before")
    new_id = playground.migrate(group)
    newer = await outbox.chat(new_id)
    later = await outbox.add(newer, "after")

    await work_for(sending_there, clock, rounds=6)

    texts = [message.get("text") for message in playground.messages(new_id)]
    assert sorted(text for text in texts if text in {"before", "after"}) == ["after", "before"]
    assert await outbox.states(delivery, later) == [DeliveryState.SENT] * 2
    async with storage.reading() as tx:
        assert await tx.get(Chat, newer) is None
    assert (await outbox.get(later)).chat_id == old


async def test_nothing_is_held_by_an_outage(sending_there, playground, outbox, clock):
    people = [playground.user(f"P{i}") for i in range(5)]
    ids = [await outbox.add(await outbox.chat(person.id)) for person in people]
    playground.inject("502_html", times=0)

    await work_for(sending_there, clock, rounds=30)
    playground.clear()
    clock.turn(timedelta(minutes=5))
    await work_for(sending_there, clock)

    assert set(await outbox.states(*ids)) == {DeliveryState.SENT}
