"""The admin panel: /admin, /invites, /ban and /allow, all in one message; and /broadcast."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.types import Message
from aiogram.utils.deep_linking import create_start_link

from bot.chat import callbacks as press
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.chat.questions import AnswerTo, ask
from bot.delivery import release
from bot.rendering.messages import Entity, units
from bot.rendering.messages import Message as Rendered
from bot.subscribers import access_requests, audit, broadcasts, invites
from bot.subscribers.access import Allowed, allow_user, ban_user
from bot.subscribers.admin import chat_page, get_chat, get_overview
from bot.subscribers.broadcasts import StatusMessage
from bot.subscribers.errors import NoSuchBroadcast
from bot.subscribers.limits import get_limits, set_limits
from bot.subscribers.paging import load_page
from bot.subscribers.share_links import INVITE_PREFIX
from bot.subscribers.text import storable
from storage.enums import DeliveryState

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


_NUMBER = re.compile(r"-?\d{1,18}")
_STUCK = tuple(state for state in DeliveryState if state.is_stuck)
_STUCK_PER_PAGE = 4


async def show_overview(_: object, context: Context) -> None:
    overview = await get_overview(
        context.storage, started_at=context.resources.started_at, errors=context.resources.errors
    )
    await context.reply.change("chat/admin/overview.html", overview=overview, user=context.user)


async def show_activity(_: object, callback_data: press.ActivityPage, context: Context) -> None:
    page = await audit.activity_page(context.storage, callback_data.page)
    await context.reply.change("chat/admin/activity.html", page=page, **context.clock)


# Stuck messages: an admin sends them again, or drops them, which can be undone


async def show_stuck(
    _: object,
    context: Context,
    callback_data: press.StuckPage | None = None,
    dropped: press.Drop | None = None,
) -> None:
    """Show a page of stuck messages, with a button that undoes what was just dropped."""
    wanted = callback_data.page if callback_data else 0
    total = await release.count_deliveries(context.storage, _STUCK)
    load = partial(release.list_deliveries, context.storage, _STUCK)
    page = await load_page(load, wanted, total, _STUCK_PER_PAGE)
    await context.reply.change(
        "chat/admin/stuck.html", page=page, dropped=dropped, now=context.user.now
    )


async def release_delivery(_: object, callback_data: press.Release, context: Context) -> None:
    await release.release_stuck(
        context.storage, [callback_data.delivery_id], by=context.user.user_id
    )
    await show_stuck(None, context)


async def drop_delivery(_: object, callback_data: press.Drop, context: Context) -> None:
    dropped = await release.drop_stuck(
        context.storage, [callback_data.delivery_id], by=context.user.user_id
    )
    await show_stuck(None, context, dropped=callback_data if dropped else None)


async def undrop_delivery(_: object, callback_data: press.Undrop, context: Context) -> None:
    was_refused = callback_data.was is DeliveryState.FAILED
    state = DeliveryState.FAILED if was_refused else DeliveryState.HELD
    await release.restore_dropped(
        context.storage, callback_data.delivery_id, state, by=context.user.user_id
    )
    await show_stuck(None, context)


# Chats, bans and limits


async def show_chats(_: object, callback_data: press.ChatsPage, context: Context) -> None:
    page = await chat_page(context.storage, callback_data.page)
    await context.reply.change("chat/admin/chats.html#list", page=page, now=context.user.now)


async def open_chat(
    _: object, callback_data: press.OpenChat | press.BanChat | press.AllowChat, context: Context
) -> None:
    chat = await get_chat(context.storage, callback_data.chat_id)
    await context.reply.change("chat/admin/chats.html#one", chat=chat, now=context.user.now)


async def ban_chat(_: object, callback_data: press.BanChat, context: Context) -> None:
    chat = await get_chat(context.storage, callback_data.chat_id)
    await ban_user(
        context.storage, chat.telegram_id, by=context.user.user_id, access=context.resources.access
    )
    await open_chat(None, callback_data, context)


async def allow_chat(_: object, callback_data: press.AllowChat, context: Context) -> None:
    chat = await get_chat(context.storage, callback_data.chat_id)
    await _allow(chat.telegram_id, context)
    await open_chat(None, callback_data, context)


async def ban_by_id(_: object, command: CommandObject, context: Context) -> None:
    number = _number_in(command)
    is_new = number is not None and await ban_user(
        context.storage, number, by=context.user.user_id, access=context.resources.access
    )
    await context.reply.show("chat/admin/chats.html#banned", number=number, is_new=is_new)


async def allow_by_id(_: object, command: CommandObject, context: Context) -> None:
    number = _number_in(command)
    allowed = None if number is None else await _allow(number, context)
    await context.reply.show("chat/admin/chats.html#allowed", number=number, allowed=allowed)


async def decide_access(_: object, callback_data: press.DecideAccess, context: Context) -> None:
    resources, user_id = context.resources, context.user.user_id
    decision = await access_requests.decide_access(
        context.storage,
        callback_data.request_id,
        is_allowed=callback_data.is_allowed,
        by=user_id,
        access=resources.access,
        renderer=resources.renderer,
    )
    await context.reply.change(
        "chat/admin/access.html#decided", decision=decision, is_mine=decision.by == user_id
    )


async def _allow(telegram_id: int, context: Context) -> Allowed:
    resources = context.resources
    return await allow_user(
        context.storage,
        telegram_id,
        by=context.user.user_id,
        access=resources.access,
        renderer=resources.renderer,
    )


def _number_in(command: CommandObject) -> int | None:
    """Return the number in a command such as `/ban 12345`; None if there is none."""
    typed = (command.args or "").strip()
    return int(typed) if _NUMBER.fullmatch(typed) else None


async def show_limits(
    _: object, callback_data: press.ShowLimits | press.SetLimit, context: Context
) -> None:
    chat, usual = await get_chat(context.storage, callback_data.chat_id), context.limits
    limits = await get_limits(context.storage, chat.id, limits=usual)
    await context.reply.change("chat/admin/limits.html", chat=chat, limits=limits, usual=usual)


async def set_limit(_: object, callback_data: press.SetLimit, context: Context) -> None:
    number = None if callback_data.number < 0 else callback_data.number
    chat_id, kind = callback_data.chat_id, callback_data.kind
    await set_limits(context.storage, chat_id, kind, number, by=context.user.user_id)
    await show_limits(None, callback_data, context)


# Invitations


async def show_invites(
    _: object, context: Context, callback_data: press.InvitesPage | None = None
) -> None:
    number = callback_data.page if callback_data else 0
    page = await invites.invite_page(context.storage, number)
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


async def draft_invite(_: object, callback_data: press.DraftInvite, context: Context) -> None:
    # The button carries the code, so that repeated taps create only one invitation.
    code = invites.new_code()
    await context.reply.change("chat/admin/invites.html#one", draft=callback_data, code=code)


async def make_invite(_: object, callback_data: press.MakeInvite, context: Context) -> None:
    uses, days, code = callback_data.uses, callback_data.days, callback_data.invite_code
    await invites.create_invite_for(context.storage, uses, days, by=context.user.user_id, code=code)
    await show_invites(None, context)


async def end_invite(_: object, callback_data: press.EndInvite, context: Context) -> None:
    await invites.revoke_invite(context.storage, callback_data.invite_id, by=context.user.user_id)
    await show_invites(None, context)


# Left out: kinds that only some senders may use, and kinds that Telegram detects by itself.
_KEPT = frozenset(
    {
        "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote",
        "expandable_blockquote", "code", "pre", "text_link", "date_time",
    }
)  # fmt: skip

_PAGE = "chat/admin/broadcasts.html#page"


async def start_broadcast(message: Message, command: CommandObject, context: Context) -> None:
    if command.args:
        await _draft(text_of(message, f"/{command.command}"), context)
    elif message.reply_to_message and message.reply_to_message.text:
        await _draft(text_of(message.reply_to_message), context)
    else:
        await ask(context, press.Question.BROADCAST)


async def ask_for_broadcast(_: object, context: Context) -> None:
    await ask(context, press.Question.BROADCAST)


async def preview_broadcast(message: Message, context: Context) -> None:
    await _draft(text_of(message), context)


async def _draft(message: Rendered, context: Context) -> None:
    status, preview = await broadcasts.draft(
        context.storage,
        message,
        by=context.user.user_id,
        language=context.user.language,
        once=context.reply.once,
        renderer=context.resources.renderer,
    )
    await context.reply.send([preview])
    await context.reply.show(_PAGE, status=status)


async def choose_audience(_: object, callback_data: press.ChooseAudience, context: Context) -> None:
    status = await broadcasts.choose_audience(
        context.storage, callback_data.number, callback_data.audience, callback_data.language
    )
    await context.reply.change(_PAGE, status=status)


async def discard_broadcast(
    _: object, callback_data: press.DiscardBroadcast, context: Context
) -> None:
    await broadcasts.discard(context.storage, callback_data.number)
    await context.reply.change("chat/admin/broadcasts.html#discarded")


async def send_broadcast(
    pressed: CallbackQuery, callback_data: press.SendBroadcast, context: Context
) -> None:
    if not isinstance(pressed.message, Message):
        raise NoSuchBroadcast
    shown_in = StatusMessage(pressed.message.chat.id, pressed.message.message_id)
    status = await broadcasts.send(
        context.storage, callback_data.number, shown_in, by=context.user.user_id
    )
    await context.reply.change(_PAGE, status=status)


async def stop_broadcast(_: object, callback_data: press.StopBroadcast, context: Context) -> None:
    status = await broadcasts.stop(context.storage, callback_data.number, by=context.user.user_id)
    await context.reply.change(_PAGE, status=status)


def text_of(message: Message, after: str = "") -> Rendered:
    """Return the text of *message* that follows *after*, such as a command, with its entities."""
    text = storable(message.text or "")
    whole = text.removeprefix(after)
    rest = whole.lstrip()
    cut = units(text) - units(rest)
    entities = tuple(
        Entity(
            entity.type,
            entity.offset - cut,
            entity.length,
            entity.url,
            entity.language,
            entity.unix_time,
            entity.date_time_format,
        )
        for entity in message.entities or ()
        if entity.type in _KEPT and entity.offset >= cut
    )
    return Rendered(rest, entities)


def make_router() -> Router:
    router = Router(name="admin")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(show_overview, ChatCommand("admin"))
    on_message(show_invites, ChatCommand("invites"))
    on_message(ban_by_id, ChatCommand("ban"))
    on_message(allow_by_id, ChatCommand("allow"))
    on_press(show_overview, press.ShowAdmin.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(show_activity, press.ActivityPage.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(show_stuck, press.StuckPage.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(release_delivery, press.Release.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(drop_delivery, press.Drop.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(undrop_delivery, press.Undrop.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(show_chats, press.ChatsPage.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(open_chat, press.OpenChat.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(ban_chat, press.BanChat.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(allow_chat, press.AllowChat.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(decide_access, press.DecideAccess.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(show_limits, press.ShowLimits.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(set_limit, press.SetLimit.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(show_invites, press.InvitesPage.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(draft_invite, press.DraftInvite.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(make_invite, press.MakeInvite.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(end_invite, press.EndInvite.filter(), flags=Permission.BOT_ADMINS.flags)
    on_message(start_broadcast, ChatCommand("broadcast"))
    is_answer = AnswerTo(press.Question.BROADCAST)
    on_message(preview_broadcast, is_answer, flags=Permission.BOT_ADMINS.flags)
    on_press(ask_for_broadcast, press.NewBroadcast.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(choose_audience, press.ChooseAudience.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(discard_broadcast, press.DiscardBroadcast.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(send_broadcast, press.SendBroadcast.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(stop_broadcast, press.StopBroadcast.filter(), flags=Permission.BOT_ADMINS.flags)
    return router
