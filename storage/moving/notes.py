"""How far a move is: rows of the table `moving` in the target, and the words for them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from storage.moving.shapes import CannotMoveError, Sum
from storage.schema import latest_version, moving

TABLE: Final = """
    CREATE TABLE moving (
        name TEXT PRIMARY KEY, reached TEXT NOT NULL, moved BIGINT NOT NULL, digest TEXT NOT NULL
    )
"""
# For what is built at the end: keys to others, and indexes.
LATER: Final = "CREATE TABLE moving_later (place BIGINT PRIMARY KEY, statement TEXT NOT NULL)"
READ: Final = "SELECT name, reached, moved, digest FROM moving"
WHOLE: Final = ""  # the name of the row about the move as a whole: which origin it is of


@dataclass(frozen=True, slots=True)
class Note:
    """How far one table is: the key of the last row, and the sum of those that are there."""

    name: str
    reached: tuple[Any, ...] | None = None
    sum: Sum = field(default_factory=Sum)

    @property
    def row(self) -> tuple[str, str, int, str]:
        return (
            self.name,
            json.dumps(self.reached, default=str),
            self.sum.rows,
            str(self.sum.digest),
        )


def notes_in(rows: list[tuple[str, str, int, str]], mark: str) -> dict[str, Note]:
    """Read the rows of a move that goes on; it must be of the origin with that *mark*."""
    notes: dict[str, Note] = {}
    for name, reached, moved, digest in rows:
        key = json.loads(reached)
        notes[name] = Note(name, tuple(key) if key else None, Sum(moved, int(digest)))
    begun = notes.pop(WHOLE, None)
    if begun is None or begun.reached != (mark,):
        raise CannotMoveError(
            "The target holds half of another move, or the origin has changed since that began; "
            "make the target empty and begin anew."
        )
    return notes


def refuse_other_version(version: str) -> None:
    if version != moving(latest_version()):
        raise CannotMoveError(
            "The target holds half of a move by another version of Dateline; make it empty and "
            "begin anew."
        )
