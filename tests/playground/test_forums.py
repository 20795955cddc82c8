"""Topics of forums: begun, closed, reopened, deleted, by people and by the bot."""

import pytest

from bot.playground.api.errors import ApiError


@pytest.fixture
def forum(pg, ann):
    return pg.chat("supergroup", "Newsroom", [ann])


def said(answer) -> str:
    return str(answer.get("description", ""))


async def test_a_topic_begins_with_a_message_that_the_bot_hears(pg, forum, call):
    thread = pg.topic(forum, name="Elections")
    pg.send(forum, "/topics", message_thread_id=thread)

    begun, asked = [update["message"] for update in (await call("getUpdates"))["result"]]
    assert begun["forum_topic_created"]["name"] == "Elections"
    assert begun["message_id"] == begun["message_thread_id"] == thread
    assert begun["chat"]["is_forum"] is True
    assert (asked["message_thread_id"], asked["is_topic_message"]) == (thread, True)
    assert asked["reply_to_message"]["message_id"] == thread


async def test_a_message_goes_into_its_topic(pg, forum, call):
    thread = pg.topic(forum, name="Elections")

    sent = await call("sendMessage", chat_id=forum.id, text="x", message_thread_id=thread)
    general = await call("sendMessage", chat_id=forum.id, text="x")

    assert sent["result"]["message_thread_id"] == thread
    assert "message_thread_id" not in general["result"]


async def test_closing_and_reopening_reach_the_bot_and_hold(pg, forum, call):
    thread = pg.topic(forum, name="Elections")
    there = {"chat_id": forum.id, "text": "x", "message_thread_id": thread}

    pg.topic(forum, thread_id=thread, state="closed")
    closed = await call("sendMessage", **there)
    pg.topic(forum, thread_id=thread, state="open")
    reopened = await call("sendMessage", **there)

    assert said(closed) == "Bad Request: TOPIC_CLOSED"
    assert reopened["ok"]
    _, *told = [update["message"] for update in (await call("getUpdates"))["result"]]
    assert [one["message_thread_id"] for one in told] == [thread, thread]
    assert "forum_topic_closed" in told[0]
    assert "forum_topic_reopened" in told[1]


async def test_who_may_manage_topics_writes_into_a_closed_one(pg, forum, call):
    thread = pg.topic(forum, name="Elections")
    pg.topic(forum, thread_id=thread, state="closed")
    pg.membership(forum, "administrator", rights=["can_manage_topics"])

    assert (await call("sendMessage", chat_id=forum.id, text="x", message_thread_id=thread))["ok"]


async def test_a_deleted_topic_is_gone_with_its_messages(pg, forum, call):
    thread = pg.topic(forum, name="Elections")
    pg.send(forum, "hello", message_thread_id=thread)

    pg.topic(forum, thread_id=thread, state="deleted")

    answer = await call("sendMessage", chat_id=forum.id, text="x", message_thread_id=thread)
    assert said(answer) == "Bad Request: message thread not found"
    assert pg.messages(forum) == []


async def test_the_bot_makes_and_closes_topics_with_the_right_to(pg, forum, call):
    pg.topic(forum, name="Elections")

    refused = await call("createForumTopic", chat_id=forum.id, name="Courts")
    pg.membership(forum, "administrator")
    made = (await call("createForumTopic", chat_id=forum.id, name="Courts"))["result"]
    thread = {"chat_id": forum.id, "message_thread_id": made["message_thread_id"]}
    closed = await call("closeForumTopic", **thread)
    again = await call("closeForumTopic", **thread)

    assert said(refused) == "Bad Request: not enough rights to manage topics"
    assert made["name"] == "Courts"
    assert closed["result"] is True
    assert said(again) == "Bad Request: TOPIC_NOT_MODIFIED"
    assert (await call("reopenForumTopic", **thread))["ok"]
    assert (await call("deleteForumTopic", **thread))["ok"]
    assert said(await call("deleteForumTopic", **thread)) == "Bad Request: TOPIC_ID_INVALID"


async def test_a_group_without_topics_is_no_forum(pg, ann, call):
    group = pg.chat("supergroup", "Friends", [ann])
    pg.membership(group, "administrator")

    answer = await call("createForumTopic", chat_id=group.id, name="Courts")

    assert said(answer) == "Bad Request: the chat is not a forum"
    with pytest.raises(ApiError):
        pg.send(group, "hello", message_thread_id=7)
    pg.topic(group, 7, "closed")
    answer = await call("createForumTopic", chat_id=group.id, name="Courts")
    assert answer["ok"]
