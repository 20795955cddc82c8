"""Actions on messages: send, forward, upload, inline queries and their results, buttons."""

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any

from bot.playground.api.keyboards import buttons
from bot.playground.api.parameters import check_value
from bot.playground.errors import bad_request
from bot.playground.state.chats import (
    BOT,
    ChatType,
    Member,
    PlaygroundChat,
    PlaygroundMessage,
    User,
    thread_fields,
)
from bot.playground.state.files import Upload
from bot.playground.state.world import World
from bot.playground.text.formatting import format_text

Facts = dict[str, Any]

LARGEST_UPLOAD = 2_000 * 1024 * 1024  # bytes
LONGEST_INLINE = 256  # characters
_LONGEST_NAME = 255
_WORDS = ("text", "entities", "caption", "caption_entities")
_PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_ORIGINS: dict[str, Facts] = {
    "channel": {
        "chat": {"id": -1_009_999_999_999, "type": "channel", "title": "A channel"},
        "message_id": 1,
    },
    "chat": {"sender_chat": {"id": -1_009_999_999_998, "type": "supergroup", "title": "A group"}},
    "user": {"sender_user": {"id": 777_001, "is_bot": False, "first_name": "Somebody"}},
    "hidden_user": {"sender_user_name": "Somebody"},
}


def send(
    world: World,
    chat_id: int,
    text: str,
    *,
    from_id: int | None = None,
    entities: list[Facts] | None = None,
    reply_to_message_id: int | None = None,
    message_thread_id: int | None = None,
) -> Facts:
    """Send a text; an anonymous administrator sends it as the group."""
    content = _formatted(text, entities)
    if "text" not in content:
        raise bad_request("message text is empty")
    return _post(
        world, chat_id, from_id, content, reply_to=reply_to_message_id, thread_id=message_thread_id
    )


def forward(
    world: World,
    chat_id: int,
    text: str,
    *,
    from_id: int | None = None,
    origin: str = "channel",
    username: str = "",
    entities: list[Facts] | None = None,
    as_caption: bool = False,
) -> Facts:
    """Forward a post of another author, as text or *as_caption* of a picture.

    *origin* is channel, chat, user or hidden_user. *username*: of the channel, if it is public.
    """
    if origin not in _ORIGINS:
        raise bad_request("no such kind of origin")
    content: Facts = {
        "forward_origin": {"type": origin, "date": world.now()} | _origin(origin, username),
        **_formatted(text, entities, is_caption=as_caption),
    }
    if as_caption:
        file = world.files.store(Upload("post.png", "image/png", _PICTURE), "photos")
        content["photo"] = [file.to_api() | {"width": 1, "height": 1}]
    elif "text" not in content:
        raise bad_request("message text is empty")
    return _post(world, chat_id, from_id, content)


def _origin(origin: str, username: str) -> Facts:
    facts = _ORIGINS[origin]
    if origin == "channel" and username:
        return facts | {"chat": facts["chat"] | {"username": username}}
    return facts


def upload(
    world: World,
    chat_id: int,
    name: str,
    content: str,
    *,
    mime: str = "application/octet-stream",
    caption: str = "",
    from_id: int | None = None,
    album: str | None = None,
) -> Facts:
    """Send a file of any kind as a document, as a part of *album* if given; *content* is base64."""
    try:
        data = b64decode(content, validate=True)
    except (NotBase64, ValueError):
        raise bad_request("the content is no base64") from None
    if not data:
        raise bad_request("file must be non-empty")
    if len(name) > _LONGEST_NAME or len(data) > LARGEST_UPLOAD:
        raise bad_request("file is too big")
    file = world.files.store(Upload(name, mime, data), "documents")
    document = file.to_api() | {"file_name": name, "mime_type": mime}
    shown: Facts = {"document": document} | _formatted(caption, is_caption=True)
    shown |= {"media_group_id": album} if album else {}
    return _post(world, chat_id, from_id, shown)


def edit(
    world: World,
    chat_id: int,
    message_id: int,
    text: str,
    *,
    from_id: int | None = None,
    entities: list[Facts] | None = None,
) -> Facts:
    """Edit the text or caption of a user's message; `update_id` is as for a new one."""
    chat = world.chat(chat_id)
    message = world.message(chat, message_id, "no such message")
    sender = world.sender(chat, from_id)
    member = chat.members.get(sender.id, Member("left"))
    is_editor = chat.is_channel and member.may("can_edit_messages")
    if message.is_from_bot and message.author is None:
        raise bad_request("only the bot can edit its message")
    if message.author != sender.id and not is_editor:
        raise bad_request("the message is of another user")
    is_caption = any(name in message.content for name in ("document", "photo"))
    formatted = _formatted(text, entities, is_caption=is_caption)
    if not is_caption and "text" not in formatted:
        raise bad_request("message text is empty")
    kept: Facts = {name: part for name, part in message.content.items() if name not in _WORDS}
    message.content = kept | formatted
    message.edit_date = world.now()
    world.touch(message, "edit")
    return {"message_id": message_id, "update_id": _deliver(world, message, is_edit=True)}


def inline(world: World, user_id: int, text: str, offset: str = "") -> Facts:
    """Type `@bot text` in any chat; returns the id of the query."""
    if user_id not in world.users:
        raise bad_request("no such user")
    if len(text) > LONGEST_INLINE:
        raise bad_request("an inline query has 256 characters at most")
    query = world.inline.ask(user_id)
    sender = world.users[user_id].to_api()
    update = {"id": query.id, "from": sender, "query": text, "offset": offset}
    world.updates.add("inline_query", update)
    return {"inline_query_id": query.id}


def inline_answer(world: World, inline_query_id: str) -> Facts:
    """Return the bot's answer, None until there is one."""
    query = world.inline.find(inline_query_id)
    return {"answer": query.answer if query else None}


def choose(
    world: World, chat_id: int, inline_query_id: str, result_id: str, from_id: int | None = None
) -> Facts:
    """Send one of the results of an inline query into a chat."""
    sender = world.sender(world.chat(chat_id), from_id)
    query = world.inline.find(inline_query_id)
    if query is None or query.answer is None or query.user_id != sender.id:
        raise bad_request("no such inline query of theirs has an answer")
    results = (result for result in query.answer["results"] if result["id"] == result_id)
    result = next(results, None)
    if result is None:
        raise bad_request("no such result")
    content = result["message"] | {"via_bot": BOT}
    return _post(world, chat_id, sender.id, content, reply_markup=result["reply_markup"])


def press(
    world: World, chat_id: int, message_id: int, data: str, from_id: int | None = None
) -> Facts:
    """Press the button with *data* under a message; returns the id of the callback query."""
    chat = world.chat(chat_id)
    message = world.message(chat, message_id, "no such message")
    user = world.sender(chat, from_id)
    if all(button.get("callback_data") != data for button in buttons(message.reply_markup)):
        raise bad_request("the message has no such button")
    query = world.callbacks.ask(user.id, chat.id)
    update = {
        "id": query.id,
        "from": user.to_api(),
        "message": message.to_api(),
        "chat_instance": str(chat.id),
        "data": data,
    }
    world.updates.add("callback_query", update)
    return {"callback_query_id": query.id}


def _formatted(text: str, entities: Any = None, *, is_caption: bool = False) -> Facts:
    """Return the text and entities of a message, or its caption and caption entities."""
    checked = check_value("entities", "Array of MessageEntity", entities or [])
    parts = format_text(check_value("text", "String", text), "", checked)
    names = ("caption", "caption_entities") if is_caption else ("text", "entities")
    return {name: part for name, part in zip(names, parts, strict=True) if part}


def _post(
    world: World,
    chat_id: int,
    from_id: int | None,
    content: Facts,
    *,
    reply_to: int | None = None,
    thread_id: int | None = None,
    reply_markup: Facts | None = None,
) -> Facts:
    """Post a message of a user; `update_id` is None if the bot does not receive the message."""
    chat = world.chat(chat_id)
    sender = world.sender(chat, from_id)
    _check_may_write(chat, sender, thread_id)
    replied = world.message(chat, reply_to, "no such message") if reply_to else None
    opening = chat.threads[thread_id].opening if thread_id else None
    message = PlaygroundMessage(
        world.next_message_id(),
        chat,
        chat.sender_of(sender),
        world.now(),
        content,
        reply_to=replied or opening,
        reply_markup=reply_markup,
        extra=thread_fields(thread_id),
        author=sender.id,
    )
    chat.started = True
    world.post(message)
    return {"message_id": message.message_id, "update_id": _deliver(world, message)}


def _deliver(world: World, message: PlaygroundMessage, *, is_edit: bool = False) -> int | None:
    """Send the message to the bot as an update, if the bot sees it; return the update's id."""
    if not _is_seen(message.chat, message):
        return None
    kind = "channel_post" if message.chat.is_channel else "message"
    return world.updates.add(f"edited_{kind}" if is_edit else kind, message.to_api())


def _check_may_write(chat: PlaygroundChat, user: User, thread_id: int | None) -> None:
    member = Member() if chat.user else chat.members.get(user.id, Member("left"))
    if chat.is_channel and not member.may("can_post_messages"):
        raise bad_request("the user has no right to post in the channel")
    if not member.may_write:
        raise bad_request("a user who is not in the group, or is muted there, cannot write")
    if thread_id is not None:
        if thread_id not in chat.threads:
            raise bad_request("no such topic")
        if chat.threads[thread_id].state == "closed" and not member.may("can_manage_topics"):
            raise bad_request("the topic is closed")
    if chat.blocked:
        raise bad_request("the bot is blocked here; unblock it first")


def _is_seen(chat: PlaygroundChat, message: PlaygroundMessage) -> bool:
    """Apply privacy mode: in a group, only an administrator bot sees every message.

    Otherwise it sees commands, mentions and replies to itself.
    """
    if chat.type is ChatType.PRIVATE or chat.own.is_admin:
        return True
    if not chat.own.is_in or chat.is_channel or chat.migrated_to is not None:
        return False
    replied = message.reply_to is not None and message.reply_to.is_from_bot
    text, entities = message.content.get("text", ""), message.content.get("entities", [])
    return replied or any(_addresses_bot(text, entity) for entity in entities)


def _addresses_bot(text: str, entity: Facts) -> bool:
    """Return whether *entity* is a mention of the bot, or a command that names no other bot."""
    start, end = entity["offset"] * 2, (entity["offset"] + entity["length"]) * 2
    covered = text.encode("utf-16-le")[start:end].decode("utf-16-le")
    if entity["type"] == "bot_command":
        return "@" not in covered or covered.endswith(f"@{BOT['username']}")
    return entity["type"] == "mention" and covered == f"@{BOT['username']}"
