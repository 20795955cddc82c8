"""Which sources a chat follows, and for a while those that it has let go of.

A source that is not the operator's is there for those alone that follow it: when the last has let
it go for good, it goes too.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    bindparam,
    delete,
    exists,
    func,
    union_all,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.chats import Chat, of_account
from storage.db.engine import Transaction
from storage.db.leases import claim
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, insert_new
from storage.entries import Entry
from storage.enums import ChatKind
from storage.sources import Follow, Source
from storage.subscriptions import EndedSubscription, Subscription
from storage.topics import Topic


class Unfollowed(SQLModel, table=True):
    chat_id: int = Field(
        primary_key=True, foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    source_id: int = Field(
        primary_key=True, foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )
    left_at: datetime


class FeedImport(Leased, table=True):
    """*message_id*: of the message that says how far it is, None if the list is not wanted yet.

    That message may be in another chat than the list is for: *telegram_id* is Telegram's of it.
    """

    __table_args__ = NUMBERED

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    chat_id: int = Field(foreign_key="chat.id", ondelete="CASCADE", sa_type=ROW_ID, index=True)
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    telegram_id: int | None = Field(default=None, sa_type=BigInteger)
    made_at: datetime
    served_at: datetime | None = None  # when lines of it were last tried


class FeedImportLine(SQLModel, table=True):
    """`outcome` is None until it was tried; `error` says why it could not be added.

    `is_slow`: its host took too long at the first try, so it is tried again behind the others.
    """

    list_id: int = Field(
        primary_key=True, foreign_key="feedimport.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    url: str = Field(max_length=2000)
    is_slow: bool = False
    outcome: str | None = Field(default=None, max_length=16)
    error: str | None = None
    error_detail: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))


MOST_FOLLOWERS: Final = 20

RETURNABLE = timedelta(minutes=10)  # for so long a chat may have back what it let go of


async def sources_followed(tx: Transaction, chat_id: int) -> list[Source]:
    """Return them by name, however its capitals."""
    rows = await tx.session.exec(
        select(Source)
        .join(Follow, col(Follow.source_id) == Source.id)
        .where(col(Follow.chat_id) == chat_id)
        .order_by(func.lower(col(Source.title)), col(Source.host), col(Source.id))
    )
    return list(rows)


async def source_followed(tx: Transaction, chat_id: int, source_id: int) -> Source | None:
    rows = await tx.session.exec(
        select(Source)
        .join(Follow, col(Follow.source_id) == Source.id)
        .where(col(Follow.chat_id) == chat_id, col(Source.id) == source_id)
    )
    return rows.first()


async def followers_of(tx: Transaction, source_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Return the chats that follow each of the sources; none for one that nobody follows.

    A source with more than `MOST_FOLLOWERS` is given as followed by a chat that there is not, the
    same each time: a user who compares the followers of sources finds them its alone.
    """
    if not source_ids:
        return {}
    theirs = select(
        Follow.source_id,
        Follow.chat_id,
        func.row_number().over(partition_by=col(Follow.source_id)).label("place"),
    )
    some = theirs.where(among(col(Follow.source_id), source_ids)).subquery()
    few = select(some.c.source_id, some.c.chat_id).where(some.c.place <= MOST_FOLLOWERS + 1)
    chats: defaultdict[int, set[int]] = defaultdict(set)
    for source_id, chat_id in await (await tx.session.connection()).execute(few):
        chats[source_id].add(chat_id)
    return {
        source_id: frozenset(found if len(found) <= MOST_FOLLOWERS else {-source_id})
        for source_id, found in chats.items()
    }


async def queries_of_followers(
    tx: Transaction, source_ids: Collection[int]
) -> dict[int, frozenset[int]]:
    """Return the queries that the followers of each source subscribe to.

    A subscription that the chat has just ended counts as long as it can be undone.
    """
    if not source_ids:
        return {}
    connection = await tx.session.connection()
    followers = (await connection.execute(_WITH_FOLLOWERS, {"sources": source_ids})).all()
    queries = await queries_of_chats(tx, {chat_id for _, chat_id in followers})
    wanted: defaultdict[int, set[int]] = defaultdict(set)
    for source_id, chat_id in followers:
        wanted[source_id] |= queries.get(chat_id, set())
    return {source_id: frozenset(ids) for source_id, ids in wanted.items()}


async def queries_of_chats(tx: Transaction, chat_ids: Collection[int]) -> Mapping[int, set[int]]:
    """Return the queries that each chat subscribes to, or has just ended."""
    connection = await tx.session.connection()
    queries: defaultdict[int, set[int]] = defaultdict(set)
    for chat_id, query_id in await connection.execute(_QUERIES, {"chats": chat_ids}):
        queries[chat_id].add(query_id)
    return queries


_WITH_FOLLOWERS: Final = union_all(
    *(
        select(col(table.source_id), col(table.chat_id)).where(
            among(col(table.source_id), bindparam("sources"))
        )
        for table in (Follow, Unfollowed)
    )
)

_QUERIES: Final = union_all(
    *(
        select(col(table.chat_id), col(Topic.query_id))
        .join(Topic, col(Topic.id) == col(table.topic_id))
        .where(among(col(table.chat_id), bindparam("chats")))
        for table in (Subscription, EndedSubscription)
    )
)


async def articles_of_feed(
    tx: Transaction, source_id: int, since: datetime, limit: int
) -> list[int]:
    """Return the newest articles that the source alone carries, of news since then.

    None of a public source.
    """
    rows = await tx.session.exec(
        select(Article.id)
        .join(Entry, col(Entry.article_id) == col(Article.id))
        .where(
            col(Entry.source_id) == source_id,
            col(Article.scope_id) == source_id,
            col(Article.news_at) > since,
        )
        .order_by(col(Article.id).desc())
        .distinct()
        .limit(limit)
    )
    return list(rows)


async def count_followed(tx: Transaction, chat_id: int) -> int:
    """Return how many feeds our row *chat_id* and the other threads of its chat follow."""
    theirs = of_account(col(Follow.chat_id), chat_id)
    return (await tx.session.exec(select(func.count()).select_from(Follow).where(theirs))).one()


async def follow(tx: Transaction, chat_id: int, source_id: int) -> bool:
    """Return whether the chat did not follow it before."""
    row = {"chat_id": chat_id, "source_id": source_id}
    await tx.session.exec(delete(Unfollowed).where(*_theirs(Unfollowed, chat_id, source_id)))
    await tx.session.exec(
        update(Source)
        .where(col(Source.id) == source_id, col(Source.first_read_at).is_(None))
        .where(~col(Source.public), ~exists().where(col(Follow.source_id) == source_id))
        .values(next_fetch_at=tx.now)
        .execution_options(synchronize_session=False)
    )
    return bool(await insert_new(tx, Follow, [row], returning=Follow.source_id))


async def unfollow(tx: Transaction, chat_id: int, source_id: int) -> bool:
    """Return whether the chat followed it; it may have it back for ten minutes."""
    gone = await tx.session.exec(delete(Follow).where(*_theirs(Follow, chat_id, source_id)))
    if gone.rowcount:
        await tx.session.exec(delete(Unfollowed).where(*_theirs(Unfollowed, chat_id, source_id)))
        row = {"chat_id": chat_id, "source_id": source_id, "left_at": tx.now}
        await insert_new(tx, Unfollowed, [row])
    return bool(gone.rowcount)


async def was_followed(tx: Transaction, chat_id: int, source_id: int) -> bool:
    """Whether the chat let go of it so lately that it may have it back."""
    rows = await tx.session.exec(
        select(Unfollowed.source_id).where(
            *_theirs(Unfollowed, chat_id, source_id),
            col(Unfollowed.left_at) > tx.now - RETURNABLE,
        )
    )
    return rows.first() is not None


async def has_unfollowed(tx: Transaction) -> bool:
    """Whether there is anything to forget for good."""
    over = col(Unfollowed.left_at) <= tx.now - RETURNABLE
    left = await tx.session.exec(select(Unfollowed.source_id).where(over).limit(1))
    if left.first() is not None:
        return True
    long_there = col(Source.created_at) <= tx.now - RETURNABLE
    orphans = select(Source.id).where(~col(Source.public), long_there, *had_by_nobody())
    return (await tx.session.exec(orphans.limit(1))).first() is not None


async def forget_unfollowed(tx: Transaction) -> None:
    """Forget what was let go of so long ago that nobody may have it back."""
    over = col(Unfollowed.left_at) <= tx.now - RETURNABLE
    await tx.session.exec(delete(Unfollowed).where(over))


async def sources_had(tx: Transaction, chat_id: int) -> set[int]:
    """Return the sources that the chat follows or may have back."""
    tables: tuple[type[Follow | Unfollowed], ...] = (Follow, Unfollowed)
    found = [
        await tx.session.exec(select(table.source_id).where(col(table.chat_id) == chat_id))
        for table in tables
    ]
    return {source_id for rows in found for source_id in rows}


def _theirs(
    table: type[Follow | Unfollowed], chat_id: int, source_id: int
) -> list[ColumnElement[bool]]:
    return [col(table.chat_id) == chat_id, col(table.source_id) == source_id]


def had_by_nobody() -> list[ColumnElement[bool]]:
    """Say of a `Source` in the query that no chat follows it or may have it back."""
    tables: tuple[type[Follow | Unfollowed], ...] = (Follow, Unfollowed)
    return [~exists().where(col(table.source_id) == col(Source.id)) for table in tables]


# Lists of feeds that chats have sent, until each of their lines has been tried.


IMPORTS_KEPT_FOR = timedelta(days=1)  # for so long a list waits for its chat to say yes


@dataclass(frozen=True, slots=True)
class ImportMessage:
    """Where a list is reported on, by Telegram's numbers."""

    telegram_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class ImportChat:
    """Which chat a list is for, where it is reported on, and in which language.

    *managed_as*: the chat's kind and title if the message is in another chat, a user's own.
    """

    list_id: int
    chat_id: int
    message: ImportMessage
    language: str
    managed_as: tuple[ChatKind, str] | None = None


async def create_import(tx: Transaction, chat_id: int, urls: Sequence[str]) -> int:
    """Keep it instead of those that the chat has not said yes to, and what is old."""
    unwanted = (col(FeedImport.chat_id) == chat_id) | (
        col(FeedImport.made_at) < tx.now - IMPORTS_KEPT_FOR
    )
    await tx.session.exec(delete(FeedImport).where(unwanted, col(FeedImport.message_id).is_(None)))
    kept = FeedImport(chat_id=chat_id, made_at=tx.now)
    tx.session.add(kept)
    await tx.session.flush()
    list_id = kept.id
    lines = [{"list_id": list_id, "number": n, "url": url} for n, url in enumerate(urls)]
    await insert_new(tx, FeedImportLine, lines)
    return list_id


async def start_import(tx: Transaction, chat_id: int, list_id: int, message: ImportMessage) -> bool:
    """Return whether the chat has such a list that was not wanted before."""
    wanted = await tx.session.exec(
        update(FeedImport)
        .where(
            col(FeedImport.id) == list_id,
            col(FeedImport.chat_id) == chat_id,
            col(FeedImport.message_id).is_(None),
        )
        .values(message_id=message.message_id, telegram_id=message.telegram_id)
    )
    return bool(wanted.rowcount)


async def has_running_import(tx: Transaction, chat_id: int) -> bool:
    """Whether a list is being added for the chat, or for another thread of it."""
    account = select(Chat.telegram_id).where(col(Chat.id) == chat_id).scalar_subquery()
    running = (
        select(FeedImport.id)
        .join(Chat, col(Chat.id) == FeedImport.chat_id)
        .where(col(Chat.telegram_id) == account, col(FeedImport.message_id).is_not(None))
    )
    return (await tx.session.exec(running.limit(1))).first() is not None


async def claim_import(tx: Transaction, owner: str, lease: timedelta) -> ImportChat | None:
    """Claim a list of the account that was served least recently, and that is not served now."""
    theirs = aliased(FeedImport, name="theirs")
    own, sibling = aliased(Chat, name="own"), aliased(Chat, name="sibling")
    of_same = (
        select(theirs)
        .join(sibling, col(sibling.id) == col(theirs.chat_id))
        .join(own, col(own.telegram_id) == col(sibling.telegram_id))
        .where(col(own.id) == col(FeedImport.chat_id))
        .correlate(FeedImport)
    )
    served = of_same.with_only_columns(func.max(theirs.served_at)).scalar_subquery()
    is_served = of_same.where(col(theirs.lease_until) > tx.now).exists()
    lists = await claim(
        tx,
        FeedImport,
        col(FeedImport.message_id).is_not(None) & ~is_served,
        order=(served.is_not(None), served, col(FeedImport.made_at), col(FeedImport.id)),
        limit=1,
        owner=owner,
        lease=lease,
    )
    if not lists:
        return None
    one = lists[0]
    chat = await tx.session.get_one(Chat, one.chat_id)
    telegram_id = one.telegram_id or chat.telegram_id
    message = ImportMessage(telegram_id, one.message_id or 0)
    is_managed = telegram_id != chat.telegram_id
    managed_as = (chat.kind, chat.name) if is_managed else None
    return ImportChat(one.id, one.chat_id, message, chat.speaks, managed_as)


async def lines_to_try(tx: Transaction, list_id: int, limit: int) -> list[FeedImportLine]:
    """Return the next lines, those of slow hosts behind all others."""
    rows = await tx.session.exec(
        select(FeedImportLine)
        .where(col(FeedImportLine.list_id) == list_id, col(FeedImportLine.outcome).is_(None))
        .order_by(col(FeedImportLine.is_slow), col(FeedImportLine.number))
        .limit(limit)
    )
    return list(rows)


async def line_tried(
    tx: Transaction,
    list_id: int,
    number: int,
    outcome: str,
    *,
    error: str | None = None,
    error_detail: Mapping[str, Any] | None = None,
) -> None:
    await tx.session.exec(
        update(FeedImportLine)
        .where(col(FeedImportLine.list_id) == list_id, col(FeedImportLine.number) == number)
        .values(outcome=outcome, error=error, error_detail=error_detail)
    )


async def postpone_line(tx: Transaction, list_id: int, number: int) -> None:
    """Let a line whose host is slow wait until all others of its list were tried."""
    line = (col(FeedImportLine.list_id) == list_id, col(FeedImportLine.number) == number)
    await tx.session.exec(update(FeedImportLine).where(*line).values(is_slow=True))


async def count_lines(tx: Transaction, list_id: int) -> tuple[int, int]:
    """Return how many were tried, and how many there are."""
    rows = await tx.session.exec(
        select(func.count(col(FeedImportLine.outcome)), func.count()).where(
            col(FeedImportLine.list_id) == list_id
        )
    )
    tried, total = rows.one()
    return tried, total


async def lines_of(tx: Transaction, list_id: int) -> list[FeedImportLine]:
    rows = await tx.session.exec(
        select(FeedImportLine)
        .where(col(FeedImportLine.list_id) == list_id)
        .order_by(col(FeedImportLine.number))
    )
    return list(rows)


async def delete_import(tx: Transaction, list_id: int) -> None:
    await tx.session.exec(delete(FeedImport).where(col(FeedImport.id) == list_id))
