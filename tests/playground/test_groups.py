"""Members and rights in groups and channels: their updates, and the bot's permissions."""

from typing import Any

import pytest

from bot.playground.errors import ApiError


@pytest.fixture
def new_updates(call):
    """Return the updates since the last call, as (kind, payload)."""
    offset = 0

    async def new_updates() -> list[tuple[str, dict[str, Any]]]:
        nonlocal offset
        updates = (await call("getUpdates", offset=offset))["result"]
        offset = updates[-1]["update_id"] + 1 if updates else offset
        return [next((k, u[k]) for k in u if k != "update_id") for u in updates]

    return new_updates


def description(body) -> str:
    return str(body.get("description", ""))


async def test_a_change_of_the_bots_membership_names_the_user_and_the_rights(pg, ann, new_updates):
    group = pg.chat("supergroup", "Newsroom", [ann], bot="left")

    pg.membership(group, "member", from_id=ann.id)
    pg.membership(group, "administrator", rights=["can_manage_topics"], from_id=ann.id)

    (_, added), (kind, risen) = await new_updates()
    assert kind == "my_chat_member"
    assert added["from"]["id"] == ann.id
    assert (added["old_chat_member"]["status"], added["new_chat_member"]["status"]) == (
        "left",
        "member",
    )
    assert risen["new_chat_member"]["can_manage_topics"] is True
    assert risen["new_chat_member"]["can_delete_messages"] is False


async def test_changes_of_other_members_reach_only_an_administrator_that_allows_them(
    pg, ann, call, new_updates
):
    ben = pg.user("Ben")
    group = pg.chat("supergroup", "Newsroom", [ann])
    await call("getUpdates", allowed_updates=["chat_member"])

    pg.member(group, ben, "member")
    pg.membership(group, "administrator")
    pg.member(group, ben, "administrator", rights=["can_manage_chat"], from_id=ann.id)
    pg.member(group, ben, "member")

    (_, risen), (_, fallen) = await new_updates()
    assert risen["new_chat_member"]["user"]["first_name"] == "Ben"
    assert risen["from"]["first_name"] == "Ann"
    assert fallen["new_chat_member"]["status"] == "member"


async def test_only_administrators_are_listed(pg, ann, call):
    ben = pg.user("Ben")
    group = pg.chat("supergroup", "Newsroom", [ann, ben])
    pg.membership(group, "administrator")

    async def listed() -> list[tuple[str, str]]:
        admins = (await call("getChatAdministrators", chat_id=group.id))["result"]
        return [(admin["user"]["first_name"], admin["status"]) for admin in admins]

    before = await listed()
    pg.member(group, ben, "administrator", is_anonymous=True)

    assert before == [("Ann", "creator"), ("Dateline", "administrator")]
    assert ("Ben", "administrator") in await listed()


async def test_a_restricted_member_keeps_the_remaining_rights(pg, ann, call):
    ben = pg.user("Ben")
    group = pg.chat("supergroup", "Newsroom", [ann, ben])
    pg.member(group, ben, "restricted", rights=[])

    member = (await call("getChatMember", chat_id=group.id, user_id=ben.id))["result"]

    assert (member["status"], member["is_member"], member["can_send_messages"]) == (
        "restricted",
        True,
        False,
    )
    with pytest.raises(ApiError):
        pg.send(group, "hello", from_id=ben.id)


@pytest.mark.parametrize(
    ("kind", "status", "rights", "error"),
    [
        pytest.param(
            "channel",
            "administrator",
            ["can_edit_messages"],
            "Bad Request: need administrator rights in the channel chat",
            id="a channel without the right to post",
        ),
        pytest.param(
            "channel",
            "left",
            None,
            "Forbidden: bot is not a member of the channel chat",
            id="a channel that it is not in",
        ),
        pytest.param(
            "supergroup",
            "restricted",
            [],
            "Bad Request: not enough rights to send text messages to the chat",
            id="a group where it may not write",
        ),
    ],
)
async def test_without_the_right_nothing_is_posted(pg, ann, call, kind, status, rights, error):
    chat = pg.chat(kind, "News", [ann])
    pg.membership(chat, status, rights=rights)

    assert description(await call("sendMessage", chat_id=chat.id, text="x")) == error


async def test_only_administrators_see_the_members_of_a_channel(pg, ann, call):
    channel = pg.chat("channel", "News", [ann])

    member = await call("getChatMember", chat_id=channel.id, user_id=ann.id)
    pg.membership(channel, "left")
    refused = await call("getChatMember", chat_id=channel.id, user_id=ann.id)

    assert member["result"]["status"] == "creator"
    assert description(refused) == "Forbidden: bot is not a member of the channel chat"


async def test_posts_of_a_channel_have_no_user(pg, ann, new_updates):
    channel = pg.chat("channel", "News", [ann])

    pg.send(channel, "/topics")

    ((kind, post),) = await new_updates()
    assert kind == "channel_post"
    assert "from" not in post
    assert post["sender_chat"]["title"] == "News"


async def test_readers_of_a_channel_cannot_post(pg, ann):
    channel = pg.chat("channel", "News", [ann])

    with pytest.raises(ApiError):
        pg.send(channel, "hello", from_id=pg.user("Eve").id)


async def test_an_anonymous_administrator_writes_as_the_group_and_presses_as_a_user(
    pg, ann, call, new_updates
):
    group = pg.chat("supergroup", "Newsroom", [ann])
    pg.member(group, ann, "creator", is_anonymous=True)
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    sent = (await call("sendMessage", chat_id=group.id, text="x", reply_markup=markup))["result"]
    await new_updates()

    pg.send(group, "/topics", from_id=ann.id)
    pg.press(group, sent["message_id"], "go", from_id=ann.id)

    (_, message), (_, query) = await new_updates()
    assert message["from"]["id"] == 1_087_968_824
    assert message["sender_chat"]["id"] == group.id
    assert query["from"]["id"] == ann.id


@pytest.mark.parametrize(
    ("text", "is_delivered"),
    [
        pytest.param("good morning", False, id="talk"),
        pytest.param("/topics", True, id="a command"),
        pytest.param("/topics@dateline_playground_bot", True, id="a command of its own"),
        pytest.param("/topics@other_bot", False, id="another bot's command"),
        pytest.param("@dateline_playground_bot Taiwan", True, id="a mention"),
        pytest.param("@dateline_playground_botany", False, id="a longer name"),
    ],
)
async def test_privacy_mode_lets_only_messages_to_the_bot_through(
    pg, ann, new_updates, text, is_delivered
):
    group = pg.chat("supergroup", "Newsroom", [ann])

    pg.send(group, text, from_id=ann.id)

    assert bool(await new_updates()) is is_delivered


async def test_a_reply_reaches_the_bot_and_everything_reaches_an_administrator(pg, ann, call):
    group = pg.chat("group", "Friends", [ann])
    sent = (await call("sendMessage", chat_id=group.id, text="hello"))["result"]["message_id"]

    assert pg.send(group, "an answer", reply_to_message_id=sent)["update_id"] is not None
    assert pg.send(group, "talk")["update_id"] is None
    pg.membership(group, "administrator")
    assert pg.send(group, "talk")["update_id"] is not None


async def test_an_unknown_status_or_right_is_rejected(pg, ann):
    group = pg.chat("supergroup", "Newsroom", [ann])

    with pytest.raises(ApiError):
        pg.membership(group, "emperor")
    with pytest.raises(ApiError):
        pg.membership(group, "administrator", rights=["can_fly"])


@pytest.fixture
def forum(pg, ann):
    return pg.chat("supergroup", "Newsroom", [ann])


async def test_a_topic_begins_with_a_message_to_the_bot(pg, forum, call):
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


async def test_closing_and_reopening_a_topic_reach_the_bot_and_take_effect(pg, forum, call):
    thread = pg.topic(forum, name="Elections")
    there = {"chat_id": forum.id, "text": "x", "message_thread_id": thread}

    pg.topic(forum, thread_id=thread, state="closed")
    closed = await call("sendMessage", **there)
    pg.topic(forum, thread_id=thread, state="open")
    reopened = await call("sendMessage", **there)

    assert description(closed) == "Bad Request: TOPIC_CLOSED"
    assert reopened["ok"]
    _, *notices = [update["message"] for update in (await call("getUpdates"))["result"]]
    assert [notice["message_thread_id"] for notice in notices] == [thread, thread]
    assert "forum_topic_closed" in notices[0]
    assert "forum_topic_reopened" in notices[1]


async def test_an_administrator_who_manages_topics_writes_into_a_closed_one(pg, forum, call):
    thread = pg.topic(forum, name="Elections")
    pg.topic(forum, thread_id=thread, state="closed")
    pg.membership(forum, "administrator", rights=["can_manage_topics"])

    assert (await call("sendMessage", chat_id=forum.id, text="x", message_thread_id=thread))["ok"]


async def test_a_deleted_topic_is_gone_with_its_messages(pg, forum, call):
    thread = pg.topic(forum, name="Elections")
    pg.send(forum, "hello", message_thread_id=thread)

    pg.topic(forum, thread_id=thread, state="deleted")

    body = await call("sendMessage", chat_id=forum.id, text="x", message_thread_id=thread)
    assert description(body) == "Bad Request: message thread not found"
    assert pg.messages(forum) == []


async def test_the_bot_needs_the_right_to_create_and_close_topics(pg, forum, call):
    pg.topic(forum, name="Elections")

    refused = await call("createForumTopic", chat_id=forum.id, name="Courts")
    pg.membership(forum, "administrator")
    made = (await call("createForumTopic", chat_id=forum.id, name="Courts"))["result"]
    thread = {"chat_id": forum.id, "message_thread_id": made["message_thread_id"]}
    closed = await call("closeForumTopic", **thread)
    again = await call("closeForumTopic", **thread)

    assert description(refused) == "Bad Request: not enough rights to manage topics"
    assert made["name"] == "Courts"
    assert closed["result"] is True
    assert description(again) == "Bad Request: TOPIC_NOT_MODIFIED"
    assert (await call("reopenForumTopic", **thread))["ok"]
    assert (await call("deleteForumTopic", **thread))["ok"]
    assert description(await call("deleteForumTopic", **thread)) == "Bad Request: TOPIC_ID_INVALID"


async def test_a_group_without_topics_is_no_forum(pg, ann, call):
    group = pg.chat("supergroup", "Friends", [ann])
    pg.membership(group, "administrator")

    body = await call("createForumTopic", chat_id=group.id, name="Courts")

    assert description(body) == "Bad Request: the chat is not a forum"
    with pytest.raises(ApiError):
        pg.send(group, "hello", message_thread_id=7)
    pg.topic(group, 7, "closed")
    body = await call("createForumTopic", chat_id=group.id, name="Courts")
    assert body["ok"]
