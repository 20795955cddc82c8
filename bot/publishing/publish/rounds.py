"""A round over claimed rows that one bad row does not end."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Row = TypeVar("Row")


async def each(rows: Iterable[Row], work: Callable[[Row], Awaitable[None]]) -> None:
    """Do *work* on every row; what failed is raised together, after the last.

    Without it a row that always fails would be claimed first for ever, and starve those behind it.
    """
    failures: list[Exception] = []
    for row in rows:
        try:
            await work(row)
        except Exception as failure:  # noqa: BLE001 - raised below, with the others
            failures.append(failure)
    if failures:
        raise ExceptionGroup("some could not be published", failures)
