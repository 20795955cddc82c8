"""Text made to hurt, in names and messages: answered, and nothing reaches beyond its place."""

from typing import Any

import pytest
from aiogram.types import Update
from structlog.testing import capture_logs

from tests.chat.pressings import press, say

EVE = 666
# What turns the direction of the text behind it, or ends what another began.
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
HOSTILE = [
    pytest.param("<b>bold</b> & <a href='tg://user?id=1'>co</a> &lt;i&gt;", id="HTML"),
    pytest.param("{{ 7 * 7 }} {% raw %} %(count)s {0} %s", id="templates"),
    pytest.param("\u202etaiwan\u202d news", id="an override"),
    pytest.param("\u2067taiwan \u2066 news", id="isolates that are left open"),
    pytest.param("tai\u200bwan\ufeff\u2060 news", id="zero width"),
    pytest.param("\u200b\u202e\u2066", id="nothing to be seen"),
    pytest.param(" \t\n\u3000\u00a0", id="white space"),
    pytest.param("a" + "\u0301" * 3000, id="marks by the thousand"),
    pytest.param("x" * 4096, id="one word of 4,096 characters"),
    pytest.param("taiwan OR " * 409, id="4,090 characters of words"),
    pytest.param("(" * 4096, id="brackets"),
    pytest.param("\ud83d taiwan \udc00", id="halves of characters"),
    pytest.param("tai\x00wan\x01\x1b[31m", id="controls"),
    pytest.param("\U0001f468\u200d\U0001f469\u200d", id="an emoji that is cut"),
    pytest.param("\U0001f1ef", id="half a flag"),
    pytest.param("'; DROP TABLE chat; --", id="SQL"),
]


@pytest.fixture
def feed(house):
    """Feed an update; return what was sent to users, or fail where something was logged."""
    house.talk("Eve", id=EVE)

    async def feed(update: Update) -> list[dict[str, Any]]:
        seen = max((call["n"] for call in house.playground.journal()), default=0)
        with capture_logs() as logged:
            await house.feed(update)
        assert [line for line in logged if line["log_level"] in {"error", "critical"}] == []
        return [call["params"] for call in house.playground.journal(after=seen)]

    return feed


def told(calls: list[dict[str, Any]]) -> str:
    return " ".join(str(call["text"]) for call in calls if "text" in call)


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_message_is_answered(feed, text):
    calls = await feed(say(EVE, text))

    assert told(calls)
    assert "Something went wrong" not in told(calls)
    assert not set(TURNING) & set(told(calls))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("command", ["test", "search", "help", "start", "topics", "email"])
async def test_a_hostile_argument_is_answered(feed, command, text):
    calls = await feed(say(EVE, f"/{command} {text}"[:4096]))

    assert told(calls)
    assert "Something went wrong" not in told(calls)
    assert not set(TURNING) & set(told(calls))


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_name_is_harmless(feed, name):
    eve: dict[str, Any] = {"from": {"id": EVE, "is_bot": False, "first_name": name}}

    calls = await feed(say(EVE, "/start", **eve))

    assert told(calls).startswith("Hello")
    assert "Something went wrong" not in told(calls)
    assert not set(TURNING) & set(told(calls))
    assert len(told(calls).split(".")[0]) < 200


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_button_data_is_answered(feed, text):
    calls = await feed(press(EVE, text))

    assert [call for call in calls if "callback_query_id" in call]
    assert "Something went wrong" not in told(calls)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(
            {
                "message": {
                    "message_id": 1,
                    "date": 1,
                    "chat": {"id": EVE, "type": "private"},
                    "text": "taiwan",
                }
            },
            id="a message of nobody",
        ),
        pytest.param(
            {
                "poll": {"id": "1", "question": "?", "options": [], "total_voter_count": 0}
                | dict.fromkeys(
                    (
                        "is_closed",
                        "is_anonymous",
                        "allows_multiple_answers",
                        "allows_revoting",
                        "members_only",
                    ),
                    False,
                )
                | {"type": "regular"}
            },
            id="a kind that was not asked for",
        ),
    ],
)
async def test_unexpected_updates_are_ignored(feed, event):
    assert await feed(Update.model_validate({"update_id": 1, **event})) == []


async def test_unknown_fields_are_ignored(feed):
    assert told(await feed(say(EVE, "/help", new_field={"deep": [1]}, quote_of_tomorrow="x")))


async def test_a_press_on_an_inaccessible_message_is_answered(feed):
    calls = await feed(press(EVE, "settings", date=0))

    assert [call for call in calls if "callback_query_id" in call]
    assert told(calls).startswith("Settings")
