"""What grows without end, and goes once nobody needs it any more: page by page, the oldest first.

Rows are numbered in the order in which they came, so that a page of the oldest is read by number,
with no index by time on the largest tables there are. What is kept of a page is looked at again
in the next round. The paces are read by key: an index by time would make each send write it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.access import forget_actor
from storage.alerts import Alert
from storage.articles import PUBLIC, Article, is_put_aside
from storage.bundles import Bundle
from storage.chats import Chat, columns_naming_a_chat, lock_chats
from storage.db.engine import Transaction
from storage.db.sql import among
from storage.editions import Edition, EditionStory
from storage.entries import Entry, delete_entries_of
from storage.enums import ArticleStage, ChatState, DeliveryState, MailboxState
from storage.feedback import Feedback, notices_of_feedback
from storage.feeds_followed import RETURNABLE, had_by_nobody
from storage.mailboxes import Mailbox
from storage.matches import Match
from storage.outbox import Delivery, delete_deliveries
from storage.pace import CHATS, Pace, forget_pace
from storage.queries import Query
from storage.sources import UNREAD, Source
from storage.stories import Story

# So many of each source stay, however old: it may show them still, and would bring them anew.
SHOWN_BY_A_SOURCE: Final = 1000

# So many of each query stay, however old: a topic shows its last stories.
NEWEST_OF_A_QUERY: Final = 12

_OVER: Final = (
    DeliveryState.SENT,
    DeliveryState.DROPPED,
    DeliveryState.EXPIRED,
    DeliveryState.FAILED,
)


class DeletionBatch(NamedTuple):
    """How many rows went, and the last that was looked at; None where there are no older ones."""

    gone: int
    last: int | str | None


async def forget_deliveries(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    """Held ones wait for the operator, and suspended ones for their chat."""
    at = col(Delivery.created_at)
    old, last = await _page(tx, Delivery, at, (after, before, limit))
    if old is None:
        return DeletionBatch(0, None)
    gone = await delete_deliveries(
        tx,
        old,
        col(Delivery.state).in_(_OVER),
        or_(col(Delivery.sent_at).is_(None), col(Delivery.sent_at) < before),
    )
    return DeletionBatch(gone, last)


async def forget_editions(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    """A chat's last one stays: it says where the next begins."""
    newer = aliased(Edition, name="newer")
    may_go = exists().where(
        col(newer.chat_id) == col(Edition.chat_id), col(newer.id) > col(Edition.id)
    )
    return await _forget(tx, Edition, col(Edition.made_at), (after, before, limit), may_go)


async def forget_alerts(tx: Transaction, after: int, before: datetime, limit: int) -> DeletionBatch:
    waits = exists().where(
        col(Bundle.id) == col(Alert.bundle_id), col(Bundle.released_at).is_(None)
    )
    return await _forget(tx, Alert, col(Alert.made_at), (after, before, limit), ~waits)


async def forget_bundles(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    is_empty = ~exists().where(col(Alert.bundle_id) == col(Bundle.id))
    may_go = and_(col(Bundle.released_at).is_not(None), is_empty)
    return await _forget(tx, Bundle, col(Bundle.release_at), (after, before, limit), may_go)


async def forget_articles(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    """With what hangs on them: entries, folded texts, versions, matches."""
    may_go = and_(
        or_(col(Article.stage) == ArticleStage.PUBLISHED, is_put_aside()),
        ~exists().where(col(Entry.article_id) == col(Article.id), _may_be_shown()),
        ~exists().where(
            col(Match.article_id) == col(Article.id),
            col(Query.id) == col(Match.query_id),
            col(Query.live),
            _is_among_the_newest(),
        ),
        ~exists().where(col(Alert.article_id) == col(Article.id)),
    )
    return await _forget(tx, Article, col(Article.stored_at), (after, before, limit), may_go)


async def forget_stories(
    tx: Transaction, after: int, before: datetime, limit: int
) -> DeletionBatch:
    may_go = ~exists().where(col(Article.story_id) == col(Story.id))
    return await _forget(tx, Story, col(Story.created_at), (after, before, limit), may_go)


async def forget_paces(
    tx: Transaction, after: int | str, before: datetime, limit: int
) -> DeletionBatch:
    """Of chats that nothing went to of late: without a row, nothing waits."""
    keys = select(Pace.key).where(col(Pace.key) > str(after or "")).order_by(col(Pace.key))
    page = (await tx.session.exec(keys.limit(limit))).all()
    if not page:
        return DeletionBatch(0, None)
    over = (
        col(Pace.key) <= page[-1],
        col(Pace.key).startswith(CHATS),
        col(Pace.tat) < before,
        or_(col(Pace.paused_until).is_(None), col(Pace.paused_until) < before),
    )
    # A sender at work holds its rows, in this order; it is not waited for.
    locked = keys.where(*over).with_for_update(skip_locked=True)
    gone = (await tx.session.exec(locked)).all()
    await tx.session.exec(delete(Pace).where(among(col(Pace.key), gone)))
    return DeletionBatch(len(gone), page[-1] if len(page) == limit else None)


def _may_be_shown() -> ColumnElement[bool]:
    newer = aliased(Entry, name="newer")
    oldest_shown = (
        select(newer.article_id)
        .where(col(newer.source_id) == col(Entry.source_id))
        .order_by(col(newer.article_id).desc())
        .limit(1)
        .offset(SHOWN_BY_A_SOURCE - 1)
    )
    return col(Entry.article_id) >= func.coalesce(oldest_shown.scalar_subquery(), 0)


def _is_among_the_newest() -> ColumnElement[bool]:
    newer = aliased(Match, name="newer")
    beyond = (
        select(newer.news_at)
        .where(col(newer.query_id) == col(Match.query_id))
        .order_by(col(newer.news_at).desc())
        .limit(1)
        .offset(NEWEST_OF_A_QUERY - 1)
    ).scalar_subquery()
    return or_(beyond.is_(None), col(Match.news_at) >= beyond)


async def _forget(
    tx: Transaction,
    table: Any,
    at: Any,
    page: tuple[int, datetime, int],
    may_go: ColumnElement[bool],
) -> DeletionBatch:
    old, last = await _page(tx, table, at, page)
    if old is None:
        return DeletionBatch(0, None)
    connection = await tx.session.connection()
    gone = await connection.execute(delete(table).where(old, may_go))
    return DeletionBatch(gone.rowcount, last)


async def _page(
    tx: Transaction, table: Any, at: Any, page: tuple[int, datetime, int]
) -> tuple[ColumnElement[bool] | None, int | None]:
    """Return which rows of the page are old (None: none is), and the last of a page that is full.

    A page is full where all its rows are old: there may be older ones behind it.
    """
    after, before, limit = page
    oldest = select(col(table.id), at).where(col(table.id) > after).order_by(col(table.id))
    connection = await tx.session.connection()
    rows: Sequence[Any] = (await connection.execute(oldest.limit(limit))).all()
    old = [number for number, moment in rows if moment < before]
    if not old:
        return None, None
    these = and_(col(table.id).between(old[0], old[-1]), at < before)
    return these, old[-1] if len(old) == len(rows) == limit else None


# Private sources that nobody follows any more, with their articles. Sent messages stay as they are.


SOURCES_AT_ONCE: Final = 5
ARTICLES_AT_ONCE: Final = 100
ENTRIES_AT_ONCE: Final = 1_000
_BEING_PURGED: Final = timedelta(hours=1)  # no source is polled meanwhile
# Grouping remembers stories of three days, and may put another article into each of them.
_REMEMBERED: Final = timedelta(days=4)


async def purge_sources(tx: Transaction, at_once: Collection[int] = ()) -> tuple[int, bool]:
    """Delete some of what sources leave that nobody follows, in the end their rows.

    Return how many articles went, and whether any source was left. Meanwhile a source is as if it
    were never read, so that a chat that follows it again gets its backlog anew. *at_once*: sources
    that go although they were just added; any other one is about to be followed.
    """
    lately = (col(Source.created_at) > tx.now - RETURNABLE) & ~among(col(Source.id), at_once)
    which = [~col(Source.public), ~lately, *had_by_nobody()]
    some = select(Source.id).where(*which).order_by(col(Source.id)).limit(SOURCES_AT_ONCE)
    ids = (await tx.session.exec(some.with_for_update(skip_locked=True))).all()
    if not ids:
        return 0, False
    unread = {**UNREAD, "next_fetch_at": tx.now + _BEING_PURGED}
    await _apply(tx, update(Source).where(among(col(Source.id), ids)).values(**unread))
    gone = await _erase_articles(tx, ids)
    if not gone and not await delete_entries_of(tx, ids, ENTRIES_AT_ONCE):
        await _apply(tx, delete(Source).where(among(col(Source.id), ids)))
    return gone, True


async def _erase_articles(tx: Transaction, scope_ids: Collection[int]) -> int:
    """Delete articles of private sources with all that hangs on them; return how many.

    An alert stays if public articles tell the same story, so that no chat is alerted to it again.
    """
    private = (among(col(Article.scope_id), scope_ids), col(Article.scope_id) != PUBLIC)
    some = select(Article.id, Article.story_id).where(*private).order_by(col(Article.id))
    rows = (await tx.session.exec(some.limit(ARTICLES_AT_ONCE))).all()
    ids, stories = [row[0] for row in rows], {row[1] for row in rows}
    if not ids:
        return 0
    other = aliased(Article, name="other")
    reported = (col(other.story_id) == col(Alert.story_id), col(other.scope_id) == PUBLIC)
    public = select(func.min(other.id)).where(*reported).scalar_subquery()
    alerts = update(Alert).where(among(col(Alert.article_id), ids), exists().where(*reported))
    await _apply(tx, alerts.values(article_id=public))
    await _apply(tx, delete(Article).where(among(col(Article.id), ids)))
    empty = (
        among(col(Story.id), stories),
        col(Story.created_at) < tx.now - _REMEMBERED,
        ~exists().where(col(Article.story_id) == col(Story.id)),
    )
    await _apply(tx, delete(Story).where(*empty))
    return len(ids)


# Chats being erased: whose they were is gone at once, what they had goes a few rows at a time.
#
# 1. `erase_chat` takes from our row all that says whose it was, and with it all that the chat had
#    chosen, and what names it elsewhere. From then on nothing is sent to it, and a user who comes
#    back gets a new row.
# 2. `erase_batch`, again and again: what it has been sent may be more than one transaction should
#    delete.
# 3. `finish_erasing` takes the row itself.
# 4. `erase_queries`, again and again: queries that nobody asks for any more have words, and
#    matches.
#
# The row says how far it is: a process that finds an erased one goes on.


AT_ONCE: Final = 500

# What may be too many rows for one transaction, those that hang on others first; and how they are
# told apart within a chat. A mailbox is only one, but its mails hang on it.
_MANY: Final[tuple[tuple[Any, Any], ...]] = (
    (EditionStory, EditionStory.story_id),
    (Delivery, Delivery.id),
    (Edition, Edition.id),
    (Alert, Alert.id),
    (Bundle, Bundle.id),
    (Mailbox, Mailbox.id),
)

_IN_HAND: Final = (DeliveryState.CLAIMED, DeliveryState.SENDING)

_NOBODY: Final = -(2**62)  # Telegram's ids have 52 bits

_SHUT: Final = "state = 'erased'"


async def erase_chat(tx: Transaction, chat_id: int) -> None:
    """Let nothing be sent to our row *chat_id* any more, nor tell whose it was."""
    locked = select(Chat.telegram_id).where(col(Chat.id) == chat_id).with_for_update()
    number = (await tx.session.exec(locked)).first()
    if number is None:
        return
    notices = await _notices_of_feedback_by(tx, chat_id)
    many = {table.__tablename__ for table, _ in _MANY}
    for column in reversed(columns_naming_a_chat()):
        goes_too = all(key.ondelete == "CASCADE" for key in column.foreign_keys)
        if not goes_too:  # a count that outlives the chat
            await _apply(tx, update(column.table).where(column == chat_id).values({column: None}))
        elif column.table.name not in many:
            await _apply(tx, delete(column.table).where(column == chat_id))
    mailbox = update(Mailbox).where(col(Mailbox.chat_id) == chat_id)
    await _apply(tx, mailbox.values(**_no_mailbox()))
    chat = update(Chat).where(col(Chat.id) == chat_id)
    await _apply(tx, chat.values(**_no_chat(tx, chat_id)))
    # What is claimed and not begun is stopped so; what waits, by the state of the chat.
    in_hand = and_(col(Delivery.chat_id) == chat_id, col(Delivery.state).in_(_IN_HAND))
    await delete_deliveries(tx, or_(in_hand, among(col(Delivery.id), notices)))
    # A forum's topics have rows of their own, and one number.
    others = select(Chat.id).where(col(Chat.telegram_id) == number).limit(1)
    if (await tx.session.exec(others)).first() is None:
        await forget_pace(tx, number)
        await forget_actor(tx, number)


async def erased_chats(tx: Transaction, limit: int) -> list[int]:
    """Return chats that are shut and not gone yet."""
    wanted = select(Chat.id).where(text(f"chat.{_SHUT}")).order_by(col(Chat.id)).limit(limit)
    return list(await tx.session.exec(wanted))


async def erase_batch(tx: Transaction, chat_id: int) -> bool:
    """Delete some of what a chat that is shut has been sent; return whether there was any."""
    await lock_chats(tx, [chat_id])  # another process may be at it as well
    for table, key in _MANY:
        theirs = select(col(key)).where(col(table.chat_id) == chat_id).limit(AT_ONCE)
        keys = (await tx.session.exec(theirs)).all()
        if not keys:
            continue
        these = (col(table.chat_id) == chat_id, among(col(key), keys))
        if table is Delivery:
            await delete_deliveries(tx, *these)
        else:
            await _apply(tx, delete(table).where(*these))
        return True
    return False


async def finish_erasing(tx: Transaction, chat_id: int) -> None:
    """Delete our row *chat_id*; whatever names it still goes with it."""
    await _apply(tx, delete(Chat).where(col(Chat.id) == chat_id, text(_SHUT)))


async def orphan_queries(tx: Transaction) -> Sequence[int]:
    """Return some queries that nobody asks for any more and whose words are still there."""
    left = (~col(Query.live), col(Query.canonical) != "")
    found = await tx.session.exec(select(Query.id).where(*left).limit(AT_ONCE))
    return list(found)


async def erase_queries(tx: Transaction, query_ids: Collection[int]) -> bool:
    """Erase some matches of these queries, in the end their words; return whether any are left.

    Their rows stay, for by their changes the indexes of all processes learn that they are gone.
    """
    these = select(Query.id).where(among(col(Query.id), query_ids), ~col(Query.live))
    ids = (await tx.session.exec(these.order_by(col(Query.id)).with_for_update())).all()
    matched = select(Match.article_id, Match.query_id).where(among(col(Match.query_id), ids))
    keys = (await tx.session.exec(matched.limit(AT_ONCE))).all()
    if keys:
        key = tuple_(col(Match.article_id), col(Match.query_id))
        await _apply(tx, delete(Match).where(key.in_(keys)))
        return True
    hashed = literal("erased:").concat(cast(col(Query.id), String))
    words = update(Query).where(among(col(Query.id), ids))
    await _apply(tx, words.values(canonical="", canonical_hash=hashed))
    return False


async def _notices_of_feedback_by(tx: Transaction, chat_id: int) -> list[int]:
    """Return what admins were sent of the chat's feedback: it has name and words."""
    written = select(Feedback.id).where(col(Feedback.chat_id) == chat_id)
    numbers = set(await tx.session.exec(written))
    if not numbers:
        return []
    notices = await notices_of_feedback(tx)
    return [delivery_id for delivery_id, number in notices.items() if number in numbers]


def _no_chat(tx: Transaction, chat_id: int) -> dict[str, Any]:
    blank = Chat(telegram_id=_NOBODY - chat_id, state_since=tx.now, created_at=tx.now)
    blank.state = ChatState.ERASED
    return blank.model_dump(exclude={"id"})


def _no_mailbox() -> dict[str, Any]:
    return {
        "address": "",
        "state": MailboxState.UNSUBSCRIBED,
        "problem_text": None,
        "code_hash": None,
        "token_hash": None,
    }


async def _apply(tx: Transaction, statement: Any) -> None:
    await tx.session.exec(statement.execution_options(synchronize_session=False))
