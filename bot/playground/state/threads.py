"""Creating, closing, reopening and deleting forum topics."""

from typing import Any

from bot.playground.errors import bad_request
from bot.playground.state.chats import (
    ChatType,
    PlaygroundChat,
    PlaygroundMessage,
    Thread,
    thread_fields,
)
from bot.playground.state.world import World

_ICON_COLOR = 7322096
_NOTICES = {"closed": "forum_topic_closed", "open": "forum_topic_reopened"}

Facts = dict[str, Any]


def create_thread(
    world: World, forum: PlaygroundChat, name: str, sender: Facts
) -> PlaygroundMessage:
    """Return the message that opens the topic; its id is the thread's."""
    if forum.type is not ChatType.SUPERGROUP:
        raise bad_request("the chat is not a forum")
    forum.is_forum = True
    content = {"forum_topic_created": {"name": name, "icon_color": _ICON_COLOR}}
    opening = PlaygroundMessage(world.next_message_id(), forum, sender, world.now(), content)
    forum.threads[opening.message_id] = Thread(name, opening=opening)
    return _post_notice(world, opening, opening.message_id)


def change_thread(
    world: World, forum: PlaygroundChat, thread_id: int, state: str, sender: Facts
) -> None:
    """Close or reopen a topic with a service message, or delete it with all of its messages."""
    thread = forum.threads.get(thread_id)
    if thread is None:
        raise bad_request("TOPIC_ID_INVALID")
    if thread.state == state:
        raise bad_request("TOPIC_NOT_MODIFIED")
    if state == "deleted":
        del forum.threads[thread_id]
        for message in forum.messages.values():
            if message.extra.get("message_thread_id") == thread_id:
                message.deleted = True
                world.touch(message, "delete")
        world.events.publish("chat", chat_id=forum.id)
        return
    thread.state = state
    content: Facts = {_NOTICES[state]: {}}
    notice = PlaygroundMessage(world.next_message_id(), forum, sender, world.now(), content)
    _post_notice(world, notice, thread_id)


def _post_notice(world: World, notice: PlaygroundMessage, thread_id: int) -> PlaygroundMessage:
    """Post a service message; the bot receives it despite privacy mode."""
    notice.extra = thread_fields(thread_id)
    world.post(notice)
    world.events.publish("chat", chat_id=notice.chat.id)
    if notice.chat.own.is_in:
        world.updates.add("message", notice.to_api())
    return notice
