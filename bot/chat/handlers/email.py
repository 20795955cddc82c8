"""/email: an address for digests; confirmed by a code, chosen, removed. All in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import RemoveAddress, SetMailAlerts, SetReach, ShowEmail

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


_PAGE = "chat/email.html"


async def asked_for(_message: Message, command: CommandObject, context: Context) -> None:
    if command.args:
        await ask_address(command.args, context)
    else:
        await context.reply.show(
            _PAGE, mailbox=await context.resources.mailboxes.now(context.chat_id)
        )


async def ask_address(address: str, context: Context) -> None:
    """Send the address a mail that asks whether digests shall come there."""
    mailbox = await context.resources.mailboxes.request(
        context.chat_id, address, once=context.reply.once
    )
    await context.reply.show(_PAGE, mailbox=mailbox)


async def take_code(digits: str, context: Context) -> None:
    mailbox = await context.resources.mailboxes.confirm_by_code(
        context.chat_id, digits, once=context.reply.once
    )
    await context.reply.show(_PAGE, mailbox=mailbox)


async def opened(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        _PAGE, mailbox=await context.resources.mailboxes.now(context.chat_id)
    )


async def reach_chosen(_pressed: CallbackQuery, callback_data: SetReach, context: Context) -> None:
    mailbox = await context.resources.mailboxes.set_reach(context.chat_id, callback_data.reach)
    await context.reply.change(_PAGE, mailbox=mailbox)


async def alerts_chosen(
    _pressed: CallbackQuery, callback_data: SetMailAlerts, context: Context
) -> None:
    mailbox = await context.resources.mailboxes.set_alerts(
        context.chat_id, wanted=callback_data.wanted
    )
    await context.reply.change(_PAGE, mailbox=mailbox)


async def removed(_pressed: CallbackQuery, context: Context) -> None:
    await context.reply.change(
        _PAGE, mailbox=await context.resources.mailboxes.remove(context.chat_id)
    )


def make_router() -> Router:
    router = Router(name="email")
    router.message.register(asked_for, Command("email"))
    router.callback_query.register(opened, ShowEmail.filter())
    router.callback_query.register(reach_chosen, SetReach.filter())
    router.callback_query.register(alerts_chosen, SetMailAlerts.filter())
    router.callback_query.register(removed, RemoveAddress.filter())
    return router
