"""Articles found by their folded words, as far as a chat may see them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, column, exists, func, literal_column, or_, table, text
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.articles import Article
from storage.engine import POSTGRESQL, Unit
from storage.entries import Entry
from storage.folded import Folded
from storage.sources import Follow, Source

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which articles: newer than *since*; from public sources, or those that the chat follows.

    *words* is an expression of the database's own full text search; None asks for all.
    """

    words: str | None
    since: datetime
    chat_id: int | None = None
    whatever_source: bool = False
    source_ids: frozenset[int] | None = None  # carried by one of these; None: by any
    language: str = ""  # "": any


async def articles_found(unit: Unit, wanted: Wanted, *, limit: int) -> list[Article]:
    """The newest articles first; read a page at a time, so that the event loop has its turns."""
    question = select(Article).where(col(Article.news_at) >= wanted.since)
    if not wanted.whatever_source:
        question = question.where(_is_seen_by(wanted.chat_id))
    if wanted.language:
        question = question.where(col(Article.language) == wanted.language)
    if wanted.source_ids is not None:
        question = question.where(_is_carried_by(wanted.source_ids))
    if wanted.words is None:
        question = question.order_by(col(Article.news_at).desc())
    elif unit.dialect == POSTGRESQL:
        question = _with_tokens(question, wanted.words).order_by(col(Article.news_at).desc())
    else:
        question = _with_index(question, wanted.words, wanted.since)
    paged = question.limit(limit).execution_options(yield_per=_PAGE)
    found = [article async for article in await unit.session.stream_scalars(paged)]
    return sorted(found, key=lambda article: (article.news_at, article.id or 0), reverse=True)


async def source_names(unit: Unit, article_ids: Collection[int]) -> dict[int, str]:
    """The title, or else the host, of the source that first had each article."""
    rows = await unit.session.exec(
        select(Entry.article_id, Source.title, Source.host)
        .where(col(Entry.article_id).in_(article_ids), Entry.source_id == Source.id)
        .order_by(col(Entry.first_seen_at).desc())
    )
    return {article_id: title or host for article_id, title, host in rows}


def _with_tokens(question: SelectOfScalar[Article], words: str) -> SelectOfScalar[Article]:
    matches = text("folded.tokens @@ CAST(:words AS tsquery)").bindparams(words=words)
    return question.join(Folded, col(Folded.article_id) == Article.id).where(matches)


def _with_index(
    question: SelectOfScalar[Article], words: str, since: datetime
) -> SelectOfScalar[Article]:
    """Walk the index from the newest row on, and stop as soon as there are enough.

    By id, as they were stored: by the time of the news every article with a common word would
    have to be read before the first is known.
    """
    index = table("folded_index", column("rowid"))
    matches = text("folded_index MATCH :words").bindparams(words=words)
    # Not the bare id: SQLite would walk the table from its first row for the least one.
    first = (
        select(func.min(col(Article.id) + 0)).where(col(Article.news_at) >= since).scalar_subquery()
    )
    joined = question.join(index, index.c.rowid == col(Article.id))
    joined = joined.where(matches, index.c.rowid >= first)
    return joined.order_by(index.c.rowid.desc())


def _is_carried_by(source_ids: Collection[int]) -> ColumnElement[bool]:
    return exists(
        select(literal_column("1")).where(
            Entry.article_id == Article.id, col(Entry.source_id).in_(source_ids)
        )
    )


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
