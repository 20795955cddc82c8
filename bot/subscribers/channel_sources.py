"""Channels whose posts reach the bot because it is a member: who may follow them, and their posts.

The administrator who allows the bot to read a channel owns it as a source. They decide whether only
they may follow it, or also the chats that come by a link. An admin of the bot may open it to
everybody. The callers check with Telegram that the user still administers the channel.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.sources.channels.posts import PostPart, channel_url, item_of, with_part
from bot.sources.delivered import store_delivered
from bot.sources.drafts import digest, url_hash
from bot.sources.feeds.text import tidy
from bot.sources.limits import LONGEST_DESCRIPTION
from bot.sources.urls import host_of
from bot.subscribers.errors import ChannelTaken, NoSuchChannel
from bot.subscribers.own_feeds import refuse_one_more
from storage import channel_sources as channels
from storage import feeds_followed
from storage.access import record_event
from storage.channel_sources import ChannelPost, ChannelSource
from storage.chats import lock_account, private_chat_of
from storage.entries import known_entries
from storage.enums import CLOSED, AuditAction, ChannelSharing, ChatState, SourceKind, SourceState
from storage.outbox import is_own_message
from storage.sources import (
    Source,
    add_source,
    change_source,
    make_source_public,
    source_of,
)

if TYPE_CHECKING:
    from bot.budgets import Budgets
    from bot.sources.feeds.model import Item
    from bot.subscribers.limits import Limits
    from storage.channel_sources import AllowedChat, ChannelAndSource
    from storage.chats import Chat
    from storage.db.engine import Storage, Transaction

LONGEST_USERNAME: Final = 32
_TOKEN_BYTES: Final = 16
_MOST_SHOWN: Final = 20
_IGNORED: Final = (*CLOSED, ChatState.ERASED)


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel as those see it who decide about it.

    *readers*: the chats that came by the link, at most 20. *token*: of the link; "" if there is
    none.
    """

    source: Source
    telegram_id: int
    sharing: ChannelSharing
    token: str
    readers: tuple[AllowedChat, ...]
    is_owner: bool


# Allowing the bot to read a channel


async def read_channel(
    storage: Storage,
    user_id: int,
    telegram_id: int,
    *,
    title: str,
    username: str,
    sharing: ChannelSharing,
    limits: Limits,
) -> int:
    """Read the posts of the channel for the user from now on; return its source.

    Raises ChannelTaken if another administrator owns it, and TooManyFeeds.
    """
    url = channel_url(telegram_id)
    async with storage.writing() as tx:
        owner = await _owner(tx, user_id)
        await lock_account(tx, owner.id)
        if found := await channels.channel_at(tx, telegram_id):
            if found.channel.owner_id != owner.id:
                raise ChannelTaken
            return found.source.id
        await refuse_one_more(tx, owner.id, limits=limits)
        facts = {"url": url, "url_hash": url_hash(url), "host": host_of(url), "title": title}
        passive = {"kind": SourceKind.POSTS, "state": SourceState.PASSIVE}
        times = {"created_at": tx.now, "next_fetch_at": tx.now}
        await add_source(tx, facts | passive | times)
        source = await source_of(tx, url_hash(url))
        if source is None:
            raise NoSuchChannel
        channel = ChannelSource(
            source_id=source.id,
            telegram_id=telegram_id,
            owner_id=owner.id,
            sharing=sharing,
            token=_new_token(),
            username=username[:LONGEST_USERNAME],
            since=tx.now.replace(microsecond=0),  # as exact as the dates of posts
        )
        if not await channels.add_channel(tx, channel):
            raise ChannelTaken
        # The source may be left from an earlier time, and waits to be deleted.
        await change_source(tx, source.id, passive | {"title": title, "error": None})
        await feeds_followed.follow(tx, owner.id, source.id)
        return source.id


async def _owner(tx: Transaction, user_id: int) -> Chat:
    owner = await private_chat_of(tx, user_id)
    if owner is None:
        raise NoSuchChannel
    return owner


def _new_token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


# Deciding about a channel


async def channel_view(storage: Storage, source_id: int, user_id: int) -> ChannelView:
    async with storage.reading() as tx:
        found = await channels.channel_of(tx, source_id)
        if found is None:
            raise NoSuchChannel
        owner = await private_chat_of(tx, user_id)
        readers = await channels.readers_of(tx, source_id, _MOST_SHOWN)
    channel, source = found
    return ChannelView(
        source,
        channel.telegram_id,
        channel.sharing,
        channel.token if channel.sharing is ChannelSharing.LINK else "",
        tuple(readers),
        owner is not None and owner.id == channel.owner_id,
    )


async def describe_channel(storage: Storage, source_id: int, description: str) -> None:
    """Keep what the channel says about itself now."""
    kept = tidy(description)[:LONGEST_DESCRIPTION].rstrip()
    async with storage.reading() as tx:
        found = await channels.channel_of(tx, source_id)
    if found is not None and found.source.description != kept:
        async with storage.writing() as tx:
            await change_source(tx, source_id, {"description": kept})


async def decides_about(storage: Storage, user_id: int, source_id: int) -> bool:
    """Return whether the source is a channel that the user owns."""
    async with storage.reading() as tx:
        found = await channels.channel_of(tx, source_id)
        owner = found and await channels.owner_of(tx, found.channel)
    return owner is not None and owner.telegram_id == user_id


async def is_channel_read(storage: Storage, telegram_id: int) -> int | None:
    """Return the source of the channel; None if the bot does not read its posts."""
    async with storage.reading() as tx:
        found = await channels.channel_at(tx, telegram_id)
    return found.source.id if found else None


async def share_channel(
    storage: Storage, source_id: int, sharing: ChannelSharing, *, by: int, is_admin: bool
) -> None:
    """Change who may follow the channel; the activity log records when everybody may.

    Raises NoSuchChannel if the channel is not read, or if the user is no admin of the bot and
    everybody may follow it before or after.
    """
    async with storage.writing() as tx:
        found = await channels.channel_of(tx, source_id)
        is_public = sharing is ChannelSharing.EVERYBODY
        if found is None or ((is_public or found.source.public) and not is_admin):
            raise NoSuchChannel
        if is_public and not found.source.public:
            await make_source_public(tx, found.source, {"state": SourceState.PASSIVE})
            await record_event(tx, by, AuditAction.SOURCE_ADDED, found.source.url)
        elif found.source.public and not is_public:
            await change_source(tx, source_id, {"public": False})
            await feeds_followed.follow(tx, found.channel.owner_id, source_id)
            await record_event(tx, by, AuditAction.SOURCE_REMOVED, found.source.url)
        if sharing is ChannelSharing.OWN:
            await channels.revoke_readers(tx, source_id, found.channel.owner_id)
        await channels.change_channel(tx, source_id, sharing=sharing)


async def renew_link(storage: Storage, source_id: int) -> None:
    """Replace the link; chats that came by the old one stay."""
    async with storage.writing() as tx:
        await channels.change_channel(tx, source_id, token=_new_token())


async def revoke_reader(storage: Storage, source_id: int, chat_id: int) -> None:
    """Stop a chat from following the channel; the link that it knows is replaced."""
    async with storage.writing() as tx:
        if await channels.revoke_reader(tx, source_id, chat_id):
            await channels.change_channel(tx, source_id, token=_new_token())


async def stop_reading(storage: Storage, source_id: int) -> None:
    """Stop reading the channel for everybody."""
    async with storage.writing() as tx:
        await channels.end_channel(tx, source_id)


# Following a channel by its link


async def linked_channel(storage: Storage, token: str) -> Source:
    """Return the source to which a link leads; raise NoSuchChannel if it leads nowhere."""
    async with storage.reading() as tx:
        found = await channels.channel_by_token(tx, token)
    if found is None:
        raise NoSuchChannel
    return found.source


async def follow_channel(storage: Storage, chat_id: int, token: str, *, limits: Limits) -> Source:
    """Follow the channel of a link; raises NoSuchChannel or TooManyFeeds."""
    async with storage.writing() as tx:
        await lock_account(tx, chat_id)
        found = await channels.channel_by_token(tx, token)
        if found is None:
            raise NoSuchChannel
        if await feeds_followed.source_followed(tx, chat_id, found.source.id) is None:
            await refuse_one_more(tx, chat_id, limits=limits)
            await channels.allow_reader(tx, found.source.id, chat_id)
            await feeds_followed.follow(tx, chat_id, found.source.id)
    return found.source


# Updates from Telegram


async def change_membership(storage: Storage, telegram_id: int, *, is_member: bool) -> None:
    """Show in the health of the channel whether its posts still come; ignore one not read."""
    async with storage.reading() as tx:
        if await channels.channel_at(tx, telegram_id) is None:
            return
    async with storage.writing() as tx:
        await channels.note_membership(tx, telegram_id, is_member=is_member)


async def store_post(
    storage: Storage,
    post: PostPart,
    *,
    title: str,
    forwarded: tuple[int, int] | None,
    budgets: Budgets,
) -> int:
    """Store a post of a channel, or its edit; return the number of new articles.

    Ignores posts of channels that are not read, posts from before that was allowed, messages of
    the bot's own, and edits that are older than the stored one. *forwarded*: the ids of the channel
    and post that it forwards.
    """
    async with storage.reading() as tx:
        found = await channels.channel_at(tx, post.channel_id)
        if found is None or not await _is_wanted(tx, found, post, forwarded):
            return 0
        source_id = found.source.id
        parts = [post]
        if post.album:
            stored = await channels.album_parts(tx, source_id, post.album)
            parts = with_part([PostPart.from_json(each.part) for each in stored if each.part], post)
    await _rename(storage, found, title, post.username)
    item = item_of(parts)
    articles = await store_delivered(storage, source_id, [item], budgets) if item else 0
    if item and (post.edited or (post.album and post.words)):
        await _record(storage, source_id, post, item)
    return articles


async def _is_wanted(
    tx: Transaction, found: ChannelAndSource, post: PostPart, forwarded: tuple[int, int] | None
) -> bool:
    owner = await channels.owner_of(tx, found.channel)
    if post.published_at < found.channel.since or owner.state in _IGNORED:
        return False
    # The bot's own digests and alerts would match the topics that they were made for.
    if await is_own_message(tx, post.channel_id, post.message_id, post.text):
        return False
    if forwarded and await is_own_message(tx, *forwarded):
        return False
    recorded = await channels.recorded_post(tx, found.source.id, post.message_id)
    return recorded is None or recorded.edited <= post.edited


async def _rename(storage: Storage, found: ChannelAndSource, title: str, username: str) -> None:
    """Follow a change of the channel's title or username."""
    channel, source = found
    username = username[:LONGEST_USERNAME]
    if source.title == title and channel.username == username:
        return
    async with storage.writing() as tx:
        await change_source(tx, source.id, {"title": title})
        await channels.change_channel(tx, source.id, username=username)


async def _record(storage: Storage, source_id: int, post: PostPart, item: Item) -> None:
    """Record an edit or a part of an album, unless its entry was dropped.

    That way, a flood beyond the budget stores nothing. If the process stops before this, Telegram
    sends the update again.
    """
    guid = digest(item.guid)
    part: dict[str, Any] | None = post.to_json() if post.album else None
    async with storage.writing() as tx:
        if not await known_entries(tx, {source_id: [guid]}):
            return
        recorded = ChannelPost(
            source_id=source_id,
            message_id=post.message_id,
            edited=post.edited,
            album=post.album,
            part=part,
            received_at=tx.now,
        )
        await channels.record_post(tx, recorded)
