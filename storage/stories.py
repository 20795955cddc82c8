"""Stories: the articles of several publishers about the same event.

Each article begins as its own story, and grouping may find it another. What is reported of a story
grows with each that joins it; `reported` is how far those who were alerted know.

A story that moves on is a chain: each of its chapters names the first.
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

# Literal, since a partial index serves only a condition that the planner can read.
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
    grown: int = 0  # the articles that joined it
    reported: int = 0  # of them, those that went into its alerts
    reported_at: datetime | None = None
    continues_id: int | None = Field(  # the first of its chain; None: it is that itself
        default=None, foreign_key="story.id", ondelete="SET NULL", sa_type=ROW_ID
    )


_table = SQLModel.metadata.tables["story"]

_before = _table.alias("before")

_START: Final = text("""
    WITH RECURSIVE wanted(number) AS (
        SELECT 1 UNION ALL SELECT number + 1 FROM wanted WHERE number < :count
    )
    INSERT INTO story (created_at, grown, reported) SELECT :now, 0, 0 FROM wanted RETURNING id
""").bindparams(bindparam("now", type_=inspect(Story).columns["created_at"].type))


async def create_stories(tx: Transaction, count: int) -> list[int]:
    """Return the ids of so many new stories, one at least, in order."""
    connection = await tx.session.connection()
    started = await connection.execute(_START, {"count": count, "now": tx.now})
    return sorted(started.scalars())


async def delete_stories(tx: Transaction, story_ids: Collection[int]) -> None:
    if story_ids:
        await tx.session.exec(delete(Story).where(among(col(Story.id), story_ids)))


async def mark_growth(tx: Transaction, story_ids: Collection[int]) -> None:
    await tx.session.exec(
        update(Story)
        .where(among(col(Story.id), story_ids))
        .values(grown=col(Story.grown) + 1)
        .execution_options(synchronize_session=False)
    )


_CONTINUE: Final = (
    update(_table)
    .where(_table.c.id == bindparam("story"))
    .values(
        continues_id=select(func.coalesce(_before.c.continues_id, _before.c.id))
        .where(_before.c.id == bindparam("before"))
        .scalar_subquery()
    )
)


async def continue_stories(tx: Transaction, chapters: Mapping[int, int]) -> None:
    """Write down that each story, in this order, is the next chapter of the one it is mapped to."""
    if chapters:
        connection = await tx.session.connection()
        rows = [{"story": story, "before": before} for story, before in chapters.items()]
        await connection.execute(_CONTINUE, rows)


def chain_of_story(story: Any) -> ColumnElement[int]:
    """Return the first story of the chain of *story*, a table in the query."""
    return func.coalesce(col(story.continues_id), col(story.id))


async def claim_growing_stories(
    tx: Transaction, *, owner: str, limit: int, lease: timedelta, pause: timedelta
) -> list[Story]:
    """Lease stories that grew since their alerts were last edited, which is a *pause* ago."""
    rested = or_(col(Story.reported_at).is_(None), col(Story.reported_at) <= tx.now - pause)
    due = and_(text(_GROWN), rested)
    order = (col(Story.id),)
    return await claim(tx, Story, due, order=order, limit=limit, owner=owner, lease=lease)


async def finish_reporting(
    tx: Transaction, stories: Iterable[Story], waiting: Container[int]
) -> None:
    """Free them, which are held. What joined one after it was claimed makes it due once more.

    So are those that are *waiting*, after a pause.
    """
    changes: dict[int, dict[str, Any]] = {}
    for story in stories:
        reported = {} if story.id in waiting else {"reported": story.grown}
        changes[story.id] = {"reported_at": tx.now, **reported}
    await release_each(tx, Story, changes)
