"""Articles: one row for each canonical URL in a scope, with its progress through the pipeline.

An article that a public source carries is public, and consists of entries of public sources only.
An article that only a chat's own feed carries is scoped to that feed, so that no user's feed can
change what others read.
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
    FREE,
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

# Literal SQL, because the planner must read the condition to choose a partial index.
_IN_PROGRESS = "stage <> 'published' AND put_aside_at IS NULL"

_PUT_ASIDE = "put_aside_at IS NOT NULL"

_MATCHED_ALREADY: Final = (ArticleStage.MATCHED, ArticleStage.PUBLISHED)

PUBLIC: Final = 0  # the scope of articles that public sources carry


class Article(Leased, table=True):
    __table_args__ = (
        UniqueConstraint("url_hash", "scope_id"),
        # Small, because it holds only articles in progress. Its order is that of the claims.
        Index("ix_article_in_turn", "scope_id", "id", "stage", **partial_index(_IN_PROGRESS)),
        Index("ix_article_put_aside", "put_aside_at", **partial_index(_PUT_ASIDE)),
        Index("ix_article_language_news_at", "language", "news_at"),
        Index("ix_article_scope_id", "scope_id", "id", **partial_index("scope_id <> 0")),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    url_hash: str = Field(max_length=32)  # of the canonical URL, which may be long
    # The private source whose article this is, or PUBLIC. No foreign key, because the article may
    # outlive the source.
    scope_id: int = Field(default=PUBLIC, sa_type=ROW_ID)
    # The short columns stand before the texts, because SQLite reads a row from its beginning.
    stage: ArticleStage = Field(default=ArticleStage.STORED, sa_type=enum_column(ArticleStage))
    ready_at: datetime | None = None  # waits for its page until then; None: does not wait
    put_aside_at: datetime | None = None  # the next stage failed for this article alone
    put_aside_for: str = Field(default="", max_length=64)  # the name of the error's class
    url: str
    picture_url: str = ""  # of the lead picture, which is never fetched; empty: none
    picture_width: int | None = None  # pixels, where the source gave them
    picture_height: int | None = None
    picture_alt: str = ""
    author: str = ""  # as the source names one or several
    categories: str = ""  # one on each line
    title: str
    summary: str = ""
    text: str = ""
    language: str = Field(default="", max_length=8)
    published_at: datetime | None = None
    published_on: date | None = None  # where the source gave a date without a time
    stored_at: datetime
    # The moment from which its age is counted: `stored_at`, or its publication if it is quiet.
    news_at: datetime = Field(index=True)
    version: int = 1
    revised_at: datetime | None = None  # when its newest version was stored; None: never revised
    quiet: bool = False  # backlog, or old when first seen: alerts nobody
    story_id: int = Field(foreign_key="story.id", sa_type=ROW_ID, index=True)


class ArticleAddress(SQLModel, table=True):
    url_hash: str = Field(primary_key=True, max_length=32)  # of the canonical URL
    scope_id: int = Field(  # the scope in which the URL leads to the article; see `Article`
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
    labels: str = ""  # see `bot.text.folding`
    text: str
    # Always NULL on SQLite, where the index is a table of its own, `folded_index`.
    tokens: Any = Field(default=None, sa_column=Column(TSVECTOR().with_variant(Text, "sqlite")))


def is_at(stage: ArticleStage) -> ColumnElement[bool]:
    """Build the condition that an `Article` is at *stage* and not put aside.

    *stage* is any but `PUBLISHED`. The literal part lets the planner use the index on articles in
    progress.
    """
    return and_(text(_IN_PROGRESS), col(Article.stage) == stage)


class ScopedUrl(NamedTuple):
    """The identity of an article: the hash of one of its URLs, and its scope."""

    url_hash: str
    scope_id: int = PUBLIC


_BY_URL_ON_SQLITE: Final = text("""
    WITH asked(hash) AS (SELECT value FROM json_each(:hashes))
    SELECT url_hash, scope_id, article_id FROM asked JOIN articleaddress ON url_hash = hash
    UNION ALL
    SELECT url_hash, scope_id, id FROM asked JOIN article ON url_hash = hash
""")
# `OFFSET 0` keeps the planner from turning the subqueries into joins, so that it looks up each hash
# by itself. For `= ANY (…)` it reads a whole table that it has no statistics of.
_BY_URL_ON_POSTGRESQL: Final = text("""
    SELECT found.* FROM unnest(CAST(:hashes AS varchar[])) AS asked(hash), LATERAL (
        SELECT url_hash, scope_id, article_id FROM articleaddress WHERE url_hash = hash
        UNION ALL
        SELECT url_hash, scope_id, id FROM article WHERE url_hash = hash
        OFFSET 0
    ) AS found
""")


async def articles_by_url(tx: Transaction, url_hashes: Collection[str]) -> dict[ScopedUrl, int]:
    """Return the ids of the articles at these addresses, in any scope.

    If a URL is one article's own and also an `ArticleAddress` of another, the former wins.
    """
    if tx.dialect == POSTGRESQL:
        rows = await tx.rows(_BY_URL_ON_POSTGRESQL, hashes=list(url_hashes))
    else:
        rows = await tx.rows(_BY_URL_ON_SQLITE, hashes=json.dumps(list(url_hashes)))
    return {ScopedUrl(url_hash, scope_id): article_id for url_hash, scope_id, article_id in rows}


async def article_at(tx: Transaction, url_hash: str) -> int | None:
    """Return the id of the article with this canonical URL; a public one before private ones."""
    articles = await articles_by_url(tx, [url_hash])
    return articles[min(articles, key=lambda url: url.scope_id)] if articles else None


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
    """Return the article's scope; None if it does not exist."""
    scope_id: int | None = await tx.first(select(Article.scope_id).where(Article.id == article_id))
    return scope_id


class ArticleContent(NamedTuple):
    """The texts of an article, which are compared with an entry before the article is locked."""

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


class ArticlePicture(NamedTuple):
    """The lead picture of an article; the size is in pixels, where the source gave it."""

    picture_url: str
    picture_width: int | None = None
    picture_height: int | None = None
    picture_alt: str = ""


_PICTURES: Final = select(
    Article.id, *(getattr(Article, name) for name in ArticlePicture._fields)
).where(among(col(Article.id), bindparam("ids")), col(Article.picture_url) != "")


async def pictures_of(tx: Transaction, article_ids: Collection[int]) -> dict[int, ArticlePicture]:
    """Return the lead pictures of those articles that have one."""
    if not article_ids:
        return {}
    return {
        article_id: ArticlePicture(*picture)
        for article_id, *picture in await tx.rows(_PICTURES, ids=article_ids)
    }


_CONTENTS: Final[Select[Any]] = select(
    *(getattr(Article, name) for name in ArticleContent._fields)
).where(among(col(Article.id), bindparam("ids")))


async def contents_of(tx: Transaction, article_ids: Collection[int]) -> dict[int, ArticleContent]:
    if not article_ids:
        return {}
    rows = await tx.rows(_CONTENTS, ids=article_ids)
    return {row.id: ArticleContent(*row) for row in rows}


_IN_STORIES: Final = select(Article.url_hash, Article.scope_id, Article.id, Article.story_id).where(
    col(Article.story_id).between(bindparam("first"), bindparam("last"))
)


async def store_articles(
    tx: Transaction, articles: Sequence[Mapping[str, Any]]
) -> dict[ScopedUrl, int]:
    """Store the articles whose URL is new in their scope, each in its own story; return their ids.

    *articles*: the columns of each. The result leaves out articles that another process stored at
    the same moment.
    """
    if not articles:
        return {}
    stories = await create_stories(tx, len(articles))
    rows = [
        {**article, "story_id": story} for article, story in zip(articles, stories, strict=True)
    ]
    await insert_new(tx, Article, rows)
    # Selects by the range of the new stories, so that the statement is the same for any number of
    # them. Another process may have created stories with ids in between.
    in_range = await tx.rows(_IN_STORIES, first=stories[0], last=stories[-1])
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
    """Make *url* another address of the article, unless it is already one of another article."""
    row = {**url._asdict(), "article_id": article_id}
    await insert_new(tx, ArticleAddress, [row])


# Revising articles.


# FOR NO KEY UPDATE, so that other transactions may insert entries that refer to an article.
_TO_REVISE: Final = (
    select(Article)
    .where(among(col(Article.id), bindparam("ids")))
    .order_by(col(Article.id))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


async def articles_to_revise(tx: Transaction, article_ids: Collection[int]) -> list[Article]:
    """Lock and return the articles, so that no process revises them and no stage advances them."""
    if not article_ids:
        return []
    return list(await tx.rows(_TO_REVISE, ids=article_ids))


def is_untouched(article: Article) -> bool:
    """Return whether no stage has claimed the article yet."""
    return article.stage is ArticleStage.STORED and article.owner is None


def revise_article(tx: Transaction, article: Article, values: Mapping[str, Any]) -> None:
    """Change the locked *article*; it is matched again in the same story.

    If a stage may have read the old text, the version increases and the stage loses its lease. Old
    versions are not kept; their number limits how often an article is revised. An article that was
    put aside is tried again.

    Changes the object only, because the session flushes the changes of many articles together. A
    statement for each article would take several times as long.
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
# SQLite: the FTS5 table `folded_index`. Triggers delete and change its rows. New rows are inserted
# into both tables here, because with a trigger FTS5 flushes its pending rows after each statement,
# and inserts take four times as long. PostgreSQL: `tokens`, a tsvector of the distinct tokens and
# the language. It is made by `array_to_tsvector`, because the parser splits `c++` and `at&t`.


# A tsvector holds at most 1 MB, and tokens of at most 2 KB. Tokens beyond the bounds below are
# found only when a new article is matched.
LONGEST_TOKEN = 200  # bytes

MOST_TOKENS = 256_000  # bytes

_MOST_BYTES: Final = 4  # of a character in UTF-8


class FoldedText(NamedTuple):
    """*labels*: the tokens of `bot.text.folding`."""

    article_id: int
    title: str
    text: str
    language: str = ""
    labels: str = ""


class UnfoldedText(NamedTuple):
    """The texts of an article that are folded; *categories*: one on each line."""

    article_id: int
    title: str
    text: str
    language: str
    author: str
    categories: str


def language_token(code: str) -> str:
    """Return the token that stands for a language; no word has a colon, so no word equals it."""
    return f"lang:{code}"


async def articles_after(tx: Transaction, article_id: int, limit: int) -> list[UnfoldedText]:
    """Return the texts of at most *limit* articles with ids above *article_id*, by id."""
    rows = await tx.rows(
        select(  # type: ignore[call-overload]
            Article.id,
            Article.title,
            Article.text,
            Article.language,
            Article.author,
            Article.categories,
        )
        .where(col(Article.id) > article_id)
        .order_by(col(Article.id))
        .limit(limit)
    )
    return [UnfoldedText(*row) for row in rows]


async def replace_folded(tx: Transaction, rows: Sequence[FoldedText]) -> None:
    """Store and index the folded texts of articles that may already have some."""
    if rows and tx.dialect != POSTGRESQL:
        ids = [row.article_id for row in rows]
        await tx.change(delete(Folded).where(among(col(Folded.article_id), ids)))
    await store_folded(tx, rows)


_STORE_ON_POSTGRESQL: Final = """
    INSERT INTO folded (article_id, title, labels, text, tokens)
    SELECT article_id, title, labels, text,
        array_to_tsvector(array_remove(string_to_array(words, ' '), ''))
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[])
        AS new (article_id, title, labels, text, words)
    ON CONFLICT (article_id) DO UPDATE
    SET title = excluded.title, labels = excluded.labels, text = excluded.text,
        tokens = excluded.tokens
"""
_STORE_ON_SQLITE: Final = "INSERT INTO folded (article_id, title, labels, text) VALUES (?, ?, ?, ?)"
_INDEX_ON_SQLITE: Final = (
    "INSERT INTO folded_index (rowid, title, labels, text) VALUES (?, ?, ?, ?)"
)


async def store_folded(tx: Transaction, rows: Sequence[FoldedText]) -> None:
    """Store and index the folded texts of new articles."""
    if not rows:
        return
    if tx.dialect == POSTGRESQL:
        words = [" ".join(indexed_words(row)) for row in rows]
        ids, titles, texts, _languages, labels = zip(*rows, strict=True)
        await tx.execute_in_driver(_STORE_ON_POSTGRESQL, (ids, titles, labels, texts, words))
    else:
        folded = [(row.article_id, row.title, row.labels, row.text) for row in rows]
        await tx.execute_in_driver(_STORE_ON_SQLITE, folded)
        await tx.execute_in_driver(_INDEX_ON_SQLITE, folded)


_MERGED_PAGES: Final = 500

_LEAST_PROGRESS: Final = 2  # changed rows; FTS5 changes one even if it has nothing to merge

_TOTAL_CHANGES: Final = text("SELECT total_changes()")

_MERGE: Final = text("INSERT INTO folded_index (folded_index, rank) VALUES ('merge', :pages)")


async def rewrite_index(tx: Transaction, *, is_first: bool) -> bool:
    """Purge deleted words from a part of SQLite's index; return whether some may be left.

    FTS5 only marks words as deleted until it happens to merge the segments that hold them. The
    first call starts to merge all segments, and further calls continue.
    """
    if tx.dialect == POSTGRESQL:
        return False
    (before,) = await tx.one(_TOTAL_CHANGES)
    await tx.change(_MERGE, pages=-_MERGED_PAGES if is_first else _MERGED_PAGES)
    (after,) = await tx.one(_TOTAL_CHANGES)
    return bool(after - before >= _LEAST_PROGRESS)


def indexed_words(row: FoldedText) -> list[str]:
    """Return the distinct words to store in PostgreSQL's index, up to `MOST_TOKENS` bytes."""
    together = f"{language_token(row.language)} {row.title} {row.labels} {row.text}"
    words = list(dict.fromkeys(together.split()))
    if _MOST_BYTES * len(together) <= MOST_TOKENS and (
        _MOST_BYTES * max(map(len, words)) < LONGEST_TOKEN
    ):
        return words
    indexed: list[str] = []
    size = 0
    for word in words:
        length = len(word.encode())
        if length < LONGEST_TOKEN and size + length <= MOST_TOKENS:
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
    """An article to group and match, or only to match again if it is grouped already.

    *story_id*: a story with this article alone until it is grouped. *scope_id*: see `Article`.
    *lead*: the beginning of its summary, or of its text if it has no summary. The folded texts are
    those of `Folded`.
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
    folded_labels: str = ""
    folded_text: str = ""


class GroupedArticle(NamedTuple):
    """The fields of an article that grouping compares.

    *chain_id*: the first story of the chain that its story continues. *folded*: the beginning of
    its folded text. The other fields are as in `NewArticle`.
    """

    id: int
    story_id: int
    chain_id: int
    scope_id: int
    news_at: datetime
    title: str
    lead: str
    folded: str


_FOLDED: Final = select(Folded.article_id, Folded.title, Folded.labels, Folded.text).where(
    among(col(Folded.article_id), bindparam("ids"))
)


async def claim_new_articles(
    tx: Transaction, *, owner: str, limit: int, after_scope: int = PUBLIC, lease: timedelta = LEASE
) -> list[NewArticle]:
    """Claim articles to group or match, by the rules of `_claim_in_turn`; return them by id.

    Skips an article that waits for its page, until the page has been read or is overdue.
    """
    values = claim_values(tx, owner, limit, lease)
    articles = sorted(
        NewArticle(*row) for row in await _claim_in_turn(tx, _claim_new, values, after_scope)
    )
    if not articles:
        return []
    rows = await tx.rows(_FOLDED, ids=[article.id for article in articles])
    folded = {article_id: texts for article_id, *texts in rows}
    return [
        NewArticle(*article[:-3], *folded.get(article.id, ("", "", ""))) for article in articles
    ]


class MatchedArticle(NamedTuple):
    """An article to publish; *scope_id*: see `Article`."""

    id: int
    scope_id: int


async def claim_matched(
    tx: Transaction, *, owner: str, limit: int, after_scope: int = PUBLIC, lease: timedelta
) -> list[MatchedArticle]:
    """Claim articles that are matched but not published, by the rules of `_claim_in_turn`."""
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

    Private sources take turns in the order of their scopes, beginning after *after_scope*, so that
    none waits for all the articles of another.
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
    return await tx.first(_ready_article(), claim_time=tx.now) is not None


@cache
def _ready_article() -> Executable:
    return select(Article.id).where(_is_new(), _is_ready(CLAIM_TIME)).limit(1)


def _is_new() -> ColumnElement[bool]:
    return and_(
        text(_IN_PROGRESS), col(Article.stage).in_((ArticleStage.STORED, ArticleStage.GROUPED))
    )


def _is_ready(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(col(Article.ready_at).is_(None), col(Article.ready_at) <= now)


# Built once, because building it takes as long as reading a hundred rows.
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
    """Return grouped articles with news since *since* and ids above *after*, by id."""
    rows = await tx.rows(_GROUPED, since=since, after=after, limit=limit)
    return [GroupedArticle(*row) for row in rows]


async def newest_window_start(tx: Transaction, since: datetime, most: int) -> int:
    """Return the `after` with which `grouped_articles` yields the newest *most* since *since*.

    Returns 0 if there are no such articles.
    """
    is_recent = col(Article.news_at) >= since
    # `+ 0` hides the primary key, because SQLite would walk the whole table in its order.
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
    """Store the story of each article. *stories*: the story's id, by the article's id.

    *chapters*: for each story that continues another, the id of that earlier story; the oldest
    first. Articles in *joined* do not count as growth of their story.
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
    """Release the articles that *owner* still leases, so that they can be claimed again."""
    if ids:
        await release(tx, Article, ids, owner)


_MARK_GROUPED: Final = (
    update(Article)
    .where(is_at(ArticleStage.STORED), among(col(Article.id), bindparam("ids")))
    .values(stage=ArticleStage.GROUPED)
)


_FINISH_MATCHING: Final = (
    update(Article)
    .where(among(col(Article.id), bindparam("ids")), col(Article.owner) == bindparam("holder"))
    .values(
        {
            **FREE,
            "stage": case(
                (
                    and_(among(col(Article.id), bindparam("wanted")), ~col(Article.quiet)),
                    literal(ArticleStage.MATCHED, enum_column(ArticleStage)),
                ),
                else_=literal(ArticleStage.PUBLISHED, enum_column(ArticleStage)),
            ),
        }
    )
    .returning(col(Article.id), col(Article.stage))
)


async def finish_matching(
    tx: Transaction, ids: Collection[int], *, wanted: Collection[int], owner: str
) -> set[int]:
    """Advance the articles that *owner* still leases; return their ids.

    Articles in *wanted* advance to `MATCHED`. Quiet articles and those that no alert can be about
    are `PUBLISHED` at once, because the stage of alerts would find nothing to do for them.

    The other articles were revised meanwhile. They keep their story and are matched again.
    """
    rows = await tx.rows(_FINISH_MATCHING, ids=ids, holder=owner, wanted=wanted)
    ours = {article_id for article_id, _ in rows}
    if any(stage is ArticleStage.MATCHED for _, stage in rows):
        tx.notifications.add(Notification.MATCHES)
    if revised := [article_id for article_id in ids if article_id not in ours]:
        await tx.change(_MARK_GROUPED, ids=revised)
        tx.notifications.add(Notification.STORIES)
    return ours


# Articles put aside: a stage failed even when it ran for the article alone. They keep their stage
# and are not claimed.


_LATE: Final = timedelta(hours=48)  # articles stored earlier alert nobody when they are tried again


class ArticlePutAside(NamedTuple):
    """An article that was put aside.

    *host*: the host of a public source that carried it, or "" if only chats' own feeds did.
    *error*: the name of the error's class.
    """

    id: int
    stage: ArticleStage
    host: str
    since: datetime
    error: str


def is_put_aside() -> ColumnElement[bool]:
    """Build the condition that an `Article` is put aside."""
    return col(Article.put_aside_at).is_not(None)


async def put_aside(tx: Transaction, article_id: int, error: str, *, owner: str) -> bool:
    """Keep every stage from claiming the article; return False if *owner* no longer leases it."""
    values = {"put_aside_at": tx.now, "put_aside_for": error[:64]}
    return bool(await release(tx, Article, [article_id], owner, **values))


async def retry_put_aside(tx: Transaction) -> int:
    """Let stages claim all put-aside articles again; return their number."""
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
    """Return at most *limit* put-aside articles, the longest put aside first."""
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
