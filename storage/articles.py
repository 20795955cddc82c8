"""Articles: one piece of news each, by scope and canonical URL, and how far each has come.

What a public source carries is a public article, made from the entries of public sources alone.
What only chats' own feeds carry is an article of that feed, so that nobody's feed can shape what
others read.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Index, UniqueConstraint, and_, text
from sqlmodel import Field, col, select

from storage.columns import NUMBERED, ROW_ID, Leased, stored_as
from storage.engine import POSTGRESQL, Unit
from storage.insert import add_new
from storage.stories import drop_stories, start_stories
from storage.words import Hint, Stage

# Literal, since a partial index serves only a condition that the planner can read.
_ON_ITS_WAY = "stage <> 'published'"

PUBLIC: Final = 0  # the scope of articles that public sources carry


class Article(Leased, table=True):
    __table_args__ = (
        UniqueConstraint("url_hash", "scope_id"),
        # Small, because it holds only what is still on its way.
        Index(
            "ix_article_on_its_way",
            "stage",
            "id",
            sqlite_where=text(_ON_ITS_WAY),
            postgresql_where=text(_ON_ITS_WAY),
        ),
        Index("ix_article_language_news_at", "language", "news_at"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    url_hash: str = Field(max_length=32)  # of the canonical URL, which may be long
    # The private source that alone carries it, or PUBLIC. No foreign key: what was sent stays true
    # when the source is gone.
    scope_id: int = Field(default=PUBLIC, sa_type=ROW_ID)
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


class ScopedUrl(NamedTuple):
    """What identifies an article: the hash of one of its URLs, and whose it is."""

    url_hash: str
    scope_id: int = PUBLIC


async def articles_by_url(unit: Unit, url_hashes: Collection[str]) -> dict[ScopedUrl, int]:
    """Return the ids of the articles there are in any scope, by the URL that was asked for."""
    asked = list(url_hashes)
    connection = await unit.session.connection()
    if unit.dialect == POSTGRESQL:
        found = await connection.execute(_BY_URL_ON_POSTGRESQL, {"asked": asked})
    else:
        found = await connection.execute(_BY_URL_ON_SQLITE, {"asked": json.dumps(asked)})
    return {ScopedUrl(url_hash, scope_id): article_id for url_hash, scope_id, article_id in found}


# One value for all that is asked, and so one text of the statement. An article's own address
# counts, if there are both.
_BY_URL = """
    SELECT url_hash, scope_id, article_id FROM articleaddress WHERE url_hash {among}
    UNION ALL SELECT url_hash, scope_id, id FROM article WHERE url_hash {among}
"""
_BY_URL_ON_SQLITE = text(_BY_URL.format(among="IN (SELECT value FROM json_each(:asked))"))
_BY_URL_ON_POSTGRESQL = text(_BY_URL.format(among="= ANY(CAST(:asked AS varchar[]))"))


async def scope_of(unit: Unit, article_id: int) -> int | None:
    """Return the article's scope; None if it is gone."""
    found = await unit.session.exec(select(Article.scope_id).where(Article.id == article_id))
    return found.first()


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


async def store_articles(unit: Unit, articles: Sequence[Mapping[str, Any]]) -> dict[ScopedUrl, int]:
    """Store those whose URL is new in their scope, each as a story of its own; return their ids.

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
    between = select(Article.url_hash, Article.scope_id, Article.id, Article.story_id).where(
        col(Article.story_id).between(stories[0], stories[-1])
    )
    connection = await unit.session.connection()
    ours = set(stories)
    stored = [row for row in await connection.execute(between) if row.story_id in ours]
    if left := ours - {row.story_id for row in stored}:
        await drop_stories(unit, left)
    if stored:
        unit.hints.add(Hint.ARTICLES)
    return {ScopedUrl(row.url_hash, row.scope_id): row.id for row in stored if row.id}
