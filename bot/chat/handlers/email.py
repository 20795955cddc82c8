"""/email: an address for digests; confirmed by a code, chosen, removed. All in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat import callbacks as press
from bot.chat.senders import ANONYMOUS_ADMINISTRATOR
from bot.subscribers import mailboxes

if TYPE_CHECKING:
    from aiogram.filters import CommandObject

    from bot.chat.context import Context
    from bot.subscribers.mailboxes import MailboxSeen


_PAGE = "chat/email.html"


async def _show(mailbox: MailboxSeen, context: Context) -> None:
    """Change the message whose button was tapped, or show a new one."""
    can_mail = context.resources.mailer is not None
    await context.reply.change(_PAGE, mailbox=mailbox, can_mail=can_mail)


async def asked_for(_: object, command: CommandObject, context: Context) -> None:
    if command.args:
        await ask_address(command.args, context)
    else:
        await opened(None, context)


async def ask_address(address: str, context: Context) -> None:
    """Send the address a mail that asks whether digests shall come there."""
    user_id = context.user.user_id
    mailbox = await mailboxes.request_confirmation(
        context.storage,
        context.chat_id,
        address,
        asked_by=None if user_id == ANONYMOUS_ADMINISTRATOR else user_id,
        once=context.reply.once,
        mailer=context.resources.mailer,
    )
    await _show(mailbox, context)


async def take_code(digits: str, context: Context) -> None:
    once = context.reply.once
    mailbox = await mailboxes.confirm_by_code(context.storage, context.chat_id, digits, once=once)
    await _show(mailbox, context)


async def opened(_: object, context: Context) -> None:
    await _show(await mailboxes.get_mailbox(context.storage, context.chat_id), context)


async def reach_chosen(_: object, callback_data: press.SetReach, context: Context) -> None:
    mailbox = await mailboxes.set_digest_medium(
        context.storage, context.chat_id, callback_data.reach
    )
    await _show(mailbox, context)


async def alerts_chosen(_: object, callback_data: press.SetMailAlerts, context: Context) -> None:
    wanted = callback_data.wanted
    mailbox = await mailboxes.set_email_alerts(context.storage, context.chat_id, wanted=wanted)
    await _show(mailbox, context)


async def removed(_: object, context: Context) -> None:
    await _show(await mailboxes.remove_address(context.storage, context.chat_id), context)


def make_router() -> Router:
    router = Router(name="email")
    router.message.register(asked_for, Command("email"))
    router.callback_query.register(opened, press.ShowEmail.filter())
    router.callback_query.register(reach_chosen, press.SetReach.filter())
    router.callback_query.register(alerts_chosen, press.SetMailAlerts.filter())
    router.callback_query.register(removed, press.RemoveAddress.filter())
    return router
