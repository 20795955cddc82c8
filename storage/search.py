"""Search: articles found by their folded words, as far as a chat may see them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, column, func, table, text, union_all
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.articles import Article, Folded, language_token
from storage.db.engine import POSTGRESQL, Transaction
from storage.db.sql import among
from storage.entries import Entry
from storage.publishers import article_reaches, reaches
from storage.sources import Source


@dataclass(frozen=True, slots=True)
class ArticleSearch:
    """The articles wanted: from public sources and those that the chat follows.

    *words*: an expression of the database's own full-text search. *source_ids*: only articles of
    these sources. None as *words*, *since* or *source_ids*, and "" as *language*, means any.
    """

    words: str | None
    since: datetime | None = None
    chat_id: int | None = None
    whatever_source: bool = False
    source_ids: frozenset[int] | None = None
    language: str = ""


# The newest articles with a common word are checked one by one, which mostly finds enough.
_NEWEST = 1500


async def search_articles(tx: Transaction, wanted: ArticleSearch, *, limit: int) -> list[int]:
    """Return the ids of articles, the newest first; without *since* the last stored first."""
    if wanted.source_ids == frozenset():
        return []
    if tx.dialect == POSTGRESQL:
        await _set_planner(tx, wanted)
    first = await _first_since(tx, wanted)
    newest = await _search_newest(tx, wanted, first, limit)
    if newest is not None:
        return newest
    if not _is_by_time(tx, wanted):
        wanted = await _with_sources(tx, wanted)
    return list(await tx.rows(_statement(tx, wanted, first).limit(limit)))


async def _set_planner(tx: Transaction, wanted: ArticleSearch) -> None:
    """Let PostgreSQL plan for the words of this search.

    A generic plan, which it prefers after five searches, is a hundred times slower for some words.
    With a language, only the word index is allowed, because the planner underestimates reading the
    tokens of a row, and few rows may have both words and language.
    """
    await tx.change(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    if wanted.language:
        await tx.change(text("SET LOCAL enable_seqscan = off"))
        await tx.change(text("SET LOCAL enable_indexscan = off"))


async def _search_newest(
    tx: Transaction, wanted: ArticleSearch, first: int, limit: int
) -> list[int] | None:
    """Search the newest articles with the words; return None if older ones may be needed too."""
    is_narrow = wanted.source_ids is not None or wanted.whatever_source or wanted.language
    if is_narrow or wanted.words is None or limit > _NEWEST or _is_by_time(tx, wanted):
        return None
    article_id, has_words = _index(tx, wanted)
    newest = await tx.rows(
        select(article_id)
        .where(has_words, article_id >= first)
        .order_by(article_id.desc())
        .limit(_NEWEST)
    )
    visible = await _visible_to(tx, wanted, newest)
    found = [number for number in newest if number in visible]
    return found[:limit] if len(newest) < _NEWEST or len(found) >= limit else None


# The databases know how many articles each of a few sources has, and plan for it.
_FEW_SOURCES = 500


async def _with_sources(tx: Transaction, wanted: ArticleSearch) -> ArticleSearch:
    """Name the sources that reach the chat if they are few."""
    if wanted.source_ids is not None or wanted.whatever_source:
        return wanted
    reaching = select(Source.id).where(reaches(wanted.chat_id)).limit(_FEW_SOURCES + 1)
    ids = frozenset(await tx.rows(reaching))
    return wanted if len(ids) > _FEW_SOURCES else replace(wanted, source_ids=ids)


async def _visible_to(
    tx: Transaction, wanted: ArticleSearch, article_ids: Collection[int]
) -> set[int]:
    """Return those of the articles that the chat sees and that are as new as wanted."""
    carried = select(Entry.article_id).join(Source, col(Source.id) == Entry.source_id)
    visible = set(
        await tx.rows(
            carried.where(among(col(Entry.article_id), article_ids), reaches(wanted.chat_id))
        )
    )
    if wanted.since:
        new = select(Article.id).where(among(col(Article.id), article_ids), *_newer_than(wanted))
        visible &= set(await tx.rows(new))
    return visible


def _statement(tx: Transaction, wanted: ArticleSearch, first: int) -> SelectOfScalar[Any]:
    is_indexed = wanted.words is not None or (wanted.language and tx.dialect == POSTGRESQL)
    if _is_by_time(tx, wanted):
        by_time = _by_time(wanted, col(Article.id), first)
        folded = by_time.join(Folded, col(Folded.article_id) == Article.id)
        return folded.where(_has_tokens(wanted))
    if is_indexed:
        return _by_index(tx, wanted, first)
    if wanted.since is None and wanted.source_ids is not None and not wanted.language:
        carried = _carried_articles(wanted, first)
        return carried.distinct().order_by(col(Entry.article_id).desc())
    return _by_time(wanted, _id_without_index(tx, col(Article.id)), first)


def _is_by_time(tx: Transaction, wanted: ArticleSearch) -> bool:
    """Whether PostgreSQL should look for the words in new articles instead of in its index."""
    is_new = wanted.since is not None and not wanted.language
    return tx.dialect == POSTGRESQL and wanted.words is not None and is_new


async def _first_since(tx: Transaction, wanted: ArticleSearch) -> int:
    """Return the first id that SQLite has to read; PostgreSQL needs no help."""
    if wanted.since is None or tx.dialect == POSTGRESQL:
        return 0
    # Not the bare id: SQLite would walk the table from its first row to find the least.
    least = func.min(col(Article.id) + 0)
    return await tx.one(select(least).where(col(Article.news_at) >= wanted.since)) or 0


def _by_time(wanted: ArticleSearch, article_id: Any, first: int) -> SelectOfScalar[Any]:
    order = Article.news_at if wanted.since else Article.id
    return (
        select(Article.id)
        .where(*_newer_than(wanted), *_is_carried(wanted, article_id, first))
        .order_by(col(order).desc())
    )


def _by_index(tx: Transaction, wanted: ArticleSearch, first: int) -> SelectOfScalar[Any]:
    """Walk the index from the newest row on, and stop as soon as there are enough.

    The order is by id, as articles were stored: by the time of the news, every article with a
    common word would have to be read first. The other conditions are sets of ids, because reading
    the rows of all articles with a common word takes a second.
    """
    article_id, has_words = _index(tx, wanted)
    plain_id = _id_without_index(tx, article_id)
    statement = select(article_id).where(has_words, *_is_carried(wanted, plain_id, first))
    if first:
        statement = statement.where(article_id >= first)
    if newer := _newer_than(wanted):
        statement = statement.where(plain_id.in_(select(Article.id).where(*newer)))
    return statement.order_by(article_id.desc())


def _id_without_index(tx: Transaction, article_id: Any) -> Any:
    """Return the id as an expression: by the bare id SQLite would search its index for each one."""
    return article_id if tx.dialect == POSTGRESQL else article_id + 0


def _index(tx: Transaction, wanted: ArticleSearch) -> tuple[Any, Any]:
    """Return the index's column with the article's id, and the condition on its words."""
    if tx.dialect == POSTGRESQL:
        return col(Folded.article_id), _has_tokens(wanted)
    rowid: ColumnElement[int] = table("folded_index", column("rowid")).c.rowid
    return rowid, text("folded_index MATCH :words").bindparams(words=wanted.words)


def _has_tokens(wanted: ArticleSearch) -> Any:
    """Say that PostgreSQL's index has the words, and the language, which is a token there."""
    words = f"({wanted.words})" if wanted.words is not None else ""
    language = f"'{language_token(wanted.language)}'" if wanted.language else ""
    tokens = " & ".join(filter(None, (words, language)))
    return text("folded.tokens @@ CAST(:words AS tsquery)").bindparams(words=tokens)


def _newer_than(wanted: ArticleSearch) -> list[ColumnElement[bool]]:
    """Return the conditions on the article's own row."""
    newer = [col(Article.news_at) >= wanted.since] if wanted.since else []
    return [*newer, col(Article.language) == wanted.language] if wanted.language else newer


def _is_carried(wanted: ArticleSearch, article_id: Any, first: int) -> list[ColumnElement[bool]]:
    """Return the condition that a wanted source carried the article, if not every source counts."""
    if wanted.source_ids is None and wanted.whatever_source:
        return []
    return [article_id.in_(_carried_articles(wanted, first))]


def _carried_articles(wanted: ArticleSearch, first: int) -> SelectOfScalar[Any]:
    source_id = col(Entry.source_id)
    if wanted.source_ids is None:
        is_wanted: ColumnElement[bool] = source_id.in_(
            select(Source.id).where(reaches(wanted.chat_id))
        )
    else:
        is_wanted = among(source_id, wanted.source_ids)
    return select(Entry.article_id).where(col(Entry.article_id) >= first, is_wanted)


# The archive's words and languages.


_FOLDED_LENGTH = 20_000  # characters of a text, in which most of its words have come up
_LANGUAGE_SAMPLE = 10  # newest articles in a language, one of which has to reach the chat


async def folded_texts(tx: Transaction, article_ids: Collection[int]) -> list[tuple[int, str]]:
    """Return the beginnings of the folded articles, the newest first."""
    beginning = col(Folded.title) + " " + func.substr(col(Folded.text), 1, _FOLDED_LENGTH)
    return list(
        await tx.rows(
            select(Folded.article_id, beginning)
            .where(among(col(Folded.article_id), article_ids))
            .order_by(col(Folded.article_id).desc())
        )
    )


async def languages_read(
    tx: Transaction, codes: Collection[str], chat_id: int | None, since: datetime
) -> set[str]:
    """Return those of the languages in which sources of the chat have published *since* then."""
    if not codes:
        return set()
    samples = [
        select(Article.id, Article.language)
        .where(col(Article.language) == code, col(Article.news_at) >= since)
        .order_by(col(Article.news_at).desc())
        .limit(_LANGUAGE_SAMPLE)
        .subquery()
        for code in sorted(codes)
    ]
    newest = union_all(*(select(sample) for sample in samples)).subquery()
    read = select(newest.c.language).where(article_reaches(chat_id, newest.c.id)).distinct()
    return set(await tx.rows(read))
