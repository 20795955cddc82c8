"""A group's or channel's own title, introduction and end of its digests.

A typed text is shown as the digest would have it now, with the button that saves it. The preview
holds the text, from which that button reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat import callbacks as press
from bot.chat.cards import block_on
from bot.chat.permissions import Permission
from bot.chat.questions import AnswerTo, ask
from bot.publishing.contents import load_digest_so_far
from bot.publishing.pages import edition_values
from bot.subscribers import digest_words
from bot.subscribers.digest_words import LONGEST, checked
from storage.enums import WordsPart

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.subscribers.digest_words import ChangedWords

_PARTS = tuple(WordsPart)  # a question holds the place of its part


async def show_words(_: object, context: Context, changed: ChangedWords | None = None) -> None:
    edition = await load_digest_so_far(context.storage, context.chat_id)
    words = await digest_words.get_words(context.storage, context.chat_id)
    values = edition_values(edition) | {"words": words}
    await context.reply.change("chat/words.html#words", changed=changed, **values)


async def ask_for_words(_: object, callback_data: press.AskWords, context: Context) -> None:
    part = callback_data.part
    shown = (await digest_words.get_words(context.storage, context.chat_id)).get(part, "")
    subject, most = _PARTS.index(part), LONGEST[part]
    await ask(context, press.Question.WORDS, subject=subject, which=part, shown=shown, most=most)


async def preview_words(message: Message, subject: int, context: Context) -> None:
    part = _PARTS[min(subject, len(_PARTS) - 1)]
    typed = checked(part, message.text or "")
    edition = await load_digest_so_far(context.storage, context.chat_id)
    values = edition_values(edition) | {"words": {part: typed}}
    await context.reply.show("chat/words.html#preview", which=part, typed=typed, **values)


async def save_words(
    pressed: CallbackQuery, callback_data: press.SaveWords, context: Context
) -> None:
    changed = await digest_words.set_words(
        context.storage, context.chat_id, callback_data.part, block_on(pressed)
    )
    await show_words(None, context, changed)


async def remove_words(_: object, callback_data: press.RemoveWords, context: Context) -> None:
    changed = await digest_words.set_words(context.storage, context.chat_id, callback_data.part, "")
    await show_words(None, context, changed)


async def undo_words(_: object, callback_data: press.UndoWords, context: Context) -> None:
    changed = await digest_words.undo_words(
        context.storage, context.chat_id, callback_data.part, callback_data.after
    )
    await show_words(None, context, changed)


def make_router() -> Router:
    router = Router(name="words")
    on_press, flags = router.callback_query.register, Permission.ADMINISTRATORS.flags
    router.message.register(preview_words, AnswerTo(press.Question.WORDS), flags=flags)
    on_press(show_words, press.ShowWords.filter(), flags=flags)
    on_press(ask_for_words, press.AskWords.filter(), flags=flags)
    on_press(save_words, press.SaveWords.filter(), flags=flags)
    on_press(remove_words, press.RemoveWords.filter(), flags=flags)
    on_press(undo_words, press.UndoWords.filter(), flags=flags)
    return router
