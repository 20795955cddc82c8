"""Unreadable updates block no others, are counted, and their text is never logged."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiogram import Bot
from structlog.testing import capture_logs

from bot.chat.polling import Poller
from bot.chat.updates import UpdateQueue, read_update
from bot.chat.webhook import WebhookReceiver
from bot.ops.instrumentation import Instrumentation, Observation, Operation
from tests.chat.test_polling import Handler

WORDS = "meet me at the harbour"
ANN = {"id": 7, "is_bot": False, "first_name": WORDS}
CHAT = {"id": 7, "type": "private", "first_name": WORDS}
MESSAGE = {"message_id": 1, "date": 1, "chat": CHAT, "from": ANN}
BAD: dict[str, dict[str, Any]] = {
    "poll": {"poll": {"id": "1", "question": WORDS}},
    "a poll in a message": {"message": MESSAGE | {"poll": {"id": "1", "question": WORDS}}},
    "a message without a chat": {"message": {"message_id": 1, "text": WORDS}},
    "a press that is no object": {"callback_query": WORDS},
    "a date beyond all": {"message": MESSAGE | {"date": 10**30, "text": WORDS}},
    "nothing": {},
    "a kind that is new, and wrong": {"message": [WORDS], "harbour": {"says": WORDS}},
}


class Sees:
    def __init__(self) -> None:
        self.seen: list[Observation] = []

    @contextmanager
    def observe(self, observation: Observation) -> Iterator[None]:
        yield
        self.seen.append(observation)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [
            (each.name, each.outcome) for each in self.seen if each.operation is Operation.UPDATE
        ]


async def poll_until_heard(
    bot: Bot, handler: Handler, number: int, instrumentation: Instrumentation
) -> None:
    stopping = asyncio.Event()
    handling = UpdateQueue(bot, handler.dispatcher, instrumentation=instrumentation)
    async with asyncio.TaskGroup() as group:
        poller = Poller(bot, handling, lambda: True, ("message",))
        group.create_task(poller.run(stopping))
        await handler.wait_for(number)
        stopping.set()


async def test_unreadable_updates_do_not_block_others(house, ann, playground):
    with capture_logs() as logged:
        for told in BAD.values():
            playground.update(**told)
        answer = await ann.says("/help")

    assert answer["text"]
    (unread,) = {line["event"] for line in logged if line["log_level"] == "warning"}
    assert unread == "an update is unreadable"
    assert WORDS not in str(logged)


async def test_an_unreadable_update_is_confirmed_counted_and_logged(bot, playground):
    handler, sees = Handler(), Sees()
    numbers = [playground.update(**told) for told in BAD.values() if told]
    playground.send(playground.user("Ann"), "hello")

    with capture_logs() as logged:
        await poll_until_heard(bot, handler, 1, Instrumentation([sees]))

    kinds = ["poll", "message", "message", "callback_query", "message", "message"]
    assert handler.texts == ["hello"]
    assert sees.told == [(kind, "unreadable") for kind in kinds]
    assert [(line["update"], line["kind"]) for line in logged] == [
        *zip(numbers, kinds, strict=True)
    ]
    assert WORDS not in str(logged)
    assert await bot.get_updates() == []


async def test_an_unreadable_update_does_not_return_after_a_restart(bot, playground):
    handler = Handler()
    ann = playground.user("Ann")
    playground.update(**BAD["poll"])
    playground.send(ann, "hello")
    await poll_until_heard(bot, handler, 1, Instrumentation())
    playground.update(**BAD["poll"])
    playground.send(ann, "again")

    with capture_logs() as logged:
        await poll_until_heard(bot, handler, 2, Instrumentation())

    assert handler.texts == ["hello", "again"]
    assert len(logged) == 1
    assert await bot.get_updates() == []


@pytest.mark.parametrize("told", BAD.values(), ids=BAD)
async def test_an_unreadable_update_is_accepted_by_webhook(bot, told):
    sees, webhooks, stopping = Sees(), WebhookReceiver(), asyncio.Event()
    handling = UpdateQueue(bot, Handler().dispatcher, instrumentation=Instrumentation([sees]))

    with capture_logs() as logged:
        async with webhooks.open(handling, stopping):
            taken = await webhooks.take({"update_id": 1, **told})
            stopping.set()

    assert taken
    if told:
        assert [outcome for _, outcome in sees.told] == ["unreadable"]
        assert [line["update"] for line in logged] == [1]
    assert WORDS not in str(logged)


@pytest.mark.parametrize("number", [WORDS, [WORDS], None])
async def test_an_invalid_update_number_is_not_logged(bot, number):
    with capture_logs() as logged:
        assert read_update({"update_id": number, WORDS: WORDS}, bot, Instrumentation()) is None

    assert [(line["update"], line["kind"]) for line in logged] == [(None, "other")]
