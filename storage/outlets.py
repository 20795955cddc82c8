"""Who told the stories that a topic found, and what a chat hears of them."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import col, select

from storage.articles import Article
from storage.engine import Unit
from storage.entries import Entry
from storage.sources import Source
from storage.sources_carrying import reaches, told_by
from storage.words import SourceKind


class Teller(NamedTuple):
    """*stories* came from it; *article_id* is the last one's, and names it with its source."""

    source_id: int
    article_id: int
    name: str
    stories: int


class Outlet(NamedTuple):
    """*outlet* is "" unless a search named it."""

    source_id: int
    outlet: str
    name: str


async def tellers(
    unit: Unit, chat_id: int, story_ids: Collection[int], *, limit: int
) -> list[Teller]:
    """Return those that told the chat most of the stories, the busiest first."""
    name = told_by()
    count = func.count(col(Article.story_id).distinct())
    rows = await unit.session.exec(
        select(Entry.source_id, func.max(Entry.article_id), name, count)
        .join(Article, col(Article.id) == Entry.article_id)
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Article.story_id).in_(story_ids), reaches(chat_id))
        .group_by(col(Entry.source_id), name)
        .order_by(count.desc(), name, col(Entry.source_id))
        .limit(limit)
    )
    return [Teller(*row) for row in rows]


async def outlet_that_told(
    unit: Unit, chat_id: int, source_id: int, article_id: int
) -> Outlet | None:
    """Return who told the chat that article there, if it did."""
    rows = await unit.session.exec(
        select(Source.kind, Entry.outlet, told_by())
        .join(Source, col(Source.id) == Entry.source_id)
        .where(
            col(Entry.source_id) == source_id,
            col(Entry.article_id) == article_id,
            reaches(chat_id),
        )
        .limit(1)
    )
    row = rows.first()
    if row is None:
        return None
    kind, outlet, name = row
    return Outlet(source_id, outlet if kind is SourceKind.SEARCH else "", name)
