"""Articles on their way: each step claims those at its stage and moves them to the next."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import or_, text
from sqlmodel import col

from storage.articles import Article, is_at
from storage.engine import POSTGRESQL, Unit, leasing
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


# One value for all ids, and so one text of the statement.
_ADVANCE: Final = """
    UPDATE article SET stage = :stage, owner = NULL, lease_until = NULL
    WHERE id {among} AND owner = :owner
    RETURNING id
"""
_ADVANCE_ON_SQLITE: Final = text(_ADVANCE.format(among="IN (SELECT value FROM json_each(:ids))"))
_ADVANCE_ON_POSTGRESQL: Final = text(_ADVANCE.format(among="= ANY(CAST(:ids AS bigint[]))"))


async def advance_articles(unit: Unit, ids: Sequence[int], *, owner: str, stage: Stage) -> set[int]:
    """Move to *stage* those of *ids* that *owner* still leases, and free them; return which."""
    on_postgresql = unit.dialect == POSTGRESQL
    asked = list(ids) if on_postgresql else json.dumps(ids)
    connection = await unit.session.connection()
    moved = await connection.execute(
        _ADVANCE_ON_POSTGRESQL if on_postgresql else _ADVANCE_ON_SQLITE,
        {"stage": stage.value, "owner": owner, "ids": asked},
    )
    ids_moved = set(moved.scalars())
    if ids_moved and stage is Stage.MATCHED:
        unit.hints.add(Hint.MATCHES)
    return ids_moved
