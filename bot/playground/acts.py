"""What people do in the playground: write, press buttons, upgrade a group. See `joining` too."""

from typing import Any

from bot.playground.answers import bad_request
from bot.playground.call import bot_user
from bot.playground.chats import Chat, ChatType, Message, Person
from bot.playground.formatting import format_text
from bot.playground.keyboards import buttons
from bot.playground.members import GROUP_ANONYMOUS_BOT, Member
from bot.playground.threads import marks as marks_of
from bot.playground.world import World

BOT = bot_user("1:playground")


def write(  # noqa: PLR0913 - all that a message can have
    world: World,
    chat: Chat,
    text: str,
    *,
    sender: Person,
    entities: list[dict[str, Any]] | None = None,
    reply_to: int | None = None,
    thread_id: int | None = None,
) -> tuple[Message, int | None]:
    """A person's message, and the number of its update if the bot gets to see it.

    An administrator who is anonymous writes as the group.
    """
    shown, marks = format_text(text, "", entities or [])
    if not shown:
        raise bad_request("message text is empty")
    content = {"text": shown} | ({"entities": marks} if marks else {})
    return say(world, chat, content, sender=sender, reply_to=reply_to, thread_id=thread_id)


def say(  # noqa: PLR0913 - all that a message can have
    world: World,
    chat: Chat,
    content: dict[str, Any],
    *,
    sender: Person,
    reply_to: int | None = None,
    thread_id: int | None = None,
    reply_markup: dict[str, Any] | None = None,
) -> tuple[Message, int | None]:
    """A message of any *content* by a person, and the number of its update, as of `write`."""
    _check_person(chat, sender, thread_id)
    if chat.blocked:
        raise bad_request("the bot is blocked here; unblock it first")
    answered = world.message(chat, reply_to, "no such message") if reply_to else None
    message = Message(
        world.next_message_id(),
        chat,
        sender_of(chat, sender),
        world.now(),
        content,
        reply_to=answered or _opening(chat, thread_id),
        reply_markup=reply_markup,
        extra=marks_of(thread_id),
        author=sender.id,
    )
    chat.started = True
    world.post(message)
    if not _is_seen(chat, message):
        return message, None
    kind = "channel_post" if chat.is_channel else "message"
    return message, world.updates.add(kind, message.to_api())


def sender_of(chat: Chat, person: Person) -> dict[str, Any]:
    """As whom the person writes there."""
    known = chat.members.get(person.id)
    if known is not None and known.is_anonymous and not chat.is_channel:
        return GROUP_ANONYMOUS_BOT
    return person.to_api()


def _check_person(chat: Chat, person: Person, thread_id: int | None) -> None:
    if chat.person is not None:
        return
    known = chat.members.get(person.id, Member("left"))
    if chat.is_channel and not known.may("can_post_messages"):
        raise bad_request("only those who may post write in a channel")
    if not known.may_write:
        raise bad_request("who is not in the group, or may not write, says nothing there")
    if thread_id is None:
        return
    if thread_id not in chat.threads:
        raise bad_request("no such topic")
    if chat.threads[thread_id].state == "closed" and not known.may("can_manage_topics"):
        raise bad_request("the topic is closed")


def _opening(chat: Chat, thread_id: int | None) -> Message | None:
    """What a message in a topic answers if it answers nothing else."""
    return chat.threads[thread_id].opening if thread_id else None


def _is_seen(chat: Chat, message: Message) -> bool:
    """In groups a bot sees commands, mentions and replies to itself; all only as administrator."""
    if chat.type is ChatType.PRIVATE or chat.own.is_admin:
        return True
    if not chat.own.is_in or chat.is_channel or chat.migrated_to is not None:
        return False
    replied = message.reply_to is not None and message.reply_to.is_from_bot
    return replied or any(_calls(message, mark) for mark in message.content.get("entities", []))


def _calls(message: Message, entity: dict[str, Any]) -> bool:
    """Whether it is a command that names no other bot, or a mention of this one."""
    said = _marked(message.content.get("text", ""), entity)
    if entity["type"] == "bot_command":
        return "@" not in said or said.endswith(f"@{BOT['username']}")
    return entity["type"] == "mention" and said == f"@{BOT['username']}"


def _marked(text: str, entity: dict[str, Any]) -> str:
    units = text.encode("utf-16-le")
    start = entity["offset"] * 2
    return units[start : start + entity["length"] * 2].decode("utf-16-le")


def press(world: World, message: Message, data: str, person: Person) -> str:
    """Press the button with *data* under *message*; returns the id of the callback query."""
    if all(button.get("callback_data") != data for button in buttons(message.reply_markup)):
        raise bad_request("the message has no such button")
    pressed = world.callbacks.press(message.chat.id, person.id)
    world.updates.add(
        "callback_query",
        {
            "id": pressed.id,
            "from": person.to_api(),
            "message": message.to_api(),
            "chat_instance": str(message.chat.id),
            "data": data,
        },
    )
    return pressed.id


def migrate(world: World, group: Chat) -> Chat:
    """Upgrade a group: a new supergroup, the old one answers with its number from now on."""
    if group.type is not ChatType.GROUP or group.migrated_to is not None:
        raise bad_request("only a group that is still one can be upgraded")
    new = world.add_chat(ChatType.SUPERGROUP, group.title or "", group.members)
    new.own = group.own
    group.migrated_to = new.id
    sender = someone(world, group)
    _notice(world, group, sender, {"migrate_to_chat_id": new.id})
    _notice(world, new, sender, {"migrate_from_chat_id": group.id})
    return new


def _notice(world: World, chat: Chat, sender: Person, content: dict[str, Any]) -> None:
    notice = Message(world.next_message_id(), chat, sender.to_api(), world.now(), content)
    world.post(notice)
    world.updates.add("message", notice.to_api())


def someone(world: World, chat: Chat) -> Person:
    known = (world.people[member] for member in chat.members if member in world.people)
    return next(known, Person(777_000, "Somebody"))
