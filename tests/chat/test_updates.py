"""Unreadable updates block no others, are counted, and their text is never logged."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.chat.updates import read_update
from bot.ops.instrumentation import Instrumentation, Observation, Operation
from tests.chat.receiving import polling, unconfirmed

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
    "a kind that is new, and wrong": {"message": [WORDS], "harbour": {"says": WORDS}},
}


class UpdateObserver:
    def __init__(self) -> None:
        self.seen: list[Observation] = []

    @contextmanager
    def observe(self, observation: Observation) -> Iterator[None]:
        yield
        self.seen.append(observation)

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [
            (each.name, each.outcome) for each in self.seen if each.operation is Operation.UPDATE
        ]


async def test_unreadable_updates_do_not_block_others(house, ann, playground):
    with capture_logs() as logged:
        for content in BAD.values():
            playground.update(**content)
        answer = await ann.says("/help")

    assert answer["text"].startswith("Subscribe · type what you want")
    (unread,) = {line["event"] for line in logged if line["log_level"] == "warning"}
    assert unread == "an update is unreadable"
    assert WORDS not in str(logged)


async def test_unreadable_updates_are_confirmed_counted_and_logged(receiving, handler):
    observer = UpdateObserver()

    with capture_logs() as logged:
        async with receiving.open(
            handler.dispatcher, instrumentation=Instrumentation([observer])
        ) as stopping:
            numbers = [await receiving.update(**content) for content in BAD.values()]
            await receiving.send("hello")
            await handler.wait_for(1)
            stopping.set()

    kinds = ["poll", "message", "message", "callback_query", "message", "message"]
    assert handler.texts == ["hello"]
    assert observer.outcomes == [(kind, "unreadable") for kind in kinds]
    assert [(line["update"], line["kind"]) for line in logged] == [
        *zip(numbers, kinds, strict=True)
    ]
    assert WORDS not in str(logged)
    assert await receiving.left() == []


async def test_an_unreadable_update_does_not_return_after_a_restart(playground, handler):
    ann = playground.user("Ann")
    playground.update(**BAD["poll"])
    playground.send(ann, "hello")
    async with polling(playground, handler.dispatcher):
        await handler.wait_for(1)
    playground.update(**BAD["poll"])
    playground.send(ann, "again")

    with capture_logs() as logged:
        async with polling(playground, handler.dispatcher):
            await handler.wait_for(2)

    assert handler.texts == ["hello", "again"]
    assert len(logged) == 1
    assert await unconfirmed(playground) == []


@pytest.mark.parametrize("number", [WORDS, [WORDS], None], ids=["text", "list", "none"])
async def test_an_invalid_update_number_is_not_logged(bot, number):
    with capture_logs() as logged:
        assert read_update({"update_id": number, WORDS: WORDS}, bot, Instrumentation()) is None

    assert [(line["update"], line["kind"]) for line in logged] == [(None, "other")]
