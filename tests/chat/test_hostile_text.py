"""Text made to hurt, in names and messages: answered, and nothing reaches beyond its place."""

from functools import partial
from typing import Any

import pytest
from aiogram.types import Update

from tests.chat.hostile import EVE, HOSTILE, feed_hostile, texts_of
from tests.chat.pressings import press, say


@pytest.fixture
def feed(house):
    house.talk("Eve", id=EVE)
    return partial(feed_hostile, house)


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_message_is_answered(feed, text):
    calls = await feed(say(EVE, text))

    assert texts_of(calls)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("command", ["test", "search", "help", "start", "topics", "email"])
async def test_a_hostile_argument_is_answered(feed, command, text):
    calls = await feed(say(EVE, f"/{command} {text}"[:4096]))

    assert texts_of(calls)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_name_is_harmless(feed, name):
    eve: dict[str, Any] = {"from": {"id": EVE, "is_bot": False, "first_name": name}}

    calls = await feed(say(EVE, "/start", **eve))

    assert texts_of(calls)[0].startswith("Hello")
    assert len(texts_of(calls)[0].split(".")[0]) < 200


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_button_data_is_answered(feed, text):
    calls = await feed(press(EVE, text))

    assert [call for call in calls if "callback_query_id" in call]


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
    assert texts_of(await feed(say(EVE, "/help", new_field={"deep": [1]}, quote_of_tomorrow="x")))


async def test_a_press_on_an_inaccessible_message_is_answered(feed):
    calls = await feed(press(EVE, "settings", date=0))

    assert [call for call in calls if "callback_query_id" in call]
    assert texts_of(calls)[0].startswith("Settings")
