"""The page of a source, for admins: its state, and how and when it is read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aiogram import Router

from bot.chat import callbacks as press
from bot.chat.cards import block_on, words_on
from bot.chat.permissions import Permission
from bot.chat.questions import AnswerTo, ask
from bot.subscribers import setting_undo, source_settings
from bot.subscribers.errors import CardTooOld
from bot.subscribers.source_settings import SourceSetting
from bot.subscribers.text import checksum

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.subscribers.source_settings import SourceSettings

_ASKED: Final = {
    press.SourceRule.ARTICLE: press.Question.SOURCE_ARTICLE,
    press.SourceRule.DROPPED: press.Question.SOURCE_DROPPED,
    press.SourceRule.KEEP: press.Question.SOURCE_KEEP,
    press.SourceRule.DROP: press.Question.SOURCE_DROP,
    press.SourceRule.LANGUAGE: press.Question.SOURCE_LANGUAGE,
    press.SourceRule.ZONE: press.Question.SOURCE_ZONE,
}


async def open_source(_: object, callback_data: press.OpenSource, context: Context) -> None:
    settings = await source_settings.find_settings(context.storage, callback_data.source_id)
    await _show(settings, context)


async def show_menu(_: object, callback_data: press.ShowSourceMenu, context: Context) -> None:
    settings = await source_settings.get_settings(context.storage, callback_data.source_id)
    await _show(settings, context, callback_data.menu)


async def _show(
    settings: SourceSettings | None, context: Context, menu: press.SourceMenu | None = None
) -> None:
    await context.reply.change(
        "chat/sources.html#one",
        settings=settings,
        source=settings and settings.source,
        menu=menu or "",
        **context.clock,
    )


async def pause_source(_: object, callback_data: press.PauseSource, context: Context) -> None:
    hours = callback_data.hours
    until = context.user.now + timedelta(hours=hours) if hours else None
    paused = await source_settings.pause_source(
        context.storage, callback_data.source_id, until, by=context.user.user_id
    )
    await _show(paused, context)


async def resume_source(_: object, callback_data: press.ResumeSource, context: Context) -> None:
    resumed = await source_settings.resume_source(
        context.storage, callback_data.source_id, by=context.user.user_id
    )
    await _show(resumed, context)


async def set_priority(_: object, callback_data: press.SetSourcePriority, context: Context) -> None:
    priority = callback_data.priority
    await _change(callback_data.source_id, SourceSetting.PRIORITY, priority, context)


async def set_interval(_: object, callback_data: press.SetSourceInterval, context: Context) -> None:
    minutes = callback_data.minutes
    every = f"{minutes}m" if minutes else ""
    await _change(callback_data.source_id, SourceSetting.EVERY, every, context)


async def _change(source_id: int, setting: SourceSetting, value: object, context: Context) -> None:
    changed = await source_settings.change_setting(
        context.storage, source_id, setting, value, by=context.user.user_id
    )
    await _show(changed, context)


async def undo_change(
    pressed: CallbackQuery, callback_data: press.UndoSource, context: Context
) -> None:
    before = callback_data.before
    if callback_data.is_typed:
        before = "" if before == checksum("") else block_on(pressed)
        if checksum(before) != callback_data.before:
            raise CardTooOld
    undone = await setting_undo.undo_of_source(
        context.storage,
        callback_data.source_id,
        callback_data.setting,
        before,
        after=callback_data.after,
        by=context.user.user_id,
    )
    await _show(undone, context)


async def ask_for_rule(_: object, callback_data: press.AskSourceRule, context: Context) -> None:
    source_id = callback_data.source_id
    settings = await source_settings.get_settings(context.storage, source_id)
    question = _ASKED[callback_data.rule]
    await ask(context, question, subject=source_id, rules=settings.rules)


async def clear_rule(_: object, callback_data: press.ClearSourceRule, context: Context) -> None:
    setting = SourceSetting(callback_data.rule)
    nothing = () if setting is SourceSetting.DROPPED else ""
    await _change(callback_data.source_id, setting, nothing, context)


async def take_article(message: Message, subject: int, context: Context) -> None:
    await _change(subject, SourceSetting.ARTICLE, message.text or "", context)


async def take_dropped(message: Message, subject: int, context: Context) -> None:
    await _change(subject, SourceSetting.DROPPED, (message.text or "").splitlines(), context)


async def take_language(message: Message, subject: int, context: Context) -> None:
    await _change(subject, SourceSetting.LANGUAGE, message.text or "", context)


async def take_zone(message: Message, subject: int, context: Context) -> None:
    await _change(subject, SourceSetting.ZONE, message.text or "", context)


async def preview_keep(message: Message, subject: int, context: Context) -> None:
    query = source_settings.read_rule(message.text or "")
    preview = await source_settings.preview_rules(context.storage, subject, keep=query)
    await _show_preview(subject, press.SourceRule.KEEP, query, preview, context)


async def preview_drop(message: Message, subject: int, context: Context) -> None:
    query = source_settings.read_rule(message.text or "")
    preview = await source_settings.preview_rules(context.storage, subject, drop=query)
    await _show_preview(subject, press.SourceRule.DROP, query, preview, context)


async def _show_preview(
    source_id: int,
    rule: press.SourceRule,
    query: str,
    preview: source_settings.RulesPreview,
    context: Context,
) -> None:
    await context.reply.show(
        "chat/sources.html#rule_preview",
        source_id=source_id,
        rule=rule,
        query=query,
        preview=preview,
    )


async def save_rule(
    pressed: CallbackQuery, callback_data: press.SaveSourceRule, context: Context
) -> None:
    setting = SourceSetting(callback_data.rule)
    await _change(callback_data.source_id, setting, words_on(pressed), context)


def make_router() -> Router:
    router = Router(name="source settings")
    on_message, on_press = router.message.register, router.callback_query.register
    flags = Permission.BOT_ADMINS.flags
    for question, answered in (
        (press.Question.SOURCE_ARTICLE, take_article),
        (press.Question.SOURCE_DROPPED, take_dropped),
        (press.Question.SOURCE_KEEP, preview_keep),
        (press.Question.SOURCE_DROP, preview_drop),
        (press.Question.SOURCE_LANGUAGE, take_language),
        (press.Question.SOURCE_ZONE, take_zone),
    ):
        on_message(answered, AnswerTo(question), flags=flags)
    on_press(open_source, press.OpenSource.filter(), flags=flags)
    on_press(show_menu, press.ShowSourceMenu.filter(), flags=flags)
    on_press(pause_source, press.PauseSource.filter(), flags=flags)
    on_press(resume_source, press.ResumeSource.filter(), flags=flags)
    on_press(set_priority, press.SetSourcePriority.filter(), flags=flags)
    on_press(set_interval, press.SetSourceInterval.filter(), flags=flags)
    on_press(ask_for_rule, press.AskSourceRule.filter(), flags=flags)
    on_press(clear_rule, press.ClearSourceRule.filter(), flags=flags)
    on_press(undo_change, press.UndoSource.filter(), flags=flags)
    on_press(save_rule, press.SaveSourceRule.filter(), flags=flags)
    return router
