"""Confidential commands in a group: answered in the private chat, or with a link that opens it."""

import re

import pytest

from bot.chat.managed_chats import link_to, linked_by
from tests.chat.conftest import BOT_NAME, labels
from tests.chat.pressings import say

ANSWERED = "I've answered in our private chat."
OPEN = "Everybody here would see this"


def start_in(message) -> str:
    """Return the text that a user sends by following the link in the button of *message*."""
    (button,) = message["reply_markup"]["inline_keyboard"][0]
    found = re.fullmatch(rf"https://t\.me/{BOT_NAME[1:]}\?start=([\w-]+)", button["url"])
    assert found
    return f"/start {found[1]}"


@pytest.mark.parametrize(
    ("command", "begin"),
    [
        ("/email", "E-mail"),
        ("/feeds", "Your feeds"),
        ("/sources", "You haven't added a source of your own."),
        ("/import", "Import topics and sources"),
        ("/export", "This is everything that I store for Newsroom."),
    ],
)
async def test_the_answer_goes_to_the_private_chat(ann, group, command, begin):
    await ann.says("/start")

    note = await group.says(command, from_id=ann.who.id)
    answer = await ann.next()

    said = answer.get("text") or answer["caption"]
    assert note["text"] == ANSWERED
    assert labels(note) == ["Open it"]
    assert said.startswith(f"For the group Newsroom\n\n{begin}")


async def test_the_next_text_typed_in_private_is_about_the_group(house, ann, group):
    await ann.says("/start")
    await group.says("/email", from_id=ann.who.id)
    await ann.next()

    asked = await ann.says("news@example.org")

    assert asked["text"].startswith("For the group Newsroom\n\nE-mail")
    assert (await ann.presses(asked, "Back to my own topics"))["text"].startswith("Everything")
    assert "news@example.org" not in (await ann.says("/settings"))["text"]


async def test_without_a_private_chat_a_link_opens_the_answer(house, ann, group, playground):
    note = await group.says("/email", from_id=ann.who.id)
    page = await ann.says(start_in(note))

    assert note["text"].startswith(OPEN)
    assert page["text"].startswith("For the group Newsroom\n\nE-mail")


async def test_a_link_does_nothing_for_a_member(house, ann, eve, group):
    note = await group.says("/feeds", from_id=ann.who.id)

    refused = await house.talk_in(eve).says(start_in(note))

    assert refused["text"].startswith("You no longer administer this chat")


async def test_an_anonymous_administrator_gets_the_link(ann, group, playground):
    await ann.says("/start")
    playground.member(group.who, ann.who, "creator", is_anonymous=True)

    note = await group.says("/feeds", from_id=ann.who.id)
    page = await ann.says(start_in(note))

    assert note["text"].startswith(OPEN)
    assert page["text"].startswith("For the group Newsroom\n\nYour feeds")


async def test_a_blocked_bot_sends_the_link(house, ann, group, playground):
    await ann.says("/start")
    playground.block(ann.who)

    note = await group.says("/email", from_id=ann.who.id)

    assert note["text"].startswith(OPEN)


async def test_a_button_in_the_group_opens_the_private_chat(house, ann, group, playground):
    settings = await group.says("/settings", from_id=ann.who.id)
    data = next(
        button["callback_data"]
        for row in settings["reply_markup"]["inline_keyboard"]
        for button in row
        if button["text"] == "E-mail"
    )

    pressed = playground.press(group.who, settings["message_id"], data, from_id=ann.who.id)
    answer = await playground.wait_for_answer(pressed)

    assert f"?start=settings-{(await house.row_of(group)).id}" in answer["url"]


async def test_a_thread_is_answered_for_itself(house, ann):
    await ann.says("/start")
    forum = await house.group(ann, thread="Elections")
    thread = int(next(iter(forum.who.threads)))

    note = await forum.says("/email", message_thread_id=thread)
    answer = await ann.next()

    assert note["message_thread_id"] == thread
    assert answer["text"].startswith("For the group Newsroom")
    row = await house.row_of(forum, thread)
    assert f"@{row.id}|" in str(answer["reply_markup"])


@pytest.mark.parametrize(
    "text",
    [
        "/start stop-1",
        "/start delete_me-1",
        "/start email",
        "/start email-",
        "/start email-x",
        "/start email-1 2",
        f"/start email-{'9' * 30}",
        "/start admin-1",
        "email-1",
        "",
        None,
    ],
)
def test_a_link_opens_only_pages_that_change_nothing(text):
    assert linked_by(text) is None


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("/email", "email-7"),
        ("/email@some_bot me@example.org", "email-7"),
        ("/delete_me", "settings-7"),
        ("me@example.org", "settings-7"),
    ],
)
def test_the_link_names_the_page_and_the_chat(typed, start):
    assert link_to(typed, 7) == start
    assert linked_by(f"/start {start}")


async def test_a_forged_link_to_a_private_chat_is_refused(house, ann):
    eve = house.talk("Eve")
    await eve.says("/start")
    row = await house.row_of(eve)

    answer = await ann.says(f"/start email-{row.id}")

    assert answer["text"].startswith("You no longer administer this chat")


async def test_a_typed_link_in_a_group_is_a_greeting(house, ann, group):
    row = await house.row_of(group)
    place = {"id": group.who.id, "type": "supergroup", "title": "Newsroom"}

    calls = await house.feed(say(ann.who.id, f"/start email-{row.id}", chat=place))

    assert "I read the news for this group" in str(calls)
