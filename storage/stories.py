"""Stories: the articles of several publishers about the same event.

Each article begins in a story of its own, and grouping may move it to another. `grown` counts the
articles that joined a story, and `reported` is the count that its alerts show.

When an event continues, the later story is a chapter of the same chain. Each chapter names the
first story of its chain.
"""

from collections.abc import Collection, Container, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Index,
    and_,
    bindparam,
    delete,
    func,
    inspect,
    or_,
    text,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.db.engine import Transaction
from storage.db.leases import claim, release_each
from storage.db.sql import NUMBERED, ROW_ID, Leased, among, partial_index

# Literal SQL, because the planner must read the condition to choose a partial index.
_GROWN: Final = "grown > reported"

_IN_A_CHAIN: Final = "continues_id IS NOT NULL"


class Story(Leased, table=True):
    __table_args__ = (
        Index("ix_story_grown", "id", **partial_index(_GROWN)),
        Index("ix_story_continues_id", "continues_id", **partial_index(_IN_A_CHAIN)),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    created_at: datetime
    grown: int = 0  # the number of articles that joined it
    reported: int = 0  # the value of `grown` that its alerts show
    reported_at: datetime | None = None
    continues_id: int | None = Field(  # the first story of its chain; None: this is the first
        default=None, foreign_key="story.id", ondelete="SET NULL", sa_type=ROW_ID
    )


_CREATE: Final = text("""
    WITH RECURSIVE numbers(number) AS (
        SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < :count
    )
    INSERT INTO story (created_at, grown, reported) SELECT :now, 0, 0 FROM numbers RETURNING id
""").bindparams(bindparam("now", type_=inspect(Story).columns["created_at"].type))


async def create_stories(tx: Transaction, count: int) -> list[int]:
    """Create *count* stories, at least one; return their ids in order."""
    return sorted(story_id for (story_id,) in await tx.rows(_CREATE, count=count, now=tx.now))


_DELETE: Final = delete(Story).where(among(col(Story.id), bindparam("ids")))


async def delete_stories(tx: Transaction, story_ids: Collection[int]) -> None:
    if story_ids:
        await tx.change(_DELETE, ids=story_ids)


_GROW: Final = (
    update(Story).where(among(col(Story.id), bindparam("ids"))).values(grown=col(Story.grown) + 1)
)


async def mark_growth(tx: Transaction, story_ids: Collection[int]) -> None:
    """Count one more article in each of the stories."""
    await tx.change(_GROW, ids=story_ids)


_story = SQLModel.metadata.tables["story"]
_before = _story.alias("before")

_CONTINUE: Final = (
    update(_story)
    .where(_story.c.id == bindparam("story"))
    .values(
        continues_id=select(func.coalesce(_before.c.continues_id, _before.c.id))
        .where(_before.c.id == bindparam("before"))
        .scalar_subquery()
    )
)


async def continue_stories(tx: Transaction, chapters: Mapping[int, int]) -> None:
    """Make each story, in this order, the next chapter of the story that it maps to."""
    if chapters:
        rows = [{"story": story, "before": before} for story, before in chapters.items()]
        await tx.change(_CONTINUE, rows)


def chain_of_story(story: Any) -> ColumnElement[int]:
    """Return the first story of the chain of *story*, a table in the query."""
    return func.coalesce(col(story.continues_id), col(story.id))


_CHAINS: Final = select(Story.id, chain_of_story(Story)).where(
    among(col(Story.id), bindparam("stories"))
)


async def chains_of(tx: Transaction, story_ids: Collection[int]) -> dict[int, int]:
    """Return the first story of the chain of each story."""
    return dict(await tx.rows(_CHAINS, stories=story_ids)) if story_ids else {}


async def claim_growing_stories(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta, pause: timedelta
) -> list[Story]:
    """Claim stories that grew since their alerts were edited, if that was a *pause* or more ago."""
    rested = or_(col(Story.reported_at).is_(None), col(Story.reported_at) <= tx.now - pause)
    due = and_(text(_GROWN), rested)
    order = (col(Story.id),)
    return await claim(tx, Story, due, order=order, limit=limit, owner=owner, lease=lease)


async def finish_reporting(
    tx: Transaction, owner: str, stories: Iterable[Story], waiting: Container[int]
) -> None:
    """Release the *stories* that *owner* still leases.

    Their alerts now show the growth read at the claim. A story that an article joined since is due
    again. Stories with ids in *waiting* stay due.
    """
    changes: dict[int, dict[str, Any]] = {}
    for story in stories:
        reported = {} if story.id in waiting else {"reported": story.grown}
        changes[story.id] = {"reported_at": tx.now, **reported}
    await release_each(tx, Story, changes, owner)
