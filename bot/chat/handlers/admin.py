"""What admins do in the chat: /admin, /invites, /ban and /allow, all in one message by buttons.

It works in private chats only: what an admin sees is nobody else's business.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command, or_f
from aiogram.types import CallbackQuery, Message
from aiogram.utils.deep_linking import create_start_link

from bot.chat import callbacks as press
from bot.chat.commands import FOR_BOT_ADMINS
from bot.chat.handlers import admin_broadcasts, admin_catalogue
from bot.chat.handlers.join import INVITE_PREFIX
from bot.chat.permissions import READS
from bot.delivery import release
from bot.subscribers import audit, invites
from bot.subscribers.access import allow_user, ban_user
from bot.subscribers.admin import chat_page, get_chat, get_overview
from bot.subscribers.limits import get_limits, set_limits
from bot.subscribers.paging import ListPage, page_number
from storage.enums import DeliveryState

if TYPE_CHECKING:
    from aiogram.filters import CommandObject

    from bot.chat.context import Context

_NUMBER = re.compile(r"-?\d{1,18}")
_STUCK = (DeliveryState.HELD, DeliveryState.FAILED)
_STUCK_PER_PAGE = 4


def make_router() -> Router:
    router = Router(name="admin")
    router.include_routers(_admin_router(), _others_router())
    return router


def _admin_router() -> Router:
    router = Router(name="admins only")
    router.message.filter(is_admin)
    router.callback_query.filter(is_admin)
    router.message.register(show_overview, Command("admin"))
    router.callback_query.register(show_overview, press.ShowAdmin.filter())
    router.callback_query.register(show_activity, press.ActivityPage.filter())
    router.callback_query.register(show_stuck, press.StuckPage.filter())
    router.callback_query.register(release_one, press.Release.filter())
    router.callback_query.register(drop_one, press.Drop.filter())
    router.callback_query.register(undrop_one, press.Undrop.filter())
    router.callback_query.register(show_chats, press.ChatsPage.filter())
    router.callback_query.register(open_chat, press.OpenChat.filter())
    router.callback_query.register(ban_chat, press.BanChat.filter())
    router.callback_query.register(allow_chat, press.AllowChat.filter())
    router.message.register(ban_by_id, Command("ban"))
    router.message.register(allow_by_id, Command("allow"))
    router.callback_query.register(show_limits, press.ShowLimits.filter())
    router.callback_query.register(set_limit, press.SetLimit.filter())
    router.message.register(show_invites, Command("invites"))
    router.callback_query.register(turn_invites, press.InvitesPage.filter())
    router.callback_query.register(draft_invite, press.DraftInvite.filter())
    router.callback_query.register(make_invite, press.MakeInvite.filter())
    router.callback_query.register(end_invite, press.EndInvite.filter())
    router.include_routers(admin_broadcasts.make_router(), admin_catalogue.make_router())
    return router


def _others_router() -> Router:
    router = Router(name="others")
    router.message.register(not_for_you, Command(*FOR_BOT_ADMINS), flags=READS)
    buttons = or_f(*(data.filter() for data in press.ADMIN_ONLY))
    router.callback_query.register(not_for_you, buttons, flags=READS)
    return router


async def is_admin(event: Message | CallbackQuery, context: Context) -> bool:
    message = event.message if isinstance(event, CallbackQuery) else event
    return context.user.is_admin and message is not None and message.chat.type == "private"


async def not_for_you(_: object, context: Context) -> None:
    await context.reply.toast("chat/admin/access.html#not_for_you")


async def show_overview(_: object, context: Context) -> None:
    overview = await get_overview(
        context.storage, started_at=context.resources.started_at, errors=context.resources.errors
    )
    await context.reply.change("chat/admin/overview.html", overview=overview)


async def show_activity(_: object, callback_data: press.ActivityPage, context: Context) -> None:
    page = await audit.activity_page(context.storage, callback_data.page)
    await context.reply.change("chat/admin/activity.html", page=page, **context.clock)


# Stuck messages: sent on, or dropped, which can be undone


async def show_stuck(_: object, callback_data: press.StuckPage, context: Context) -> None:
    await _show_stuck(context, callback_data.page)


async def release_one(_: object, callback_data: press.Release, context: Context) -> None:
    await release.release_stuck(
        context.storage, [callback_data.delivery_id], by=context.user.user_id
    )
    await _show_stuck(context)


async def drop_one(_: object, callback_data: press.Drop, context: Context) -> None:
    dropped = await release.drop_stuck(
        context.storage, [callback_data.delivery_id], by=context.user.user_id
    )
    await _show_stuck(context, dropped=callback_data if dropped else None)


async def undrop_one(_: object, callback_data: press.Undrop, context: Context) -> None:
    was_refused = callback_data.was is DeliveryState.FAILED
    state = DeliveryState.FAILED if was_refused else DeliveryState.HELD
    await release.restore_dropped(
        context.storage, callback_data.delivery_id, state, by=context.user.user_id
    )
    await _show_stuck(context)


async def _show_stuck(context: Context, wanted: int = 0, dropped: press.Drop | None = None) -> None:
    total = await release.count_deliveries(context.storage, _STUCK)
    number = page_number(wanted, total, _STUCK_PER_PAGE)
    offset = number * _STUCK_PER_PAGE
    listed = await release.list_deliveries(context.storage, _STUCK, _STUCK_PER_PAGE, offset)
    page = ListPage(listed, number, total, _STUCK_PER_PAGE)
    await context.reply.change(
        "chat/admin/stuck.html", page=page, dropped=dropped, now=context.user.now
    )


# Chats, bans and limits


async def show_chats(_: object, callback_data: press.ChatsPage, context: Context) -> None:
    page = await chat_page(context.storage, callback_data.page)
    await context.reply.change("chat/admin/chats.html#list", page=page, now=context.user.now)


async def open_chat(_: object, callback_data: press.OpenChat, context: Context) -> None:
    await _show_chat(callback_data.chat_id, context)


async def ban_chat(_: object, callback_data: press.BanChat, context: Context) -> None:
    chat = await get_chat(context.storage, callback_data.chat_id)
    await ban_user(
        context.storage, chat.telegram_id, by=context.user.user_id, access=context.resources.access
    )
    await _show_chat(chat.id, context)


async def allow_chat(_: object, callback_data: press.AllowChat, context: Context) -> None:
    chat = await get_chat(context.storage, callback_data.chat_id)
    await _allow(chat.telegram_id, context)
    await _show_chat(chat.id, context)


async def ban_by_id(_: object, command: CommandObject, context: Context) -> None:
    number = _number_in(command)
    is_new = number is not None and await ban_user(
        context.storage, number, by=context.user.user_id, access=context.resources.access
    )
    await context.reply.show("chat/admin/chats.html#banned", number=number, is_new=is_new)


async def allow_by_id(_: object, command: CommandObject, context: Context) -> None:
    number = _number_in(command)
    result = None if number is None else await _allow(number, context)
    await context.reply.show("chat/admin/chats.html#allowed", number=number, result=result)


async def _allow(telegram_id: int, context: Context) -> str:
    resources = context.resources
    return await allow_user(
        context.storage,
        telegram_id,
        by=context.user.user_id,
        access=resources.access,
        renderer=resources.renderer,
    )


async def _show_chat(chat_id: int, context: Context) -> None:
    chat = await get_chat(context.storage, chat_id)
    await context.reply.change("chat/admin/chats.html#one", chat=chat, now=context.user.now)


def _number_in(command: CommandObject) -> int | None:
    """`/ban 12345` → the number; None if there is none."""
    typed = (command.args or "").strip()
    return int(typed) if _NUMBER.fullmatch(typed) else None


async def show_limits(_: object, callback_data: press.ShowLimits, context: Context) -> None:
    await _show_limits(callback_data.chat_id, context)


async def set_limit(_: object, callback_data: press.SetLimit, context: Context) -> None:
    number = None if callback_data.number < 0 else callback_data.number
    chat_id, kind = callback_data.chat_id, callback_data.kind
    await set_limits(context.storage, chat_id, kind, number, by=context.user.user_id)
    await _show_limits(chat_id, context)


async def _show_limits(chat_id: int, context: Context) -> None:
    chat, usual = await get_chat(context.storage, chat_id), context.limits
    limits = await get_limits(context.storage, chat_id, limits=usual)
    await context.reply.change("chat/admin/limits.html", chat=chat, limits=limits, usual=usual)


# Invitations


async def show_invites(_: object, context: Context) -> None:
    await _show_invites(context)


async def turn_invites(_: object, callback_data: press.InvitesPage, context: Context) -> None:
    await _show_invites(context, callback_data.page)


async def draft_invite(_: object, callback_data: press.DraftInvite, context: Context) -> None:
    # The button has the code: tapped twice, or in two processes, it makes one invitation.
    code = invites.new_code()
    await context.reply.change("chat/admin/invites.html#one", draft=callback_data, code=code)


async def make_invite(_: object, callback_data: press.MakeInvite, context: Context) -> None:
    uses, days, code = callback_data.uses, callback_data.days, callback_data.invite_code
    await invites.create_invite_for(context.storage, uses, days, by=context.user.user_id, code=code)
    await _show_invites(context)


async def end_invite(_: object, callback_data: press.EndInvite, context: Context) -> None:
    await invites.revoke_invite(context.storage, callback_data.invite_id, by=context.user.user_id)
    await _show_invites(context)


async def _show_invites(context: Context, wanted: int = 0) -> None:
    page = await invites.invite_page(context.storage, wanted)
    bot = context.reply.bot
    links = {
        invite.id: await create_start_link(bot, f"{INVITE_PREFIX}{invite.code}")
        for invite in page.items
    }
    await context.reply.change(
        "chat/admin/invites.html#list",
        page=page,
        links=links,
        are_accepted=context.resources.access.invites,
        now=context.user.now,
    )
