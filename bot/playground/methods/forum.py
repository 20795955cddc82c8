"""Topics of forums, made and closed by the bot."""

from typing import Any, Literal

from bot.playground import threads
from bot.playground.access import check_writable
from bot.playground.answers import bad_request
from bot.playground.call import Call
from bot.playground.chats import Chat

_STATES = {"close": "closed", "reopen": "open", "delete": "deleted"}


def create_forum_topic(call: Call) -> dict[str, Any]:
    opening = threads.create(call.world, _forum(call), call.params["name"], call.bot)
    return {"message_thread_id": opening.message_id, **opening.content["forum_topic_created"]}


def turn_forum_topic(call: Call) -> Literal[True]:
    state = _STATES[call.method.removesuffix("forumtopic")]
    threads.turn(call.world, _forum(call), call.params["message_thread_id"], state, call.bot)
    return True


def _forum(call: Call) -> Chat:
    chat = call.chat
    check_writable(chat)
    if not chat.is_forum:
        raise bad_request("the chat is not a forum")
    if not chat.own.may("can_manage_topics"):
        raise bad_request("not enough rights to manage topics")
    return chat


METHODS = {
    "createForumTopic": create_forum_topic,
    "closeForumTopic": turn_forum_topic,
    "reopenForumTopic": turn_forum_topic,
    "deleteForumTopic": turn_forum_topic,
}
