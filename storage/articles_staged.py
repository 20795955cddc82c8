"""Articles on their way: each step claims those at its stage and moves them to the next."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final, NamedTuple

from sqlalchemy import BindParameter, Executable, Integer, bindparam, or_, text
from sqlmodel import col

from storage.articles import Article, is_at
from storage.engine import POSTGRESQL, Unit
from storage.leases import Terms, leasing
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
    values = {"now": unit.now, "until": unit.now + lease, "who": owner, "most": limit}
    # Not through the session, which does much for each row that none of ours needs.
    connection = await unit.session.connection()
    return sorted(map(Unmatched._make, await connection.execute(_claiming(stage), values)))


@cache
def _claiming(stage: Stage) -> Executable:
    """Made once: to make it takes as long as to read a hundred rows."""
    now: BindParameter[datetime] = bindparam("now")
    ready = or_(col(Article.ready_at).is_(None), col(Article.ready_at) <= now)
    asked = Terms(now, bindparam("until"), bindparam("who"), bindparam("most", type_=Integer))
    return leasing(Article, is_at(stage) & ready, (col(Article.id),), asked).returning(
        col(Article.id),
        col(Article.title),
        col(Article.text),
        col(Article.language),
        col(Article.news_at),
    )


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
