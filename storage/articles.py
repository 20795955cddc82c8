"""Articles: one piece of news each, by scope and canonical URL, and how far each has come.

What a public source carries is a public article, made from the entries of public sources alone.
What only chats' own feeds carry is an article of that feed, so that nobody's feed can shape what
others read.
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
    ClaimParameters,
    claim_parameters,
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

# Literal, since a partial index serves only a condition that the planner can read.
_IN_PROGRESS = "stage <> 'published' AND put_aside_at IS NULL"

_PUT_ASIDE = "put_aside_at IS NOT NULL"

_MATCHED_ALREADY: Final = (ArticleStage.MATCHED, ArticleStage.PUBLISHED)

PUBLIC: Final = 0  # the scope of articles that public sources carry


class Article(Leased, table=True):
    __table_args__ = (
        UniqueConstraint("url_hash", "scope_id"),
        # Small, because it holds only what is still on its way, in the order of its claims.
        Index("ix_article_in_turn", "scope_id", "id", "stage", **partial_index(_IN_PROGRESS)),
        Index("ix_article_put_aside", "put_aside_at", **partial_index(_PUT_ASIDE)),
        Index("ix_article_language_news_at", "language", "news_at"),
        Index("ix_article_scope_id", "scope_id", "id", **partial_index("scope_id <> 0")),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    url_hash: str = Field(max_length=32)  # of the canonical URL, which may be long
    # The private source that alone carries it, or PUBLIC. No foreign key: what was sent stays true
    # when the source is gone.
    scope_id: int = Field(default=PUBLIC, sa_type=ROW_ID)
    # These stand before the texts, because SQLite reads a row from its beginning.
    stage: ArticleStage = Field(default=ArticleStage.STORED, sa_type=enum_column(ArticleStage))
    ready_at: datetime | None = None  # until then its page may come; None: it waits for nothing
    put_aside_at: datetime | None = None  # the stage after this one failed for it alone
    put_aside_for: str = Field(default="", max_length=64)  # the name of the error's class
    url: str
    title: str
    summary: str = ""
    text: str = ""
    language: str = Field(default="", max_length=8)
    published_at: datetime | None = None
    published_on: date | None = None  # where the source gave a date without a time
    stored_at: datetime
    # The moment from which it counts as news: `stored_at`, or for a quiet one its publication.
    news_at: datetime = Field(index=True)
    version: int = 1
    revised_at: datetime | None = None  # when its newest version was seen; None: never revised
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
    """Say of an article in the query whether it is at *stage*, which is not the last.

    And not put aside. Without the first part every article would be looked at.
    """
    return and_(text(_IN_PROGRESS), col(Article.stage) == stage)


class ScopedUrl(NamedTuple):
    """What identifies an article: the hash of one of its URLs, and whose it is."""

    url_hash: str
    scope_id: int = PUBLIC


async def articles_by_url(tx: Transaction, url_hashes: Collection[str]) -> dict[ScopedUrl, int]:
    """Return the ids of the articles there are in any scope, by the URL that was asked for."""
    asked = list(url_hashes)
    connection = await tx.session.connection()
    if tx.dialect == POSTGRESQL:
        found = await connection.execute(_BY_URL_ON_POSTGRESQL, {"asked": asked})
    else:
        found = await connection.execute(_BY_URL_ON_SQLITE, {"asked": json.dumps(asked)})
    return {ScopedUrl(url_hash, scope_id): article_id for url_hash, scope_id, article_id in found}


# One value for all that is asked, and so one text of the statement. An article's own address
# counts, if there are both.
_BY_URL = """
    SELECT url_hash, scope_id, article_id FROM articleaddress WHERE url_hash {among}
    UNION ALL SELECT url_hash, scope_id, id FROM article WHERE url_hash {among}
"""

_BY_URL_ON_SQLITE = text(_BY_URL.format(among="IN (SELECT value FROM json_each(:asked))"))

_BY_URL_ON_POSTGRESQL = text(_BY_URL.format(among="= ANY(CAST(:asked AS varchar[]))"))


async def news_since(tx: Transaction) -> datetime:
    """Return when the oldest article that is kept was stored; now where there is none."""
    found = await tx.session.exec(select(Article.stored_at).order_by(col(Article.id)).limit(1))
    return found.first() or tx.now


async def scope_of(tx: Transaction, article_id: int) -> int | None:
    """Return the article's scope; None if it is gone."""
    found = await tx.session.exec(select(Article.scope_id).where(Article.id == article_id))
    return found.first()


class ArticleContent(NamedTuple):
    """As much of an article as is compared with others before the article is locked."""

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
    # The session would do much for each row that nobody here needs.
    connection = await tx.session.connection()
    found = await connection.execute(select(*columns).where(among(col(Article.id), article_ids)))
    return {row.id: ArticleContent(*row) for row in found}


async def store_articles(
    tx: Transaction, articles: Sequence[Mapping[str, Any]]
) -> dict[ScopedUrl, int]:
    """Store those whose URL is new in their scope, each as a story of its own; return their ids.

    Each is given by its columns. Another process may store one of them at the same moment: it
    has it then, and we do not.
    """
    if not articles:
        return {}
    stories = await create_stories(tx, len(articles))
    rows = [
        {**article, "story_id": story} for article, story in zip(articles, stories, strict=True)
    ]
    await insert_new(tx, Article, rows)
    # Among them stories of others, who number them at the same moment; their names would be a
    # statement of its own for each number of articles.
    between = select(Article.url_hash, Article.scope_id, Article.id, Article.story_id).where(
        col(Article.story_id).between(stories[0], stories[-1])
    )
    connection = await tx.session.connection()
    ours = set(stories)
    stored = [row for row in await connection.execute(between) if row.story_id in ours]
    if left := ours - {row.story_id for row in stored}:
        await delete_stories(tx, left)
    if stored:
        tx.notifications.add(Notification.ARTICLES)
    return {ScopedUrl(row.url_hash, row.scope_id): row.id for row in stored if row.id}


# Further addresses of articles, besides the one under which each was stored.


async def add_address(tx: Transaction, article_id: int, url: ScopedUrl) -> None:
    """Find the article at this address too, unless another is there."""
    row = {**url._asdict(), "article_id": article_id}
    await insert_new(tx, ArticleAddress, [row])


# Revising articles.


async def articles_to_revise(tx: Transaction, article_ids: Collection[int]) -> list[Article]:
    """Lock the articles, so that nobody else revises them and no stage advances them."""
    if not article_ids:
        return []
    # Key share is enough: storing an entry holds on to the key of its article.
    rows = await tx.session.exec(
        select(Article)
        .where(col(Article.id).in_(article_ids))
        .order_by(col(Article.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(rows)


def is_untouched(article: Article) -> bool:
    """Return whether no stage has claimed the article yet."""
    return article.stage is ArticleStage.STORED and article.owner is None


def revise_article(tx: Transaction, article: Article, values: Mapping[str, Any]) -> None:
    """Change the locked *article*, which is then matched again, in its story.

    The session writes the change with those of other articles, since a statement for each would
    take several times as long.

    If a stage may have seen the former text, this is a new version, and revokes the lease of the
    stage that holds the article. Only the number of versions is kept, which limits revising. One
    that was put aside is tried again.
    """
    article.put_aside_at, article.put_aside_for = None, ""
    if not is_untouched(article):
        article.version += 1
        article.revised_at = tx.now
        article.owner = article.lease_until = None
        if article.stage in _MATCHED_ALREADY:
            article.stage = ArticleStage.GROUPED
            tx.notifications.add(Notification.STORIES)
    for name, value in values.items():
        setattr(article, name, value)


# The folded text of each article, stored once and indexed for previews and search.
#
# SQLite: the FTS5 table `folded_index`. What is removed or changed here leaves it by triggers; what
# is added is written to both, since for each statement with a trigger FTS5 writes down all that it
# has gathered, which takes four times as long. PostgreSQL: `tokens`, a tsvector of the distinct
# tokens and the language. It is made by `array_to_tsvector`, never by the parser, which splits
# `c++` and `at&t`.


# A tsvector holds 1 MB, and no token above 2 KB; what lies beyond ours is matched live only.
LONGEST_TOKEN = 200  # bytes

MOST_TOKENS = 256_000  # bytes


class FoldedText(NamedTuple):
    article_id: int
    title: str
    text: str
    language: str = ""


def language_token(code: str) -> str:
    """No word has a colon."""
    return f"lang:{code}"


async def articles_after(tx: Transaction, article_id: int, limit: int) -> list[FoldedText]:
    """Return the texts, not folded, of the articles with ids above *article_id*, in their order."""
    rows = await tx.session.exec(
        select(Article.id, Article.title, Article.text, Article.language)
        .where(col(Article.id) > article_id)
        .order_by(col(Article.id))
        .limit(limit)
    )
    return [FoldedText(*row) for row in rows]


async def replace_folded(tx: Transaction, rows: Sequence[FoldedText]) -> None:
    """Store and index the folded texts of articles that may have had others."""
    if rows and tx.dialect != POSTGRESQL:
        ids = json.dumps([row.article_id for row in rows])
        await (await tx.session.connection()).exec_driver_sql(_FORGET, (ids,))
    await store_folded(tx, rows)


async def store_folded(tx: Transaction, rows: Sequence[FoldedText]) -> None:
    """Store and index the folded texts of new articles."""
    if not rows:
        return
    connection = await tx.session.connection()
    if tx.dialect == POSTGRESQL:
        values = [(*row[:-1], indexed_words(row)) for row in rows]
        await connection.exec_driver_sql(_STORE, values)
    else:
        texts = [row[:-1] for row in rows]
        for table in ("folded(article_id", "folded_index(rowid"):
            await connection.exec_driver_sql(_ADD.format(table=table), texts)


# In the drivers' own words: for many short rows the way through the compiler costs the most.
_STORE = """
    INSERT INTO folded (article_id, title, text, tokens)
    VALUES ($1, $2, $3, array_to_tsvector($4))
    ON CONFLICT (article_id) DO UPDATE
    SET title = excluded.title, text = excluded.text, tokens = excluded.tokens
"""

_FORGET = "DELETE FROM folded WHERE article_id IN (SELECT value FROM json_each(?))"

_ADD = "INSERT INTO {table}, title, text) VALUES (?, ?, ?)"


async def rewrite_index(tx: Transaction, *, is_first: bool) -> bool:
    """Rewrite some of SQLite's index without what was deleted; return whether any may be left.

    FTS5 only notes what was deleted, until it happens to merge the parts in which that stands. The
    first call marks all parts to be merged, and the others continue.
    """
    if tx.dialect == POSTGRESQL:
        return False
    connection = await tx.session.connection()
    before = (await connection.exec_driver_sql("SELECT total_changes()")).scalar_one()
    pages = -_PAGES_AT_ONCE if is_first else _PAGES_AT_ONCE
    await connection.exec_driver_sql(_MERGE, (pages,))
    after = (await connection.exec_driver_sql("SELECT total_changes()")).scalar_one()
    return int(after - before) >= _SOME_MERGED


_PAGES_AT_ONCE: Final = 500

_SOME_MERGED: Final = 2  # changes; FTS5 makes one of them in any case

_MERGE: Final = "INSERT INTO folded_index(folded_index, rank) VALUES ('merge', ?)"


def indexed_words(row: FoldedText) -> list[str]:
    """The distinct words that the index on PostgreSQL holds, as long as there is room."""
    words = [language_token(row.language), *f"{row.title} {row.text}".split(" ")]
    held: list[str] = []
    size = 0
    for word in dict.fromkeys(words):
        length = len(word.encode())
        if 0 < length < LONGEST_TOKEN and size + length <= MOST_TOKENS:
            held.append(word)
            size += length
    return held


# Articles on their way: claimed, grouped into stories, matched.


LEASE: Final = timedelta(seconds=30)

# As much as is compared with others.
_LONGEST_LEAD = 200

LONGEST_COMPARED: Final = 3_000

_LEAD: Final = func.substr(
    case((col(Article.summary) != "", col(Article.summary)), else_=col(Article.text)),
    1,
    _LONGEST_LEAD,
)


class NewArticle(NamedTuple):
    """An article that is to be grouped and matched, or only matched anew if it has its story.

    *story_id*: its own until one is found. *scope_id*: see `Article`. *lead* is how its summary
    begins, or its text where it has none. The folded texts are those of `Folded`.
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
    """As much of an article as tells what it is about; *chain_id*: the first chapter of its story.

    *folded* is how its folded text begins; the rest as of `NewArticle`.
    """

    id: int
    story_id: int
    chain_id: int
    scope_id: int
    news_at: datetime
    title: str
    lead: str
    folded: str


PRIVATE_AT_ONCE: Final = 25  # so few that a public article that comes meanwhile waits for little


async def claim_new_articles(
    tx: Transaction, *, owner: str, limit: int, after_scope: int = PUBLIC, lease: timedelta = LEASE
) -> list[NewArticle]:
    """Claim articles that are to be grouped or matched, as `_claim_in_turn` says, in stored order.

    Those of which more is still to come are passed over until it is there or is late.
    """
    values = claim_values(tx, owner, limit, lease)
    rows = await _claim_in_turn(tx, _claiming_new, values, after_scope)
    found = sorted(NewArticle(*row) for row in rows)
    if not found:
        return []
    connection = await tx.session.connection()
    rows = (await connection.execute(_FOLDED, {"ids": [article.id for article in found]})).all()
    folded = {article_id: (title, text) for article_id, title, text in rows}
    return [NewArticle(*article[:-2], *folded.get(article.id, ("", ""))) for article in found]


class MatchedArticle(NamedTuple):
    """An article to publish; *scope_id*: see `Article`."""

    id: int
    scope_id: int


async def claim_matched(
    tx: Transaction, *, owner: str, limit: int, after_scope: int = PUBLIC, lease: timedelta
) -> list[MatchedArticle]:
    """Claim articles that are matched and not yet published, as `_claim_in_turn` says."""
    values = claim_values(tx, owner, limit, lease)
    rows = await _claim_in_turn(tx, _claiming_matched, values, after_scope)
    return sorted(MatchedArticle(*row) for row in rows)


async def _claim_in_turn(
    tx: Transaction,
    claiming: Callable[..., Executable],
    values: Mapping[str, Any],
    after_scope: int,
) -> Sequence[Any]:
    """Claim the oldest public articles; only where there is none, a few private ones.

    The private sources take turns, from the one behind *after_scope* on, so that none waits for
    all of another.
    """
    # Not through the session, which does much for each row that none of ours needs.
    connection = await tx.session.connection()
    if rows := (await connection.execute(claiming(is_public=True), values)).all():
        return rows
    few = {**values, "most": min(values["most"], PRIVATE_AT_ONCE)}
    for after in dict.fromkeys((after_scope, PUBLIC)):
        private = await connection.execute(claiming(is_public=False), few | {"after": after})
        if rows := private.all():
            return rows
    return []


def _in_turn(where: ColumnElement[bool], terms: ClaimParameters, *, is_public: bool) -> Update:
    scope = col(Article.scope_id)
    if is_public:
        return claim_statement(Article, (scope == PUBLIC) & where, (col(Article.id),), terms)
    behind = scope > bindparam("after", type_=ROW_ID)
    return claim_statement(Article, behind & where, (scope, col(Article.id)), terms)


@cache
def _claiming_matched(*, is_public: bool) -> Executable:
    claimed = _in_turn(is_at(ArticleStage.MATCHED), claim_parameters(), is_public=is_public)
    return claimed.returning(col(Article.id), col(Article.scope_id))


async def has_new_articles(tx: Transaction) -> bool:
    waiting = select(Article.id).where(_is_new(), _is_ready(literal(tx.now)))
    return (await tx.session.exec(waiting.limit(1))).first() is not None


def _is_new() -> ColumnElement[bool]:
    return and_(
        text(_IN_PROGRESS), col(Article.stage).in_((ArticleStage.STORED, ArticleStage.GROUPED))
    )


def _is_ready(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(col(Article.ready_at).is_(None), col(Article.ready_at) <= now)


@cache
def _claiming_new(*, is_public: bool) -> Executable:
    """Made once: to make it takes as long as to read a hundred rows."""
    asked = claim_parameters()
    return _in_turn(_is_new() & _is_ready(asked.now), asked, is_public=is_public).returning(
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


_FOLDED: Final = select(Folded.article_id, Folded.title, Folded.text).where(
    among(col(Folded.article_id), bindparam("ids"))
)

# Made once, like the statement above.
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

_JOIN: Final = (
    update(Article)
    .where(col(Article.id) == bindparam("article"))
    .values(story_id=bindparam("story"))
)

_GROUP: Final = (
    update(Article)
    .where(is_at(ArticleStage.STORED), among(col(Article.id), bindparam("ids")))
    .values(stage=ArticleStage.GROUPED)
)


async def grouped(
    tx: Transaction, since: datetime, *, after: int, limit: int
) -> list[GroupedArticle]:
    """Return articles that have their story, with ids above *after*, in stored order."""
    connection = await tx.session.connection()
    wanted = {"since": since, "after": after, "limit": limit}
    return [GroupedArticle(*row) for row in await connection.execute(_GROUPED, wanted)]


async def newest_window_start(tx: Transaction, since: datetime, most: int) -> int:
    """Return the id behind which the newest articles since then stand, at most so many."""
    recent = col(Article.news_at) >= since
    # Not the bare id: SQLite would walk the whole table by it.
    by_id = col(Article.id) + 0
    one_too_many = select(Article.id).where(recent).order_by(by_id.desc()).offset(most)
    if (article_id := (await tx.session.exec(one_too_many.limit(1))).first()) is not None:
        return article_id
    oldest = (await tx.session.exec(select(func.min(by_id)).where(recent))).one()
    return (oldest or 1) - 1


async def group_articles(
    tx: Transaction,
    articles: Sequence[NewArticle],
    stories: Mapping[int, int],
    *,
    chapters: Mapping[int, int],
    joined: Collection[int],
) -> None:
    """Write down which story each article belongs to, by the article's id.

    *chapters*: the story before it, by each story that continues one, the oldest first. By the
    articles *joined* no story grows.
    """
    joining = [article for article in articles if stories[article.id] != article.story_id]
    connection = await tx.session.connection()
    if joining:
        moves = [{"article": each.id, "story": stories[each.id]} for each in joining]
        await connection.execute(_JOIN, moves)
        await delete_stories(tx, [article.story_id for article in joining])
        await mark_growth(tx, {stories[one.id] for one in joining if one.id not in joined})
    await continue_stories(tx, chapters)


async def release_articles(tx: Transaction, ids: Collection[int], *, owner: str) -> None:
    """Let those of *ids* that *owner* still leases be claimed again."""
    if ids:
        await release(tx, Article, ids, owner)


async def finish_matching(tx: Transaction, ids: Collection[int], *, owner: str) -> set[int]:
    """Let those of *ids* that *owner* still leases go on to publishing; return which.

    The others were revised meanwhile. They have their story, and are matched again.
    """
    ours = await release(tx, Article, ids, owner, stage=ArticleStage.MATCHED)
    if ours:
        tx.notifications.add(Notification.MATCHES)
    if left := [article_id for article_id in ids if article_id not in ours]:
        await (await tx.session.connection()).execute(_GROUP, {"ids": left})
        tx.notifications.add(Notification.STORIES)
    return ours


# Articles put aside: a stage failed for each alone. They keep their stage, and are not claimed.


_LATE: Final = timedelta(hours=48)  # an article that is tried again later alerts nobody


class ArticlePutAside(NamedTuple):
    """*host* is that of a public source; "" where only chats' own feeds carried the article.

    *error* is the name of its class.
    """

    id: int
    stage: ArticleStage
    host: str
    since: datetime
    error: str


def is_put_aside() -> ColumnElement[bool]:
    """Say so of an `Article` in the query."""
    return col(Article.put_aside_at).is_not(None)


async def put_aside(tx: Transaction, article_id: int, error: str, *, owner: str) -> bool:
    """Let no stage claim the article; False if *owner* does not lease it any more."""
    values = {"put_aside_at": tx.now, "put_aside_for": error[:64]}
    return bool(await release(tx, Article, [article_id], owner, **values))


async def retry_put_aside(tx: Transaction) -> int:
    """Let all articles that were put aside be claimed once more; return how many these are."""
    retried = await tx.session.exec(
        update(Article)
        .where(is_put_aside())
        .values(
            put_aside_at=None,
            put_aside_for="",
            quiet=or_(col(Article.quiet), col(Article.stored_at) < tx.now - _LATE),
        )
        .execution_options(synchronize_session=False)
    )
    return retried.rowcount


async def articles_put_aside(tx: Transaction, limit: int) -> list[ArticlePutAside]:
    """Return those put aside first."""
    host = (
        select(func.min(Source.host))
        .join(Entry, col(Entry.source_id) == col(Source.id))
        .where(col(Entry.article_id) == Article.id, col(Source.public))
        .correlate(Article)
        .scalar_subquery()
    )
    connection = await tx.session.connection()
    rows = await connection.execute(
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
