"""The buttons under an alert: less of its source, muting, more like it; and all of that undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat.alert_buttons import OnAlert, UndoMute, Wish
from bot.chat.permits import READS

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest
    from bot.subscribers.tastes import Done

_BUTTONS = "alert/buttons.html"


async def menu_wanted(
    _pressed: CallbackQuery, callback_data: OnAlert, guest: Guest, doors: Doors, answers: Answers
) -> None:
    alert = await doors.tastes.opened(guest.chat_id, callback_data.story_id)
    await answers.change_buttons("chat/alert.html#menu", alert=alert)


async def back_wanted(
    _pressed: CallbackQuery, callback_data: OnAlert, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await doors.tastes.closed(guest.chat_id, callback_data.story_id)
    await answers.change_buttons(_BUTTONS, story_id=callback_data.story_id)


async def less_wanted(
    _pressed: CallbackQuery, callback_data: OnAlert, guest: Guest, doors: Doors, answers: Answers
) -> None:
    done = await doors.tastes.less_of_source(guest.chat_id, callback_data.story_id)
    await _tell(callback_data, done, answers)


async def story_muted(
    _pressed: CallbackQuery, callback_data: OnAlert, guest: Guest, doors: Doors, answers: Answers
) -> None:
    done = await doors.tastes.mute_story(guest.chat_id, callback_data.story_id)
    await _tell(callback_data, done, answers)


async def source_muted(
    _pressed: CallbackQuery, callback_data: OnAlert, guest: Guest, doors: Doors, answers: Answers
) -> None:
    story, days = callback_data.story_id, callback_data.days
    await _tell(callback_data, await doors.tastes.mute_source(guest.chat_id, story, days), answers)


async def topic_muted(
    _pressed: CallbackQuery, callback_data: OnAlert, guest: Guest, doors: Doors, answers: Answers
) -> None:
    story, topic, days = callback_data.story_id, callback_data.topic_id, callback_data.days
    done = await doors.tastes.mute_topic(guest.chat_id, story, topic, days)
    await _tell(callback_data, done, answers)


async def _tell(on_alert: OnAlert, done: Done, answers: Answers) -> None:
    undo = UndoMute(story_id=on_alert.story_id, mute_id=done.mute_id).pack()
    await answers.change_buttons("chat/alert.html#undo", undo=undo)
    await answers.note("chat/alert.html#done", done=done)


async def undone(
    _pressed: CallbackQuery, callback_data: UndoMute, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await doors.tastes.undo(guest.chat_id, callback_data.story_id, callback_data.mute_id)
    await answers.change_buttons(_BUTTONS, story_id=callback_data.story_id)
    await answers.note("chat/alert.html#undone")


async def more_wanted(
    _pressed: CallbackQuery, callback_data: OnAlert, guest: Guest, doors: Doors, answers: Answers
) -> None:
    proposals = await doors.proposing.like(guest.chat_id, callback_data.story_id)
    await answers.show("chat/alert.html#alike", proposals=proposals)


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
