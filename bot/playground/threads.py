"""Forum topics: made, closed, reopened, deleted; each begins with the message that tells of it."""

from typing import TYPE_CHECKING, Any

from bot.playground.answers import bad_request
from bot.playground.chats import Chat, ChatType, Message, Thread

if TYPE_CHECKING:
    from bot.playground.world import World

ICON_COLOR = 7322096
TOLD = {"closed": "forum_topic_closed", "open": "forum_topic_reopened"}


def create(world: "World", forum: Chat, name: str, sender: dict[str, Any]) -> Message:
    """Return the message that opens the topic; its number is the thread's."""
    if forum.type is not ChatType.SUPERGROUP:
        raise bad_request("the chat is not a forum")
    forum.is_forum = True
    facts = {"name": name, "icon_color": ICON_COLOR}
    opening = Message(
        world.next_message_id(), forum, sender, world.now(), {"forum_topic_created": facts}
    )
    forum.threads[opening.message_id] = Thread(name, opening=opening)
    return _tell(world, opening, opening.message_id)


def turn(
    world: "World", forum: Chat, thread_id: int, state: str, sender: dict[str, Any]
) -> Message | None:
    """Close or reopen a topic, which is told there, or delete it, which is told nowhere."""
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
        return None
    thread.state = state
    notice = Message(world.next_message_id(), forum, sender, world.now(), {TOLD[state]: {}})
    return _tell(world, notice, thread_id)


def _tell(world: "World", notice: Message, thread_id: int) -> Message:
    """Service messages reach the bot whatever its privacy mode."""
    notice.extra = marks(thread_id)
    world.post(notice)
    world.events.publish("chat", chat_id=notice.chat.id)
    if notice.chat.own.is_in:
        world.updates.add("message", notice.to_api())
    return notice


def marks(thread_id: int | None) -> dict[str, Any]:
    """What a message of a topic carries."""
    return {} if thread_id is None else {"message_thread_id": thread_id, "is_topic_message": True}
