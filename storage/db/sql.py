"""What both databases share: column types, lists of values, inserts and upserts.

A table that numbers its rows says `NUMBERED`. Buttons, links, Message-IDs and mutes name rows by
number, and may outlive them. PostgreSQL gives no number twice, but SQLite does once the last row is
deleted: an old button would then act on another topic. A copy to the other database takes the last
numbers along.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BinaryExpression,
    BindParameter,
    Boolean,
    ColumnElement,
    Dialect,
    Enum,
    Integer,
    Text,
    TypeDecorator,
    bindparam,
    inspect,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.operators import in_op
from sqlmodel import SQLModel

from storage.db.engine import POSTGRESQL, Transaction

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

# Rows stand in the primary key itself, which spares SQLite an index of them.
CLUSTERED: Final = {"sqlite_with_rowid": False}
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

    def free(self) -> None:
        """Revoke the lease; its owner finds that when it is done."""
        self.owner = self.lease_until = None


# A list of values is one parameter, so that a statement is compiled, and prepared, once. A list
# that is written out, a parameter for each value, makes another statement for each length.


class _List(TypeDecorator[Sequence[Any]]):
    """Many values of one type as one: an array on PostgreSQL, a JSON text on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[BigInteger | Text]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        array = dialect.name == POSTGRESQL
        return dialect.type_descriptor(ARRAY(self.kind(), dimensions=1) if array else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return list(value) if dialect.name == POSTGRESQL else json.dumps(list(value))


class _Among(BinaryExpression[bool]):
    """To the session an `IN` like any other, which it can evaluate for the rows that it holds."""

    inherit_cache = True


@compiles(_Among, "sqlite")
def _among_on_sqlite(element: _Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(side, **options) for side in (element.left, element.right))
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled


@compiles(_Among, "postgresql")
def _among_on_postgresql(element: _Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(side, **options) for side in (element.left, element.right))
    return f"{column} = ANY ({values})"


def among(column: Any, values: Iterable[Any] | BindParameter[Any]) -> ColumnElement[bool]:
    """Say whether *column*, of ids or strings, is one of *values*, however many these are.

    In a statement that is made once, *values* is a `bindparam` that is given them later.
    """
    kind = _List(BigInteger if isinstance(column.type, Integer) else Text)
    if isinstance(values, BindParameter):
        bound: BindParameter[Any] = bindparam(values.key, type_=kind)
    else:
        bound = bindparam(None, list(values), type_=kind, unique=True)
    side = column.expression if hasattr(column, "expression") else column
    return _Among(side, bound, in_op, type_=Boolean())


# Inserting rows, as the drivers take them: to go through the session, or through the compiled
# statement for each row, takes longer than the database does.


async def insert_new(
    tx: Transaction,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    returning: Any = None,
) -> list[Any]:
    """Insert the *rows* that break no unique rule; return the key *returning* of those.

    All rows name the same columns; what they do not name has its default. The order of what is
    returned is the database's.
    """
    new, count = await _insert(tx, table, rows, "ON CONFLICT DO NOTHING", returning)
    tx.made[str(table.__tablename__)] += count
    return new


async def upsert(
    tx: Transaction,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: str,
    changes: str,
) -> None:
    """Insert the *rows*; where the *key* of one is there already, make its *changes* instead.

    *key*: column names, as `"event, day"`. *changes*: SQL on the row that is there, called by its
    table, and on the new one, called `excluded`: `"tat = excluded.tat WHERE pace.tat < 5"`. All
    rows name the same columns, and no two the same key.
    """
    await _insert(tx, table, rows, f"ON CONFLICT ({key}) DO UPDATE SET {changes}")


_LENGTH: Final = re.compile(r"\(\d+\)")

_ROWS_AT_ONCE: Final = 500  # in one statement of SQLite, which takes 32,766 values


async def _insert(
    tx: Transaction,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    conflict: str,
    returning: Any = None,
) -> tuple[list[Any], int]:
    """Return *returning* of the rows, if it is asked for, and how many they are."""
    if not rows:
        return [], 0
    columns = _columns(tx.session.get_bind().dialect, table, tuple(rows[0]))
    names = ", ".join(f'"{column.name}"' for column in columns)
    ending = conflict if returning is None else f'{conflict} RETURNING "{returning.key}"'
    connection = await tx.session.connection()
    new: list[Any] = []
    count = 0
    for source, parameters in _sources(tx.dialect, columns, rows):
        statement = f'INSERT INTO "{table.__tablename__}" ({names}) {source} {ending}'
        done = await connection.exec_driver_sql(statement, parameters)
        if returning is None:
            count += max(done.rowcount, 0)
        else:
            new += done.scalars()
    return new, count or len(new)


def _sources(
    dialect: str, columns: Sequence["_Column"], rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield what each statement inserts, and its parameters."""
    filled = [column.of(rows) for column in columns]
    if dialect == POSTGRESQL:  # takes whole columns, for which it plans once
        arrays = ", ".join(f"${place}::{each.kind}[]" for place, each in enumerate(columns, 1))
        yield f"SELECT * FROM unnest({arrays})", tuple(filled)  # noqa: S608 - types of our own
        return
    marks = f"({', '.join('?' * len(columns))})"
    lines = list(zip(*filled, strict=True))
    for at in range(0, len(lines), _ROWS_AT_ONCE):
        some = lines[at : at + _ROWS_AT_ONCE]
        yield f"VALUES {', '.join([marks] * len(some))}", tuple(chain.from_iterable(some))


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that is inserted."""

    name: str
    kind: str  # its type in the database, without its length: a cast would cut what is too long
    named: bool  # by the rows, else its default fills it
    default: Any
    written: Callable[[Any], Any] | None  # how the driver wants a value; None: as it is

    def of(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        name, written = self.name, self.written
        if not self.named:
            default = self.default.arg(None) if self.default.is_callable else self.default.arg
            return [default if written is None else written(default)] * len(rows)
        values = [row[name] for row in rows]
        if written is None:
            return values
        # Mostly one moment for all of them.
        known = {key: written(value) for key, value in {id(v): v for v in values}.items()}
        return [known[id(value)] for value in values]


@lru_cache(maxsize=128)
def _columns(
    dialect: Dialect, table: type[SQLModel], named: tuple[str, ...]
) -> tuple[_Column, ...]:
    columns = inspect(table).local_table.columns
    if unknown := set(named) - set(columns.keys()):
        raise ValueError(f"no columns of {table.__name__}: {sorted(unknown)}")
    return tuple(
        _Column(
            column.name,
            _LENGTH.sub("", column.type.compile(dialect)),
            column.name in named,
            column.default,
            column.type.dialect_impl(dialect).bind_processor(dialect),
        )
        for column in columns
        if column.name in named or column.default is not None
    )
