"""Processes claimed rows in batches, in which a bad row does not fail the others."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar

import structlog

from storage.articles import put_aside
from storage.db.engine import Storage
from storage.db.problems import is_transient

log = structlog.get_logger(__name__)

Row = TypeVar("Row")

GivesUp: TypeAlias = Callable[[Row, Exception], Awaitable[None]]
"""Handles a row that fails even alone, so that the next round does not claim it."""


async def in_batches(
    rows: Sequence[Row],
    work: Callable[[Sequence[Row]], Awaitable[None]],
    give_up: GivesUp[Row],
    *,
    together: int = 1,
) -> None:
    """Do *work* on batches of *together* rows; split a batch that fails in halves, down to one row.

    Raises only errors that no row caused: the database was away, or transactions collided.
    """

    async def attempt(batch: Sequence[Row]) -> None:
        try:
            await work(batch)
        except Exception as error:
            if is_transient(error):
                raise
            if len(batch) == 1:
                await give_up(batch[0], error)
                return
            middle = len(batch) // 2
            await attempt(batch[:middle])
            await attempt(batch[middle:])

    for start in range(0, len(rows), together):
        await attempt(rows[start : start + together])


async def put_article_aside(
    storage: Storage, owner: str, article_id: int, error: Exception
) -> None:
    """Keep all stages from claiming the article until `retry_put_aside`, and log *error*."""
    async with storage.writing() as tx:
        is_aside = await put_aside(tx, article_id, type(error).__name__, owner=owner)
    if is_aside:
        log.error("an article was put aside", article=article_id, exc_info=error)
