"""Replies to the bot in a group, what members are shown there, and the general topic of a forum."""

import re
from typing import Any

import pytest
from aiogram.types import Message, Update
from sqlmodel import col, select

from bot.chat.group_messages import is_reply_to_bot
from bot.mail.compose import Mail
from bot.rendering.keyboards import SETTINGS, on_alert, show_all, topics_page
from bot.sources.discovery.discover import FoundFeed, LookupResult
from storage.enums import Medium
from storage.outbox import Delivery
from tests.chat.conftest import BOT_NAME, labels

ONLY_ADMINISTRATORS = "Only administrators can change what this group gets."


def reply(text: str | None, *, to: list[str] | None, sender: int = 1, **facts: Any) -> Message:
    """Return a reply with *text* to a message of *sender* with buttons *to*; None for none."""
    rows = [[{"text": "x", "callback_data": data}] for data in to or ()]
    chat = {"id": -100, "type": "supergroup", "title": "Newsroom"}
    shown = {
        "message_id": 1,
        "date": 1,
        "chat": chat,
        "from": {"id": sender, "is_bot": True, "first_name": "Dateline"},
        "text": "Taiwan",
        **({"reply_markup": {"inline_keyboard": rows}} if rows else {}),
    }
    user = {"id": 7, "is_bot": False, "first_name": "Ann"}
    sent = {"message_id": 2, "date": 1, "chat": chat, "from": user, "reply_to_message": shown}
    return Message.model_validate(sent | ({"text": text} if text else {}) | facts)


FILE: dict[str, Any] = {"document": {"file_id": "1", "file_unique_id": "1"}}


@pytest.mark.parametrize(
    ("message", "is_for_bot"),
    [
        pytest.param(reply("Korea", to=["words|both|Taiwan"]), True, id="words below a card"),
        pytest.param(reply("123456", to=["email:"]), True, id="a code"),
        pytest.param(reply("123 456", to=None), True, id="a code below an error"),
        pytest.param(reply("me@example.org", to=None), True, id="an address"),
        pytest.param(reply("https://paper.example/", to=["topics:0"]), True, id="a link"),
        pytest.param(reply("quiet 22-7", to=["settings:"]), True, id="hours"),
        pytest.param(reply(None, to=["topics:0"], **FILE), True, id="a file"),
        pytest.param(reply("thanks!", to=["topics:0"]), False, id="thanks"),
        pytest.param(reply("hello", to=["topics:0"]), False, id="a greeting"),
        pytest.param(reply("\U0001f44d", to=["topics:0"]), False, id="a smiley"),
        pytest.param(reply("word " * 60, to=["topics:0"]), False, id="a long text"),
        pytest.param(reply("nice one", to=None), False, id="a comment on a part of a digest"),
        pytest.param(reply("sad", to=[on_alert("story", 1)]), False, id="a comment on an alert"),
        pytest.param(reply("sad", to=[topics_page()]), False, id="a comment on a digest"),
        pytest.param(reply("123456", to=[SETTINGS]), False, id="a number below a digest"),
        pytest.param(reply("sad", to=[show_all(None, 0, 1)]), False, id="below a long digest"),
        pytest.param(reply("Korea", to=["topics:0"], sender=2), False, id="to another bot"),
        pytest.param(reply(None, to=["topics:0"]), False, id="a picture"),
        pytest.param(
            reply(
                "@bob look",
                to=["topics:0"],
                entities=[{"type": "mention", "offset": 0, "length": 4}],
            ),
            False,
            id="to somebody by name",
        ),
    ],
)
def test_a_reply_is_for_the_bot_if_it_says_something_to_it(message, is_for_bot):
    assert is_reply_to_bot(message, bot_id=1) is is_for_bot


async def test_a_code_as_a_reply_confirms_the_address(house, ann, group):
    await ann.says("/start")
    note = await group.says("/email news@example.org", from_id=ann.who.id)
    await ann.next()
    async with house.storage.reading() as tx:
        mails = select(Delivery).where(col(Delivery.medium) == Medium.EMAIL)
        mail = Mail.from_json((await tx.session.exec(mails)).one().body)
    found = re.search(r"\d{3} \d{3}", mail.text)
    assert found

    answered = await group.replies(note, found[0], from_id=ann.who.id)
    confirmed = await ann.next()

    assert answered["text"] == "I've answered in our private chat."
    assert "Digests come here and by e-mail, to news@example.org." in confirmed["text"]


async def test_six_digits_are_a_query_while_no_code_is_expected(ann, group):
    topics = await group.says("/topics", from_id=ann.who.id)

    assert (await group.replies(topics, "202611", from_id=ann.who.id))["text"].startswith(
        "202611 ·"
    )


async def test_a_link_as_a_reply_is_read(house, ann, group):
    house.looking.told = LookupResult("", (FoundFeed("https://p.example/f", "Paper"),))
    topics = await group.says("/topics", from_id=ann.who.id)

    offer = await group.replies(topics, "https://p.example/", from_id=ann.who.id)
    while offer["text"].startswith("Looking at"):
        offer = await group.next()

    assert offer["text"].startswith("Add Paper?")


async def test_a_file_as_a_reply_is_asked_for_in_private(house, ann, group, playground):
    await ann.says("/start")
    topics = await group.says("/topics", from_id=ann.who.id)
    shown = playground.world.chats[group.who.id].messages[topics["message_id"]].to_api()
    place = {"id": group.who.id, "type": "supergroup", "title": "Newsroom"}
    await house.feed(document_from(ann.who.id, place, shown))

    how = await ann.next()

    assert how["text"].startswith("For the group Newsroom\n\nImport topics and sources")


def document_from(user_id: int, place: dict[str, Any], shown: dict[str, Any]) -> Update:
    """Return an update with a file, which replies to *shown*."""
    user = {"id": user_id, "is_bot": False, "first_name": "Ann"}
    message = {"message_id": 10**6, "date": 1, "chat": place, "from": user, **FILE}
    event = message | {"reply_to_message": shown}
    return Update.model_validate({"update_id": 10**6, "message": event})


class TestMembers:
    async def test_a_card_says_who_can_subscribe(self, ann, eve, group):
        theirs = await group.says(f"{BOT_NAME} Taiwan", from_id=eve.id)
        mine = await group.says(f"{BOT_NAME} Taiwan", from_id=ann.who.id)

        assert labels(theirs) == []
        assert theirs["text"].endswith(ONLY_ADMINISTRATORS)
        assert "Both" in labels(mine)
        assert ONLY_ADMINISTRATORS not in mine["text"]

    async def test_settings_keep_what_a_member_may_read(self, eve, group):
        settings = await group.says("/settings", from_id=eve.id)

        assert labels(settings) == ["Muted", "Language", "Topics"]
        assert settings["text"].endswith(ONLY_ADMINISTRATORS)

    async def test_a_topic_has_no_menus_for_members(self, ann, eve, group):
        await group.presses(
            await group.says(f"{BOT_NAME} Taiwan", from_id=ann.who.id), "Both", from_id=ann.who.id
        )
        listed = await group.says("/topics", from_id=eve.id)
        topic = await group.presses(listed, "Taiwan", from_id=eve.id)
        more = await group.presses(topic, "More", from_id=eve.id)

        assert "Tap a topic to see what it found lately." in listed["text"]
        assert labels(topic) == ["Recent", "More ▸"]
        assert "Share" not in labels(more)
        assert "Trend" in labels(more)

    async def test_an_old_button_of_an_administrator_is_refused_with_a_reason(
        self, ann, eve, group
    ):
        settings = await group.says("/settings", from_id=ann.who.id)

        toast = await group.presses_quietly(settings, "Change time", from_id=eve.id)

        assert toast.startswith("Only administrators can change")

    async def test_start_says_that_the_group_is_served(self, eve, group):
        told = await group.says("/start", from_id=eve.id)

        assert told["text"].startswith("Hello, Eve. I read the news for this group and send only")

    async def test_a_group_erases_its_data_and_names_itself(self, ann, group):
        asked = await group.says("/delete_me", from_id=ann.who.id)
        done = await group.presses(asked, "Delete everything", from_id=ann.who.id)

        assert asked["text"].startswith("Delete all of Newsroom's data?")
        assert "All of Newsroom's data is deleted" in done["text"]


class TestForum:
    @pytest.mark.parametrize("command", ["/topics", "/digest"])
    async def test_the_general_topic_points_to_those_with_subscriptions(self, house, ann, command):
        forum = await house.group(ann, thread="Elections")
        thread = int(next(iter(forum.who.threads)))
        await forum.says(f"{BOT_NAME} Taiwan", "Both", message_thread_id=thread)

        general = await forum.says(command)
        there = await forum.says(command, message_thread_id=thread)

        assert "Elections · 1" in general["text"]
        links = [entity.get("url", "") for entity in general["entities"]]
        assert any(link.endswith(f"/{thread}") for link in links)
        assert "Elections · 1" not in there["text"]

    async def test_a_group_without_topics_says_nothing_of_them(self, ann, group):
        assert "Other forum topics" not in (await group.says("/topics", from_id=ann.who.id))["text"]
