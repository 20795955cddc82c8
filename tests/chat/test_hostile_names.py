"""Hostile names of groups, forum topics and channels, and forged buttons."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pytest
from aiogram.filters.callback_data import CallbackData
from aiogram.types import ChatMemberAdministrator, Update

from tests.belongings import fill, ids_of
from tests.chat.hostile import EVE, HOSTILE, feed_hostile, texts_of
from tests.chat.pressings import classes, press, say
from tests.chat.registrations import commands_of
from tests.resources import ADMIN

pytestmark = pytest.mark.slow

LONGEST = 4096
NAMES = [*HOSTILE, pytest.param("w " * (LONGEST // 2), id="4,096 characters of a name")]
HURTS = ("<b>&lt;", "tai\x00wan", "\ud83d taiwan", "\u202etaiwan", "x" * 4000, "{{ 7 }} %(n)s")


@pytest.fixture
def feed(house):
    house.talk("Eve", id=EVE)
    house.talk("Ada", id=ADMIN)
    return partial(feed_hostile, house)


@pytest.fixture
def place(house, feed):
    """Return a function that makes a group or channel of Eve's with any title."""

    eve = house.playground.world.users[EVE]

    def make(kind: str, title: str, **facts: Any) -> dict[str, Any]:
        made = house.playground.chat(kind, "Zoo", [eve], "administrator")
        return {"id": made.id, "type": kind, "title": title} | facts

    return make


def brought(chat: dict[str, Any], status: str) -> Update:
    """Return the update that Eve added the bot."""
    bot = {"id": 1, "is_bot": True, "first_name": "Dateline"}
    fields = ChatMemberAdministrator.model_fields
    rights = dict.fromkeys((name for name in fields if name.startswith("can_")), True)
    rights["is_anonymous"] = False
    event = {
        "chat": chat,
        "from": {"id": EVE, "is_bot": False, "first_name": "Eve"},
        "date": 1,
        "old_chat_member": {"status": "left", "user": bot},
        "new_chat_member": {"status": status, "user": bot} | rights,
    }
    return Update.model_validate({"update_id": 1, "my_chat_member": event})


@pytest.mark.parametrize("title", NAMES)
async def test_a_group_may_have_any_title(feed, place, title):
    group = place("supergroup", title)

    welcome = await feed(brought(group, "member"))
    topics = await feed(say(EVE, "/topics", chat=group))

    assert texts_of(welcome)
    assert texts_of(topics)


@pytest.mark.parametrize("title", NAMES)
async def test_a_channel_may_have_any_title(feed, place, title):
    channel = place("channel", title)
    await feed(say(EVE, "/start"))

    asked = await feed(brought(channel, "administrator"))
    listed = await feed(say(EVE, "/channels"))
    (manage,) = {
        button["callback_data"]
        for row in _keyboard(asked)
        for button in row
        if button["callback_data"].startswith("manage")
    }
    managed = await feed(press(EVE, manage))
    banner = await feed(say(EVE, "/topics"))

    assert texts_of(asked)
    assert texts_of(listed)
    assert texts_of(managed)
    assert texts_of(banner)[0].startswith("For the channel")
    assert len(texts_of(banner)[0]) < 2 * 128 + 500


@pytest.mark.parametrize("name", NAMES)
async def test_a_forum_topic_may_have_any_name(house, feed, place, name):
    forum = place("supergroup", "Zoo", is_forum=True)
    house.playground.topic(forum["id"], thread_id=7)
    made = {"name": name, "icon_color": 7322096}
    in_topic = {"chat": forum, "message_thread_id": 7, "is_topic_message": True}
    opening = say(EVE, "x", **in_topic, forum_topic_created=made).model_dump(exclude_none=True)
    opening["message"].pop("text")
    asked = in_topic | {"reply_to_message": _service(forum, made)}

    assert texts_of(await feed(Update.model_validate(opening))) == []
    assert texts_of(await feed(say(EVE, "/topics", **asked)))
    assert texts_of(await feed(say(EVE, "/here", **asked)))


@pytest.mark.parametrize("text", HURTS, ids=ascii)
@pytest.mark.parametrize("who", [EVE, ADMIN], ids=["somebody", "an admin"])
async def test_every_command_takes_any_argument(house, feed, who, text):
    for command in commands_of(house.dispatcher):
        assert await feed(say(who, f"/{command} {text}")), command


class TestOnPostgreSQL:
    """PostgreSQL stores no NUL characters and no lone surrogates."""

    @pytest.fixture
    def one_storage(self, storage):
        return storage

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    @pytest.mark.parametrize("text", HURTS[1:3], ids=ascii)
    async def test_hostile_text_can_be_stored(self, feed, text):
        for command in ("feedback", "broadcast", "catalogue add", "start", "email", "search"):
            await feed(say(ADMIN, f"/{command} {text}"))

        assert texts_of(await feed(say(EVE, text, text)))


BY_HAND = (
    *(
        "",
        ":",
        ":x",
        ":-1",
        ":0:0:0:0:0:0",
        ":99999999999999999999",
        f":{2**63 - 1}",
        f":{-(2**63)}",
    ),
    *(":1e9", ":\u0663", ":1\x00", ":\ud83d", ":<b>", "|", "::::"),
)


def distinct(forged: Iterable[tuple[type[CallbackData], str]]) -> Iterator[str]:
    """Yield the data of forged buttons, each a class and what follows its prefix.

    All that a class cannot read goes to one handler, whatever it is, because filters do no more
    than read it. So of these only the first of each class and of each text is yielded.
    """
    unreadable: set[object] = set()
    for kind, text in forged:
        data = f"{kind.__prefix__}{text}"[:64]
        try:
            kind.unpack(data)
        except (TypeError, ValueError):  # those that aiogram's filter expects
            if {kind, text} <= unreadable:
                continue
            unreadable |= {kind, text}
        yield data


async def test_forged_buttons_are_answered(house, feed):
    await feed(say(ADMIN, "okapi"))
    await fill(house.storage, 1)

    for data in distinct((kind, junk) for kind in classes() for junk in BY_HAND):
        calls = await feed(press(ADMIN, data))
        assert [call for call in calls if "callback_query_id" in call], data


async def test_extreme_values_in_button_data_are_answered(house, feed):
    await feed(say(ADMIN, "okapi"))
    await fill(house.storage, 1)
    ids = await ids_of(house.storage, 1)
    assert ids

    forged = [
        (kind, f"{kind.__separator__}{value}" * len(kind.model_fields))
        for kind in classes()
        for value in ("0", "-1", "1", "127", "2147483648", "9223372036854775807", "x", "")
    ]
    for data in distinct(forged):
        calls = await feed(press(ADMIN, data))
        assert [call for call in calls if "callback_query_id" in call], data


@pytest.mark.parametrize(
    "data",
    [
        "@",
        "@|",
        "@1",
        "@1|",
        "@-1|topics:0",
        "@0|topics:0",
        "@424242|topics:0",
        "@\u0661|topics:0",
        "@99999999999999999999|topics:0",
        "@1|@1|topics:0",
        "@1|nonsense",
        "@ 1|topics:0",
    ],
)
async def test_a_forged_chat_in_button_data_is_answered(house, feed, place, data):
    await feed(say(ADMIN, "okapi"))

    assert [call for call in (await feed(press(EVE, data))) if "callback_query_id" in call]


def _keyboard(calls: list[dict[str, Any]]) -> list[list[dict[str, str]]]:
    (markup,) = (call["reply_markup"] for call in calls if "reply_markup" in call)
    rows: list[list[dict[str, str]]] = markup["inline_keyboard"]
    return rows


def _service(forum: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """Return the service message that each message of a forum topic replies to."""
    who = {"id": EVE, "is_bot": False, "first_name": "Eve"}
    return {"message_id": 7, "date": 1, "chat": forum, "from": who, "forum_topic_created": made}
