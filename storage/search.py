"""Search: finds articles by their folded words, among those that a chat may see."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    any_,
    bindparam,
    column,
    func,
    literal_column,
    table,
    text,
    union_all,
)
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
    """The filters of a search in public sources and those that the chat follows.

    *words*: an expression of the database's own full-text search. *source_ids*: only articles of
    these sources. *before*: only articles with lower ids. None as *words*, *since*, *source_ids* or
    *before*, and "" as *language*, means any.
    """

    words: str | None
    since: datetime | None = None
    chat_id: int | None = None
    source_ids: frozenset[int] | None = None
    language: str = ""
    before: int | None = None


class Candidate(NamedTuple):
    """An article that a query may match. Candidates sort by age."""

    news_at: datetime
    id: int
    story_id: int


class SearchedArticle(NamedTuple):
    """An article to evaluate. Texts that were not asked for are ""."""

    id: int
    story_id: int
    news_at: datetime
    language: str
    title: str
    text: str
    folded_title: str
    folded_labels: str
    folded_text: str


# How many of the newest articles with the words are checked one by one. Most searches need no more.
_NEWEST = 1500


async def search_articles(tx: Transaction, wanted: ArticleSearch, *, limit: int) -> list[int]:
    """Return the ids of at most *limit* articles, the newest or the last stored first.

    Without `wanted.since`, these are the last stored ones, so that `before` continues a search.
    """
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


_CANDIDATES: Final = select(Article.news_at, Article.id, Article.story_id).where(
    among(col(Article.id), bindparam("ids"))
)


async def candidate_by_id(tx: Transaction, article_id: int) -> Candidate | None:
    row = await tx.first(_CANDIDATES, ids=[article_id])
    return Candidate(*row) if row else None


async def read_candidates(
    tx: Transaction, article_ids: Collection[int], *, with_originals: bool, with_texts: bool
) -> list[SearchedArticle]:
    """Return the articles that still exist, in the order of their ids.

    *with_originals*: with their titles and texts, not only the folded ones. *with_texts*: with
    their texts, not only the titles.
    """
    rows = await tx.rows(_TEXTS[with_originals, with_texts], ids=article_ids)
    by_id = {row.id: SearchedArticle(*row) for row in rows}
    return [by_id[article_id] for article_id in article_ids if article_id in by_id]


def _texts(*, with_originals: bool, with_texts: bool) -> Select[Any]:
    nothing: Any = literal_column("''")
    found: Select[Any] = select(  # type: ignore[call-overload]
        Article.id,
        Article.story_id,
        Article.news_at,
        Article.language,
        Article.title if with_originals else nothing,
        Article.text if with_originals and with_texts else nothing,
        func.coalesce(Folded.title, ""),
        func.coalesce(Folded.labels, ""),
        func.coalesce(Folded.text, "") if with_texts else nothing,
    )
    folded = found.outerjoin(Folded, col(Folded.article_id) == Article.id)
    return folded.where(among(col(Article.id), bindparam("ids")))


_TEXTS: Final = {
    (with_originals, with_texts): _texts(with_originals=with_originals, with_texts=with_texts)
    for with_originals in (False, True)
    for with_texts in (False, True)
}


async def _set_planner(tx: Transaction, wanted: ArticleSearch) -> None:
    """Make PostgreSQL plan for the words of this search.

    It prefers a generic plan after five searches, which is a hundred times slower for some words.
    A search with a language may use only the word index, because the planner underestimates the
    cost of reading the tokens of a row, and few rows may have both the words and the language.
    """
    await tx.change(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    if wanted.language:
        await tx.change(text("SET LOCAL enable_seqscan = off"))
        await tx.change(text("SET LOCAL enable_indexscan = off"))


async def _search_newest(
    tx: Transaction, wanted: ArticleSearch, first: int, limit: int
) -> list[int] | None:
    """Search only the newest articles with the words; return None if that may not be enough."""
    is_narrow = wanted.source_ids is not None or wanted.language
    if is_narrow or wanted.words is None or limit > _NEWEST or _is_by_time(tx, wanted):
        return None
    rowid, has_words = _index(tx, wanted)
    with_words = select(rowid.label("id")).where(has_words, *_in_range(wanted, rowid, first))
    # Most articles reach everybody, so that a few more than *limit* are nearly always enough.
    for how_many in (min(limit + limit // 4, _NEWEST), _NEWEST):
        newest = with_words.order_by(rowid.desc()).limit(how_many).subquery("newest")
        found = await tx.rows(select(newest.c.id, _is_visible(tx, wanted, newest.c.id)))
        visible = sorted((article for article, is_visible in found if is_visible), reverse=True)
        if len(found) < how_many or len(visible) >= limit:
            return visible[:limit]
    return None


def _is_visible(tx: Transaction, wanted: ArticleSearch, article_id: Any) -> ColumnElement[bool]:
    """Build the condition that an article reaches the chat and is new, to be checked one by one."""
    carried = select(Entry.article_id).where(col(Entry.article_id) == article_id)
    if tx.dialect == POSTGRESQL:
        # The array is read once. Without OFFSET, PostgreSQL would read all entries.
        reaching = func.array(_reaching(wanted).scalar_subquery())
        carried = carried.where(col(Entry.source_id) == any_(reaching)).offset(0)
    else:
        carried = carried.join(Source, col(Source.id) == Entry.source_id)
        carried = carried.where(reaches(wanted.chat_id))
    is_carried = carried.correlate_except(Entry, Source).exists()
    if wanted.since is None:
        return is_carried
    is_new = select(Article.id).where(Article.id == article_id, *_newer_than(wanted)).exists()
    return and_(is_carried, is_new)


def _reaching(wanted: ArticleSearch) -> SelectOfScalar[int]:
    """Build the statement for the sources that the chat sees."""
    return select(Source.id).where(reaches(wanted.chat_id))


# With at most this many sources, naming them lets the databases estimate the number of articles.
_FEW_SOURCES = 500


async def _with_sources(tx: Transaction, wanted: ArticleSearch) -> ArticleSearch:
    """Return *wanted* with the ids of the sources that reach the chat, if these are few."""
    if wanted.source_ids is not None:
        return wanted
    ids = frozenset(await tx.rows(_reaching(wanted).limit(_FEW_SOURCES + 1)))
    return wanted if len(ids) > _FEW_SOURCES else replace(wanted, source_ids=ids)


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
    """Return whether PostgreSQL should scan the new articles for the words instead of its index."""
    is_new = wanted.since is not None and not wanted.language
    return tx.dialect == POSTGRESQL and wanted.words is not None and is_new


async def _first_since(tx: Transaction, wanted: ArticleSearch) -> int:
    """Return the lowest id of articles since `wanted.since`, for SQLite; 0 on PostgreSQL."""
    if wanted.since is None or tx.dialect == POSTGRESQL:
        return 0
    # `+ 0` hides the primary key. SQLite would walk the whole table in its order otherwise.
    least = func.min(col(Article.id) + 0)
    return await tx.one(select(least).where(col(Article.news_at) >= wanted.since)) or 0


def _by_time(wanted: ArticleSearch, article_id: Any, first: int) -> SelectOfScalar[Any]:
    order = Article.news_at if wanted.since else Article.id
    return (
        select(Article.id)
        .where(*_newer_than(wanted), _is_carried(wanted, article_id, first))
        .where(*_in_range(wanted, col(Article.id), 0))
        .order_by(col(order).desc())
    )


def _by_index(tx: Transaction, wanted: ArticleSearch, first: int) -> SelectOfScalar[Any]:
    """Build the statement that walks the index from the newest row and stops at the limit.

    The order is by id. By `news_at`, the database would first have to read every article with a
    common word. The other conditions are sets of ids, because reading the rows of all articles with
    a common word takes a second.
    """
    article_id, has_words = _index(tx, wanted)
    plain_id = _id_without_index(tx, article_id)
    statement = select(article_id).where(has_words, _is_carried(wanted, plain_id, first))
    statement = statement.where(*_in_range(wanted, article_id, first))
    if newer := _newer_than(wanted):
        statement = statement.where(plain_id.in_(select(Article.id).where(*newer)))
    return statement.order_by(article_id.desc())


def _id_without_index(tx: Transaction, article_id: Any) -> Any:
    """Return the id as an expression that SQLite cannot use an index for.

    By the bare id, SQLite would search its index for each id of the conditions.
    """
    return article_id if tx.dialect == POSTGRESQL else article_id + 0


def _index(tx: Transaction, wanted: ArticleSearch) -> tuple[Any, Any]:
    """Return the full-text index's column of article ids, and the condition on its words."""
    if tx.dialect == POSTGRESQL:
        return col(Folded.article_id), _has_tokens(wanted)
    rowid: ColumnElement[int] = table("folded_index", column("rowid")).c.rowid
    return rowid, text("folded_index MATCH :words").bindparams(words=wanted.words)


def _has_tokens(wanted: ArticleSearch) -> Any:
    """Build the condition that PostgreSQL's index has the words, and the token of the language."""
    words = f"({wanted.words})" if wanted.words is not None else ""
    language = f"'{language_token(wanted.language)}'" if wanted.language else ""
    tokens = " & ".join(filter(None, (words, language)))
    return text("folded.tokens @@ CAST(:words AS tsquery)").bindparams(words=tokens)


def _newer_than(wanted: ArticleSearch) -> list[ColumnElement[bool]]:
    """Build the conditions on the article's own row: its age and language."""
    newer = [col(Article.news_at) >= wanted.since] if wanted.since else []
    return [*newer, col(Article.language) == wanted.language] if wanted.language else newer


def _in_range(wanted: ArticleSearch, article_id: Any, first: int) -> list[ColumnElement[bool]]:
    """Build the conditions on the range of ids: from *first* on, and before `wanted.before`."""
    from_first = [article_id >= first] if first else []
    return from_first if wanted.before is None else [*from_first, article_id < wanted.before]


def _is_carried(wanted: ArticleSearch, article_id: Any, first: int) -> ColumnElement[bool]:
    """Build the condition that a wanted source carried the article."""
    is_carried: ColumnElement[bool] = article_id.in_(_carried_articles(wanted, first))
    return is_carried


def _carried_articles(wanted: ArticleSearch, first: int) -> SelectOfScalar[Any]:
    source_id = col(Entry.source_id)
    if wanted.source_ids is None:
        is_wanted: ColumnElement[bool] = source_id.in_(_reaching(wanted))
    else:
        is_wanted = among(source_id, wanted.source_ids)
    in_range = _in_range(wanted, col(Entry.article_id), first)
    return select(Entry.article_id).where(*in_range, is_wanted)


# The archive's words and languages.


_FOLDED_LENGTH = 20_000  # characters; most words of a longer text occur in its beginning
_LANGUAGE_SAMPLE = 10  # newest articles in a language, of which one has to reach the chat


async def folded_texts(tx: Transaction, article_ids: Collection[int]) -> list[tuple[int, str]]:
    """Return the id and the beginning of the folded text of each article, the newest first."""
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
    """Return which languages of *codes* sources that reach the chat have published in *since* then.

    Checks only the newest articles of each language.
    """
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
