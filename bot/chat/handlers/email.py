"""/email: the address for digests is added, confirmed and removed in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat import callbacks as press
from bot.chat.cards import request_confirmation, show_mailbox
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.subscribers import mailboxes, setting_undo, settings
from bot.subscribers.settings import MAIL_SETTINGS

if TYPE_CHECKING:
    from aiogram.filters import CommandObject

    from bot.chat.context import Context
    from bot.subscribers.settings import ChatSettings


async def add_address(_: object, command: CommandObject, context: Context) -> None:
    await request_confirmation(command.args or "", context)


async def show_email(_: object, context: Context) -> None:
    await show_mailbox(await mailboxes.get_mailbox(context.storage, context.chat_id), context)


async def set_digest_medium(_: object, callback_data: press.SetReach, context: Context) -> None:
    medium = callback_data.reach
    await _show_changed(
        await settings.set_digest_medium(context.storage, context.chat_id, medium), context
    )


async def set_email_alerts(_: object, callback_data: press.SetMailAlerts, context: Context) -> None:
    wanted = callback_data.wanted
    await _show_changed(
        await settings.set_email_alerts(context.storage, context.chat_id, wanted=wanted), context
    )


async def undo_choice(_: object, callback_data: press.UndoSetting, context: Context) -> None:
    """Undo the choice of what is mailed; the page has the address, so it is confidential."""
    changed = await setting_undo.undo(
        context.storage,
        context.chat_id,
        callback_data.setting,
        callback_data.before,
        after=callback_data.after,
    )
    await _show_changed(changed, context)


async def _show_changed(changed: ChatSettings, context: Context) -> None:
    await show_mailbox(changed.mailbox, context, changed)
    await context.reply.note("chat/saved.html#toast", settings=changed)


async def ask_to_remove_address(_: object, context: Context) -> None:
    mailbox = await mailboxes.get_mailbox(context.storage, context.chat_id)
    await context.reply.change("chat/confirm.html#remove_address", mailbox=mailbox)


async def remove_address(_: object, context: Context) -> None:
    await show_mailbox(await mailboxes.remove_address(context.storage, context.chat_id), context)


def make_router() -> Router:
    router = Router(name="email")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(add_address, ChatCommand("email", magic=F.args))
    on_message(show_email, ChatCommand("email"))
    on_press(show_email, press.ShowEmail.filter(), flags=Permission.CONFIDENTIAL.flags)
    on_press(set_digest_medium, press.SetReach.filter(), flags=Permission.CONFIDENTIAL.flags)
    on_press(set_email_alerts, press.SetMailAlerts.filter(), flags=Permission.CONFIDENTIAL.flags)
    confidential = Permission.CONFIDENTIAL
    undoes = press.UndoSetting.filter(F.setting.in_(MAIL_SETTINGS))
    on_press(undo_choice, undoes, flags=confidential.flags)
    on_press(ask_to_remove_address, press.RemoveAddress.filter(), flags=confidential.flags)
    on_press(remove_address, press.ConfirmRemoveAddress.filter(), flags=confidential.flags)
    return router
