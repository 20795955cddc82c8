"""Articles found by their folded words, as far as a chat may see them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, column, func, table, text
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.among import as_one, by_dialect
from storage.articles import Article
from storage.engine import POSTGRESQL, Unit
from storage.entries import Entry
from storage.folded import Folded, language_token
from storage.sources import Source
from storage.sources_carrying import carrying, reaches, told_by


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which articles: newer than *since*; from public sources and those that the chat follows.

    *words* is an expression of the database's own full text search; None asks for all, and so does
    *since*. Where *source_ids* are given, only these count.
    """

    words: str | None
    since: datetime | None = None
    chat_id: int | None = None
    whatever_source: bool = False
    source_ids: frozenset[int] | None = None
    language: str = ""  # "": any


# Of a common word the newest that have it are looked at one by one: mostly these are enough.
_NEWEST = 1500


async def ids_found(unit: Unit, wanted: Wanted, *, limit: int) -> list[int]:
    """Which articles are *wanted*, about the newest first; without *since* by when they came."""
    if wanted.source_ids == frozenset():
        return []
    if unit.dialect == POSTGRESQL:
        await _plan_for_these(unit, wanted)
    first = await _first_since(unit, wanted)
    newest = await _among_the_newest(unit, wanted, first, limit)
    if newest is not None:
        return newest
    if not _is_by_time(unit, wanted):
        wanted = await _with_sources(unit, wanted)
    question = _question(unit, wanted, first)
    return list(await unit.session.exec(question.limit(limit)))


async def _plan_for_these(unit: Unit, wanted: Wanted) -> None:
    """Let PostgreSQL plan for what is asked.

    A plan for any words, which it makes after five times, is a hundred times slower for some. It
    does not know either what it costs to read the tokens of a row; few may have words and language.
    """
    connection = await unit.session.connection()
    await connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    if wanted.language:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        await connection.execute(text("SET LOCAL enable_indexscan = off"))


async def _among_the_newest(unit: Unit, wanted: Wanted, first: int, limit: int) -> list[int] | None:
    """Those of the newest with the words that are wanted; None where there may be more of them."""
    is_set_apart = wanted.source_ids is not None or wanted.whatever_source or wanted.language
    if is_set_apart or wanted.words is None or limit > _NEWEST or _is_by_time(unit, wanted):
        return None
    article_id, matches = _index(unit, wanted)
    question = select(article_id).where(matches, article_id >= first)
    rows = await unit.session.exec(question.order_by(article_id.desc()).limit(_NEWEST))
    ids: list[int] = list(rows)
    reached = await _reached(unit, wanted, ids)
    found = [row for row in ids if row in reached]
    return found[:limit] if len(ids) < _NEWEST or len(found) >= limit else None


# Of so few sources a database can tell how many articles they have, and plan for it.
_FEW_SOURCES = 500


async def _with_sources(unit: Unit, wanted: Wanted) -> Wanted:
    """Name the sources that reach the chat, if these are few."""
    if wanted.source_ids is not None or wanted.whatever_source:
        return wanted
    reaching = select(Source.id).where(reaches(wanted.chat_id)).limit(_FEW_SOURCES + 1)
    ids = frozenset(row for row in await unit.session.exec(reaching) if row)
    return wanted if len(ids) > _FEW_SOURCES else replace(wanted, source_ids=ids)


_AMONG_ENTRIES = by_dialect("entry.article_id", lambda condition: condition)
_AMONG_ARTICLES = by_dialect("article.id", lambda condition: condition)


async def _reached(unit: Unit, wanted: Wanted, article_ids: Collection[int]) -> set[int]:
    """Which of the articles have reached the chat, and are as new as is wanted."""
    ids = as_one(unit, article_ids)
    among: Any = _AMONG_ENTRIES[unit.dialect].bindparams(ids=ids)
    carried = carrying(wanted.chat_id, among).with_only_columns(Entry.article_id)  # type: ignore[call-overload]
    reached = set(await unit.session.exec(carried))
    if wanted.since:
        new: Any = select(Article.id).where(_AMONG_ARTICLES[unit.dialect].bindparams(ids=ids))
        reached &= set(await unit.session.exec(new.where(*_told(wanted))))
    return reached


def _question(unit: Unit, wanted: Wanted, first: int) -> SelectOfScalar[Any]:
    is_indexed = wanted.words is not None or (wanted.language and unit.dialect == POSTGRESQL)
    if _is_by_time(unit, wanted):
        by_time = _by_time(wanted, col(Article.id), first)
        folded = by_time.join(Folded, col(Folded.article_id) == Article.id)
        return folded.where(_has_tokens(wanted))
    if is_indexed:
        return _by_index(unit, wanted, first)
    if wanted.since is None and wanted.source_ids is not None and not wanted.language:
        carried = _carried(wanted, first)
        return carried.distinct().order_by(col(Entry.article_id).desc())
    return _by_time(wanted, _sole(unit, col(Article.id)), first)


def _is_by_time(unit: Unit, wanted: Wanted) -> bool:
    """Whether PostgreSQL can find the words among what is new."""
    is_new = wanted.since is not None and not wanted.language
    return unit.dialect == POSTGRESQL and wanted.words is not None and is_new


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


async def _first_since(unit: Unit, wanted: Wanted) -> int:
    """Where SQLite begins; PostgreSQL needs no help."""
    if wanted.since is None or unit.dialect == POSTGRESQL:
        return 0
    # Not the bare id: SQLite would walk the table from its first row for the least one.
    least = func.min(col(Article.id) + 0)
    found = await unit.session.exec(select(least).where(col(Article.news_at) >= wanted.since))
    return found.one() or 0


def _by_time(wanted: Wanted, article_id: Any, first: int) -> SelectOfScalar[Any]:
    question = select(Article.id).where(*_told(wanted), *_is_carried(wanted, article_id, first))
    return question.order_by(col(Article.news_at if wanted.since else Article.id).desc())


def _by_index(unit: Unit, wanted: Wanted, first: int) -> SelectOfScalar[Any]:
    """Walk the index from the newest row on, and stop as soon as there are enough.

    By id, as they were stored: by the time of the news every article with a common word would
    have to be read before the first is known. What else is asked comes as sets of ids, because
    to look at the rows of all that have a common word takes a second.
    """
    article_id, matches = _index(unit, wanted)
    sole = _sole(unit, article_id)
    question = select(article_id).where(matches, *_is_carried(wanted, sole, first))
    if first:
        question = question.where(article_id >= first)
    if told := _told(wanted):
        question = question.where(sole.in_(select(Article.id).where(*told)))
    return question.order_by(article_id.desc())


def _sole(unit: Unit, article_id: Any) -> Any:
    """Return the id for a set of them: bare, SQLite would ask its index anew for each of a set."""
    return article_id if unit.dialect == POSTGRESQL else article_id + 0


def _index(unit: Unit, wanted: Wanted) -> tuple[Any, Any]:
    """Return the column of the index that names an article, and that it has the words."""
    if unit.dialect == POSTGRESQL:
        return col(Folded.article_id), _has_tokens(wanted)
    rowid: ColumnElement[int] = table("folded_index", column("rowid")).c.rowid
    return rowid, text("folded_index MATCH :words").bindparams(words=wanted.words)


def _has_tokens(wanted: Wanted) -> Any:
    """Say that PostgreSQL's index has the words, and the language: that is a token there."""
    words = f"({wanted.words})" if wanted.words is not None else ""
    language = f"'{language_token(wanted.language)}'" if wanted.language else ""
    asked = " & ".join(filter(None, (words, language)))
    return text("folded.tokens @@ CAST(:words AS tsquery)").bindparams(words=asked)


def _told(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What an article's own row must say."""
    told = [col(Article.news_at) >= wanted.since] if wanted.since else []
    return [*told, col(Article.language) == wanted.language] if wanted.language else told


def _is_carried(wanted: Wanted, article_id: Any, first: int) -> list[ColumnElement[bool]]:
    """That a source which is meant has carried it."""
    if wanted.source_ids is None and wanted.whatever_source:
        return []
    return [article_id.in_(_carried(wanted, first))]


def _carried(wanted: Wanted, first: int) -> SelectOfScalar[Any]:
    meant: Any = wanted.source_ids
    if meant is None:
        meant = select(Source.id).where(reaches(wanted.chat_id))
    return select(Entry.article_id).where(
        col(Entry.article_id) >= first, col(Entry.source_id).in_(meant)
    )
