"""/invites: invitations, made by buttons, listed, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks.admin import DraftInvite, EndInvite, InvitesPage, MakeInvite
from bot.chat.handlers.admin.desk import put
from bot.subscribers import invites
from bot.subscribers.invites import new_code

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context


async def asked_for(_message: Message, context: Context, bot: Bot) -> None:
    await _show(context, bot)


async def turned(
    _pressed: CallbackQuery, callback_data: InvitesPage, context: Context, bot: Bot
) -> None:
    await _show(context, bot, callback_data.page)


async def drafted(_pressed: CallbackQuery, callback_data: DraftInvite, context: Context) -> None:
    # The button has the code: pressed twice, or at two processes, it makes one invitation.
    await put(context, "chat/admin/invites.html#one", draft=callback_data, code=new_code())


async def made(
    _pressed: CallbackQuery, callback_data: MakeInvite, context: Context, bot: Bot
) -> None:
    uses, days, code = callback_data.uses, callback_data.days, callback_data.invite_code
    await invites.create_invite_for(context.storage, uses, days, by=context.user.user_id, code=code)
    await _show(context, bot)


async def ended(
    _pressed: CallbackQuery, callback_data: EndInvite, context: Context, bot: Bot
) -> None:
    await invites.revoke_invite(context.storage, callback_data.invite_id, by=context.user.user_id)
    await _show(context, bot)


async def _show(context: Context, bot: Bot, wanted: int = 0) -> None:
    page = await invites.invite_page(context.storage, wanted)
    username = (await bot.me()).username
    are_taken = context.resources.access.invites
    await put(
        context,
        "chat/admin/invites.html#list",
        page=page,
        username=username,
        are_taken=are_taken,
        now=context.user.now,
    )


def make_router() -> Router:
    router = Router(name="invites")
    router.message.register(asked_for, Command("invites"))
    router.callback_query.register(turned, InvitesPage.filter())
    router.callback_query.register(drafted, DraftInvite.filter())
    router.callback_query.register(made, MakeInvite.filter())
    router.callback_query.register(ended, EndInvite.filter())
    return router
