"""Who carried an article, and whose source that is.

What reaches a chat comes from a public source or from one that it follows.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.among import as_one, by_dialect
from storage.articles import Article
from storage.engine import Unit
from storage.entries import Entry
from storage.sources import Follow, Source
from storage.words import SourceKind


def reaches(chat_id: int | None) -> ColumnElement[bool]:
    """Say of a `Source` in the query whether what it holds reaches the chat (None: anybody)."""
    followed = exists().where(col(Follow.chat_id) == chat_id, col(Follow.source_id) == Source.id)
    return or_(col(Source.public), followed)


def carried_to(chat_id: Any, article_id: Any) -> ColumnElement[bool]:
    """Say whether any source that carried the article reaches the chat; both may be columns."""
    return carrying(chat_id, col(Entry.article_id) == article_id).exists()


def carrying(chat_id: Any, which: ColumnElement[bool]) -> SelectOfScalar[int]:
    """Return those of *which* entries that reach the chat; it is for EXISTS."""
    # A join and no second EXISTS: inside that one an outer column would stand for its whole table.
    followed = and_(col(Follow.source_id) == Source.id, col(Follow.chat_id) == chat_id)
    return (
        select(Entry.source_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .outerjoin(Follow, followed)
        .where(which, or_(col(Source.public), col(Follow.chat_id).is_not(None)))
    )


async def followed_among(
    unit: Unit, source_ids: Collection[int], chat_ids: Collection[int]
) -> dict[int, frozenset[int]]:
    """Return which of the sources each of the chats follows, by chat; none that follows none."""
    if not source_ids or not chat_ids:
        return {}
    rows = await unit.session.exec(
        select(Follow.chat_id, Follow.source_id).where(
            col(Follow.source_id).in_(source_ids), col(Follow.chat_id).in_(chat_ids)
        )
    )
    followed: defaultdict[int, set[int]] = defaultdict(set)
    for chat_id, source_id in rows:
        followed[chat_id].add(source_id)
    return {chat_id: frozenset(ids) for chat_id, ids in followed.items()}


def told_by() -> ColumnElement[str]:
    """Return the name of whoever told the `Entry` of the `Source` in the query.

    A search is made for somebody's words, which are nobody else's business: it has no name.
    """
    outlet, host = func.nullif(col(Entry.outlet), ""), col(Source.host)
    title = func.nullif(col(Source.title), "")
    named = func.coalesce(outlet, title, host)
    return case((col(Source.kind) == SourceKind.SEARCH, func.coalesce(outlet, host)), else_=named)


def makes_it() -> ColumnElement[bool]:
    """Say whether what the `Source` says counts for the `Article`, which it carries, to everybody.

    A private source that carries a public article counts for its followers alone.
    """
    return or_(col(Source.public), col(Article.scope_id) == Source.id)


# Made once: the step that matches asks it for each claim.
_CARRIED: Final[Select[Any]] = (
    select(  # type: ignore[call-overload]
        Entry.article_id, Source.host, Source.title, Entry.outlet, Entry.outlet_host
    )
    .join(Source, col(Source.id) == Entry.source_id)
    .join(Article, col(Article.id) == Entry.article_id)
    .where(makes_it())
)
_CARRIERS: Final = by_dialect("entry.article_id", _CARRIED.where)


async def carriers_of(unit: Unit, article_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The hosts and titles of the sources that made each of the articles, and its outlets."""
    connection = await unit.session.connection()
    rows = await connection.execute(_CARRIERS[unit.dialect], {"ids": as_one(unit, article_ids)})
    found: dict[int, tuple[str, ...]] = {}
    for article_id, *names in rows:
        found[article_id] = (*found.get(article_id, ()), *filter(None, names))
    return found


async def sources_called(
    unit: Unit, is_meant: Callable[[str, str], bool], chat_id: int | None
) -> frozenset[int]:
    """The sources that reach the chat and of which *is_meant* says so, from host and title.

    Searches too: what they find may be anybody's.
    """
    rows = await unit.session.exec(
        select(Source.id, Source.host, Source.title, Source.kind).where(reaches(chat_id))
    )
    return frozenset(
        source_id
        for source_id, host, title, kind in rows
        if source_id and (kind is SourceKind.SEARCH or is_meant(host, title))
    )


async def speakers(unit: Unit, article_ids: Collection[int]) -> dict[int, int]:
    """Return for each article the source whose words it has: the first of its scope that had it.

    So nobody can put words of their own into what others read. A search has only heard of it.
    """
    if not article_ids:
        return {}
    rows = await unit.session.exec(
        select(Entry.article_id, Entry.source_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .join(Article, col(Article.id) == Entry.article_id)
        .where(col(Entry.article_id).in_(article_ids), makes_it())
        .order_by(
            col(Source.kind) != SourceKind.SEARCH,
            col(Entry.first_seen_at).desc(),
            col(Entry.source_id).desc(),
        )
    )
    return dict(rows.all())
