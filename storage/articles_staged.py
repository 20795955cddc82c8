"""Articles on their way: each step claims those at its stage and moves them to the next."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import or_, update
from sqlmodel import col

from storage.articles import Article, is_at
from storage.engine import Unit, leasing
from storage.words import Hint, Stage

LEASE = timedelta(minutes=2)


class Unmatched(NamedTuple):
    """As much of an article as is matched."""

    id: int
    title: str
    text: str
    language: str
    news_at: datetime


async def claim_articles(
    unit: Unit, stage: Stage, *, owner: str, limit: int, lease: timedelta = LEASE
) -> list[Unmatched]:
    """Lease the oldest articles at *stage* to *owner*; return them in stored order.

    Those of which more is still to come are passed over until it is there or is late.
    """
    ready = or_(col(Article.ready_at).is_(None), col(Article.ready_at) <= unit.now)
    leased = leasing(
        unit,
        Article,
        is_at(stage) & ready,
        order=(col(Article.id),),
        limit=limit,
        owner=owner,
        lease=lease,
    )
    told = leased.returning(
        col(Article.id),
        col(Article.title),
        col(Article.text),
        col(Article.language),
        col(Article.news_at),
    )
    # Not through the session, which does much for each row that none of ours needs.
    connection = await unit.session.connection()
    return sorted(map(Unmatched._make, await connection.execute(told)))


async def advance_articles(unit: Unit, ids: Sequence[int], *, owner: str, stage: Stage) -> set[int]:
    """Move to *stage* those of *ids* that *owner* still leases, and free them; return which."""
    moved = await unit.session.exec(
        update(Article)
        .where(col(Article.id).in_(ids), col(Article.owner) == owner)
        .values(stage=stage, owner=None, lease_until=None)
        .returning(col(Article.id))
        .execution_options(synchronize_session=False)
    )
    ids_moved = set(moved.scalars())
    if ids_moved and stage is Stage.MATCHED:
        unit.hints.add(Hint.MATCHES)
    return ids_moved
