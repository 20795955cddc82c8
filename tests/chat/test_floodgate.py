"""Whose updates are too much: judged by who sent them, wherever they were sent."""

from typing import Any

import pytest
from aiogram.types import Update

from bot.chat.buckets import Size, Verdict
from bot.chat.floodgate import ADMINS, Floodgate

ANN = {"id": 7, "is_bot": False, "first_name": "Ann"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Ann"}
GROUP = {"id": -100, "type": "supergroup", "title": "Newsroom"}
TWO = Size(burst=2, per_second=1)


def message(**facts: Any) -> Update:
    said = {"message_id": 1, "date": 0, "chat": PRIVATE, "from": ANN, "text": "hello"} | facts
    return Update.model_validate({"update_id": 1, "message": said})


def press(chat: dict[str, Any] = PRIVATE) -> Update:
    shown = {"message_id": 1, "date": 0, "chat": chat}
    pressed = {"id": "1", "from": ANN, "chat_instance": "1", "data": "x", "message": shown}
    return Update.model_validate({"update_id": 1, "callback_query": pressed})


def verdicts(gate: Floodgate, *updates: Update) -> list[Verdict]:
    return [gate.judge(update, now=0.0).verdict for update in updates]


@pytest.fixture
def gate() -> Floodgate:
    return Floodgate(everybody=TWO)


def test_a_person_is_one_in_all_chats(gate):
    judged = verdicts(gate, message(chat=GROUP), message(), message(), message(chat=GROUP))

    assert judged == [Verdict.HANDLE, Verdict.HANDLE, Verdict.SAY, Verdict.DROP]


def test_another_person_of_the_group_is_not_held_up(gate):
    verdicts(gate, *[message(chat=GROUP)] * 5)

    ben = message(chat=GROUP, **{"from": ANN | {"id": 8}})

    assert verdicts(gate, ben) == [Verdict.HANDLE]


def test_a_group_is_not_told_what_a_member_does(gate):
    assert Verdict.SAY not in verdicts(gate, *[message(chat=GROUP)] * 5)


def test_a_press_in_a_group_is_told_to_who_pressed(gate):
    assert verdicts(gate, *[press(GROUP)] * 4)[2:] == [Verdict.SAY, Verdict.DROP]


def test_anonymous_admins_of_two_groups_are_not_one_person(gate):
    anonymous = ANN | {"id": 1087968824, "is_bot": True}
    other = GROUP | {"id": -200}
    for _ in range(5):
        gate.judge(message(chat=GROUP, sender_chat=GROUP, **{"from": anonymous}), now=0.0)

    elsewhere = message(chat=other, sender_chat=other, **{"from": anonymous})

    assert verdicts(gate, elsewhere) == [Verdict.HANDLE]


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"migrate_to_chat_id": -1000}, id="a group that becomes a supergroup"),
        pytest.param({"forum_topic_closed": {}}, id="a topic that is closed"),
        pytest.param({"left_chat_member": ANN}, id="somebody who leaves"),
    ],
)
def test_what_a_chat_tells_of_itself_is_never_dropped(gate, told):
    verdicts(gate, *[message(chat=GROUP)] * 5)

    assert verdicts(gate, message(chat=GROUP, text=None, **told)) == [Verdict.HANDLE]


def test_a_person_who_blocks_the_bot_amid_a_flood_is_heard(gate):
    verdicts(gate, *[message()] * 5)
    me = {"id": 1, "is_bot": True, "first_name": "Dateline"}
    left = {"status": "kicked", "user": me, "until_date": 0}
    told = {"chat": PRIVATE, "from": ANN, "date": 0, "new_chat_member": left}
    told["old_chat_member"] = {"status": "member", "user": me}

    update = Update.model_validate({"update_id": 1, "my_chat_member": told})

    assert verdicts(gate, update) == [Verdict.HANDLE]


def test_admins_may_do_more_at_once():
    gate = Floodgate(admins={7})

    judged = verdicts(gate, *[message()] * (ADMINS.burst + 1))

    assert judged == [Verdict.HANDLE] * ADMINS.burst + [Verdict.SAY]


def test_typing_in_another_chat_takes_nothing_from_talk_with_the_bot(gate):
    query = {"id": "1", "from": ANN, "query": "t", "offset": ""}
    typing = Update.model_validate({"update_id": 1, "inline_query": query})

    judged = verdicts(gate, *[typing] * 100)

    assert judged[-1] is Verdict.DROP
    assert Verdict.SAY not in judged
    assert verdicts(gate, message()) == [Verdict.HANDLE]


def test_an_update_of_a_kind_that_is_not_known_is_dropped(gate):
    assert verdicts(gate, Update.model_validate({"update_id": 1, "new_kind": {}})) == [Verdict.DROP]
