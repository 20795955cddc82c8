"""What people send that they have not typed: posts of others, files, results of inline queries."""

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any

from bot.playground.acts import BOT, say
from bot.playground.answers import bad_request
from bot.playground.bodies import Upload
from bot.playground.chats import Chat, Message, Person
from bot.playground.formatting import format_text
from bot.playground.world import World

LARGEST = 2_000 * 1024 * 1024  # bytes that a person may send; a bot may download fewer
LONGEST_INLINE = 256  # characters
_LONGEST_NAME = 255
_PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def forward(  # noqa: PLR0913 - what such a post may have
    world: World,
    chat: Chat,
    text: str,
    *,
    sender: Person,
    origin: str = "channel",
    entities: list[dict[str, Any]] | None = None,
    as_caption: bool = False,
) -> tuple[Message, int | None]:
    """A post by somebody else: *origin* is channel, chat, user or hidden_user.

    *as_caption*: its text stands under a picture.
    """
    shown, marks = format_text(text, "", entities or [])
    content: dict[str, Any] = {"forward_origin": _origin(world, origin)}
    if as_caption:
        file = world.files.store(Upload("post.png", "image/png", _PICTURE), "photos")
        content |= {"photo": [file.to_api() | {"width": 1, "height": 1}]}
    elif not shown:
        raise bad_request("message text is empty")
    names = ("caption", "caption_entities") if as_caption else ("text", "entities")
    content |= {name: part for name, part in zip(names, (shown, marks), strict=True) if part}
    return say(world, chat, content, sender=sender)


def upload(  # noqa: PLR0913 - what a file has
    world: World, chat: Chat, name: str, data: bytes, *, sender: Person, mime: str, caption: str
) -> tuple[Message, int | None]:
    """A file of any kind, as a document."""
    if not data:
        raise bad_request("file must be non-empty")
    if len(name) > _LONGEST_NAME or len(data) > LARGEST:
        raise bad_request("file is too big")
    file = world.files.store(Upload(name, mime, data), "documents")
    document = file.to_api() | {"file_name": name, "mime_type": mime}
    shown, marks = format_text(caption, "", [])
    content: dict[str, Any] = {"document": document} | ({"caption": shown} if shown else {})
    content |= {"caption_entities": marks} if marks else {}
    return say(world, chat, content, sender=sender)


def ask_inline(world: World, person: Person, text: str, offset: str = "") -> str:
    """Type `@bot text` in whatever chat; returns the id of the query."""
    if len(text) > LONGEST_INLINE:
        raise bad_request("an inline query has 256 characters at most")
    asked = world.inline.ask(person.id)
    query = {"id": asked.id, "from": person.to_api(), "query": text, "offset": offset}
    world.updates.add("inline_query", query)
    return asked.id


def choose(
    world: World, chat: Chat, query_id: str, result_id: str, *, sender: Person
) -> tuple[Message, int | None]:
    """Send one of the results of an inline query into *chat*."""
    asked = world.inline.find(query_id)
    if asked is None or asked.answer is None or asked.person_id != sender.id:
        raise bad_request("no such inline query of theirs has an answer")
    chosen = next((each for each in asked.answer["results"] if each["id"] == result_id), None)
    if chosen is None:
        raise bad_request("no such result")
    content = chosen["message"] | {"via_bot": BOT}
    markup = chosen["reply_markup"]
    return say(world, chat, content, sender=sender, reply_markup=markup)


def decoded(content: str) -> bytes:
    try:
        return b64decode(content, validate=True)
    except NotBase64:
        raise bad_request("the content is no base64") from None


def _origin(world: World, kind: str) -> dict[str, Any]:
    facts: dict[str, dict[str, Any]] = {
        "channel": {
            "chat": {"id": -1_009_999_999_999, "type": "channel", "title": "A channel"},
            "message_id": 1,
        },
        "chat": {
            "sender_chat": {"id": -1_009_999_999_998, "type": "supergroup", "title": "A group"}
        },
        "user": {"sender_user": {"id": 777_001, "is_bot": False, "first_name": "Somebody"}},
        "hidden_user": {"sender_user_name": "Somebody"},
    }
    if kind not in facts:
        raise bad_request("no such kind of origin")
    return {"type": kind, "date": world.now()} | facts[kind]
