"""Articles: one piece of news each, by scope and canonical URL, and how far each has come.

An article that a public source carries is public and made from the entries of public sources alone.
An article that only chats' own feeds carry belongs to its feed, so that no user's feed can shape
what others read.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Index,
    Integer,
    Select,
    Text,
    UniqueConstraint,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import POSTGRESQL, Transaction
from storage.db.leases import (
    CLAIM_TIME,
    claim_statement,
    claim_values,
    release,
)
from storage.db.sql import (
    NUMBERED,
    ROW_ID,
    Leased,
    among,
    enum_column,
    insert_new,
    partial_index,
)
from storage.entries import Entry
from storage.enums import ArticleStage, Notification
from storage.sources import Source
from storage.stories import Story, continue_stories, create_stories, delete_stories, mark_growth

# Literal, because the planner must read the condition to choose a partial index.
_IN_PROGRESS = "stage <> 'published' AND put_aside_at IS NULL"

_PUT_ASIDE = "put_aside_at IS NOT NULL"

_MATCHED_ALREADY: Final = (ArticleStage.MATCHED, ArticleStage.PUBLISHED)

PUBLIC: Final = 0  # the scope of articles that public sources carry


class Article(Leased, table=True):
    __table_args__ = (
        UniqueConstraint("url_hash", "scope_id"),
        # Small, because it holds only articles in progress, in the order of their claims.
        Index("ix_article_in_turn", "scope_id", "id", "stage", **partial_index(_IN_PROGRESS)),
        Index("ix_article_put_aside", "put_aside_at", **partial_index(_PUT_ASIDE)),
        Index("ix_article_language_news_at", "language", "news_at"),
        Index("ix_article_scope_id", "scope_id", "id", **partial_index("scope_id <> 0")),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    url_hash: str = Field(max_length=32)  # of the canonical URL, which may be long
    # The private source that alone carries it, or PUBLIC. No foreign key, because the article
    # outlives the source.
    scope_id: int = Field(default=PUBLIC, sa_type=ROW_ID)
    # These stand before the texts, because SQLite reads a row from its beginning.
    stage: ArticleStage = Field(default=ArticleStage.STORED, sa_type=enum_column(ArticleStage))
    ready_at: datetime | None = None  # until then it waits for its page; None: it waits for nothing
    put_aside_at: datetime | None = None  # the next stage failed for this article alone
    put_aside_for: str = Field(default="", max_length=64)  # the name of the error's class
    url: str
    title: str
    summary: str = ""
    text: str = ""
    language: str = Field(default="", max_length=8)
    published_at: datetime | None = None
    published_on: date | None = None  # where the source gave a date without a time
    stored_at: datetime
    # Its age as news counts from here: `stored_at`, or for a quiet one its publication.
    news_at: datetime = Field(index=True)
    version: int = 1
    revised_at: datetime | None = None  # when its newest version was stored; None: never revised
    quiet: bool = False  # backlog, or old when first seen: alerts nobody
    story_id: int = Field(foreign_key="story.id", sa_type=ROW_ID, index=True)


class ArticleAddress(SQLModel, table=True):
    url_hash: str = Field(primary_key=True, max_length=32)  # of the canonical URL
    scope_id: int = Field(  # within which it leads there; see `Article`
        default=PUBLIC, primary_key=True, sa_type=ROW_ID
    )
    article_id: int = Field(
        foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )


class Folded(SQLModel, table=True):
    __table_args__ = (Index("ix_folded_tokens", "tokens", postgresql_using="gin"),)

    article_id: int = Field(
        primary_key=True, foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID
    )
    title: str  # tokens between single spaces
    text: str
    # On SQLite always null: the index stands beside the table there.
    tokens: Any = Field(default=None, sa_column=Column(TSVECTOR().with_variant(Text, "sqlite")))


def is_at(stage: ArticleStage) -> ColumnElement[bool]:
    """Say of an `Article` in the query that it is at *stage*, any but the last, and not put aside.

    The literal part lets the planner use the index on articles in progress.
    """
    return and_(text(_IN_PROGRESS), col(Article.stage) == stage)


class ScopedUrl(NamedTuple):
    """The identity of an article: the hash of one of its URLs, and its scope."""

    url_hash: str
    scope_id: int = PUBLIC


_BY_URL = """
    SELECT url_hash, scope_id, article_id FROM articleaddress WHERE url_hash {among}
    UNION ALL SELECT url_hash, scope_id, id FROM article WHERE url_hash {among}
"""
_BY_URL_ON_SQLITE: Final = text(_BY_URL.format(among="IN (SELECT value FROM json_each(:hashes))"))
_BY_URL_ON_POSTGRESQL: Final = text(_BY_URL.format(among="= ANY(CAST(:hashes AS varchar[]))"))


async def articles_by_url(tx: Transaction, url_hashes: Collection[str]) -> dict[ScopedUrl, int]:
    """Return the ids of the articles at these addresses, in any scope.

    If an article's own address is another's further address, the former counts.
    """
    if tx.dialect == POSTGRESQL:
        rows = await tx.rows(_BY_URL_ON_POSTGRESQL, hashes=list(url_hashes))
    else:
        rows = await tx.rows(_BY_URL_ON_SQLITE, hashes=json.dumps(list(url_hashes)))
    return {ScopedUrl(url_hash, scope_id): article_id for url_hash, scope_id, article_id in rows}


async def articles_by_id(tx: Transaction, article_ids: Collection[int]) -> list[Article]:
    """Return the articles that still exist, the newest first."""
    return list(
        await tx.rows(
            select(Article)
            .where(among(col(Article.id), article_ids))
            .order_by(col(Article.news_at).desc(), col(Article.id).desc())
        )
    )


async def news_since(tx: Transaction) -> datetime:
    """Return when the oldest stored article was stored; now if there is none."""
    oldest = await tx.first(select(Article.stored_at).order_by(col(Article.id)).limit(1))
    return oldest or tx.now


async def scope_of(tx: Transaction, article_id: int) -> int | None:
    """Return the article's scope; None if it is gone."""
    scope_id: int | None = await tx.first(select(Article.scope_id).where(Article.id == article_id))
    return scope_id


class ArticleContent(NamedTuple):
    """The texts of an article, compared with an entry before the article is locked."""

    id: int
    url_hash: str
    scope_id: int
    url: str
    title: str
    summary: str
    text: str


class Wording(NamedTuple):
    """The columns of an article that a revision may change."""

    url: str
    title: str
    summary: str
    text: str

    @classmethod
    def of(cls, article: "Article | ArticleContent") -> "Wording":
        return cls(article.url, article.title, article.summary, article.text)


async def contents_of(tx: Transaction, article_ids: Collection[int]) -> dict[int, ArticleContent]:
    if not article_ids:
        return {}
    columns = [getattr(Article, name) for name in ArticleContent._fields]
    rows = await tx.rows(select(*columns).where(among(col(Article.id), article_ids)))
    return {row.id: ArticleContent(*row) for row in rows}


async def store_articles(
    tx: Transaction, articles: Sequence[Mapping[str, Any]]
) -> dict[ScopedUrl, int]:
    """Store the articles whose URL is new in their scope, each in its own story; return their ids.

    Each is given by its columns. Ids are missing of articles that another process stores at the
    same moment.
    """
    if not articles:
        return {}
    stories = await create_stories(tx, len(articles))
    rows = [
        {**article, "story_id": story} for article, story in zip(articles, stories, strict=True)
    ]
    await insert_new(tx, Article, rows)
    # By the range of the new stories, so that the statement is the same for any number. Another
    # process may have numbered stories in between.
    in_range = await tx.rows(
        select(Article.url_hash, Article.scope_id, Article.id, Article.story_id).where(
            col(Article.story_id).between(stories[0], stories[-1])
        )
    )
    unused, stored = set(stories), {}
    for url_hash, scope_id, article_id, story_id in in_range:
        if story_id in unused:
            unused.remove(story_id)
            stored[ScopedUrl(url_hash, scope_id)] = article_id
    await delete_stories(tx, unused)
    if stored:
        tx.notifications.add(Notification.ARTICLES)
    return stored


async def add_address(tx: Transaction, article_id: int, url: ScopedUrl) -> None:
    """Let *url* lead to the article too, unless it leads to another one."""
    row = {**url._asdict(), "article_id": article_id}
    await insert_new(tx, ArticleAddress, [row])


# Revising articles.


async def articles_to_revise(tx: Transaction, article_ids: Collection[int]) -> list[Article]:
    """Lock the articles, so that no other process revises them and no stage advances them."""
    if not article_ids:
        return []
    # A key share lock is enough, because storing an entry locks the key of its article.
    return list(
        await tx.rows(
            select(Article)
            .where(among(col(Article.id), article_ids))
            .order_by(col(Article.id))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def is_untouched(article: Article) -> bool:
    """Whether no stage has claimed the article yet."""
    return article.stage is ArticleStage.STORED and article.owner is None


def revise_article(tx: Transaction, article: Article, values: Mapping[str, Any]) -> None:
    """Change the locked *article* and let it be matched again in its story.

    The session writes the changes of many articles together, because a statement for each would
    take several times as long.

    If a stage may have read the old text, this is a new version and revokes the lease of that
    stage. Only the number of versions is kept, which limits revisions. An article that was put
    aside is tried again.
    """
    article.put_aside_at, article.put_aside_for = None, ""
    if not is_untouched(article):
        article.version += 1
        article.revised_at = tx.now
        article.free()
        if article.stage in _MATCHED_ALREADY:
            article.stage = ArticleStage.GROUPED
            tx.notifications.add(Notification.STORIES)
    for name, value in values.items():
        setattr(article, name, value)


# The folded text of each article, stored once and indexed for previews and search.
#
# SQLite: the FTS5 table `folded_index`. Triggers delete and change its rows. New rows are written
# to both tables here, because FTS5 flushes its pending rows for each statement with a trigger,
# which takes four times as long. PostgreSQL: `tokens`, a tsvector of the distinct tokens and the
# language, made by `array_to_tsvector`, never by the parser, which splits `c++` and `at&t`.


# A tsvector holds 1 MB, and no token above 2 KB. Tokens beyond these bounds are found by live
# matching only.
LONGEST_TOKEN = 200  # bytes

MOST_TOKENS = 256_000  # bytes


class FoldedText(NamedTuple):
    article_id: int
    title: str
    text: str
    language: str = ""


def language_token(code: str) -> str:
    """Return the token of a language, which no word equals, because no word has a colon."""
    return f"lang:{code}"


async def articles_after(tx: Transaction, article_id: int, limit: int) -> list[FoldedText]:
    """Return the texts of the articles with ids above *article_id*, in their order, not folded."""
    rows = await tx.rows(
        select(Article.id, Article.title, Article.text, Article.language)
        .where(col(Article.id) > article_id)
        .order_by(col(Article.id))
        .limit(limit)
    )
    return [FoldedText(*row) for row in rows]


async def replace_folded(tx: Transaction, rows: Sequence[FoldedText]) -> None:
    """Store and index the folded texts of articles that may have had others."""
    if rows and tx.dialect != POSTGRESQL:
        ids = [row.article_id for row in rows]
        await tx.change(delete(Folded).where(among(col(Folded.article_id), ids)))
    await store_folded(tx, rows)


_STORE_ON_POSTGRESQL: Final = """
    INSERT INTO folded (article_id, title, text, tokens)
    VALUES ($1, $2, $3, array_to_tsvector($4))
    ON CONFLICT (article_id) DO UPDATE
    SET title = excluded.title, text = excluded.text, tokens = excluded.tokens
"""
_STORE_ON_SQLITE: Final = "INSERT INTO folded (article_id, title, text) VALUES (?, ?, ?)"
_INDEX_ON_SQLITE: Final = "INSERT INTO folded_index (rowid, title, text) VALUES (?, ?, ?)"


async def store_folded(tx: Transaction, rows: Sequence[FoldedText]) -> None:
    """Store and index the folded texts of new articles."""
    if not rows:
        return
    if tx.dialect == POSTGRESQL:
        indexed = [(row.article_id, row.title, row.text, indexed_words(row)) for row in rows]
        await tx.execute_in_driver(_STORE_ON_POSTGRESQL, indexed)
    else:
        texts = [(row.article_id, row.title, row.text) for row in rows]
        await tx.execute_in_driver(_STORE_ON_SQLITE, texts)
        await tx.execute_in_driver(_INDEX_ON_SQLITE, texts)


_MERGED_PAGES: Final = 500

_LEAST_PROGRESS: Final = 2  # changes; FTS5 makes one of them in any case

_TOTAL_CHANGES: Final = text("SELECT total_changes()")

_MERGE: Final = text("INSERT INTO folded_index (folded_index, rank) VALUES ('merge', :pages)")


async def rewrite_index(tx: Transaction, *, is_first: bool) -> bool:
    """Rewrite a part of SQLite's index without deleted words; return whether some may be left.

    FTS5 only marks words as deleted, until it happens to merge the segments that hold them. The
    first call marks all segments to be merged, and the others continue.
    """
    if tx.dialect == POSTGRESQL:
        return False
    (before,) = await tx.one(_TOTAL_CHANGES)
    await tx.change(_MERGE, pages=-_MERGED_PAGES if is_first else _MERGED_PAGES)
    (after,) = await tx.one(_TOTAL_CHANGES)
    return bool(after - before >= _LEAST_PROGRESS)


def indexed_words(row: FoldedText) -> list[str]:
    """Return the distinct words that PostgreSQL's index holds, as many as have room."""
    words = [language_token(row.language), *f"{row.title} {row.text}".split(" ")]
    indexed: list[str] = []
    size = 0
    for word in dict.fromkeys(words):
        length = len(word.encode())
        if 0 < length < LONGEST_TOKEN and size + length <= MOST_TOKENS:
            indexed.append(word)
            size += length
    return indexed


# Articles in progress: claimed, grouped into stories, matched.


LEASE: Final = timedelta(seconds=30)

_LEAD_LENGTH = 200

LONGEST_COMPARED: Final = 3_000

_LEAD: Final = func.substr(
    case((col(Article.summary) != "", col(Article.summary)), else_=col(Article.text)),
    1,
    _LEAD_LENGTH,
)


class NewArticle(NamedTuple):
    """An article to group and match, or only to match again if it has its story.

    *story_id*: its own until grouping finds one. *scope_id*: see `Article`. *lead*: the beginning
    of its summary, or of its text if it has no summary. The folded texts are those of `Folded`.
    """

    id: int
    story_id: int
    scope_id: int
    is_grouped: bool
    news_at: datetime
    title: str
    lead: str
    text: str
    language: str
    folded_title: str = ""
    folded_text: str = ""


class GroupedArticle(NamedTuple):
    """The parts of an article that grouping compares; *chain_id*: the first chapter of its story.

    *folded*: the beginning of its folded text. The rest is as in `NewArticle`.
    """

    id: int
    story_id: int
    chain_id: int
    scope_id: int
    news_at: datetime
    title: str
    lead: str
    folded: str


_FOLDED: Final = select(Folded.article_id, Folded.title, Folded.text).where(
    among(col(Folded.article_id), bindparam("ids"))
)


async def claim_new_articles(
    tx: Transaction, *, owner: str, limit: int, after_scope: int = PUBLIC, lease: timedelta = LEASE
) -> list[NewArticle]:
    """Claim articles to group or match, as `_claim_in_turn` says, in stored order.

    An article that waits for its page is passed over until the page is there or is late.
    """
    values = claim_values(tx, owner, limit, lease)
    articles = sorted(
        NewArticle(*row) for row in await _claim_in_turn(tx, _claim_new, values, after_scope)
    )
    if not articles:
        return []
    rows = await tx.rows(_FOLDED, ids=[article.id for article in articles])
    folded = {article_id: (title, text) for article_id, title, text in rows}
    return [NewArticle(*article[:-2], *folded.get(article.id, ("", ""))) for article in articles]


class MatchedArticle(NamedTuple):
    """An article to publish; *scope_id*: see `Article`."""

    id: int
    scope_id: int


async def claim_matched(
    tx: Transaction, *, owner: str, limit: int, after_scope: int = PUBLIC, lease: timedelta
) -> list[MatchedArticle]:
    """Claim articles that are matched and not yet published, as `_claim_in_turn` says."""
    values = claim_values(tx, owner, limit, lease)
    rows = await _claim_in_turn(tx, _claim_matched, values, after_scope)
    return sorted(MatchedArticle(*row) for row in rows)


PRIVATE_AT_ONCE: Final = 25  # few, so that a public article that arrives meanwhile waits little


async def _claim_in_turn(
    tx: Transaction,
    build: Callable[..., Executable],
    values: Mapping[str, Any],
    after_scope: int,
) -> Sequence[Any]:
    """Claim the oldest public articles; if there are none, a few private ones.

    The private sources take turns, starting behind *after_scope*, so that none waits for all the
    articles of another.
    """
    if public := await tx.rows(build(is_public=True), **values):
        return public
    few = {**values, "claim_limit": min(values["claim_limit"], PRIVATE_AT_ONCE)}
    for scope in dict.fromkeys((after_scope, PUBLIC)):
        if private := await tx.rows(build(is_public=False), **few, after_scope=scope):
            return private
    return []


def _claim_of_scope(due: ColumnElement[bool], *, is_public: bool) -> Update:
    scope = col(Article.scope_id)
    if is_public:
        return claim_statement(Article, (scope == PUBLIC) & due, (col(Article.id),))
    behind = scope > bindparam("after_scope", type_=ROW_ID)
    return claim_statement(Article, behind & due, (scope, col(Article.id)))


@cache
def _claim_new(*, is_public: bool) -> Executable:
    return _claim_of_scope(_is_new() & _is_ready(CLAIM_TIME), is_public=is_public).returning(
        col(Article.id),
        col(Article.story_id),
        col(Article.scope_id),
        (col(Article.stage) == ArticleStage.GROUPED).label("is_grouped"),
        col(Article.news_at),
        col(Article.title),
        _LEAD.label("lead"),
        col(Article.text),
        col(Article.language),
    )


@cache
def _claim_matched(*, is_public: bool) -> Executable:
    claimed = _claim_of_scope(is_at(ArticleStage.MATCHED), is_public=is_public)
    return claimed.returning(col(Article.id), col(Article.scope_id))


async def has_new_articles(tx: Transaction) -> bool:
    ready = select(Article.id).where(_is_new(), _is_ready(literal(tx.now))).limit(1)
    return await tx.first(ready) is not None


def _is_new() -> ColumnElement[bool]:
    return and_(
        text(_IN_PROGRESS), col(Article.stage).in_((ArticleStage.STORED, ArticleStage.GROUPED))
    )


def _is_ready(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(col(Article.ready_at).is_(None), col(Article.ready_at) <= now)


# Built once, because to build it takes as long as to read a hundred rows.
_GROUPED: Final[Select[Any]] = (
    select(  # type: ignore[call-overload]
        Article.id,
        Article.story_id,
        func.coalesce(Story.continues_id, Article.story_id),
        Article.scope_id,
        Article.news_at,
        Article.title,
        _LEAD,
        func.coalesce(func.substr(Folded.text, 1, LONGEST_COMPARED), ""),
    )
    .outerjoin(Story, col(Story.id) == Article.story_id)
    .outerjoin(Folded, col(Folded.article_id) == Article.id)
    .where(
        col(Article.stage) != ArticleStage.STORED,
        col(Article.news_at) >= bindparam("since"),
        col(Article.id) > bindparam("after"),
    )
    .order_by(col(Article.id))
    .limit(bindparam("limit", type_=Integer))
)


async def grouped_articles(
    tx: Transaction, since: datetime, *, after: int, limit: int
) -> list[GroupedArticle]:
    """Return articles that have their story, with ids above *after*, in stored order."""
    rows = await tx.rows(_GROUPED, since=since, after=after, limit=limit)
    return [GroupedArticle(*row) for row in rows]


async def newest_window_start(tx: Transaction, since: datetime, most: int) -> int:
    """Return the id before the first of the newest articles since *since*, *most* at most."""
    is_recent = col(Article.news_at) >= since
    # Not the bare id: SQLite would walk the whole table by it.
    by_id = col(Article.id) + 0
    newest_first = select(Article.id).where(is_recent).order_by(by_id.desc())
    if (beyond := await tx.first(newest_first.offset(most).limit(1))) is not None:
        return beyond
    oldest = await tx.one(select(func.min(by_id)).where(is_recent))
    return 0 if oldest is None else oldest - 1


_SET_STORY: Final = (
    update(Article)
    .where(col(Article.id) == bindparam("article"))
    .values(story_id=bindparam("story"))
)


async def group_articles(
    tx: Transaction,
    articles: Sequence[NewArticle],
    stories: Mapping[int, int],
    *,
    chapters: Mapping[int, int],
    joined: Collection[int],
) -> None:
    """Store the story of each article, by the article's id.

    *chapters*: the story before it, by each story that continues one, the oldest first. A story
    does not grow by the articles *joined*.
    """
    moved = [article for article in articles if stories[article.id] != article.story_id]
    if moved:
        rows = [{"article": article.id, "story": stories[article.id]} for article in moved]
        await tx.change(_SET_STORY, rows)
        await delete_stories(tx, [article.story_id for article in moved])
        grown = {stories[article.id] for article in moved if article.id not in joined}
        await mark_growth(tx, grown)
    await continue_stories(tx, chapters)


async def release_articles(tx: Transaction, ids: Collection[int], *, owner: str) -> None:
    """Let the articles that *owner* still leases be claimed again."""
    if ids:
        await release(tx, Article, ids, owner)


_MARK_GROUPED: Final = (
    update(Article)
    .where(is_at(ArticleStage.STORED), among(col(Article.id), bindparam("ids")))
    .values(stage=ArticleStage.GROUPED)
)


async def finish_matching(tx: Transaction, ids: Collection[int], *, owner: str) -> set[int]:
    """Pass the articles that *owner* still leases on to publishing; return them.

    The others were revised meanwhile. They have their story and are matched again.
    """
    ours = await release(tx, Article, ids, owner, stage=ArticleStage.MATCHED)
    if ours:
        tx.notifications.add(Notification.MATCHES)
    if revised := [article_id for article_id in ids if article_id not in ours]:
        await tx.change(_MARK_GROUPED, ids=revised)
        tx.notifications.add(Notification.STORIES)
    return ours


# Articles put aside, because a stage failed for each alone. They keep their stage and are not
# claimed.


_LATE: Final = timedelta(hours=48)  # an article that is older when tried again alerts nobody


class ArticlePutAside(NamedTuple):
    """*host*: of a public source, or "" if only chats' own feeds carried the article.

    *error*: the name of the error's class.
    """

    id: int
    stage: ArticleStage
    host: str
    since: datetime
    error: str


def is_put_aside() -> ColumnElement[bool]:
    """Say of an `Article` in the query that it is put aside."""
    return col(Article.put_aside_at).is_not(None)


async def put_aside(tx: Transaction, article_id: int, error: str, *, owner: str) -> bool:
    """Let no stage claim the article; return False if *owner* no longer leases it."""
    values = {"put_aside_at": tx.now, "put_aside_for": error[:64]}
    return bool(await release(tx, Article, [article_id], owner, **values))


async def retry_put_aside(tx: Transaction) -> int:
    """Let all articles that were put aside be claimed once more; return their number."""
    return await tx.change(
        update(Article)
        .where(is_put_aside())
        .values(
            put_aside_at=None,
            put_aside_for="",
            quiet=or_(col(Article.quiet), col(Article.stored_at) < tx.now - _LATE),
        )
    )


async def articles_put_aside(tx: Transaction, limit: int) -> list[ArticlePutAside]:
    """Return the articles that were put aside first."""
    host = (
        select(func.min(Source.host))
        .join(Entry, col(Entry.source_id) == col(Source.id))
        .where(col(Entry.article_id) == Article.id, col(Source.public))
        .correlate(Article)
        .scalar_subquery()
    )
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Article.id,
            Article.stage,
            func.coalesce(host, ""),
            Article.put_aside_at,
            Article.put_aside_for,
        )
        .where(is_put_aside())
        .order_by(col(Article.put_aside_at), col(Article.id))
        .limit(limit)
    )
    return [ArticlePutAside(*row) for row in rows]
