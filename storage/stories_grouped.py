"""Articles and the stories that they are found to tell."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import or_, update
from sqlmodel import col, select

from storage.articles import Article
from storage.engine import Unit
from storage.words import Hint, Stage


class Ungrouped(NamedTuple):
    """As much of an article as tells what it is about."""

    id: int
    story_id: int  # its own


async def ungrouped(unit: Unit, limit: int) -> list[Ungrouped]:
    """Return the oldest articles that have no story but their own yet, and are ready."""
    ready = or_(col(Article.ready_at).is_(None), col(Article.ready_at) <= unit.now)
    rows = await unit.session.exec(
        select(Article.id, Article.story_id)
        .where(col(Article.stage) == Stage.STORED, ready)
        .order_by(col(Article.id))
        .limit(limit)
    )
    return [Ungrouped(*row) for row in rows]


async def group_articles(unit: Unit, stories: Mapping[int, int]) -> None:
    """Write down which story each article tells, by the article's id; they can be matched now."""
    await unit.session.exec(
        update(Article)
        .where(col(Article.id).in_(stories), col(Article.stage) == Stage.STORED)
        .values(stage=Stage.GROUPED)
        .execution_options(synchronize_session=False)
    )
    unit.hints.add(Hint.STORIES)
