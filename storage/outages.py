"""Outages: sources that are dead, and how far the chats that depend on them have been told.

A source is dead when it is gone, or when nothing was read there for a week in which it failed again
and again. One that recovers and dies once more is a new outage.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, UniqueConstraint, and_, delete, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Field, col, select

from storage.columns import NUMBERED, ROW_ID, Leased
from storage.engine import Unit
from storage.insert import insert_new
from storage.leases import claim
from storage.sources import Source
from storage.words import SourceState

DEAD_AFTER = timedelta(days=7)
# Asked less often than that, it may have been we who were away.
_FEWEST_FAILURES = 4

_other = aliased(Source, name="other")


class Outage(Leased, table=True):
    __table_args__ = (
        UniqueConstraint("source_id", "since"),
        NUMBERED,
    )

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    source_id: int = Field(foreign_key="source.id", ondelete="CASCADE", sa_type=ROW_ID)
    since: datetime  # when its trouble began
    told_through: int = Field(default=0, sa_type=ROW_ID)  # chats up to this row are done
    told_at: datetime | None = None  # None: there are chats left to tell


async def note_outages(unit: Unit) -> None:
    """Store the sources that have died; forget the outages that are over."""
    over = (
        select(Outage.id)
        .join(Source, col(Source.id) == col(Outage.source_id))
        .where(col(Source.trouble_since).is_distinct_from(col(Outage.since)))
    )
    await unit.session.exec(delete(Outage).where(col(Outage.id).in_(over)))
    rows = [
        {"source_id": source_id, "since": since, "told_through": 0}
        for source_id, since in await _dead_sources(unit)
    ]
    await insert_new(unit, Outage, rows, returning=Outage.id)


async def claim_outages(unit: Unit, *, owner: str, limit: int, lease: timedelta) -> list[Outage]:
    """Lease the oldest outages of which not every chat was told."""
    untold = col(Outage.told_at).is_(None)
    order = (col(Outage.id),)
    return await claim(unit, Outage, untold, order=order, limit=limit, owner=owner, lease=lease)


async def keep_outage(
    unit: Unit, outage: Outage, owner: str, lease: timedelta, told_through: int
) -> bool:
    """Renew the lease and note how far the chats are told; False if it is no longer ours."""
    kept = {"told_through": told_through, "lease_until": unit.now + lease}
    return await _change(unit, outage, owner, kept)


async def finish_outage(unit: Unit, outage: Outage, owner: str) -> bool:
    done = {"told_at": unit.now, "owner": None, "lease_until": None}
    return await _change(unit, outage, owner, done)


async def _change(unit: Unit, outage: Outage, owner: str, values: Mapping[str, Any]) -> bool:
    ours = (col(Outage.id) == outage.id, col(Outage.owner) == owner)
    return bool((await unit.session.exec(update(Outage).where(*ours).values(**values))).rowcount)


async def _dead_sources(unit: Unit) -> list[tuple[int, datetime]]:
    gone = col(Source.state) == SourceState.GONE
    silent = and_(
        col(Source.state) == SourceState.ACTIVE,
        col(Source.failures) >= _FEWEST_FAILURES,
        col(Source.trouble_since) <= unit.now - DEAD_AFTER,
        or_(_others_were_read(), ~select(_other.id).where(_is_another()).exists()),
    )
    found = await unit.session.exec(
        select(Source.id, Source.trouble_since, Source.fetched_at, Source.state).where(
            col(Source.trouble_since).is_not(None), or_(gone, silent)
        )
    )
    return [
        (source_id, since)
        for source_id, since, fetched_at, state in found
        if source_id and since and (state is SourceState.GONE or _failed(since, fetched_at))
    ]


def _failed(since: datetime, fetched_at: datetime | None) -> bool:
    """Whether its last failure came a week after the first: until then we have only not asked."""
    return fetched_at is not None and fetched_at - since >= DEAD_AFTER


def _others_were_read() -> ColumnElement[bool]:
    """Say whether another source was read before this one last failed: the line is not ours."""
    between = col(_other.succeeded_at).between(col(Source.trouble_since), col(Source.fetched_at))
    return select(_other.id).where(_is_another(), between).exists()


def _is_another() -> ColumnElement[bool]:
    return col(_other.id) != col(Source.id)
