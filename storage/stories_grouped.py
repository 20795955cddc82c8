"""Articles and the stories that they are found to tell."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    case,
    func,
    or_,
    update,
)
from sqlmodel import col, select

from storage.among import as_one, by_dialect
from storage.articles import Article, is_at
from storage.engine import Unit
from storage.entries import Entry
from storage.folded import Folded
from storage.sources import Source
from storage.stories import continue_stories, drop_stories, grow_stories, start_stories
from storage.words import Hint, Stage

# As much as is compared with others.
_LONGEST_LEAD = 200
_LONGEST_TEXT = 3_000


class Grouped(NamedTuple):
    """As much of an article as tells what it is about; *story_id*: its own until one is found.

    *scope_id*: see `Article`.

    *lead* is how its summary begins, or its text where it has none; *folded* how the text does.
    """

    id: int
    story_id: int
    scope_id: int
    news_at: datetime
    title: str
    lead: str
    folded: str


class Teller(NamedTuple):
    """Who carries an article; *outlet* is "" unless a search named it."""

    source_id: int
    outlet: str
    host: str
    title: str
    public: bool


def _told(*wanted: ColumnElement[bool]) -> Select[Any]:
    lead = case((col(Article.summary) != "", col(Article.summary)), else_=col(Article.text))
    rows: Select[Any] = select(  # type: ignore[call-overload]
        Article.id,
        Article.story_id,
        Article.scope_id,
        Article.news_at,
        Article.title,
        func.substr(lead, 1, _LONGEST_LEAD),
        func.coalesce(func.substr(Folded.text, 1, _LONGEST_TEXT), ""),
    )
    rows = rows.outerjoin(Folded, col(Folded.article_id) == Article.id).where(*wanted)
    return rows.order_by(col(Article.id)).limit(bindparam("limit", type_=Integer))


# Made once: to make them takes as long as to read a hundred rows.
_UNGROUPED: Final = _told(
    is_at(Stage.STORED),
    or_(col(Article.ready_at).is_(None), col(Article.ready_at) <= bindparam("now")),
)
_GROUPED: Final = _told(
    col(Article.stage) != Stage.STORED,
    col(Article.news_at) >= bindparam("since"),
    col(Article.id) > bindparam("after"),
)
_CARRIED: Final[Select[Any]] = select(  # type: ignore[call-overload]
    Entry.article_id, Entry.source_id, Entry.outlet, Source.host, Source.title, Source.public
).join(Source, col(Source.id) == Entry.source_id)
_TELLERS: Final = by_dialect("entry.article_id", _CARRIED.where)
_JOIN: Final = (
    update(Article)
    .where(col(Article.id) == bindparam("article"))
    .values(story_id=bindparam("story"))
)
_GROUP: Final = by_dialect(
    "article.id", update(Article).where(is_at(Stage.STORED)).values(stage=Stage.GROUPED).where
)


async def ungrouped(unit: Unit, limit: int) -> list[Grouped]:
    """Return the oldest articles that have no story but their own yet, and are ready."""
    # Not through the session, which does much for each row that none of ours needs.
    connection = await unit.session.connection()
    rows = await connection.execute(_UNGROUPED, {"now": unit.now, "limit": limit})
    return [Grouped(*row) for row in rows]


async def grouped(unit: Unit, since: datetime, *, after: int, limit: int) -> list[Grouped]:
    """Return articles that have their story, with ids above *after*, in stored order."""
    connection = await unit.session.connection()
    wanted = {"since": since, "after": after, "limit": limit}
    return [Grouped(*row) for row in await connection.execute(_GROUPED, wanted)]


async def before_the_newest(unit: Unit, since: datetime, most: int) -> int:
    """Return the id behind which the newest articles since then stand, at most so many."""
    recent = col(Article.news_at) >= since
    # Not the bare id: SQLite would walk the whole table by it.
    by_id = col(Article.id) + 0
    one_too_many = select(Article.id).where(recent).order_by(by_id.desc()).offset(most)
    if (article_id := (await unit.session.exec(one_too_many.limit(1))).first()) is not None:
        return article_id
    oldest = (await unit.session.exec(select(func.min(by_id)).where(recent))).one()
    return (oldest or 1) - 1


async def tellers_of(unit: Unit, article_ids: Collection[int]) -> Mapping[int, list[Teller]]:
    if not article_ids:
        return {}
    connection = await unit.session.connection()
    rows = await connection.execute(_TELLERS[unit.dialect], {"ids": as_one(unit, article_ids)})
    tellers: defaultdict[int, list[Teller]] = defaultdict(list)
    for article_id, *teller in rows:
        tellers[article_id].append(Teller(*teller))
    return tellers


async def group_articles(
    unit: Unit,
    articles: Sequence[Grouped],
    stories: Mapping[int, int],
    *,
    chapters: Mapping[int, int],
    joined: Collection[int],
) -> None:
    """Write down which story each article tells, by the article's id; they can be matched now.

    *chapters*: the story before it, by each story that continues one, the oldest first. By the
    articles *joined* no story grows.
    """
    joining = [article for article in articles if stories[article.id] != article.story_id]
    connection = await unit.session.connection()
    if joining:
        await _move(unit, {each.id: stories[each.id] for each in joining})
        await drop_stories(unit, [article.story_id for article in joining])
        await grow_stories(unit, {stories[one.id] for one in joining if one.id not in joined})
    await continue_stories(unit, chapters)
    await connection.execute(_GROUP[unit.dialect], {"ids": as_one(unit, stories)})
    unit.hints.add(Hint.STORIES)


async def begin_again(unit: Unit, article_ids: Sequence[int]) -> dict[int, int]:
    """Let each article, which told another's story, begin one of its own; return those.

    What that story was told by stays told: its alerts are out, and a digest that had the article
    does not look back so far again.
    """
    if not article_ids:
        return {}
    begun = dict(zip(article_ids, await start_stories(unit, len(article_ids)), strict=True))
    await _move(unit, begun)
    return begun


async def _move(unit: Unit, stories: Mapping[int, int]) -> None:
    connection = await unit.session.connection()
    moves = [{"article": article, "story": story} for article, story in stories.items()]
    await connection.execute(_JOIN, moves)
