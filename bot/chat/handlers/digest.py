"""Digests: /digest with the digest so far, their times, how they look, and a group's own words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat import callbacks as press
from bot.chat.cards import block_on
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.chat.questions import AnswerTo, ask
from bot.chat.setting_pages import (
    ALERT_RATE,
    LAYOUT,
    SAVED,
    TIMES,
    change_setting,
    show_saved_setting,
)
from bot.publishing.contents import load_digest_so_far, show_section
from bot.publishing.pages import edition_page, edition_values
from bot.subscribers import digest_words, groups, settings, topics
from bot.subscribers.digest_schedule import WeeklyTime, numbered
from bot.subscribers.digest_words import LONGEST, checked
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.settings import get_settings
from storage.enums import WordsPart

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.subscribers.digest_words import ChangedWords


_MOST_MUTED = 8  # muted topics that are listed by name


async def show_digest(_: object, context: Context) -> None:
    user = context.user
    page = await topics.subscribed(context.storage, context.chat_id, per_page=MOST_LISTED)
    in_digest = [topic for topic in page.items if topic.mode and topic.mode.digests]
    if in_digest and all(topic.is_muted for topic in in_digest):
        named = in_digest[:_MOST_MUTED]
        await context.reply.show("chat/digest.html#muted", topics=named, **context.clock)
    elif not in_digest and context.is_seen_by_group:
        threads = await groups.other_threads(context.storage, context.chat_id)
        await context.reply.show("chat/digest.html#nothing_in_group", threads=threads)
    else:
        edition = await load_digest_so_far(context.storage, context.chat_id)
        # A paused chat does not get its next digest.
        edition = replace(edition, next_at=None if user.is_paused else edition.next_at)
        if edition.choice or not user.is_paused:
            await context.reply.send(edition_page(context.reply.renderer, edition))
    if user.is_paused:
        paused = await get_settings(context.storage, context.chat_id)
        await context.reply.show("chat/digest.html#paused", settings=paused, user=user)


async def show_whole_section(_: object, callback_data: press.ShowAll, context: Context) -> None:
    day, number = press.day_of(callback_data.day), callback_data.schedule_number
    renderer = context.reply.renderer.of(context.user.language)
    await context.reply.send(
        await show_section(
            context.storage, renderer, context.chat_id, callback_data.topic_id, day, number
        )
    )


async def set_style(_: object, callback_data: press.SetStyle, context: Context) -> None:
    style = callback_data.style
    await change_setting(
        settings.set_style(context.storage, context.chat_id, style), context, LAYOUT
    )


async def set_layout(_: object, callback_data: press.SetLayout, context: Context) -> None:
    layout = callback_data.layout
    await change_setting(
        settings.set_layout(context.storage, context.chat_id, layout), context, LAYOUT
    )


async def set_picture(_: object, callback_data: press.SetPicture, context: Context) -> None:
    changing = settings.set_picture(
        context.storage,
        context.chat_id,
        callback_data.place,
        is_wanted=callback_data.is_wanted,
    )
    await change_setting(changing, context, LAYOUT)


async def set_hashtags(_: object, callback_data: press.SetHashtags, context: Context) -> None:
    is_wanted = callback_data.is_wanted
    changing = settings.set_hashtags(context.storage, context.chat_id, is_wanted=is_wanted)
    await change_setting(changing, context, ALERT_RATE)


async def set_model(_: object, callback_data: press.SetModel, context: Context) -> None:
    uses = callback_data.uses
    await change_setting(settings.set_model(context.storage, context.chat_id, uses=uses), context)


async def set_empty_day(_: object, callback_data: press.SetEmptyDay, context: Context) -> None:
    empty_day = callback_data.empty_day
    await change_setting(
        settings.set_empty_day(context.storage, context.chat_id, empty_day), context
    )


async def set_pinning(_: object, callback_data: press.SetPinning, context: Context) -> None:
    wanted = callback_data.wanted
    await change_setting(
        settings.set_pinning(context.storage, context.chat_id, wanted=wanted), context
    )


async def set_detail(_: object, callback_data: press.SetDetail, context: Context) -> None:
    """Change the style under a digest; the answer is a message of its own, as the digest stays."""
    changed = await settings.set_style(context.storage, context.chat_id, callback_data.style)
    await context.reply.show(SAVED, settings=changed)


_TIME = "chat/schedule.html#time"
_DAYS = "chat/schedule.html#days"


async def set_time(_: object, callback_data: press.SetTime, context: Context) -> None:
    minutes = callback_data.minutes
    await change_setting(settings.set_time(context.storage, context.chat_id, minutes), context)


async def set_only_time(_: object, callback_data: press.SetOnlyTime, context: Context) -> None:
    minutes = callback_data.minutes
    await change_setting(
        settings.set_single_time(context.storage, context.chat_id, minutes), context
    )


async def set_times(_: object, callback_data: press.SetTimes, context: Context) -> None:
    times = press.times_in(callback_data)
    await change_setting(settings.set_times(context.storage, context.chat_id, times), context)


async def add_time(_: object, callback_data: press.AddTime, context: Context) -> None:
    added = WeeklyTime(callback_data.minutes)
    await change_setting(settings.add_time(context.storage, context.chat_id, added), context, TIMES)


async def show_schedule_time(
    _: object, callback_data: press.ShowScheduleTime, context: Context
) -> None:
    await _show_numbered(_TIME, callback_data.number, context)


async def set_schedule_time(
    _: object, callback_data: press.SetScheduleTime, context: Context
) -> None:
    number, minutes = callback_data.number, callback_data.minutes
    changing = settings.set_time(context.storage, context.chat_id, minutes, number)
    await change_setting(changing, context, TIMES)


async def remove_schedule_time(
    _: object, callback_data: press.RemoveScheduleTime, context: Context
) -> None:
    number = callback_data.number
    await change_setting(
        settings.remove_time(context.storage, context.chat_id, number), context, TIMES
    )


async def show_days(_: object, callback_data: press.ShowDays, context: Context) -> None:
    await _show_numbered(_DAYS, callback_data.number, context)


async def set_days(_: object, callback_data: press.SetDays, context: Context) -> None:
    number, weekdays = callback_data.number, callback_data.weekdays
    changed = await settings.set_days(context.storage, context.chat_id, number, weekdays)
    chosen = numbered(changed.plan.times, number)
    await show_saved_setting(changed, _DAYS, context, chosen=chosen)


async def set_most_covered(
    _: object, callback_data: press.SetMostCovered, context: Context
) -> None:
    number, wanted = callback_data.number, callback_data.wanted
    changed = await settings.set_most_covered(
        context.storage, context.chat_id, number, wanted=wanted
    )
    chosen = numbered(changed.plan.times, number)
    await show_saved_setting(changed, _DAYS, context, chosen=chosen)


async def set_rhythm(_: object, callback_data: press.SetRhythm, context: Context) -> None:
    """Change the times under a digest; the answer is a message of its own, as the digest stays."""
    is_weekly = callback_data.is_weekly
    changed = await settings.set_rhythm(context.storage, context.chat_id, is_weekly=is_weekly)
    await context.reply.show(SAVED, settings=changed)


async def _show_numbered(template: str, number: int, context: Context) -> None:
    """Show the schedule time with this number."""
    shown = await settings.get_settings(context.storage, context.chat_id)
    chosen = numbered(shown.plan.times, number)
    await context.reply.change(template, settings=shown, chosen=chosen)


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
    router = Router(name="digest")
    on_message, on_press = router.message.register, router.callback_query.register
    flags = Permission.ADMINISTRATORS.flags
    on_message(show_digest, ChatCommand("digest"))
    on_press(show_digest, press.DigestNow.filter(), flags=Permission.EVERYBODY.flags)
    on_press(show_whole_section, press.ShowAll.filter(), flags=Permission.EVERYBODY.flags)
    on_press(set_style, press.SetStyle.filter(), flags=flags)
    on_press(set_layout, press.SetLayout.filter(), flags=flags)
    on_press(set_picture, press.SetPicture.filter(), flags=flags)
    on_press(set_hashtags, press.SetHashtags.filter(), flags=flags)
    on_press(set_model, press.SetModel.filter(), flags=flags)
    on_press(set_empty_day, press.SetEmptyDay.filter(), flags=flags)
    on_press(set_pinning, press.SetPinning.filter(), flags=flags)
    on_press(set_detail, press.SetDetail.filter(), flags=flags)
    on_press(set_time, press.SetTime.filter(), flags=flags)
    on_press(set_only_time, press.SetOnlyTime.filter(), flags=flags)
    on_press(set_times, press.SetTimes.filter(), flags=flags)
    on_press(add_time, press.AddTime.filter(), flags=flags)
    on_press(show_schedule_time, press.ShowScheduleTime.filter(), flags=flags)
    on_press(set_schedule_time, press.SetScheduleTime.filter(), flags=flags)
    on_press(remove_schedule_time, press.RemoveScheduleTime.filter(), flags=flags)
    on_press(show_days, press.ShowDays.filter(), flags=flags)
    on_press(set_days, press.SetDays.filter(), flags=flags)
    on_press(set_most_covered, press.SetMostCovered.filter(), flags=flags)
    on_press(set_rhythm, press.SetRhythm.filter(), flags=flags)
    on_message(preview_words, AnswerTo(press.Question.WORDS), flags=flags)
    on_press(show_words, press.ShowWords.filter(), flags=flags)
    on_press(ask_for_words, press.AskWords.filter(), flags=flags)
    on_press(save_words, press.SaveWords.filter(), flags=flags)
    on_press(remove_words, press.RemoveWords.filter(), flags=flags)
    on_press(undo_words, press.UndoWords.filter(), flags=flags)
    return router
