"""What grows without end, and goes once nobody needs it any more: page by page, the oldest first.

Rows are numbered in the order in which they came, so that a page of the oldest is read by number,
with no index by time on the largest tables there are. What is kept of a page is looked at again
in the next round. The paces are read by key: an index by time would make each send write it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from storage.alerts import Alert
from storage.articles import Article
from storage.bundles import Bundle
from storage.deliveries import Delivery
from storage.editions import Edition
from storage.entries import Entry
from storage.matches import Match
from storage.pace import CHATS, Pace
from storage.queries import Query
from storage.stories import Story
from storage.words import DeliveryKind, DeliveryState, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from storage.engine import Unit

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


class Page(NamedTuple):
    """How many rows went, and the last that was looked at; None where there are no older ones."""

    gone: int
    last: int | str | None


async def forget_deliveries(unit: Unit, after: int, before: datetime, limit: int) -> Page:
    """Held ones wait for the operator; of a notice its key tells that it was given."""
    may_go = and_(
        col(Delivery.state).in_(_OVER),
        col(Delivery.kind) != DeliveryKind.NOTICE,
        or_(col(Delivery.sent_at).is_(None), col(Delivery.sent_at) < before),
    )
    return await _forget(unit, Delivery, col(Delivery.created_at), (after, before, limit), may_go)


async def forget_editions(unit: Unit, after: int, before: datetime, limit: int) -> Page:
    """A chat's last one stays: it says where the next begins."""
    newer = aliased(Edition, name="newer")
    may_go = exists().where(
        col(newer.chat_id) == col(Edition.chat_id), col(newer.id) > col(Edition.id)
    )
    return await _forget(unit, Edition, col(Edition.made_at), (after, before, limit), may_go)


async def forget_alerts(unit: Unit, after: int, before: datetime, limit: int) -> Page:
    waits = exists().where(col(Bundle.id) == col(Alert.bundle_id), col(Bundle.put_out_at).is_(None))
    return await _forget(unit, Alert, col(Alert.made_at), (after, before, limit), ~waits)


async def forget_bundles(unit: Unit, after: int, before: datetime, limit: int) -> Page:
    is_empty = ~exists().where(col(Alert.bundle_id) == col(Bundle.id))
    may_go = and_(col(Bundle.put_out_at).is_not(None), is_empty)
    return await _forget(unit, Bundle, col(Bundle.release_at), (after, before, limit), may_go)


async def forget_articles(unit: Unit, after: int, before: datetime, limit: int) -> Page:
    """With what hangs on them: entries, folded texts, versions, matches."""
    may_go = and_(
        col(Article.stage) == Stage.PUBLISHED,
        ~exists().where(col(Entry.article_id) == col(Article.id), _may_be_shown()),
        ~exists().where(
            col(Match.article_id) == col(Article.id),
            col(Query.id) == col(Match.query_id),
            col(Query.live),
            _is_among_the_newest(),
        ),
        ~exists().where(col(Alert.article_id) == col(Article.id)),
    )
    return await _forget(unit, Article, col(Article.stored_at), (after, before, limit), may_go)


async def forget_stories(unit: Unit, after: int, before: datetime, limit: int) -> Page:
    may_go = ~exists().where(col(Article.story_id) == col(Story.id))
    return await _forget(unit, Story, col(Story.created_at), (after, before, limit), may_go)


async def forget_paces(unit: Unit, after: int | str, before: datetime, limit: int) -> Page:
    """Of chats that nothing went to of late: without a row, nothing waits."""
    keys = select(Pace.key).where(col(Pace.key) > str(after or "")).order_by(col(Pace.key))
    page = (await unit.session.exec(keys.limit(limit))).all()
    if not page:
        return Page(0, None)
    over = (
        col(Pace.key) <= page[-1],
        col(Pace.key).startswith(CHATS),
        col(Pace.tat) < before,
        or_(col(Pace.paused_until).is_(None), col(Pace.paused_until) < before),
    )
    # Whoever sends just now holds its rows, in this order; it is not waited for.
    locked = keys.where(*over).with_for_update(skip_locked=True)
    gone = (await unit.session.exec(locked)).all()
    await unit.session.exec(delete(Pace).where(col(Pace.key).in_(gone)))
    return Page(len(gone), page[-1] if len(page) == limit else None)


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
    unit: Unit,
    table: Any,
    at: Any,
    page: tuple[int, datetime, int],
    may_go: ColumnElement[bool],
) -> Page:
    after, before, limit = page
    oldest = select(col(table.id), at).where(col(table.id) > after).order_by(col(table.id))
    connection = await unit.session.connection()
    rows: Sequence[Any] = (await connection.execute(oldest.limit(limit))).all()
    old = [number for number, moment in rows if moment < before]
    if not old:
        return Page(0, None)
    these = col(table.id).between(old[0], old[-1])
    gone = await connection.execute(delete(table).where(these, at < before, may_go))
    return Page(gone.rowcount, old[-1] if len(old) == len(rows) == limit else None)
