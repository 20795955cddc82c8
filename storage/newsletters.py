"""Newsletters: sources that come by e-mail, each to an address of its own.

The address outlives its newsletter, so that it is never given to anybody else.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import JSON, bindparam, delete, exists, func, or_, update
from sqlmodel import Field, SQLModel, col, select

from storage.articles import PUBLIC, Article
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.sql import NUMBERED, ROW_ID, among, enum_column, insert_new
from storage.enums import SenderState
from storage.sources import Follow, Source, Unfollowed

HELD_FOR: Final = timedelta(days=14)


class LetterAddress(SQLModel, table=True):
    """An address, by its token. *source_id*: None once its newsletter is deleted.

    *dropped*: letters that came while nobody followed the newsletter.
    """

    token: str = Field(primary_key=True, max_length=32)
    source_id: int | None = Field(
        default=None, foreign_key="source.id", ondelete="SET NULL", sa_type=ROW_ID, index=True
    )
    created_at: datetime
    dropped: int = 0


class Newsletter(SQLModel, table=True):
    """A source that comes by e-mail. *letters*: accepted so far; *dropped*: the others.

    *unsubscribe_url* takes a POST if *has_one_click* (RFC 8058). *day*, *today*: the letters that
    count for the limit of a day.
    """

    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    letters: int = 0
    dropped: int = 0
    last_at: datetime | None = None
    unsubscribe_url: str = Field(default="", max_length=2000)
    unsubscribe_mail: str = Field(default="", max_length=2000)
    has_one_click: bool = False
    unsubscribed_at: datetime | None = None  # when the chat asked for that
    day: datetime | None = None
    today: int = 0


class LetterSender(SQLModel, table=True):
    """A sender that wrote to the address of a newsletter.

    *proof*: the domain for which the receiving server confirmed it, such as `dkim=example.com`; ""
    if nothing was confirmed. The same address with another proof is another sender.
    """

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    source_id: int = Field(foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    address: str = Field(max_length=254)
    list_id: str = Field(default="", max_length=255)
    name: str = Field(default="", max_length=200)
    proof: str = Field(default="", max_length=260)
    state: SenderState = Field(sa_type=enum_column(SenderState))
    letters: int = 0
    subject: str = Field(default="", max_length=300)  # of the last letter
    first_at: datetime
    last_at: datetime


class HeldLetter(SQLModel, table=True):
    """A letter that is no entry yet: its sender waits for a tap, or it asks for a confirmation.

    *sender_id*: None for a confirmation, whose *link* the chat may open. *document*: its entry, as
    JSON.
    """

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    source_id: int = Field(foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    sender_id: int | None = Field(
        default=None, foreign_key="lettersender.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    guid: str = Field(max_length=64)
    subject: str = Field(default="", max_length=300)
    sender: str = Field(default="", max_length=254)
    link: str = Field(default="", max_length=2000)
    document: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    received_at: datetime = Field(index=True)


@dataclass(frozen=True, slots=True)
class AddressedSource:
    """A newsletter, and whether anybody gets it: it is public, or a chat follows it."""

    source: Source
    newsletter: Newsletter
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class NewsletterRow:
    """A newsletter with its address and its senders, those that wait last."""

    source: Source
    newsletter: Newsletter
    token: str
    senders: Sequence[LetterSender]
    confirmations: Sequence[HeldLetter] = ()

    @property
    def waiting(self) -> list[LetterSender]:
        return [sender for sender in self.senders if sender.state is SenderState.WAITING]

    @property
    def accepted(self) -> list[LetterSender]:
        return [sender for sender in self.senders if sender.state is SenderState.ACCEPTED]


async def add_newsletter(tx: Transaction, source_id: int, token: str) -> None:
    await insert_new(tx, Newsletter, [{"source_id": source_id}])
    row = {"token": token, "source_id": source_id, "created_at": tx.now}
    await insert_new(tx, LetterAddress, [row])


async def addressed_source(tx: Transaction, token: str) -> AddressedSource | None:
    """Return the newsletter whose address has *token*; None if there is none any more."""
    followed = exists().where(col(Follow.source_id) == col(Source.id))
    row = await tx.first(
        select(Source, Newsletter, followed)
        .join(LetterAddress, col(LetterAddress.source_id) == Source.id)
        .join(Newsletter, col(Newsletter.source_id) == Source.id)
        .where(col(LetterAddress.token) == token)
    )
    if row is None:
        return None
    source, newsletter, is_followed = row
    return AddressedSource(source, newsletter, bool(is_followed or source.public))


async def lock_newsletter(tx: Transaction, source_id: int) -> Newsletter | None:
    """Lock the newsletter, so that two processes decide about its letters one after the other."""
    newsletter: Newsletter | None = await tx.first(
        select(Newsletter).where(Newsletter.source_id == source_id).with_for_update()
    )
    return newsletter


async def change_newsletter(tx: Transaction, source_id: int, values: Mapping[str, Any]) -> None:
    await tx.change(
        update(Newsletter).where(col(Newsletter.source_id) == source_id).values(**values)
    )


async def count_stored(tx: Transaction, source_id: int, letters: int) -> None:
    """Count letters that became entries."""
    values = {"letters": col(Newsletter.letters) + letters, "last_at": tx.now}
    if letters:
        await change_newsletter(tx, source_id, values)


async def count_dropped(tx: Transaction, source_id: int) -> None:
    await change_newsletter(tx, source_id, {"dropped": col(Newsletter.dropped) + 1})


async def senders_of(tx: Transaction, source_id: int) -> list[LetterSender]:
    return list(
        await tx.rows(
            select(LetterSender)
            .where(LetterSender.source_id == source_id)
            .order_by(col(LetterSender.id))
        )
    )


async def sender_for(tx: Transaction, chat_id: int | None, sender_id: int) -> LetterSender | None:
    """Return the sender if the chat decides about its newsletter; None decides for the operator.

    A chat decides about the private newsletters that it follows, the operator about public ones.
    """
    decides = (
        col(Source.public)
        if chat_id is None
        else ~col(Source.public)
        & col(Source.id).in_(select(Follow.source_id).where(col(Follow.chat_id) == chat_id))
    )
    sender: LetterSender | None = await tx.first(
        select(LetterSender)
        .join(Source, col(Source.id) == LetterSender.source_id)
        .where(LetterSender.id == sender_id, decides)
    )
    return sender


async def add_sender(tx: Transaction, values: Mapping[str, Any]) -> int:
    (sender_id,) = await insert_new(tx, LetterSender, [values], returning=LetterSender.id)
    return int(sender_id)


async def change_sender(tx: Transaction, sender_id: int, values: Mapping[str, Any]) -> None:
    await tx.change(update(LetterSender).where(col(LetterSender.id) == sender_id).values(**values))


async def hold_letter(tx: Transaction, values: Mapping[str, Any]) -> bool:
    """Hold the letter, unless it is held already; return whether it is new."""
    held = select(HeldLetter.id).where(
        HeldLetter.source_id == values["source_id"], HeldLetter.guid == values["guid"]
    )
    if await tx.first(held) is not None:
        return False
    await insert_new(tx, HeldLetter, [values])
    return True


async def count_held(tx: Transaction, source_id: int) -> int:
    count: int = await tx.one(
        select(func.count()).select_from(HeldLetter).where(HeldLetter.source_id == source_id)
    )
    return count


async def letters_held(tx: Transaction, sender_id: int) -> list[HeldLetter]:
    """Return the held letters of a sender, the oldest first."""
    return list(
        await tx.rows(
            select(HeldLetter).where(HeldLetter.sender_id == sender_id).order_by(col(HeldLetter.id))
        )
    )


async def urls_held(tx: Transaction, chat_id: int) -> list[tuple[LetterSender, str, str]]:
    """Return the sender, subject and URL of each letter held from the chat, the newest first."""
    url = col(HeldLetter.document)["items"][0]["url"].as_string()
    return list(
        await tx.rows(
            select(LetterSender, HeldLetter.subject, url)
            .join(HeldLetter, col(HeldLetter.sender_id) == LetterSender.id)
            .join(Follow, col(Follow.source_id) == LetterSender.source_id)
            .where(Follow.chat_id == chat_id)
            .order_by(col(HeldLetter.id).desc())
        )
    )


async def delete_held(tx: Transaction, ids: Collection[int]) -> None:
    await tx.change(delete(HeldLetter).where(among(col(HeldLetter.id), ids)))


async def count_for_unknown(tx: Transaction, token: str) -> None:
    """Count a letter to an address without a newsletter that anybody gets."""
    dropped = col(LetterAddress.dropped) + 1
    await tx.change(
        update(LetterAddress).where(col(LetterAddress.token) == token).values(dropped=dropped)
    )


_OF_SOURCES: Final = (
    select(Source, Newsletter, LetterAddress.token)
    .join(Newsletter, col(Newsletter.source_id) == Source.id)
    .join(LetterAddress, col(LetterAddress.source_id) == Source.id)
    .order_by(func.lower(col(Source.title)), col(Source.id))
)
_SENDERS: Final = (
    select(LetterSender)
    .where(among(col(LetterSender.source_id), bindparam("ids")))
    .order_by(col(LetterSender.id))
)
_CONFIRMATIONS: Final = (
    select(HeldLetter)
    .where(
        among(col(HeldLetter.source_id), bindparam("ids")),
        col(HeldLetter.sender_id).is_(None),
        col(HeldLetter.received_at) > bindparam("since"),
    )
    .order_by(col(HeldLetter.id).desc())
)


async def newsletters_of_chat(tx: Transaction, chat_id: int) -> list[NewsletterRow]:
    followed = select(Follow.source_id).where(col(Follow.chat_id) == chat_id)
    private = _OF_SOURCES.where(~col(Source.public))
    return await _with_senders(tx, private.where(col(Source.id).in_(followed)))


async def public_newsletters(tx: Transaction) -> list[NewsletterRow]:
    return await _with_senders(tx, _OF_SOURCES.where(col(Source.public)))


async def newsletter_of(tx: Transaction, source_id: int) -> NewsletterRow | None:
    found = await _with_senders(tx, _OF_SOURCES.where(col(Source.id) == source_id))
    return found[0] if found else None


async def _with_senders(tx: Transaction, statement: Any) -> list[NewsletterRow]:
    rows = await tx.rows(statement)
    ids = [source.id for source, _, _ in rows]
    if not ids:
        return []
    senders = await tx.rows(_SENDERS, ids=ids)
    confirmations = await tx.rows(_CONFIRMATIONS, ids=ids, since=tx.now - HELD_FOR)
    return [
        NewsletterRow(
            source,
            newsletter,
            token,
            [sender for sender in senders if sender.source_id == source.id],
            [letter for letter in confirmations if letter.source_id == source.id],
        )
        for source, newsletter, token in rows
    ]


@dataclass(frozen=True, slots=True)
class WaitingLetters:
    """Senders that wait: those of *private* newsletters; of *public* ones also confirmations."""

    private: int
    public: int


async def waiting_letters(tx: Transaction) -> WaitingLetters:
    senders = (
        select(Source.public, func.count())
        .join(LetterSender, col(LetterSender.source_id) == Source.id)
        .where(col(LetterSender.state) == SenderState.WAITING)
        .group_by(col(Source.public))
    )
    confirmations = (
        select(func.count())
        .select_from(HeldLetter)
        .join(Source, col(HeldLetter.source_id) == Source.id)
        .where(col(HeldLetter.sender_id).is_(None), col(Source.public))
    )
    waiting = {bool(public): count for public, count in await tx.rows(senders)}
    public = waiting.get(True, 0) + int(await tx.one(confirmations))
    return WaitingLetters(waiting.get(False, 0), public)


async def chats_following(tx: Transaction, source_id: int) -> list[Chat]:
    return list(
        await tx.rows(
            select(Chat)
            .join(Follow, col(Follow.chat_id) == Chat.id)
            .where(Follow.source_id == source_id)
            .order_by(col(Chat.id))
        )
    )


async def article_of_letter(tx: Transaction, source_id: int, url_hash: str) -> Article | None:
    """Return the newsletter's article at a URL; None if it is deleted."""
    article: Article | None = await tx.first(
        select(Article)
        .where(col(Article.scope_id).in_((source_id, PUBLIC)), Article.url_hash == url_hash)
        .order_by(col(Article.scope_id).desc())
    )
    return article


async def letters_at(tx: Transaction, chat_id: int, urls: Collection[str]) -> list[int]:
    """Return the articles of letters whose web version is at one of *urls*.

    The newsletters are those that the chat follows or has unfollowed a moment ago. `url_hash` does
    not find such articles, because several letters may name one web version.
    """
    followed = select(Follow.source_id).where(Follow.chat_id == chat_id)
    unfollowed = select(Unfollowed.source_id).where(Unfollowed.chat_id == chat_id)
    source_id = col(Newsletter.source_id)
    return list(
        await tx.rows(
            select(Article.id)
            .join(Newsletter, col(Newsletter.source_id) == Article.scope_id)
            .where(
                or_(source_id.in_(followed), source_id.in_(unfollowed)),
                among(col(Article.url), urls),
            )
        )
    )


async def forget_held(tx: Transaction, most: int = 500) -> int:
    """Delete letters that were held for long enough, and senders whose letters these were."""
    old = (
        select(HeldLetter.id)
        .where(col(HeldLetter.received_at) <= tx.now - HELD_FOR)
        .order_by(col(HeldLetter.received_at))
        .limit(most)
    )
    deleted = await tx.change(delete(HeldLetter).where(col(HeldLetter.id).in_(old)))
    silent = (col(LetterSender.state) == SenderState.WAITING) & (
        col(LetterSender.last_at) <= tx.now - HELD_FOR
    )
    await tx.change(delete(LetterSender).where(silent))
    return deleted
