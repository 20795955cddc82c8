"""The buttons under an alert: less of its source, muting, more like it; and all of that undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat.alert_buttons import OnAlert, UndoMute, Wish
from bot.chat.permits import READS
from bot.subscribers import proposing, tastes

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context
    from bot.subscribers.tastes import Done

_BUTTONS = "alert/buttons.html"


async def menu_wanted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    alert = await tastes.open_alert(context.storage, context.chat_id, callback_data.story_id)
    await context.reply.change_buttons("chat/alert.html#menu", alert=alert)


async def back_wanted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    await tastes.close_alert(context.storage, context.chat_id, callback_data.story_id)
    await context.reply.change_buttons(_BUTTONS, story_id=callback_data.story_id)


async def less_wanted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    done = await tastes.less_of_source(context.storage, context.chat_id, callback_data.story_id)
    await _tell(callback_data, done, context)


async def story_muted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    done = await tastes.mute_story(context.storage, context.chat_id, callback_data.story_id)
    await _tell(callback_data, done, context)


async def source_muted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    story, days = callback_data.story_id, callback_data.days
    await _tell(
        callback_data,
        await tastes.mute_source(context.storage, context.chat_id, story, days),
        context,
    )


async def topic_muted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    story, topic, days = callback_data.story_id, callback_data.topic_id, callback_data.days
    done = await tastes.mute_topic(context.storage, context.chat_id, story, topic, days)
    await _tell(callback_data, done, context)


async def _tell(on_alert: OnAlert, done: Done, context: Context) -> None:
    undo = UndoMute(story_id=on_alert.story_id, mute_id=done.mute_id).pack()
    await context.reply.change_buttons("chat/alert.html#undo", undo=undo)
    await context.reply.note("chat/alert.html#done", done=done)


async def undone(_pressed: CallbackQuery, callback_data: UndoMute, context: Context) -> None:
    await tastes.undo_mute(
        context.storage, context.chat_id, callback_data.story_id, callback_data.mute_id
    )
    await context.reply.change_buttons(_BUTTONS, story_id=callback_data.story_id)
    await context.reply.note("chat/alert.html#undone")


async def more_wanted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    proposals = await proposing.suggest_like(
        context.storage, context.chat_id, callback_data.story_id
    )
    await context.reply.show("chat/alert.html#alike", proposals=proposals)


def make_router() -> Router:
    router = Router(name="alerts")
    for wish, handler in (
        (Wish.MENU, menu_wanted),
        (Wish.BACK, back_wanted),
        (Wish.LESS, less_wanted),
        (Wish.STORY, story_muted),
        (Wish.SOURCE, source_muted),
        (Wish.TOPIC, topic_muted),
    ):
        router.callback_query.register(handler, OnAlert.filter(F.wish == wish))
    likes = OnAlert.filter(F.wish == Wish.LIKE)
    router.callback_query.register(more_wanted, likes, flags=READS)
    router.callback_query.register(undone, UndoMute.filter())
    return router
