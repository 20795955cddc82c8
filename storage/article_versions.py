"""Former versions of articles; the newest one is the article's own row."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import Field, SQLModel, col, select

from storage.articles import Article
from storage.db.engine import Transaction
from storage.db.sql import ROW_ID
from storage.enums import Notification, Stage

MATCHED_ALREADY: Final = (Stage.MATCHED, Stage.PUBLISHED)


class ArticleVersion(SQLModel, table=True):
    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    number: int = Field(primary_key=True)
    title: str
    summary: str
    text: str
    seen_at: datetime


async def articles_to_revise(unit: Transaction, article_ids: Collection[int]) -> list[Article]:
    """Lock the articles, so that nobody else revises them, and no step moves them on."""
    if not article_ids:
        return []
    # No more than that: a carrier that is being stored holds on to the key of its article.
    rows = await unit.session.exec(
        select(Article)
        .where(col(Article.id).in_(article_ids))
        .order_by(col(Article.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(rows)


def is_untouched(article: Article) -> bool:
    """No step has looked at the article yet."""
    return article.stage is Stage.STORED and article.owner is None


async def revise_article(unit: Transaction, article: Article, values: Mapping[str, Any]) -> None:
    """Change the locked *article*; it is matched again, in the story in which it is.

    What somebody may have seen is kept as a version. A step that is at work on the article now
    finds that it has it no longer.
    """
    if not is_untouched(article):
        await _keep(unit, article)
        article.version += 1
        article.revised_at = unit.now
        article.owner = article.lease_until = None
        if article.stage in MATCHED_ALREADY:
            article.stage = Stage.GROUPED
            unit.hints.add(Notification.STORIES)
    for name, value in values.items():
        setattr(article, name, value)
    unit.session.add(article)
    await unit.session.flush()


async def versions_of(unit: Transaction, article_id: int) -> list[ArticleVersion]:
    """The former versions of the article, the oldest first."""
    rows = await unit.session.exec(
        select(ArticleVersion)
        .where(col(ArticleVersion.article_id) == article_id)
        .order_by(col(ArticleVersion.number))
    )
    return list(rows)


async def _keep(unit: Transaction, article: Article) -> None:
    unit.session.add(
        ArticleVersion(
            article_id=article.id,
            number=article.version,
            title=article.title,
            summary=article.summary,
            text=article.text,
            seen_at=article.revised_at or article.stored_at,
        )
    )
