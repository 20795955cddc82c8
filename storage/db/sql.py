"""Column types that every table shares."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Dialect, Enum, Integer, TextClause, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from storage.db.engine import POSTGRESQL, SQLITE, Transaction

# Every constraint has a name, so that a migration can change it on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# A table's rows are not validated, so that what would do it is built for those alone that are
# dumped: a sixth of what the tables cost a start.
SQLModel.model_config["defer_build"] = True

# SQLite numbers rows by itself only where the primary key is a plain INTEGER.
ROW_ID = BigInteger().with_variant(Integer, "sqlite")

# SQLite gives the number of a deleted last row again, unless the table says AUTOINCREMENT;
# buttons, links and keys may outlive the row that they name. PostgreSQL gives none twice.
NUMBERED = {"sqlite_autoincrement": True}


def enum_column(words: type[StrEnum]) -> Enum:
    """Return the column type for *words*: their values as text, no type of the database's own.

    A native enum would need a migration for each new word.
    """
    return Enum(
        words,
        native_enum=False,
        length=16,
        create_constraint=False,
        values_callable=lambda kinds: [kind.value for kind in kinds],
    )


def partial_index(condition: str) -> dict[str, Any]:
    """Return what makes an index one of the rows that meet *condition*, on both databases.

    It is literal, since a partial index serves only a condition that the planner can read.
    """
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Leased(SQLModel):
    """A row that is worked on by claim: `owner` has it until `lease_until`."""

    owner: str | None = None
    lease_until: datetime | None = None


# Inserting rows that may be there already, many at a time, on both databases.


_LENGTH: Final = re.compile(r"\(\d+\)")

_COLUMNS: Final = """
    INSERT INTO "{table}" ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING
"""


async def insert_new(
    unit: Transaction, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], *, returning: Any
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


async def insert_ignore(
    unit: Transaction, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
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


async def upsert(
    unit: Transaction,
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
class _Target:
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
    places: tuple[_Target, ...]


@lru_cache(maxsize=64)
def _form(dialect: Dialect, table: type[SQLModel], named: tuple[str, ...]) -> _Form:
    """To go through the compiled statement for each row takes longer than the database does."""
    compiled = _insertion(dialect.name, table).compile(dialect=dialect, column_keys=list(named))
    columns = [inspect(table).local_table.columns[name] for name in compiled.positiontup or ()]
    places = tuple(
        _Target(
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


# Rows of which a column is one of many: these are one value, so that the statement is made once.
#
# A list that is written out, a parameter for each, makes another statement for each length.


Statement = TypeVar("Statement")

Id = TypeVar("Id", int, str)

_FORMS: Final = {
    SQLITE: "{column} IN (SELECT value FROM json_each(:ids))",
    POSTGRESQL: "{column} = ANY(CAST(:ids AS {kind}[]))",
}


def by_dialect(
    column: str, make: Callable[[TextClause], Statement], kind: str = "bigint"
) -> Mapping[str, Statement]:
    """Return what *make* makes of the condition that *column* is among `ids`, for each database.

    *kind* is what PostgreSQL calls that of the column: `text` for words.
    """
    return {
        dialect: make(text(form.format(column=column, kind=kind)))
        for dialect, form in _FORMS.items()
    }


def as_one(unit: Transaction, ids: Collection[Id]) -> str | list[Id]:
    """Return *ids* as the value of `ids`."""
    return list(ids) if unit.dialect == POSTGRESQL else json.dumps(list(ids))
