"""Channels whose posts are delivered to the bot, and the chats that may follow them.

A channel is a passive source of kind `POSTS`. The administrator who allowed it owns it: their
account pays for its entries, and they decide which chats may follow. A private source of this kind
takes no other follower; `storage.feeds_followed.follow` enforces that.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, BigInteger, Index, delete, exists, or_, update
from sqlmodel import Field, SQLModel, col, select

from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.sql import ROW_ID, enum_column, insert_new, upsert
from storage.enums import ChannelSharing, SourceKind
from storage.sources import Follow, Source, Unfollowed


class ChannelSource(SQLModel, table=True):
    """A channel. *token*: of the link by which other chats follow it.

    *since*: posts that were published earlier are ignored.
    """

    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    telegram_id: int = Field(sa_type=BigInteger, unique=True)
    owner_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    sharing: ChannelSharing = Field(sa_type=enum_column(ChannelSharing))
    token: str = Field(max_length=32, unique=True)
    username: str = Field(default="", max_length=32)
    since: datetime


class ChannelReader(SQLModel, table=True):
    """A chat besides the owner's that may follow the channel."""

    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    allowed_at: datetime


class ChannelPost(SQLModel, table=True):
    """A recent post that was edited or is part of an album.

    *edited*: Unix seconds of the newest edit, so that an update that arrives late does not undo it.
    *album*: the id of its album, whose parts arrive one by one; *part*: its facts.
    """

    __table_args__ = (Index("ix_channelpost_album", "source_id", "album"),)

    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    message_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    edited: int = Field(default=0, sa_type=BigInteger)
    album: str = Field(default="", max_length=64)
    part: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    received_at: datetime = Field(index=True)


class ChannelAndSource(NamedTuple):
    channel: ChannelSource
    source: Source


class AllowedChat(NamedTuple):
    """A chat that may follow a channel, and whether it does."""

    chat: Chat
    is_following: bool


NOT_A_MEMBER: Final = "not_a_member"  # as in `ProblemCode`
POSTS_KEPT: Final = timedelta(days=4)  # longer than articles are revised


async def channel_at(tx: Transaction, telegram_id: int) -> ChannelAndSource | None:
    return await _first(tx, col(ChannelSource.telegram_id) == telegram_id)


async def channel_of(tx: Transaction, source_id: int) -> ChannelAndSource | None:
    return await _first(tx, col(ChannelSource.source_id) == source_id)


async def channel_by_token(tx: Transaction, token: str) -> ChannelAndSource | None:
    """Return the channel with this link, if chats may follow it by its link."""
    is_linked = col(ChannelSource.sharing) == ChannelSharing.LINK
    return await _first(tx, col(ChannelSource.token) == token, is_linked)


async def _first(tx: Transaction, *conditions: Any) -> ChannelAndSource | None:
    row = await tx.first(
        select(ChannelSource, Source)
        .join(Source, col(Source.id) == col(ChannelSource.source_id))
        .where(*conditions)
    )
    return ChannelAndSource(*row) if row else None


async def add_channel(tx: Transaction, channel: ChannelSource) -> bool:
    """Store the channel; return False if another administrator has just added it."""
    row = channel.model_dump()
    return bool(await insert_new(tx, ChannelSource, [row], returning=ChannelSource.source_id))


async def change_channel(tx: Transaction, source_id: int, **values: Any) -> None:
    channel = update(ChannelSource).where(col(ChannelSource.source_id) == source_id)
    await tx.change(channel.values(**values))


async def end_channel(tx: Transaction, source_id: int) -> None:
    """Stop reading the channel, and revoke every permission to follow it.

    The articles of a private source are deleted later, as those of any that nobody follows. The
    articles of a public one stay.
    """
    public = (col(Source.id) == source_id, col(Source.public))
    await tx.change(delete(Source).where(*public))
    for table in (Follow, Unfollowed, ChannelReader, ChannelPost, ChannelSource):
        await tx.change(delete(table).where(col(table.source_id) == source_id))


async def channels_of_chat(tx: Transaction, chat_id: int, telegram_id: int) -> list[int]:
    """Return the sources of the channels that the chat owns, and of the chat itself."""
    is_own = or_(
        col(ChannelSource.owner_id) == chat_id, col(ChannelSource.telegram_id) == telegram_id
    )
    owned = select(ChannelSource.source_id).where(is_own)
    return list(await tx.rows(owned.order_by(col(ChannelSource.source_id))))


async def note_membership(tx: Transaction, telegram_id: int, *, is_member: bool) -> None:
    """Show in the health of the channel whether its posts still come."""
    source_id = (
        select(ChannelSource.source_id)
        .where(col(ChannelSource.telegram_id) == telegram_id)
        .scalar_subquery()
    )
    source = update(Source).where(col(Source.id) == source_id)
    if is_member:
        healthy = {"failures": 0, "error": None, "error_detail": None, "error_since": None}
        await tx.change(source.where(col(Source.error) == NOT_A_MEMBER).values(**healthy))
        return
    unhealthy = {"error": NOT_A_MEMBER, "error_detail": {}, "error_since": tx.now}
    last = {"last_error": NOT_A_MEMBER, "last_error_detail": {}, "last_error_at": tx.now}
    is_news = col(Source.error).is_distinct_from(NOT_A_MEMBER)
    await tx.change(source.where(is_news).values(**unhealthy, **last))


async def owner_of(tx: Transaction, channel: ChannelSource) -> Chat:
    return await tx.get_one(Chat, channel.owner_id)


# Permission to follow


async def may_follow(tx: Transaction, chat_id: int, source_id: int) -> bool:
    """Return whether the chat may follow the source; every chat may follow one of another kind."""
    source_kind = select(Source.kind, Source.public).where(col(Source.id) == source_id)
    found = await tx.first(source_kind)
    if found is None or found[0] is not SourceKind.POSTS or found[1]:
        return True
    is_owner = exists().where(
        col(ChannelSource.source_id) == source_id, col(ChannelSource.owner_id) == chat_id
    )
    is_reader = exists().where(
        col(ChannelReader.source_id) == source_id, col(ChannelReader.chat_id) == chat_id
    )
    return bool(await tx.one(select(or_(is_owner, is_reader))))


async def allow_reader(tx: Transaction, source_id: int, chat_id: int) -> None:
    row = {"source_id": source_id, "chat_id": chat_id, "allowed_at": tx.now}
    await insert_new(tx, ChannelReader, [row])


async def revoke_reader(tx: Transaction, source_id: int, chat_id: int) -> bool:
    """Stop the chat from following the channel; return False if it could not follow it."""
    revoked = 0
    for table in (ChannelReader, Follow):
        pair = (col(table.source_id) == source_id, col(table.chat_id) == chat_id)
        revoked += await tx.change(delete(table).where(*pair))
    return revoked > 0


async def revoke_readers(tx: Transaction, source_id: int, owner_id: int) -> None:
    """Let only the owner's chat follow the channel."""
    await tx.change(delete(ChannelReader).where(col(ChannelReader.source_id) == source_id))
    others = (col(Follow.source_id) == source_id, col(Follow.chat_id) != owner_id)
    await tx.change(delete(Follow).where(*others))


async def readers_of(tx: Transaction, source_id: int, limit: int) -> list[AllowedChat]:
    """Return the chats that may follow the channel besides its owner's, the first allowed first."""
    is_following = exists().where(
        col(Follow.source_id) == source_id, col(Follow.chat_id) == col(ChannelReader.chat_id)
    )
    rows = await tx.rows(
        select(Chat, is_following)
        .join(ChannelReader, col(ChannelReader.chat_id) == col(Chat.id))
        .where(col(ChannelReader.source_id) == source_id)
        .order_by(col(ChannelReader.allowed_at), col(Chat.id))
        .limit(limit)
    )
    return [AllowedChat(*row) for row in rows]


# Posts


async def recorded_post(tx: Transaction, source_id: int, message_id: int) -> ChannelPost | None:
    return await tx.get(ChannelPost, (source_id, message_id))


async def album_parts(tx: Transaction, source_id: int, album: str) -> list[ChannelPost]:
    """Return the parts of an album in the order in which they first arrived."""
    of_album = (col(ChannelPost.source_id) == source_id, col(ChannelPost.album) == album)
    order = (col(ChannelPost.received_at), col(ChannelPost.message_id))
    return list(await tx.rows(select(ChannelPost).where(*of_album).order_by(*order)))


async def record_post(tx: Transaction, post: ChannelPost) -> None:
    """Store the facts of a post, and forget those that no update can change any more."""
    old = col(ChannelPost.received_at) < tx.now - POSTS_KEPT
    await tx.change(delete(ChannelPost).where(old))
    changes = "edited = excluded.edited, part = excluded.part"
    await upsert(tx, ChannelPost, [post.model_dump()], key="source_id, message_id", changes=changes)
