"""Articles found by their folded words, as far as a chat may see them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, literal_column, or_, text
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.articles import Article
from storage.engine import POSTGRESQL, Unit
from storage.entries import Entry
from storage.folded import Folded
from storage.sources import Follow, Source


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which articles: newer than *since*; from public sources, or those that the chat follows.

    *words* is an expression of the database's own full text search; None asks for all.
    """

    words: str | None
    since: datetime
    chat_id: int | None = None
    whatever_source: bool = False


async def articles_found(unit: Unit, wanted: Wanted, *, limit: int) -> list[Article]:
    """The newest articles first."""
    question = (
        select(Article)
        .where(col(Article.news_at) >= wanted.since)
        .order_by(col(Article.news_at).desc(), col(Article.id).desc())
        .limit(limit)
    )
    if not wanted.whatever_source:
        question = question.where(_is_seen_by(wanted.chat_id))
    if wanted.words is not None:
        question = _with_words(unit, question, wanted.words)
    return list(await unit.session.exec(question))


async def source_names(unit: Unit, article_ids: Collection[int]) -> dict[int, str]:
    """The title, or else the host, of the source that first had each article."""
    rows = await unit.session.exec(
        select(Entry.article_id, Source.title, Source.host)
        .where(col(Entry.article_id).in_(article_ids), Entry.source_id == Source.id)
        .order_by(col(Entry.first_seen_at).desc())
    )
    return {article_id: title or host for article_id, title, host in rows}


def _with_words(
    unit: Unit, question: SelectOfScalar[Article], words: str
) -> SelectOfScalar[Article]:
    if unit.dialect == POSTGRESQL:
        matches = text("folded.tokens @@ CAST(:words AS tsquery)")
        return question.join(Folded, col(Folded.article_id) == Article.id).where(
            matches.bindparams(words=words)
        )
    rowids = text("article.id IN (SELECT rowid FROM folded_index WHERE folded_index MATCH :words)")
    return question.where(rowids.bindparams(words=words))


def _is_seen_by(chat_id: int | None) -> ColumnElement[bool]:
    """Whose source: public ones, and those that the chat follows."""
    followed = exists(
        select(literal_column("1")).where(
            Follow.source_id == Source.id, col(Follow.chat_id) == chat_id
        )
    )
    return exists(
        select(literal_column("1")).where(
            Entry.article_id == Article.id,
            Entry.source_id == Source.id,
            or_(col(Source.public), followed),
        )
    )
