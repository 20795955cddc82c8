"""A closed topic of a forum holds up only its own deliveries, until it is open again."""

from datetime import timedelta
from typing import Any

import pytest

from bot.subscribers import groups
from storage.chats import Chat
from storage.enums import ChatState, DeliveryState
from tests.delivery.conftest import send_all

pytestmark = pytest.mark.slow

TURN = timedelta(seconds=5)


async def send(sending: Any, clock, rounds: int = 4) -> None:
    for _ in range(rounds):
        await send_all(sending)
        clock.turn(TURN)


@pytest.mark.parametrize("state", ["closed", "deleted"])
async def test_the_other_topics_of_the_group_go_on(
    sending_there, storage, playground, outbox, clock, state
):
    forum = playground.chat("supergroup", "Newsroom", [playground.user("Ann")])
    shut, opened = (playground.topic(forum, name=name) for name in ("Elections", "Courts"))
    rows = [await outbox.chat(forum.id, thread_id=thread) for thread in (shut, opened)]
    playground.topic(forum, thread_id=shut, state=state)
    first, *others = [await outbox.add(row) for row in (rows[0], rows[1], rows[1])]

    await send(sending_there, clock)

    assert await outbox.states(first, *others) == [
        DeliveryState.SUSPENDED,
        DeliveryState.SENT,
        DeliveryState.SENT,
    ]
    async with storage.reading() as tx:
        states = [(await tx.get_one(Chat, row)).state for row in rows]
    assert states == [ChatState.TOPIC_CLOSED, ChatState.ACTIVE]


async def test_a_reopened_topic_gets_its_waiting_messages(
    sending_there, storage, playground, outbox, clock
):
    forum = playground.chat("supergroup", "Newsroom", [playground.user("Ann")])
    thread = playground.topic(forum, name="Elections")
    playground.topic(forum, thread_id=thread, state="closed")
    waiting = await outbox.add(await outbox.chat(forum.id, thread_id=thread))
    await send(sending_there, clock)

    playground.topic(forum, thread_id=thread, state="open")
    await groups.reopen_thread(storage, forum.id, thread)
    await send(sending_there, clock)

    assert await outbox.states(waiting) == [DeliveryState.SENT]
    sent = [message for message in playground.messages(forum) if message["from"]["is_bot"]]
    assert [message["message_thread_id"] for message in sent] == [thread]
