"""How digests and alerts look: style, layout, pictures, hashtags, the model, pins, empty days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat import callbacks as press
from bot.chat.permissions import Permission
from bot.chat.setting_pages import ALERT_RATE, LAYOUT, SAVED, change_setting
from bot.subscribers import settings

if TYPE_CHECKING:
    from bot.chat.context import Context


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


def make_router() -> Router:
    router = Router(name="digest_looks")
    on_press, flags = router.callback_query.register, Permission.ADMINISTRATORS.flags
    on_press(set_style, press.SetStyle.filter(), flags=flags)
    on_press(set_layout, press.SetLayout.filter(), flags=flags)
    on_press(set_picture, press.SetPicture.filter(), flags=flags)
    on_press(set_hashtags, press.SetHashtags.filter(), flags=flags)
    on_press(set_model, press.SetModel.filter(), flags=flags)
    on_press(set_empty_day, press.SetEmptyDay.filter(), flags=flags)
    on_press(set_pinning, press.SetPinning.filter(), flags=flags)
    on_press(set_detail, press.SetDetail.filter(), flags=flags)
    return router
