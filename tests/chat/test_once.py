"""An update that Telegram repeats minutes later takes effect once."""

from datetime import timedelta
from typing import Any

import pytest
from aiogram.types import Update
from sqlmodel import SQLModel, select

from bot.chat.callbacks import CancelQuestion, Question
from bot.subscribers.access import Access
from storage.access import WrongGuesses
from storage.admin_inbox import Feedback
from storage.broadcasts import Broadcast
from storage.mailboxes import Mailbox, MailboxRequest
from storage.outbox import Delivery
from tests.chat.conftest import buttons
from tests.chat.pressings import say
from tests.resources import ADMIN

EVE = 666


@pytest.fixture
def access():
    return Access(is_open=False, admins=frozenset({ADMIN}), allowed=frozenset({EVE}), invites=True)


@pytest.fixture
def people(house):
    for name, number in (("Ada", ADMIN), ("Eve", EVE), ("Sam", 5)):
        house.talk(name, id=number)


@pytest.fixture
def twice(house, people, clock):
    """Return a function that feeds an update twice, minutes apart, and returns both replies."""

    async def feed(update: Update) -> list[list[dict[str, Any]]]:
        replies = []
        for _ in range(2):
            calls = await house.feed(update)
            replies.append([call["params"] for call in calls if call["method"] == "sendMessage"])
            clock.turn(timedelta(minutes=5))
        return replies

    return feed


@pytest.fixture
def rows(house):
    async def of(table: type[SQLModel]) -> list[Any]:
        async with house.storage.reading() as tx:
            return list(await tx.session.exec(select(table)))

    return of


async def test_feedback_and_its_answer_arrive_once(house, twice, rows):
    await house.feed(say(ADMIN, "/start"))
    thanked = await twice(say(EVE, "/feedback too early"))
    data = CancelQuestion(question=Question.FEEDBACK_REPLY, subject=1).pack()
    ours = {"id": 1, "is_bot": True, "first_name": "Dateline"}
    question = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": ADMIN, "type": "private"},
        "from": ours,
        "text": "Send me your answer",
        "reply_markup": {"inline_keyboard": [[{"text": "Cancel", "callback_data": data}]]},
    }
    passed = await twice(say(ADMIN, "Later, then.", reply_to_message=question))

    assert thanked[0] == thanked[1]
    assert passed[0] == passed[1]
    assert passed[0][0]["text"].startswith("Passed on to Eve")
    assert len(await rows(Feedback)) == 1
    assert len(await rows(Delivery)) == 2


async def test_an_address_gets_one_mail_and_a_wrong_code_counts_once(twice, rows):
    await twice(say(EVE, "/email eve@dateline.example"))
    refused = await twice(say(EVE, "000 000"))

    (mailbox,) = await rows(Mailbox)
    assert len(await rows(MailboxRequest)) == 1
    assert mailbox.tries == 1
    assert refused[0] == refused[1]


async def test_a_wrong_invitation_counts_once(twice, rows):
    await twice(say(5, "ABCD EFGH IJKL MNOP"))

    (guessing,) = await rows(WrongGuesses)
    assert guessing.tries == 1


async def test_a_broadcast_is_drafted_once_and_shown_each_time(twice, rows):
    said = await twice(say(ADMIN, "/broadcast We move on Monday."))

    (_looks, first), (_again, second) = said
    assert list(buttons(first)) == list(buttons(second))
    assert list(buttons(first))
    assert len(await rows(Broadcast)) == 1
