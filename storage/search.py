"""Articles found by their folded words, as far as a chat may see them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, case, column, func, table, text, union_all
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.articles import Article, Folded, language_token
from storage.db.engine import POSTGRESQL, Transaction
from storage.db.sql import among
from storage.entries import Entry
from storage.publishers import article_reaches, reaches
from storage.queries import Match
from storage.sources import Follow, Source
from storage.subscriptions import Subscription, is_muted_for_good
from storage.topics import Topic


@dataclass(frozen=True, slots=True)
class ArticleSearch:
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


async def search_articles(tx: Transaction, wanted: ArticleSearch, *, limit: int) -> list[int]:
    """Which articles are *wanted*, about the newest first; without *since* by when they came."""
    if wanted.source_ids == frozenset():
        return []
    if tx.dialect == POSTGRESQL:
        await _plan_for_these(tx, wanted)
    first = await _first_since(tx, wanted)
    newest = await _among_the_newest(tx, wanted, first, limit)
    if newest is not None:
        return newest
    if not _is_by_time(tx, wanted):
        wanted = await _with_sources(tx, wanted)
    question = _statement(tx, wanted, first)
    return list(await tx.session.exec(question.limit(limit)))


async def _plan_for_these(tx: Transaction, wanted: ArticleSearch) -> None:
    """Let PostgreSQL plan for what is asked.

    A plan for any words, which it makes after five times, is a hundred times slower for some. It
    does not know either what it costs to read the tokens of a row; few may have words and language.
    """
    connection = await tx.session.connection()
    await connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    if wanted.language:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        await connection.execute(text("SET LOCAL enable_indexscan = off"))


async def _among_the_newest(
    tx: Transaction, wanted: ArticleSearch, first: int, limit: int
) -> list[int] | None:
    """Those of the newest with the words that are wanted; None where there may be more of them."""
    is_set_apart = wanted.source_ids is not None or wanted.whatever_source or wanted.language
    if is_set_apart or wanted.words is None or limit > _NEWEST or _is_by_time(tx, wanted):
        return None
    article_id, matches = _index(tx, wanted)
    question = select(article_id).where(matches, article_id >= first)
    rows = await tx.session.exec(question.order_by(article_id.desc()).limit(_NEWEST))
    ids: list[int] = list(rows)
    reached = await _visible_to(tx, wanted, ids)
    found = [row for row in ids if row in reached]
    return found[:limit] if len(ids) < _NEWEST or len(found) >= limit else None


# Of so few sources a database can tell how many articles they have, and plan for it.
_FEW_SOURCES = 500


async def _with_sources(tx: Transaction, wanted: ArticleSearch) -> ArticleSearch:
    """Name the sources that reach the chat, if these are few."""
    if wanted.source_ids is not None or wanted.whatever_source:
        return wanted
    reaching = select(Source.id).where(reaches(wanted.chat_id)).limit(_FEW_SOURCES + 1)
    ids = frozenset(row for row in await tx.session.exec(reaching) if row)
    return wanted if len(ids) > _FEW_SOURCES else replace(wanted, source_ids=ids)


async def _visible_to(
    tx: Transaction, wanted: ArticleSearch, article_ids: Collection[int]
) -> set[int]:
    """Which of the articles have reached the chat, and are as new as is wanted."""
    these = among(col(Entry.article_id), article_ids)
    carried = select(Entry.article_id).join(Source, col(Source.id) == Entry.source_id)
    reached = set(await tx.session.exec(carried.where(these, reaches(wanted.chat_id))))
    if wanted.since:
        new = select(Article.id).where(among(col(Article.id), article_ids), *_newer_than(wanted))
        reached &= {row for row in await tx.session.exec(new) if row}
    return reached


def _statement(tx: Transaction, wanted: ArticleSearch, first: int) -> SelectOfScalar[Any]:
    is_indexed = wanted.words is not None or (wanted.language and tx.dialect == POSTGRESQL)
    if _is_by_time(tx, wanted):
        by_time = _by_time(wanted, col(Article.id), first)
        folded = by_time.join(Folded, col(Folded.article_id) == Article.id)
        return folded.where(_has_tokens(wanted))
    if is_indexed:
        return _by_index(tx, wanted, first)
    if wanted.since is None and wanted.source_ids is not None and not wanted.language:
        carried = _carried(wanted, first)
        return carried.distinct().order_by(col(Entry.article_id).desc())
    return _by_time(wanted, _only_article(tx, col(Article.id)), first)


def _is_by_time(tx: Transaction, wanted: ArticleSearch) -> bool:
    """Whether PostgreSQL can find the words among what is new."""
    is_new = wanted.since is not None and not wanted.language
    return tx.dialect == POSTGRESQL and wanted.words is not None and is_new


async def articles_of(tx: Transaction, article_ids: Collection[int]) -> list[Article]:
    """Those of the articles that are still there; the newest first."""
    rows = await tx.session.exec(
        select(Article)
        .where(among(col(Article.id), article_ids))
        .order_by(col(Article.news_at).desc(), col(Article.id).desc())
    )
    return list(rows)


async def _first_since(tx: Transaction, wanted: ArticleSearch) -> int:
    """Where SQLite begins; PostgreSQL needs no help."""
    if wanted.since is None or tx.dialect == POSTGRESQL:
        return 0
    # Not the bare id: SQLite would walk the table from its first row for the least one.
    least = func.min(col(Article.id) + 0)
    found = await tx.session.exec(select(least).where(col(Article.news_at) >= wanted.since))
    return found.one() or 0


def _by_time(wanted: ArticleSearch, article_id: Any, first: int) -> SelectOfScalar[Any]:
    question = select(Article.id).where(
        *_newer_than(wanted), *_is_carried(wanted, article_id, first)
    )
    return question.order_by(col(Article.news_at if wanted.since else Article.id).desc())


def _by_index(tx: Transaction, wanted: ArticleSearch, first: int) -> SelectOfScalar[Any]:
    """Walk the index from the newest row on, and stop as soon as there are enough.

    By id, as they were stored: by the time of the news every article with a common word would
    have to be read before the first is known. What else is asked comes as sets of ids, because
    to look at the rows of all that have a common word takes a second.
    """
    article_id, matches = _index(tx, wanted)
    sole = _only_article(tx, article_id)
    question = select(article_id).where(matches, *_is_carried(wanted, sole, first))
    if first:
        question = question.where(article_id >= first)
    if newer := _newer_than(wanted):
        question = question.where(sole.in_(select(Article.id).where(*newer)))
    return question.order_by(article_id.desc())


def _only_article(tx: Transaction, article_id: Any) -> Any:
    """Return the id for a set of them: bare, SQLite would ask its index anew for each of a set."""
    return article_id if tx.dialect == POSTGRESQL else article_id + 0


def _index(tx: Transaction, wanted: ArticleSearch) -> tuple[Any, Any]:
    """Return the column of the index that names an article, and that it has the words."""
    if tx.dialect == POSTGRESQL:
        return col(Folded.article_id), _has_tokens(wanted)
    rowid: ColumnElement[int] = table("folded_index", column("rowid")).c.rowid
    return rowid, text("folded_index MATCH :words").bindparams(words=wanted.words)


def _has_tokens(wanted: ArticleSearch) -> Any:
    """Say that PostgreSQL's index has the words, and the language: that is a token there."""
    words = f"({wanted.words})" if wanted.words is not None else ""
    language = f"'{language_token(wanted.language)}'" if wanted.language else ""
    asked = " & ".join(filter(None, (words, language)))
    return text("folded.tokens @@ CAST(:words AS tsquery)").bindparams(words=asked)


def _newer_than(wanted: ArticleSearch) -> list[ColumnElement[bool]]:
    """What an article's own row must say."""
    newer = [col(Article.news_at) >= wanted.since] if wanted.since else []
    return [*newer, col(Article.language) == wanted.language] if wanted.language else newer


def _is_carried(wanted: ArticleSearch, article_id: Any, first: int) -> list[ColumnElement[bool]]:
    """That a source which is meant has carried it."""
    if wanted.source_ids is None and wanted.whatever_source:
        return []
    return [article_id.in_(_carried(wanted, first))]


def _carried(wanted: ArticleSearch, first: int) -> SelectOfScalar[Any]:
    source_id = col(Entry.source_id)
    if wanted.source_ids is None:
        meant: ColumnElement[bool] = source_id.in_(select(Source.id).where(reaches(wanted.chat_id)))
    else:
        meant = among(source_id, wanted.source_ids)
    return select(Entry.article_id).where(col(Entry.article_id) >= first, meant)


# What the archive says besides: its words and its languages.


_FOLDED_READ = 20_000  # characters of a text, in which its words have come up
_LANGUAGE_SAMPLE = 10  # of the newest articles in a language, one of which has to reach the chat


async def folded_texts(tx: Transaction, article_ids: Collection[int]) -> list[tuple[int, str]]:
    """Return the beginnings of articles as they are stored folded, the newest first."""
    words = col(Folded.title) + " " + func.substr(col(Folded.text), 1, _FOLDED_READ)
    rows = await tx.session.exec(
        select(Folded.article_id, words)
        .where(among(col(Folded.article_id), article_ids))
        .order_by(col(Folded.article_id).desc())
    )
    return [(article_id, text) for article_id, text in rows]


async def languages_read(
    tx: Transaction, codes: Collection[str], chat_id: int | None, since: datetime
) -> set[str]:
    """Return those of the languages in which the chat's sources have published *since* then."""
    if not codes:
        return set()
    each = [
        select(Article.id, Article.language)
        .where(col(Article.language) == code, col(Article.news_at) >= since)
        .order_by(col(Article.news_at).desc())
        .limit(_LANGUAGE_SAMPLE)
        .subquery()
        for code in sorted(codes)
    ]
    samples = union_all(*(select(one) for one in each)).subquery()
    found = select(samples.c.language).where(article_reaches(chat_id, samples.c.id)).distinct()
    return set(await tx.session.exec(found))


# The newest stories of a topic, as a chat may know them.


_ARTICLES_TO_A_STORY = 4  # looked at, on average; where there are more, fewer stories are found


@dataclass(frozen=True, slots=True)
class FoundStory:
    """A story by the first of its articles that was found."""

    story_id: int
    article_id: int
    title: str
    url: str
    text: str
    summary: str
    news_at: datetime
    published_at: datetime | None


async def newest_stories(
    tx: Transaction, chat_id: int, query_id: int, limit: int
) -> list[FoundStory]:
    """Return up to *limit* stories that the query found, the one with the newest article first."""
    return await _newest(tx, chat_id, col(Match.query_id) == query_id, limit)


async def newest_public_stories(tx: Transaction, chat_id: int, limit: int) -> list[FoundStory]:
    """Return those that the topics of a chat found in public sources: others may see them."""
    watched = (
        select(Topic.query_id)
        .join(Subscription, col(Subscription.topic_id) == Topic.id)
        .where(col(Subscription.chat_id) == chat_id, ~is_muted_for_good())
    )
    queries = list(await tx.session.exec(watched))
    return await _newest(tx, None, among(col(Match.query_id), queries), limit) if queries else []


async def _newest(
    tx: Transaction, chat_id: int | None, which: ColumnElement[bool], limit: int
) -> list[FoundStory]:
    rows = await tx.session.exec(
        select(  # type: ignore[call-overload]
            Article.story_id,
            Article.id,
            Article.title,
            Article.url,
            Article.text,
            Article.summary,
            Match.news_at,
            Article.published_at,
        )
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            which,
            col(Match.news_at) <= tx.now,
            article_reaches(chat_id, col(Article.id)),
        )
        .order_by(col(Match.news_at).desc(), col(Article.id).desc())
        .limit(limit * _ARTICLES_TO_A_STORY)
    )
    found: dict[int, FoundStory] = {}
    for row in rows:
        one = FoundStory(*row)
        known = found.get(one.story_id)
        # Its place stays that of its newest article, while the first one stands for it.
        found[one.story_id] = one if known is None or one.article_id < known.article_id else known
    return list(found.values())[:limit]


# How many stories each query found, day by day: what a trend is read from.


async def chats_with_own_sources(tx: Transaction, chat_ids: Collection[int]) -> set[int]:
    """Return those of the chats that any source reaches which does not reach everybody."""
    connection = await tx.session.connection()
    return set((await connection.execute(_WITH_OWN_SOURCES, {"chats": chat_ids})).scalars())


_WITH_OWN_SOURCES: Final = (
    select(Follow.chat_id)
    .join(Source, col(Source.id) == Follow.source_id)
    .where(among(col(Follow.chat_id), bindparam("chats")), ~col(Source.public))
    .distinct()
)


async def stories_by_day(
    tx: Transaction, chat_id: int | None, query_ids: Collection[int], days: int
) -> Mapping[int, Mapping[int, int]]:
    """Return, by query and by whole days of age, how many stories came within *days*.

    Only what reaches the chat counts (None: what reaches everybody). A story counts on the day on
    which it first came up.
    """
    if not query_ids:
        return {}
    first = func.min(Match.news_at)
    stories = (
        select(col(Match.query_id), first.label("came_at"))
        .join(Article, col(Article.id) == Match.article_id)
        .where(
            among(col(Match.query_id), query_ids),
            col(Match.news_at) > tx.now - timedelta(days=days),
            col(Match.news_at) <= tx.now,
            article_reaches(chat_id, col(Article.id)),
        )
        .group_by(col(Match.query_id), col(Article.story_id))
        .subquery()
    )
    # Compared with bound moments, since each database has an arithmetic of its own for dates.
    age = case(
        *((stories.c.came_at > tx.now - timedelta(days=age + 1), age) for age in range(days - 1)),
        else_=days - 1,
    ).label("age")
    counted = select(stories.c.query_id, age, func.count()).group_by(stories.c.query_id, age)
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for query_id, days_ago, count in await tx.session.exec(counted):
        found[query_id][days_ago] = count
    return found
