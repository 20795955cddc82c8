"""A group's or channel's own title, introduction and end of its digests."""

from dataclasses import dataclass

from bot.rendering.own_words import unknown_variables
from bot.subscribers.errors import NothingToUndo, NoWords, TooManyWords, UnknownVariable
from bot.subscribers.text import checksum
from storage.chats import DigestWords, lock_chat, words_of, words_of_each
from storage.db.engine import Storage, Transaction
from storage.enums import ChatKind, WordsPart

LONGEST = {WordsPart.TITLE: 100, WordsPart.INTRO: 500, WordsPart.END: 500}
MOST_LINES = {WordsPart.TITLE: 1, WordsPart.INTRO: 8, WordsPart.END: 8}


@dataclass(frozen=True, slots=True)
class ChangedWords:
    """*after*: the checksum of the new text, with which `undo` recognises it."""

    part: WordsPart
    text: str
    after: str


async def get_words(storage: Storage, chat_id: int) -> dict[WordsPart, str]:
    """Return the texts of the chat that are not empty."""
    async with storage.reading() as tx:
        return dict((await words_of_each(tx, [chat_id])).get(chat_id, {}))


def checked(part: WordsPart, text: str) -> str:
    """Return the text as it is stored.

    Raises NoWords, TooManyWords or UnknownVariable.
    """
    lines = [" ".join(line.split()) for line in text.replace("\0", "").strip().splitlines()]
    text = "\n".join(lines)
    if not text:
        raise NoWords
    if len(text) > LONGEST[part] or len(lines) > MOST_LINES[part]:
        raise TooManyWords(LONGEST[part], MOST_LINES[part])
    if unknown := unknown_variables(text):
        raise UnknownVariable(unknown[0])
    return text


async def set_words(storage: Storage, chat_id: int, part: WordsPart, text: str) -> ChangedWords:
    """Set a text; "" removes it. Only groups and channels have any: raises NoWords for others."""
    text = checked(part, text) if text else ""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        if chat.kind is ChatKind.PRIVATE:
            raise NoWords
        await put_words(tx, chat_id, part, text)
    return ChangedWords(part, text, checksum(text))


async def put_words(tx: Transaction, chat_id: int, part: WordsPart, text: str) -> None:
    """Store a checked text, and keep the one before; the chat must be locked."""
    row = await words_of(tx, chat_id, part)
    if row is None:
        row = DigestWords(chat_id=chat_id, part=part)
    elif row.text != text:
        row.former = row.text
    row.text = text
    await tx.add(row)


async def undo_words(storage: Storage, chat_id: int, part: WordsPart, after: str) -> ChangedWords:
    """Restore the former text; raise NothingToUndo unless *after* is the checksum of the text."""
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        row = await words_of(tx, chat_id, part)
        if row is None or checksum(row.text) != after:
            raise NothingToUndo
        row.text, row.former = row.former, row.text
    return ChangedWords(part, row.text, checksum(row.text))
