"""Flood control, by a clock that the test turns."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from bot.playground.errors import ApiError
from bot.playground.state.flood import Flood, FloodMode

TOKEN = "1:playground"


def _send_all(flood: Flood, chats: Iterable[int]) -> int:
    """Charge a message to each of *chats*; return how many are within the limits."""
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
def test_a_private_chat_takes_one_message_a_second(clock, unix_time, mode, passed):
    flood = Flood(unix_time, mode)

    assert _send_all(flood, [5] * 9) == passed
    clock.turn(timedelta(seconds=1))
    assert _send_all(flood, [5] * 9) == (9 if mode is FloodMode.OFF else 1)


def test_the_error_names_a_wait_that_is_long_enough(clock, unix_time):
    flood = Flood(unix_time, FloodMode.STRICT)
    flood.charge(TOKEN, 5, count=4)

    with pytest.raises(ApiError) as error:
        flood.charge(TOKEN, 5)

    assert error.value.description == "Too Many Requests: retry after 4"
    assert error.value.parameters == {"retry_after": 4}
    clock.turn(timedelta(seconds=4))
    flood.charge(TOKEN, 5)


def test_a_token_sends_thirty_messages_a_second(clock, unix_time):
    flood = Flood(unix_time, FloodMode.NORMAL)

    assert _send_all(flood, range(1, 100)) == 30
    clock.turn(timedelta(seconds=0.5))
    assert _send_all(flood, range(100, 200)) == 0
    clock.turn(timedelta(seconds=0.5))
    assert _send_all(flood, range(200, 300)) == 30


def test_each_token_has_limits_of_its_own(unix_time):
    flood = Flood(unix_time, FloodMode.NORMAL)
    _send_all(flood, range(1, 100))

    flood.charge("2:other", 500)
    with pytest.raises(ApiError):
        flood.charge(TOKEN, 500)


def test_a_group_takes_twenty_messages_a_minute(clock, unix_time):
    flood = Flood(unix_time, FloodMode.NORMAL)

    assert _send_all(flood, [-5] * 25) == 20
    clock.turn(timedelta(seconds=59))
    assert _send_all(flood, [-5]) == 0
    clock.turn(timedelta(seconds=1))
    assert _send_all(flood, [-5] * 25) == 20


async def test_only_valid_messages_count_against_the_limit(call, pg, ann):
    pg.flood("strict")

    await call("sendMessage", chat_id=ann.id, text="")
    await call("sendChatAction", chat_id=ann.id, action="typing")
    first = await call("sendMessage", chat_id=ann.id, text="one")
    second = await call("sendMessage", chat_id=ann.id, text="two")
    edited = await call("editMessageText", chat_id=ann.id, message_id=1, text="edits are free")

    assert (first["ok"], edited["ok"]) == (True, True)
    assert (second["error_code"], second["parameters"]) == (429, {"retry_after": 1})


def test_a_429_bans_its_chat_and_calls_inside_the_ban_are_recorded(clock, unix_time):
    flood = Flood(unix_time, FloodMode.NORMAL)
    assert _send_all(flood, [-5] * 21) == 20

    flood.check_ban("editMessageText", -5)
    with pytest.raises(ApiError) as error:
        flood.check_ban("sendMessage", -5)
    flood.check_ban("sendMessage", 6)
    clock.turn(timedelta(seconds=61))
    flood.check_ban("sendMessage", -5)

    assert error.value.parameters == {"retry_after": 60}
    assert [call[1:] for call in flood.inside_bans] == [
        ("editMessageText", -5),
        ("sendMessage", -5),
    ]
