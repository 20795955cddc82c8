"""Articles and the stories that they are found to tell."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, or_, update
from sqlmodel import col, select

from storage.articles import Article, is_at
from storage.engine import Unit
from storage.entries import Entry
from storage.sources import Source
from storage.stories import drop_stories, grow_stories
from storage.words import Hint, Stage

# As much of a text as is compared with others; a lead is shorter.
_LONGEST_TEXT = 3_000


class Grouped(NamedTuple):
    """As much of an article as tells what it is about; *story_id*: its own until one is found."""

    id: int
    story_id: int
    news_at: datetime
    title: str
    summary: str
    text: str


class Teller(NamedTuple):
    """Who carries an article; *outlet* is "" unless a search named it."""

    source_id: int
    outlet: str
    host: str
    title: str
    public: bool


async def ungrouped(unit: Unit, limit: int) -> list[Grouped]:
    """Return the oldest articles that have no story but their own yet, and are ready."""
    ready = or_(col(Article.ready_at).is_(None), col(Article.ready_at) <= unit.now)
    return await _articles(unit, limit, is_at(Stage.STORED), ready)


async def grouped(unit: Unit, since: datetime, *, after: int, limit: int) -> list[Grouped]:
    """Return articles that have their story, with ids above *after*, in stored order."""
    is_grouped, recent = col(Article.stage) != Stage.STORED, col(Article.news_at) >= since
    return await _articles(unit, limit, is_grouped, recent, col(Article.id) > after)


async def _articles(unit: Unit, limit: int, *wanted: ColumnElement[bool]) -> list[Grouped]:
    # Not through the session, which does much for each row that none of ours needs.
    connection = await unit.session.connection()
    rows = await connection.execute(
        select(  # type: ignore[call-overload]
            Article.id,
            Article.story_id,
            Article.news_at,
            Article.title,
            Article.summary,
            func.substr(Article.text, 1, _LONGEST_TEXT),
        )
        .where(*wanted)
        .order_by(col(Article.id))
        .limit(limit)
    )
    return [Grouped(*row) for row in rows]


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
    rows = await connection.execute(
        select(  # type: ignore[call-overload]
            Entry.article_id, Entry.source_id, Entry.outlet, Source.host, Source.title,
            Source.public,
        )
        .join(Source, col(Source.id) == Entry.source_id)
        .where(col(Entry.article_id).in_(article_ids))
    )  # fmt: skip
    tellers: defaultdict[int, list[Teller]] = defaultdict(list)
    for article_id, *teller in rows:
        tellers[article_id].append(Teller(*teller))
    return tellers


async def group_articles(
    unit: Unit, articles: Sequence[Grouped], stories: Mapping[int, int]
) -> None:
    """Write down which story each article tells, by the article's id; they can be matched now."""
    joining = [article for article in articles if stories[article.id] != article.story_id]
    connection = await unit.session.connection()
    if joining:
        await connection.execute(
            update(Article)
            .where(col(Article.id) == bindparam("article"))
            .values(story_id=bindparam("story")),
            [{"article": each.id, "story": stories[each.id]} for each in joining],
        )
        await drop_stories(unit, [article.story_id for article in joining])
        await grow_stories(unit, {stories[article.id] for article in joining})
    await connection.execute(
        update(Article)
        .where(col(Article.id).in_(stories), is_at(Stage.STORED))
        .values(stage=Stage.GROUPED)
    )
    unit.hints.add(Hint.STORIES)
