"""Channels as sources: their posts, who may follow them, and following them by a link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
)

from bot.chat import callbacks as press
from bot.chat.managed_chats import manager_of
from bot.chat.permissions import Permission
from bot.sources.channels.posts import LONGEST_ALBUM_ID, PostPart
from bot.subscribers import channel_sources
from bot.subscribers.errors import NoSuchChannel
from bot.subscribers.text import one_line, storable
from storage.enums import ChannelSharing, ChatKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiogram import Bot
    from aiogram.types import Message, MessageOriginUnion

    from bot.chat.administrators import Administrators
    from bot.chat.context import Context
    from bot.resources import Resources
    from bot.subscribers.channel_sources import ChannelView
    from bot.subscribers.groups import ManagedChat

_ONE = "chat/channel_sources.html#one"
_LONGEST_TITLE = 128


async def is_of_others(message: Message, bot: Bot) -> bool:
    """Return whether the bot did not write the post, which would match the topics it was for."""
    return not is_by_bot(message, bot.id)


async def store_post(message: Message, resources: Resources) -> None:
    post = post_of(message)
    await channel_sources.store_post(
        resources.storage,
        post,
        title=one_line(message.chat.title or "")[:_LONGEST_TITLE] or post.url,
        forwarded=forwarded_from(message),
        budgets=resources.limits.budgets,
    )


# Allowing the bot to read a channel


async def ask_about_posts(
    _: object, callback_data: press.AskPosts, context: Context, administrators: Administrators
) -> None:
    channel = await _administered(callback_data.chat_id, context, administrators)
    context.reply.frame = None
    source_id = await channel_sources.is_channel_read(context.storage, channel.telegram_id)
    if source_id is not None:
        await _show(source_id, context)
        return
    await context.reply.show(
        "chat/channel_sources.html#ask", channel=channel, is_admin=context.user.is_admin
    )


async def read_posts(
    _: object, callback_data: press.ReadPosts, context: Context, administrators: Administrators
) -> None:
    channel = await _administered(callback_data.chat_id, context, administrators)
    context.reply.frame = None
    user, sharing = context.user, callback_data.sharing
    is_public = sharing is ChannelSharing.EVERYBODY
    source_id = await channel_sources.read_channel(
        context.storage,
        user.user_id,
        channel.telegram_id,
        title=channel.title,
        username="",  # the first post tells it
        sharing=ChannelSharing.OWN if is_public else sharing,
        limits=context.limits,
    )
    if is_public:
        await channel_sources.share_channel(
            context.storage, source_id, sharing, by=user.user_id, is_admin=user.is_admin
        )
    await _describe(source_id, channel.telegram_id, context)
    await _show(source_id, context)


async def _describe(source_id: int, telegram_id: int, context: Context) -> None:
    """Ask Telegram what the channel says about itself, because no post tells it."""
    try:
        channel = await context.reply.bot.get_chat(telegram_id)
    except (TelegramBadRequest, TelegramForbiddenError):
        return  # the bot was removed; the page of the channel says so
    description = channel.description or ""
    await channel_sources.describe_channel(context.storage, source_id, description)


async def _administered(
    chat_id: int, context: Context, administrators: Administrators
) -> ManagedChat:
    """Return the channel; raise NoSuchChannel if Telegram does not list the user there."""
    bot, user = context.reply.bot, context.user
    found = await manager_of(chat_id, user, bot, context.storage, administrators)
    if found is None or found[0].kind is not ChatKind.CHANNEL:
        raise NoSuchChannel
    channel, _ = found
    if not await administrators.has(bot, channel.telegram_id, user.user_id, is_change=True):
        raise NoSuchChannel
    return channel


# Deciding about a channel


async def open_channel(_: object, callback_data: press.OpenChannel, context: Context) -> None:
    view = await _decided_by(callback_data.source_id, context)
    await _describe(callback_data.source_id, view.telegram_id, context)
    await _show(callback_data.source_id, context)


async def _show(source_id: int, context: Context) -> None:
    view = await _decided_by(source_id, context)
    await context.reply.change(
        _ONE,
        view=view,
        is_admin=context.user.is_admin,
        me=(await context.reply.bot.me()).username,
        now=context.user.now,
    )


async def _decided_by(source_id: int, context: Context) -> ChannelView:
    """Return the channel; raise NoSuchChannel unless the user owns it or is an admin of the bot."""
    view = await channel_sources.channel_view(context.storage, source_id, context.user.user_id)
    if not view.is_owner and not context.user.is_admin:
        raise NoSuchChannel
    context.reply.frame = None
    return view


async def share_channel(
    _: object, callback_data: press.ShareChannel, context: Context, administrators: Administrators
) -> None:
    """Change who may follow; an owner who was demoted in the channel may only narrow it."""
    view = await _decided_by(callback_data.source_id, context)
    bot, user = context.reply.bot, context.user
    is_wider = callback_data.sharing is not ChannelSharing.OWN
    if is_wider and not await administrators.has(
        bot, view.telegram_id, user.user_id, is_change=True
    ):
        raise NoSuchChannel
    await channel_sources.share_channel(
        context.storage,
        callback_data.source_id,
        callback_data.sharing,
        by=user.user_id,
        is_admin=user.is_admin,
    )
    await _show(callback_data.source_id, context)


async def renew_link(_: object, callback_data: press.RenewChannelLink, context: Context) -> None:
    await _decided_by(callback_data.source_id, context)
    await channel_sources.renew_link(context.storage, callback_data.source_id)
    await _show(callback_data.source_id, context)


async def revoke_reader(_: object, callback_data: press.RevokeReader, context: Context) -> None:
    source_id = callback_data.source_id
    await _decided_by(source_id, context)
    await channel_sources.revoke_reader(context.storage, source_id, callback_data.chat_id)
    await _show(source_id, context)


async def ask_to_stop(_: object, callback_data: press.AskToStopPosts, context: Context) -> None:
    view = await _decided_by(callback_data.source_id, context)
    await context.reply.change("chat/channel_sources.html#stop", view=view)


async def stop_reading(_: object, callback_data: press.StopPosts, context: Context) -> None:
    view = await _decided_by(callback_data.source_id, context)
    await channel_sources.stop_reading(context.storage, callback_data.source_id)
    await context.reply.change("chat/channel_sources.html#stopped", view=view)


async def follow_posts(_: object, callback_data: press.FollowPosts, context: Context) -> None:
    source = await channel_sources.follow_channel(
        context.storage, context.chat_id, callback_data.token, limits=context.limits
    )
    await context.reply.change("chat/channel_sources.html#followed", source=source)


def make_post_router() -> Router:
    """Return the router for the posts of channels, to which the bot never replies."""
    router = Router(name="posts")
    for observer in (router.channel_post, router.edited_channel_post):
        observer.register(store_post, is_of_others, flags=Permission.WITHOUT_ACCESS.flags)
    return router


def make_router() -> Router:
    router = Router(name="channel sources")
    on_press = router.callback_query.register
    for handler, pressed in (
        (ask_about_posts, press.AskPosts),
        (read_posts, press.ReadPosts),
        (open_channel, press.OpenChannel),
        (share_channel, press.ShareChannel),
        (renew_link, press.RenewChannelLink),
        (revoke_reader, press.RevokeReader),
        (ask_to_stop, press.AskToStopPosts),
        (stop_reading, press.StopPosts),
    ):
        on_press(handler, pressed.filter(), flags=Permission.PRIVATE.flags)
    on_press(follow_posts, press.FollowPosts.filter(), flags=Permission.ADMINISTRATORS.flags)
    return router


_LONGEST_NAME = 256


def post_of(message: Message) -> PostPart:
    """Return the facts of a post; a service message or a story has no words."""
    edited = message.edit_date if isinstance(message.edit_date, int) else 0
    return PostPart(
        channel_id=message.chat.id,
        message_id=message.message_id,
        published=int(message.date.timestamp()),
        edited=edited,
        username=message.chat.username or "",
        text=storable(message.text or message.caption or ""),
        author=_name(message.author_signature or _origin_name(message.forward_origin)),
        album=(message.media_group_id or "")[:LONGEST_ALBUM_ID],
        names=tuple(filter(None, map(_name, _names(message)))),
    )


def is_by_bot(message: Message, bot_id: int) -> bool:
    """Return whether the bot wrote the post, directly or by way of an inline result or forward."""
    origin = message.forward_origin
    writers = [message.from_user, message.via_bot]
    if isinstance(origin, MessageOriginUser):
        writers.append(origin.sender_user)
    return any(writer is not None and writer.id == bot_id for writer in writers)


def forwarded_from(message: Message) -> tuple[int, int] | None:
    """Return the ids of the channel and of the post that this post forwards; None for none."""
    origin = message.forward_origin
    if not isinstance(origin, MessageOriginChannel):
        return None
    return origin.chat.id, origin.message_id


def _origin_name(origin: MessageOriginUnion | None) -> str:
    match origin:
        case MessageOriginChannel():
            return origin.chat.title or ""
        case MessageOriginChat():
            return origin.sender_chat.title or ""
        case MessageOriginUser():
            return origin.sender_user.full_name
        case MessageOriginHiddenUser():
            return origin.sender_user_name
        case _:
            return ""


def _names(message: Message) -> Iterator[str | None]:
    if message.audio:
        yield message.audio.performer
        yield message.audio.title
        yield message.audio.file_name
    if message.document and not message.animation:  # a name such as "video.mp4" says nothing
        yield message.document.file_name
    if message.poll:
        yield message.poll.question
        yield from (option.text for option in message.poll.options)
    if message.venue:
        yield message.venue.title
        yield message.venue.address


def _name(text: str | None) -> str:
    return one_line(storable((text or "")[:_LONGEST_NAME]))
