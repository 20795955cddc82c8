"""Articles on their way: each step claims those at its stage and moves them to the next."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, update
from sqlmodel import col

from storage.articles import Article, is_at
from storage.engine import Unit, claim
from storage.words import Hint, Stage

LEASE = timedelta(minutes=2)


async def claim_articles(
    unit: Unit, stage: Stage, *, owner: str, limit: int, lease: timedelta = LEASE
) -> list[Article]:
    """Lease the oldest articles at *stage* to *owner*; return them in stored order.

    Those of which more is still to come are passed over until it is there or is late.
    """
    ready = or_(col(Article.ready_at).is_(None), col(Article.ready_at) <= unit.now)
    articles = await claim(
        unit,
        Article,
        is_at(stage) & ready,
        order=(col(Article.id),),
        limit=limit,
        owner=owner,
        lease=lease,
    )
    return sorted(articles, key=lambda article: article.id or 0)


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
