"""What people do in the playground: write, press buttons, block the bot, upgrade a group."""

from typing import Any

from bot.playground.answers import bad_request
from bot.playground.call import bot_user
from bot.playground.chats import Chat, ChatType, Message, Person
from bot.playground.formatting import format_text
from bot.playground.keyboards import buttons
from bot.playground.world import World

BOT = bot_user("1:playground")


def write(
    world: World,
    chat: Chat,
    text: str,
    *,
    sender: Person,
    entities: list[dict[str, Any]] | None = None,
    reply_to: int | None = None,
) -> tuple[Message, int | None]:
    """A person's message, and the number of its update if the bot gets to see it."""
    if chat.blocked:
        raise bad_request("the bot is blocked here; unblock it first")
    shown, marks = format_text(text, "", entities or [])
    if not shown:
        raise bad_request("message text is empty")
    answered = world.message(chat, reply_to, "no such message") if reply_to else None
    content = {"text": shown} | ({"entities": marks} if marks else {})
    message = Message(
        world.next_message_id(), chat, sender.to_api(), world.now(), content, reply_to=answered
    )
    chat.started = True
    world.post(message)
    if not _is_seen(chat, message):
        return message, None
    kind = "channel_post" if chat.is_channel else "message"
    return message, world.updates.add(kind, message.to_api())


def _is_seen(chat: Chat, message: Message) -> bool:
    """In groups a bot sees commands, mentions and replies to itself; all only as administrator."""
    if chat.type is ChatType.PRIVATE or chat.bot_status == "administrator":
        return True
    if chat.bot_status != "member" or chat.migrated_to is not None:
        return False
    kinds = {entity["type"] for entity in message.content.get("entities", [])}
    named = f"@{BOT['username']}" in message.content["text"]
    replied = message.reply_to is not None and message.reply_to.is_from_bot
    return "bot_command" in kinds or named or replied


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


def set_blocked(world: World, chat: Chat, *, blocked: bool) -> None:
    """The person blocks or unblocks the bot; it hears of a change only."""
    if chat.person is None:
        raise bad_request("only a person can block the bot")
    if chat.blocked != blocked:
        chat.blocked = blocked
        statuses = ("member", "kicked") if blocked else ("kicked", "member")
        _tell_membership(world, chat, chat.person, statuses)


def set_bot_status(world: World, chat: Chat, status: str) -> None:
    """Add the bot to a group, make it administrator, kick it, or let it be gone."""
    if chat.person is not None or status not in {"member", "administrator", "kicked", "left"}:
        raise bad_request("only a group's bot can be member, administrator, kicked or left")
    before, chat.bot_status = chat.bot_status, status
    _tell_membership(world, chat, _someone(world, chat), (before, status))


def _tell_membership(world: World, chat: Chat, who: Person, statuses: tuple[str, str]) -> None:
    old, new = (
        {"user": BOT, "status": status} | ({"until_date": 0} if status == "kicked" else {})
        for status in statuses
    )
    change = {"old_chat_member": old, "new_chat_member": new}
    facts = {"chat": chat.to_api(), "from": who.to_api(), "date": world.now()}
    world.updates.add("my_chat_member", facts | change)
    world.events.publish("chat", chat_id=chat.id)


def migrate(world: World, group: Chat) -> Chat:
    """Upgrade a group: a new supergroup, the old one answers with its number from now on."""
    if group.type is not ChatType.GROUP or group.migrated_to is not None:
        raise bad_request("only a group that is still one can be upgraded")
    new = world.add_chat(ChatType.SUPERGROUP, group.title or "", group.members)
    new.bot_status = group.bot_status
    group.migrated_to = new.id
    sender = _someone(world, group)
    _notice(world, group, sender, {"migrate_to_chat_id": new.id})
    _notice(world, new, sender, {"migrate_from_chat_id": group.id})
    return new


def _notice(world: World, chat: Chat, sender: Person, content: dict[str, Any]) -> None:
    notice = Message(world.next_message_id(), chat, sender.to_api(), world.now(), content)
    world.post(notice)
    world.updates.add("message", notice.to_api())


def _someone(world: World, chat: Chat) -> Person:
    known = (world.people[member] for member in chat.members if member in world.people)
    return next(known, Person(777_000, "Somebody"))
