"""Changes of chats that Telegram reports, and the commands /channels and /here.

The bot is added, removed, blocked and unblocked; groups become supergroups; forum topics are
renamed and reopened. /channels lists the chats that a user manages from their private chat; /here
moves subscriptions from other topics of a forum to this one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import JOIN_TRANSITION, LEAVE_TRANSITION, ChatMemberUpdatedFilter

from bot.chat import callbacks as press
from bot.chat.administrators import is_administrator, may_manage_topics, state_of_bot
from bot.chat.commands import ChatCommand
from bot.chat.managed_chats import frame_of, manager_of
from bot.chat.permissions import Permission
from bot.chat.senders import sender_at, thread_name, thread_of
from bot.subscribers import channel_sources, groups, topics, users
from storage.enums import ChatKind, ChatState

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.filters.callback_data import CallbackData
    from aiogram.types import ChatMemberUpdated, Message

    from bot.chat.administrators import Administrators
    from bot.chat.context import Context
    from bot.chat.reply import Reply
    from bot.resources import Resources

_HERE = "chat/groups.html#here"


# Service updates


async def change_bot_rights(
    event: ChatMemberUpdated, resources: Resources, reply: Reply, administrators: Administrators
) -> None:
    administrators.forget(event.chat.id)
    kind = ChatKind(event.chat.type)
    state = state_of_bot(event.new_chat_member, kind)
    if state is not ChatState.ACTIVE:
        await users.suspend_chats(resources.storage, event.chat.id, state)
        await _note_membership(event, resources, is_member=state is not ChatState.KICKED)
        return
    may_manage = may_manage_topics(event.new_chat_member)
    await users.restore_chats(resources.storage, event.chat.id, closed_too=may_manage)
    before = state_of_bot(event.old_chat_member, kind)
    if before is ChatState.KICKED or (kind is ChatKind.CHANNEL and before is ChatState.BLOCKED):
        await _join(event, resources, reply, administrators)
    await _note_membership(event, resources, is_member=True)


async def _note_membership(
    event: ChatMemberUpdated, resources: Resources, *, is_member: bool
) -> None:
    """Show in the health of a channel that is read whether its posts still come."""
    if event.chat.type == ChatKind.CHANNEL:
        await channel_sources.change_membership(
            resources.storage, event.chat.id, is_member=is_member
        )


async def _join(
    event: ChatMemberUpdated, resources: Resources, reply: Reply, administrators: Administrators
) -> None:
    sender = sender_at(event.from_user, event.chat)
    chat_id = await users.join_group(resources.storage, sender, access=resources.access)
    if chat_id is not None:
        await administrators.has(reply.bot, event.chat.id, sender.user_id)  # stores them all
    me = (await reply.bot.me()).username
    if sender.kind is ChatKind.CHANNEL:
        reply = replace(reply, telegram_id=sender.user_id)  # not a post in the channel
    if chat_id is None:
        await reply.show("chat/groups.html#unauthorized", sender=sender)
    elif sender.kind is ChatKind.CHANNEL:
        await reply.show("chat/channels.html#joined", sender=sender, chat_id=chat_id)
    else:
        is_forum = bool(event.chat.is_forum)
        await reply.show("chat/groups.html#welcome", me=me, is_forum=is_forum)


async def suspend(event: ChatMemberUpdated, resources: Resources) -> None:
    await users.suspend_chats(resources.storage, event.chat.id, ChatState.BLOCKED)


async def restore(event: ChatMemberUpdated, resources: Resources) -> None:
    await users.restore_chats(resources.storage, event.chat.id)


async def change_member(
    event: ChatMemberUpdated, resources: Resources, administrators: Administrators
) -> None:
    administrators.forget(event.chat.id)
    was_admin = is_administrator(event.old_chat_member)
    is_admin = is_administrator(event.new_chat_member)
    if is_admin is not was_admin:  # most members just join and leave
        user_id = event.new_chat_member.user.id
        await groups.record_admin(resources.storage, event.chat.id, user_id, is_admin=is_admin)


async def migrate_to(message: Message, resources: Resources) -> None:
    old, new = message.chat.id, message.migrate_to_chat_id or 0
    await groups.migrate_group(resources.storage, old, new, limits=resources.limits)


async def migrate_from(message: Message, resources: Resources) -> None:
    old, new = message.migrate_from_chat_id or 0, message.chat.id
    await groups.migrate_group(resources.storage, old, new, limits=resources.limits)


async def reopen_thread(message: Message, resources: Resources) -> None:
    await groups.reopen_thread(resources.storage, message.chat.id, thread_of(message))


async def rename_thread(message: Message, resources: Resources) -> None:
    edited = message.forum_topic_edited
    name = thread_name(edited.name or "") if edited else ""
    if name:  # otherwise only the icon was changed
        await groups.rename_thread(resources.storage, message.chat.id, thread_of(message), name)


# /here


async def show_siblings(message: Message, context: Context) -> None:
    page = await groups.sibling_topics(context.storage, context.chat_id)
    await context.reply.show(_HERE, page=page, is_forum=bool(message.chat.is_forum))


async def turn_siblings(
    _: object, callback_data: press.SiblingTopicsPage, context: Context
) -> None:
    page = await groups.sibling_topics(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_HERE, page=page, is_forum=True)


async def move_here(_: object, callback_data: press.MoveHere, context: Context) -> None:
    moved = await groups.move_subscription(
        context.storage,
        context.chat_id,
        callback_data.chat_id,
        callback_data.topic_id,
    )
    page = await groups.sibling_topics(context.storage, context.chat_id)
    await context.reply.change(_HERE, page=page, is_forum=True, moved=moved)


# /channels


async def show_channels(
    _: object, context: Context, callback_data: CallbackData | None = None
) -> None:
    """List the chats with the bot that the user administers."""
    context.reply.frame = None
    number = callback_data.page if isinstance(callback_data, press.ChannelsPage) else 0
    page = await groups.managed_chats(context.storage, context.user.user_id, number)
    me = (await context.reply.bot.me()).username
    await context.reply.change("chat/channels.html#list", page=page, me=me, user=context.user)


async def start_managing(
    _: object,
    callback_data: press.Manage,
    context: Context,
    bot: Bot,
    administrators: Administrators,
) -> None:
    user, storage = context.user, context.storage
    found = await manager_of(callback_data.chat_id, user, bot, storage, administrators)
    if found is None:
        await context.reply.toast("chat/channels.html#not_yours")
        return
    managed, manager = found
    await groups.set_managed(storage, user.user_id, managed.chat_id)
    context.reply.frame = frame_of(managed, context.reply.renderer)
    page = await topics.subscribed(storage, manager.chat_id)
    await context.reply.show("chat/channels.html#managing", user=manager, page=page)


async def stop_managing(_: object, context: Context) -> None:
    await groups.set_managed(context.storage, context.user.user_id, None)
    context.reply.frame = None
    await context.reply.change("chat/channels.html#own")


def make_service_router() -> Router:
    """Return the router for changes of chats that Telegram reports."""
    router = Router(name="service")
    on_message, on_membership = router.message.register, router.my_chat_member.register
    anybody = Permission.WITHOUT_ACCESS
    left = ChatMemberUpdatedFilter(LEAVE_TRANSITION)
    joined = ChatMemberUpdatedFilter(JOIN_TRANSITION)
    on_membership(change_bot_rights, F.chat.type != "private", flags=anybody.flags)
    on_membership(suspend, left, flags=anybody.flags)
    on_membership(restore, joined, flags=anybody.flags)
    router.chat_member.register(change_member, flags=anybody.flags)
    on_message(migrate_to, F.migrate_to_chat_id, flags=anybody.flags)
    on_message(migrate_from, F.migrate_from_chat_id, flags=anybody.flags)
    on_message(reopen_thread, F.forum_topic_reopened, flags=anybody.flags)
    on_message(rename_thread, F.forum_topic_edited, flags=anybody.flags)
    return router


def make_router() -> Router:
    router = Router(name="groups")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(show_siblings, ChatCommand("here"))
    on_message(show_channels, ChatCommand("channels"))
    on_press(turn_siblings, press.SiblingTopicsPage.filter(), flags=Permission.EVERYBODY.flags)
    on_press(move_here, press.MoveHere.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(show_channels, press.ShowChannels.filter(), flags=Permission.PRIVATE.flags)
    on_press(show_channels, press.ChannelsPage.filter(), flags=Permission.PRIVATE.flags)
    on_press(start_managing, press.Manage.filter(), flags=Permission.PRIVATE.flags)
    on_press(stop_managing, press.StopManaging.filter(), flags=Permission.PRIVATE.flags)
    return router
