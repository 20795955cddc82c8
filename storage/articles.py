"""Articles: one piece of news each, by canonical URL, and how far each has come."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Index, and_, text
from sqlmodel import Field, col, select

from storage.columns import ROW_ID, Leased, stored_as
from storage.engine import POSTGRESQL, Unit
from storage.insert import add_new
from storage.stories import drop_stories, start_stories
from storage.words import Hint, Stage

# Literal, since a partial index serves only a condition that the planner can read.
_ON_ITS_WAY = "stage <> 'published'"


class Article(Leased, table=True):
    __table_args__ = (
        # Small, because it holds only what is still on its way.
        Index(
            "ix_article_on_its_way",
            "stage",
            "id",
            sqlite_where=text(_ON_ITS_WAY),
            postgresql_where=text(_ON_ITS_WAY),
        ),
        Index("ix_article_language_news_at", "language", "news_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    url_hash: str = Field(max_length=32, unique=True)  # of the canonical URL, which may be long
    url: str
    title: str
    summary: str = ""
    text: str = ""
    language: str = Field(default="", max_length=8)
    published_at: datetime | None = None
    published_on: date | None = None  # where the source gave a date without a time
    stored_at: datetime
    ready_at: datetime | None = None  # until then its page may come; None: it waits for nothing
    # The moment from which it counts as news: `stored_at`, or for a quiet one its publication.
    news_at: datetime = Field(index=True)
    version: int = 1
    revised_at: datetime | None = None  # when its newest version was seen; None: never revised
    quiet: bool = False  # backlog, or old when first seen: alerts nobody
    story_id: int = Field(foreign_key="story.id", sa_type=ROW_ID, index=True)
    stage: Stage = Field(default=Stage.STORED, sa_type=stored_as(Stage))


def is_at(stage: Stage) -> ColumnElement[bool]:
    """Say of an article in the query whether it is at *stage*, which is not the last.

    Without the first part every article would be looked at.
    """
    return and_(text(_ON_ITS_WAY), col(Article.stage) == stage)


async def articles_by_url(unit: Unit, url_hashes: Collection[str]) -> dict[str, int]:
    """Return the ids of the articles there are, by the hash of one of their URLs."""
    asked = list(url_hashes)
    connection = await unit.session.connection()
    if unit.dialect == POSTGRESQL:
        found = await connection.execute(_BY_URL_ON_POSTGRESQL, {"asked": asked})
    else:
        found = await connection.execute(_BY_URL_ON_SQLITE, {"asked": json.dumps(asked)})
    return dict(found.all())


# One value for all that is asked, and so one text of the statement. An article's own address
# counts, if there are both.
_BY_URL = """
    SELECT url_hash, article_id FROM articleaddress WHERE url_hash {among}
    UNION ALL SELECT url_hash, id FROM article WHERE url_hash {among}
"""
_BY_URL_ON_SQLITE = text(_BY_URL.format(among="IN (SELECT value FROM json_each(:asked))"))
_BY_URL_ON_POSTGRESQL = text(_BY_URL.format(among="= ANY(CAST(:asked AS varchar[]))"))


class Sketch(NamedTuple):
    """As much of an article as tells it from another."""

    url_hash: str
    title: str
    summary: str


async def sketches_of(unit: Unit, article_ids: Collection[int]) -> dict[int, Sketch]:
    found = await unit.session.exec(
        select(Article.id, Article.url_hash, Article.title, Article.summary).where(
            col(Article.id).in_(article_ids)
        )
    )
    return {article_id: Sketch(*rest) for article_id, *rest in found if article_id}


async def store_articles(unit: Unit, articles: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Store those whose URL is new, each as a story of its own; return their ids by URL hash.

    Each is given by its columns. Another process may store one of them at the same moment: it
    has it then, and we do not.
    """
    if not articles:
        return {}
    stories = await start_stories(unit, len(articles))
    rows = [
        {**article, "story_id": story} for article, story in zip(articles, stories, strict=True)
    ]
    await add_new(unit, Article, rows)
    # Among them stories of others, who number them at the same moment; their names would be a
    # statement of its own for each number of articles.
    between = select(Article.url_hash, Article.id, Article.story_id).where(
        col(Article.story_id).between(stories[0], stories[-1])
    )
    connection = await unit.session.connection()
    ours = set(stories)
    stored = [row for row in await connection.execute(between) if row.story_id in ours]
    if left := ours - {row.story_id for row in stored}:
        await drop_stories(unit, left)
    if stored:
        unit.hints.add(Hint.ARTICLES)
    return {row.url_hash: row.id for row in stored if row.id}
