"""Inserting rows that may be there already, many at a time, on both databases."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Dialect, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from storage.engine import POSTGRESQL, Unit

_LENGTH: Final = re.compile(r"\(\d+\)")
_COLUMNS: Final = """
    INSERT INTO "{table}" ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING
"""


async def insert_new(
    unit: Unit, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], *, returning: Any
) -> list[Any]:
    """Insert the *rows* that break no unique rule; return *returning* of those that are new.

    All rows name the same columns. The order of what is returned is the database's.
    """
    if not rows:
        return []
    # Not through the session, which does much for each row that none of ours needs.
    connection = await unit.session.connection()
    statement = _insertion(unit.dialect, table).returning(returning)
    new = list((await connection.execute(statement, rows)).scalars())
    unit.made[str(table.__tablename__)] += len(new)
    return new


async def add_new(unit: Unit, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """`insert_new` where nobody asks which are new: for many rows it takes a third of the time."""
    if not rows:
        return
    connection = await unit.session.connection()
    form = _form(unit.session.get_bind().dialect, table, tuple(rows[0]))
    filled = [place.of(rows) for place in form.places]
    # PostgreSQL takes whole columns, for which it plans once.
    values = tuple(filled) if unit.dialect == POSTGRESQL else list(zip(*filled, strict=True))
    done = await connection.exec_driver_sql(form.statement, values)
    unit.made[str(table.__tablename__)] += max(done.rowcount, 0)


async def put_all(
    unit: Unit,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    changing: Sequence[str],
    where: ColumnElement[bool] | None = None,
) -> None:
    """Insert the *rows*; one whose *key* is there already gives that row its *changing* columns.

    *where* says which of those that are there may be changed. All rows name the same columns.
    """
    if not rows:
        return
    made = _vendor(unit.dialect).insert(inspect(table).local_table)
    changed = {name: made.excluded[name] for name in changing}
    put = made.on_conflict_do_update(index_elements=key, set_=changed, where=where)
    await (await unit.session.connection()).execute(put, rows)


@dataclass(frozen=True, slots=True)
class _Place:
    """What fills one place of a statement."""

    column: str
    named: bool  # by the rows, else its default fills it
    default: Any
    written: Callable[[Any], Any] | None  # how the driver wants a value; None: as it is

    def of(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        column, written = self.column, self.written
        if not self.named:
            return [self.default if written is None else written(self.default)] * len(rows)
        values = [row[column] for row in rows]
        if written is None:
            return values
        # Mostly one moment for all of them.
        known = {key: written(value) for key, value in {id(v): v for v in values}.items()}
        return [known[id(value)] for value in values]


class _Form(NamedTuple):
    """An INSERT as the driver takes it."""

    statement: str
    places: tuple[_Place, ...]


@lru_cache(maxsize=64)
def _form(dialect: Dialect, table: type[SQLModel], named: tuple[str, ...]) -> _Form:
    """To go through the compiled statement for each row takes longer than the database does."""
    compiled = _insertion(dialect.name, table).compile(dialect=dialect, column_keys=list(named))
    columns = [inspect(table).local_table.columns[name] for name in compiled.positiontup or ()]
    places = tuple(
        _Place(
            column.name,
            column.name in named,
            None if column.default is None else column.default.arg,
            column.type.dialect_impl(dialect).bind_processor(dialect),
        )
        for column in columns
    )
    if dialect.name != POSTGRESQL:
        return _Form(str(compiled), places)
    names = ", ".join(f'"{column.name}"' for column in columns)
    # Without its length: a cast would cut silently what is too long.
    kinds = (_LENGTH.sub("", column.type.compile(dialect)) for column in columns)
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds, 1))
    statement = _COLUMNS.format(table=inspect(table).local_table.name, names=names, arrays=arrays)
    return _Form(statement, places)


def _insertion(dialect: str, table: type[SQLModel]) -> Any:
    return _vendor(dialect).insert(inspect(table).local_table).on_conflict_do_nothing()


def _vendor(dialect: str) -> Any:
    return postgresql if dialect == POSTGRESQL else sqlite
