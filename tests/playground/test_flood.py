"""Flood accounting, by a clock that the test turns."""

from collections.abc import Iterable

import pytest

from bot.playground.errors import ApiError
from bot.playground.state.flood import Flood, FloodMode

TOKEN = "1:playground"


def _let_through(flood: Flood, chats: Iterable[int]) -> int:
    """How many of the messages to *chats* get through, in turn."""
    passed = 0
    for chat_id in chats:
        try:
            flood.charge(TOKEN, chat_id)
        except ApiError:
            continue
        passed += 1
    return passed


@pytest.mark.parametrize(
    ("mode", "passed"),
    [
        pytest.param(FloodMode.NORMAL, 3, id="a short burst is let through"),
        pytest.param(FloodMode.STRICT, 1, id="strict: not even that"),
        pytest.param(FloodMode.OFF, 9, id="off: everything"),
    ],
)
def test_a_private_chat_takes_one_a_second(wall, mode, passed):
    flood = Flood(wall, mode)

    assert _let_through(flood, [5] * 9) == passed
    wall.turn(1)
    assert _let_through(flood, [5] * 9) == (9 if mode is FloodMode.OFF else 1)


def test_the_refusal_says_how_long_to_wait_and_that_is_long_enough(wall):
    flood = Flood(wall, FloodMode.STRICT)
    flood.charge(TOKEN, 5, count=4)

    with pytest.raises(ApiError) as refused:
        flood.charge(TOKEN, 5)

    assert refused.value.description == "Too Many Requests: retry after 4"
    assert refused.value.parameters == {"retry_after": 4}
    wall.turn(4)
    flood.charge(TOKEN, 5)


def test_thirty_a_second_is_all_that_a_token_may(wall):
    flood = Flood(wall, FloodMode.NORMAL)

    assert _let_through(flood, range(1, 100)) == 30
    wall.turn(0.5)
    assert _let_through(flood, range(100, 200)) == 0
    wall.turn(0.5)
    assert _let_through(flood, range(200, 300)) == 30


def test_another_token_has_an_account_of_its_own(wall):
    flood = Flood(wall, FloodMode.NORMAL)
    _let_through(flood, range(1, 100))

    flood.charge("2:other", 500)
    with pytest.raises(ApiError):
        flood.charge(TOKEN, 500)


def test_twenty_a_minute_is_all_that_a_group_takes(wall):
    flood = Flood(wall, FloodMode.NORMAL)

    assert _let_through(flood, [-5] * 25) == 20
    wall.turn(59)
    assert _let_through(flood, [-5]) == 0
    wall.turn(1)
    assert _let_through(flood, [-5] * 25) == 20


async def test_only_messages_that_would_be_sent_are_counted(call, pg, ann):
    pg.flood("strict")

    await call("sendMessage", chat_id=ann.id, text="")
    await call("sendChatAction", chat_id=ann.id, action="typing")
    first = await call("sendMessage", chat_id=ann.id, text="one")
    second = await call("sendMessage", chat_id=ann.id, text="two")
    edited = await call("editMessageText", chat_id=ann.id, message_id=1, text="edits are free")

    assert (first["ok"], edited["ok"]) == (True, True)
    assert (second["error_code"], second["parameters"]) == (429, {"retry_after": 1})


def test_a_refusal_bans_its_chat_and_calls_inside_the_ban_are_counted(wall):
    flood = Flood(wall, FloodMode.NORMAL)
    assert _let_through(flood, [-5] * 21) == 20

    flood.check_ban("editMessageText", -5)
    with pytest.raises(ApiError) as refused:
        flood.check_ban("sendMessage", -5)
    flood.check_ban("sendMessage", 6)
    wall.seconds += 61
    flood.check_ban("sendMessage", -5)

    assert refused.value.parameters == {"retry_after": 60}
    assert [call[1:] for call in flood.inside_bans] == [
        ("editMessageText", -5),
        ("sendMessage", -5),
    ]
