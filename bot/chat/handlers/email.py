"""/email: an address for digests; confirmed by a code, chosen, removed. All in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat import callbacks as press
from bot.mail import confirm

if TYPE_CHECKING:
    from typing import Any

    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.mail.confirm import MailboxSeen


_PAGE = "chat/email.html"


def _values(mailbox: MailboxSeen, context: Context) -> dict[str, Any]:
    return {"mailbox": mailbox, "can_mail": context.resources.mailer is not None}


async def asked_for(_: Message, command: CommandObject, context: Context) -> None:
    if command.args:
        await ask_address(command.args, context)
    else:
        await context.reply.show(
            _PAGE, **_values(await confirm.get_mailbox(context.storage, context.chat_id), context)
        )


async def ask_address(address: str, context: Context) -> None:
    """Send the address a mail that asks whether digests shall come there."""
    mailbox = await confirm.request_confirmation(
        context.storage,
        context.chat_id,
        address,
        once=context.reply.once,
        mailer=context.resources.mailer,
    )
    await context.reply.show(_PAGE, **_values(mailbox, context))


async def take_code(digits: str, context: Context) -> None:
    mailbox = await confirm.confirm_by_code(
        context.storage, context.chat_id, digits, once=context.reply.once
    )
    await context.reply.show(_PAGE, **_values(mailbox, context))


async def opened(_: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        _PAGE, **_values(await confirm.get_mailbox(context.storage, context.chat_id), context)
    )


async def reach_chosen(_: CallbackQuery, callback_data: press.SetReach, context: Context) -> None:
    mailbox = await confirm.set_digest_medium(context.storage, context.chat_id, callback_data.reach)
    await context.reply.change(_PAGE, **_values(mailbox, context))


async def alerts_chosen(
    _: CallbackQuery, callback_data: press.SetMailAlerts, context: Context
) -> None:
    mailbox = await confirm.set_email_alerts(
        context.storage, context.chat_id, wanted=callback_data.wanted
    )
    await context.reply.change(_PAGE, **_values(mailbox, context))


async def removed(_: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        _PAGE, **_values(await confirm.remove_address(context.storage, context.chat_id), context)
    )


def make_router() -> Router:
    router = Router(name="email")
    router.message.register(asked_for, Command("email"))
    router.callback_query.register(opened, press.ShowEmail.filter())
    router.callback_query.register(reach_chosen, press.SetReach.filter())
    router.callback_query.register(alerts_chosen, press.SetMailAlerts.filter())
    router.callback_query.register(removed, press.RemoveAddress.filter())
    return router
