"""Forum topics: each has its own subscriptions, and starts with the settings of its group."""

import pytest

from bot.subscribers import settings
from storage.chats import chat_at, chats_of
from storage.enums import ChatState
from tests.chat.conftest import BOT_NAME, Talk


@pytest.fixture
async def forum(house, ann):
    return await house.group(ann, thread="Elections")


@pytest.fixture
def thread(forum):
    return int(next(iter(forum.who.threads)))


async def test_a_subscription_belongs_to_its_forum_topic_and_is_answered_there(
    house, forum, thread
):
    card = await forum.says(f"{BOT_NAME} Taiwan", message_thread_id=thread)
    subscribed = await forum.presses(card, "Both")
    general = await forum.says("/topics")

    assert card["message_thread_id"] == subscribed["message_thread_id"] == thread
    assert "message_thread_id" not in general
    assert general["text"].startswith("You haven't subscribed to anything yet.")
    assert await house.subscriptions_of(forum, thread) == ["Taiwan"]


async def test_a_new_topic_begins_with_the_settings_of_its_group(house, forum, thread):
    row = await house.row_of(forum)
    await settings.set_zone(house.storage, row.id, "Asia/Taipei")
    await settings.set_single_time(house.storage, row.id, 9 * 60 + 15)

    chat_settings = await forum.says("/settings", message_thread_id=thread)

    assert "every day at 09:15 Taipei time" in chat_settings["text"]


async def test_a_message_in_a_new_topic_gets_no_answer(forum, thread, playground):
    playground.send(forum.who, "good morning", message_thread_id=thread)
    await forum.settled()

    assert len(forum.all()) == 1


async def test_a_reopened_topic_becomes_active(house, forum, thread, playground):
    await forum.says("/topics", message_thread_id=thread)
    playground.topic(forum.who, thread_id=thread, state="closed")
    async with house.storage.writing() as tx:
        row = await chat_at(tx, forum.who.id, thread)
        assert row
        row.state = ChatState.TOPIC_CLOSED
        tx.session.add(row)

    playground.topic(forum.who, thread_id=thread, state="open")
    await forum.settled()

    async with house.storage.reading() as tx:
        states = [each.state for each in await chats_of(tx, forum.who.id)]
    assert states == [ChatState.ACTIVE, ChatState.ACTIVE]


async def test_a_group_that_becomes_a_supergroup_keeps_its_subscriptions(house, ann, playground):
    talk = await house.group(ann, kind="group")
    await talk.says(f"{BOT_NAME} Taiwan", "Both")

    new = house.talk_in(playground.world.chats[playground.migrate(talk.who)])
    topics = await new.says("/topics", from_id=ann.who.id)

    assert topics["text"].startswith("Your topics")
    async with house.storage.reading() as tx:
        assert await chats_of(tx, talk.who.id) == []


async def test_here_moves_a_subscription_from_another_topic(house, forum, thread):
    await forum.says(f"{BOT_NAME} Taiwan", "Both")

    listed = await forum.says("/here", message_thread_id=thread)
    moved = await forum.presses(listed, "Taiwan")

    assert "1. Taiwan · alerts and daily digest · General" in listed["text"]
    assert moved["text"].startswith("Taiwan will be sent to this topic from now on.")
    assert await house.subscriptions_of(forum) == []
    assert await house.subscriptions_of(forum, thread) == ["Taiwan"]


async def test_here_names_the_other_topics(house, forum, thread, playground):
    other = playground.topic(forum.who, name="<b>Wahl</b> & mehr")
    for number, words in ((thread, "Taiwan"), (other, "Korea")):
        await forum.presses(await forum.says(f"/watch {words}", message_thread_id=number), "Both")

    listed = await forum.says("/here")
    await renamed(forum, thread, "Votes")
    again = await forum.says("/here")

    assert "1. Taiwan · alerts and daily digest · Elections" in listed["text"]
    assert "2. Korea · alerts and daily digest · <b>Wahl</b> & mehr" in listed["text"]
    assert "1. Taiwan · alerts and daily digest · Votes" in again["text"]


async def renamed(forum: Talk, thread: int, name: str) -> None:
    """Rename the topic thread."""
    world = forum.playground.world
    opening = forum.who.threads[thread].opening.to_api()
    told = {name: opening[name] for name in ("chat", "from", "date")}
    told |= {"message_id": world.next_message_id(), "message_thread_id": thread}
    told |= {"is_topic_message": True, "forum_topic_edited": {"name": name}}
    world.updates.add("message", told)
    await forum.settled()


async def test_here_without_forum_topics_explains_why(ann):
    assert (await ann.says("/here"))["text"].endswith("this chat has no forum topics.")
