"""Articles found by their folded words, as far as a chat may see them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, column, func, table, text
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.articles import Article
from storage.engine import POSTGRESQL, Unit
from storage.entries import Entry
from storage.folded import Folded, language_token
from storage.sources import Source
from storage.sources_carrying import carried_to, reaches, told_by


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which articles: newer than *since*; from public sources and those that the chat follows.

    *words* is an expression of the database's own full text search; None asks for all. Where
    *source_ids* are given, only these count.
    """

    words: str | None
    since: datetime
    chat_id: int | None = None
    whatever_source: bool = False
    source_ids: frozenset[int] | None = None
    language: str = ""  # "": any


async def ids_found(unit: Unit, wanted: Wanted, *, limit: int) -> list[int]:
    """Which articles are *wanted*, about the newest first."""
    if wanted.source_ids == frozenset():
        return []
    if unit.dialect == POSTGRESQL:
        # A plan for any words, which it makes after five times, is a hundred times slower for some.
        connection = await unit.session.connection()
        await connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        question = _by_time(wanted, col(Article.id), 0)
        if wanted.words is not None:
            question = question.join(Folded, col(Folded.article_id) == Article.id)
            question = question.where(_matches("folded.tokens @@ CAST(:words AS tsquery)", wanted))
            if wanted.language:
                question = question.where(_tokened(language_token(wanted.language)))
    else:
        first = await _first_since(unit, wanted.since)
        by_time = _by_time(wanted, col(Article.id) + 0, first)
        question = by_time if wanted.words is None else _by_index(wanted, first)
    return list(await unit.session.exec(question.limit(limit)))


# Of a common word the newest are enough; to ask of all that have it who carried them is not quick.
_MOST_CANDIDATES = 5000


async def ids_ever_found(
    unit: Unit, words: str | None, chat_id: int | None, *, limit: int, language: str = ""
) -> list[int]:
    """Which of all that is stored has *words* and reaches the chat, the last to be stored first.

    *words* and *language* as in `Wanted`.
    """
    if words is None:
        newest: Any = select(col(Article.id).label("id")).order_by(col(Article.id).desc())
    elif unit.dialect == POSTGRESQL:
        newest = (
            select(col(Folded.article_id).label("id"))
            .where(text("folded.tokens @@ CAST(:words AS tsquery)").bindparams(words=words))
            .order_by(col(Folded.article_id).desc())
        )
    else:
        rowid: ColumnElement[int] = table("folded_index", column("rowid")).c.rowid
        newest = (
            select(rowid.label("id"))
            .where(text("folded_index MATCH :words").bindparams(words=words))
            .order_by(rowid.desc())
        )
    found = newest.limit(_MOST_CANDIDATES).subquery()
    question = select(found.c.id).where(carried_to(chat_id, found.c.id))
    if language:
        question = question.join(Article, col(Article.id) == found.c.id)
        question = question.where(col(Article.language) == language)
    return list(await unit.session.exec(question.order_by(found.c.id.desc()).limit(limit)))


async def articles_of(unit: Unit, article_ids: Collection[int]) -> list[Article]:
    """Those of the articles that are still there; the newest first."""
    rows = await unit.session.exec(
        select(Article)
        .where(col(Article.id).in_(article_ids))
        .order_by(col(Article.news_at).desc(), col(Article.id).desc())
    )
    return list(rows)


async def source_names(
    unit: Unit, article_ids: Collection[int], chat_id: int | None = None
) -> dict[int, str]:
    """The name of whoever first told each article, of the sources that reach the chat."""
    rows = await unit.session.exec(
        select(Entry.article_id, told_by())
        .where(
            col(Entry.article_id).in_(article_ids),
            Entry.source_id == Source.id,
            reaches(chat_id),
        )
        .order_by(col(Entry.first_seen_at).desc())
    )
    return dict(rows.all())


async def _first_since(unit: Unit, since: datetime) -> int:
    # Not the bare id: SQLite would walk the table from its first row for the least one.
    least = func.min(col(Article.id) + 0)
    found = await unit.session.exec(select(least).where(col(Article.news_at) >= since))
    return found.one() or 0


def _by_time(wanted: Wanted, article_id: Any, first: int) -> SelectOfScalar[Any]:
    question = select(Article.id).where(*_told(wanted), *_is_carried(wanted, article_id, first))
    return question.order_by(col(Article.news_at).desc())


def _by_index(wanted: Wanted, first: int) -> SelectOfScalar[Any]:
    """Walk the index from the newest row on, and stop as soon as there are enough.

    By id, as they were stored: by the time of the news every article with a common word would
    have to be read before the first is known. What else is asked comes as sets of ids, because
    to look at the rows of all that have a common word takes a second.
    """
    rowid: ColumnElement[int] = table("folded_index", column("rowid")).c.rowid
    sole = rowid + 0  # else SQLite would ask the index anew for each id of a set
    question = select(rowid).where(
        _matches("folded_index MATCH :words", wanted),
        rowid >= first,
        sole.in_(select(Article.id).where(*_told(wanted))),
        *_is_carried(wanted, sole, first),
    )
    return question.order_by(rowid.desc())


def _matches(condition: str, wanted: Wanted) -> Any:
    return text(condition).bindparams(words=wanted.words)


def _tokened(token: str) -> Any:
    """So that PostgreSQL need not read the tokens of all that have the words, or the language."""
    return text("folded.tokens @@ CAST(:token AS tsquery)").bindparams(token=f"'{token}'")


def _told(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What an article's own row must say."""
    told = [col(Article.news_at) >= wanted.since]
    return [*told, col(Article.language) == wanted.language] if wanted.language else told


def _is_carried(wanted: Wanted, article_id: Any, first: int) -> list[ColumnElement[bool]]:
    """That a source which is meant has carried it."""
    if wanted.source_ids is None and wanted.whatever_source:
        return []
    meant: Any = wanted.source_ids
    if meant is None:
        meant = select(Source.id).where(reaches(wanted.chat_id))
    carried = select(Entry.article_id).where(
        col(Entry.article_id) >= first, col(Entry.source_id).in_(meant)
    )
    return [article_id.in_(carried)]
