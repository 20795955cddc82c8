"""What is moved of each table, how its values are written anew, and what they sum up to."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Boolean, Date, String
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from storage.db.engine import POSTGRESQL
from storage.db.leases import Lease
from storage.db.sql import Leased
from storage.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Column, Dialect, Table

Row = tuple[Any, ...]
Rows = list[Row]

# Nobody who held a row is alive when it arrives.
_CLEARED: Final = frozenset(Leased.model_fields)
# Made anew in the target, from what is moved.
_MADE: Final = frozenset({"tokens"})
# Whose rows are about processes.
_LEFT: Final = frozenset({Lease.__tablename__})
_DIGITS: Final = 2**64


class CannotMoveError(RuntimeError):
    """Why the move cannot begin or go on; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows, and the sum of what each hashes to: their order does not matter."""

    rows: int = 0
    digest: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.rows + other.rows, (self.digest + other.digest) % _DIGITS)


@dataclass(frozen=True, slots=True)
class Shape:
    """Of one table: its columns, those of its primary key, and how values are rewritten."""

    name: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    kinds: tuple[str, ...]
    """The key's types, as the origin names them."""
    rewrites: tuple[Callable[[Any], Any] | None, ...]
    is_numbered: bool
    """Whether the database gives each row its number, and none twice."""

    def key_of(self, row: Row) -> Row:
        return tuple(row[self.columns.index(key)] for key in self.keys)

    def rewritten(self, rows: Sequence[Row]) -> Rows:
        """The rows of the origin as the target's driver takes and gives them."""
        columns = list(zip(*rows, strict=True))
        for place, rewrite in enumerate(self.rewrites):
            if rewrite is not None and columns:
                columns[place] = tuple(map(rewrite, columns[place]))
        return list(zip(*columns, strict=True))

    def sum_of(self, rows: Sequence[Row]) -> tuple[Sum, int]:
        """What the *rows* of the target sum up to, and how many bytes they are about."""
        digest = size = 0
        for row in rows:
            written = repr(row).encode(errors="surrogatepass")
            size += len(written)
            digest += int.from_bytes(blake2b(written, digest_size=8).digest())
        return Sum(len(rows), digest % _DIGITS), size


def shapes(origin: Dialect, target: Dialect) -> list[Shape]:
    """Of all tables that are moved; those that others refer to come first."""
    tables = [table for table in METADATA.sorted_tables if table.name not in _LEFT]
    return [_shape(table, origin, target) for table in tables]


def _shape(table: Table, origin: Dialect, target: Dialect) -> Shape:
    columns = [column for column in table.columns if column.name not in _MADE]
    keys = list(table.primary_key.columns)
    return Shape(
        name=table.name,
        columns=tuple(column.name for column in columns),
        keys=tuple(key.name for key in keys),
        kinds=tuple(key.type.compile(origin) for key in keys),
        rewrites=tuple(_rewrite(column, origin, target) for column in columns),
        is_numbered=is_numbered(table),
    )


def is_numbered(table: Table) -> bool:
    """Whether its rows get their numbers here; a person's or chat's is Telegram's."""
    column = table.autoincrement_column
    return column is not None and column.name == "id"


def _rewrite(column: Column[Any], origin: Dialect, target: Dialect) -> Callable[[Any], Any] | None:
    """How one value is written anew; None where both drivers have the same."""
    if column.name in _CLEARED:
        return lambda _: None
    if isinstance(column.type, UTCDateTime | Date | Boolean):
        read = column.type.dialect_impl(origin).result_processor(origin, None)
        write = column.type.dialect_impl(target).bind_processor(target)
        return _both(read, write)
    if target.name == POSTGRESQL and isinstance(column.type, String | AutoString):
        return _without_nul
    return None  # words, numbers, bytes, and JSON as its text


def _both(
    read: Callable[[Any], Any] | None, write: Callable[[Any], Any] | None
) -> Callable[[Any], Any] | None:
    if read is None or write is None:
        return read or write
    return lambda value: write(read(value))


def _without_nul(text: str | None) -> str | None:
    """The one character that PostgreSQL's texts cannot hold, and that nobody can see."""
    return text.replace("\0", "") if text and "\0" in text else text
