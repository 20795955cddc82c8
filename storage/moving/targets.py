"""Where rows go, with what must be true before, while and after they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from storage.moving.shapes import CannotMoveError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sqlalchemy import Dialect

    from storage.moving.notes import Note
    from storage.moving.shapes import Rows, Shape


class Target(Protocol):
    @property
    def dialect(self) -> Dialect: ...

    async def begin(self, mark: str, /) -> dict[str, Note]:
        """Make ready for rows of the origin with that *mark*; return how far they are, by table."""

    async def put(self, shape: Shape, rows: Rows, note: Note, /) -> None:
        """Store the *rows* and the *note* that they are there, both or neither."""

    def build(self) -> AsyncIterator[tuple[int, int]]:
        """Make what is faster made at the end; yield how many are done, and of how many."""

    def all_rows(self, shape: Shape, /) -> AsyncIterator[Rows]:
        """What is stored now, in any order."""

    async def end(self, last_numbers: Mapping[str, int], /) -> None:
        """Say that all is there: from now on the database may be used.

        New rows get numbers behind the last one of their table, which may be of a row long gone.
        """


def refuse_full(counts: dict[str, int]) -> None:
    full = [f"{count:,} in {name}" for name, count in counts.items() if count]
    if full:
        raise CannotMoveError(
            f"The target is not empty: rows are there already ({', '.join(full[:3])}). "
            "Move to a new database."
        )
