"""The buttons under an alert, and /mutes: what is muted, each with a button that unmutes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command

from bot.chat.callbacks import AlertAction, MutesPage, OnAlert, UndoMute, Unmute
from bot.chat.permissions import READS
from bot.rendering.filters import local
from bot.subscribers import mutes, topics
from bot.subscribers.mutes import AlertPublisher, StorySubject, TopicSubject
from storage.enums import MuteKind

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.subscribers.mutes import Subject

_MUTES = "chat/mutes.html"


async def menu_wanted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    alert = await mutes.alert_menu(
        context.storage, context.chat_id, callback_data.story_id, is_open=True
    )
    await context.reply.change_buttons("chat/alert.html#menu", alert=alert)


async def back_wanted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    await _show_buttons(callback_data.story_id, context)


async def muted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    story_id = callback_data.story_id
    muted = await mutes.mute(
        context.storage, context.chat_id, _subject(callback_data), callback_data.duration,
        alert=story_id,
    )  # fmt: skip
    undo = UndoMute(story_id=story_id, mute_id=muted.mute_id).pack()
    await context.reply.change_buttons("chat/alert.html#undo", muted=muted, undo=undo)
    await context.reply.note("chat/alert.html#muted", muted=muted, **_clock(context))


def _subject(pressed: OnAlert) -> Subject:
    match pressed.action:
        case AlertAction.TOPIC:
            return TopicSubject(pressed.topic_id)
        case AlertAction.STORY:
            return StorySubject(pressed.story_id)
        case AlertAction.LESS:
            return AlertPublisher(pressed.story_id, MuteKind.LESS)
        case _:
            return AlertPublisher(pressed.story_id, MuteKind.SOURCE)


async def undone(_pressed: CallbackQuery, callback_data: UndoMute, context: Context) -> None:
    story_id = callback_data.story_id
    await mutes.unmute(context.storage, context.chat_id, callback_data.mute_id, alert=story_id)
    await _show_buttons(story_id, context)
    await context.reply.note("chat/alert.html#undone")


async def _show_buttons(story_id: int, context: Context) -> None:
    """Show the alert's usual buttons again."""
    alert = await mutes.alert_menu(context.storage, context.chat_id, story_id, is_open=False)
    await context.reply.change_buttons(
        "alert/buttons.html", story_id=story_id, publisher=alert.publisher
    )


async def more_wanted(_pressed: CallbackQuery, callback_data: OnAlert, context: Context) -> None:
    found = await topics.suggest_like(context.storage, context.chat_id, callback_data.story_id)
    await context.reply.show("chat/alert.html#more_like_this", suggestions=found)


async def mutes_asked_for(_message: Message, context: Context) -> None:
    page = await mutes.list_mutes(context.storage, context.chat_id)
    await context.reply.show(_MUTES, page=page, **_clock(context))


async def mutes_turned(_pressed: CallbackQuery, callback_data: MutesPage, context: Context) -> None:
    page = await mutes.list_mutes(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_MUTES, page=page, **_clock(context))


async def unmuted(_pressed: CallbackQuery, callback_data: Unmute, context: Context) -> None:
    await mutes.unmute(context.storage, context.chat_id, callback_data.mute_id)
    page = await mutes.list_mutes(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_MUTES, page=page, **_clock(context))


def _clock(context: Context) -> dict[str, object]:
    return {"zone": context.user.zone, "today": local(context.user.now, context.user.zone).date()}


def make_router() -> Router:
    router = Router(name="alerts")
    actions = F.action
    likes = OnAlert.filter(actions == AlertAction.LIKE)
    router.callback_query.register(more_wanted, likes, flags=READS)
    router.callback_query.register(menu_wanted, OnAlert.filter(actions == AlertAction.MENU))
    router.callback_query.register(back_wanted, OnAlert.filter(actions == AlertAction.BACK))
    router.callback_query.register(muted, OnAlert.filter())
    router.callback_query.register(undone, UndoMute.filter())
    router.message.register(mutes_asked_for, Command("mutes"), flags=READS)
    router.callback_query.register(mutes_turned, MutesPage.filter(), flags=READS)
    router.callback_query.register(unmuted, Unmute.filter())
    return router
