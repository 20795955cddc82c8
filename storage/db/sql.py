"""SQL for both databases: column types, lists of values, inserts and upserts.

A table whose ids the database assigns is `NUMBERED`, so that ids are never reused. Buttons, links,
Message-IDs and mutes contain ids and may outlive their rows. PostgreSQL never reuses an id, but
SQLite by default reuses the highest one after its row is deleted, and an old button would act on
another topic. A copy to the other database (`storage.transfer`) continues after the last id.
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

# Rows are not validated. pydantic builds the validator of a table only when a row is dumped, which
# saves a sixth of the time that importing the tables takes.
SQLModel.model_config["defer_build"] = True

# SQLite assigns ids only if the primary key is declared as INTEGER.
ROW_ID = BigInteger().with_variant(Integer, "sqlite")

# WITHOUT ROWID: SQLite stores the rows in the primary key's own B-tree, without a second index.
CLUSTERED: Final = {"sqlite_with_rowid": False}
NUMBERED = {"sqlite_autoincrement": True}


def enum_column(words: type[StrEnum]) -> Enum:
    """Return the column type for *words*, which stores their values as text.

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
    """Return the options of an index on the rows that meet *condition*, for both databases.

    The condition is literal SQL, because the planner must read it to choose the index.
    """
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Leased(SQLModel):
    """A row that processes lease: `owner` has the lease until `lease_until`."""

    owner: str | None = None
    lease_until: datetime | None = None

    def free(self) -> None:
        """Revoke the lease. Its owner notices that when it renews or releases the row."""
        self.owner = self.lease_until = None


# A list of values is bound as one parameter, so that a statement is compiled and prepared once. One
# parameter per value would make a different statement for each length.


class _List(TypeDecorator[Sequence[Any]]):
    """The type of a list parameter: an array on PostgreSQL, a JSON text on SQLite."""

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
    """An `IN` with a list parameter. The session can evaluate it on loaded rows, as any `IN`."""

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
    """Build the condition that *column*, of ids or strings, is in *values*, of any length.

    In a statement that is built once, *values* is a `bindparam`.
    """
    kind = _List(BigInteger if isinstance(column.type, Integer) else Text)
    if isinstance(values, BindParameter):
        bound: BindParameter[Any] = bindparam(values.key, type_=kind)
    else:
        bound = bindparam(None, list(values), type_=kind, unique=True)
    side = column.expression if hasattr(column, "expression") else column
    return _Among(side, bound, in_op, type_=Boolean())


# Rows are passed to the driver directly, because the session, or a compiled statement for each row,
# takes longer than the database itself.


async def insert_new(
    tx: Transaction,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    returning: Any = None,
) -> list[Any]:
    """Insert the *rows* that violate no unique constraint.

    Returns the column *returning* of the inserted rows, in any order. All rows name the same
    columns; the other columns get their defaults.
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
    """Insert the *rows*; apply *changes* to stored rows with the same *key*.

    *key*: column names, such as `"event, day"`. *changes*: SQL that names the stored row by its
    table and the new row `excluded`: `"tat = excluded.tat WHERE pace.tat < 5"`. All rows name the
    same columns, and no two have the same key.
    """
    await _insert(tx, table, rows, f"ON CONFLICT ({key}) DO UPDATE SET {changes}")


async def update_each(
    tx: Transaction,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: str,
    owner: str,
) -> set[Any]:
    """Give each row with the same *key* the values of one of *rows*; return the changed keys.

    Leaves out rows that *owner* does not lease. All of *rows* name the same columns, and no two
    have the same key.
    """
    columns, updating = _updating(tx.connection.dialect, table, tuple(rows[0]), key)
    changed: set[Any] = set()
    for values, parameters in _inserted_values(tx.dialect, columns, rows):
        holder = f"${len(parameters) + 1}" if tx.dialect == POSTGRESQL else "?"
        statement = updating.format(values=values, holder=holder)
        result = await tx.execute_in_driver(statement, (*parameters, owner))
        changed |= set(result.scalars())
    return changed


@lru_cache(maxsize=128)
def _updating(
    dialect: Dialect, table: type[SQLModel], named: tuple[str, ...], key: str
) -> tuple[Sequence["_Column"], str]:
    """Return the columns and the statement of `update_each`, with places for values and holder."""
    columns = [each for each in _insert_columns(dialect, table, named) if each.is_named]
    names = ", ".join(f'"{column.name}"' for column in columns)
    changes = ", ".join(
        f'"{each.name}" = new."{each.name}"' for each in columns if each.name != key
    )
    stored = f'"{table.__tablename__}"'
    return columns, (
        f"WITH new ({names}) AS ({{values}}) UPDATE {stored} SET {changes} FROM new"  # noqa: S608
        f' WHERE {stored}."{key}" = new."{key}" AND {stored}."owner" = {{holder}}'
        f' RETURNING {stored}."{key}"'
    )


_LENGTH: Final = re.compile(r"\(\d+\)")

_ROWS_AT_ONCE: Final = 500  # per statement on SQLite, which allows 32,766 parameters


async def _insert(
    tx: Transaction,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    conflict: str,
    returning: Any = None,
) -> tuple[list[Any], int]:
    """Insert the rows; return their *returning* column, if one is given, and their number."""
    if not rows:
        return [], 0
    columns = _insert_columns(tx.connection.dialect, table, tuple(rows[0]))
    names = ", ".join(f'"{column.name}"' for column in columns)
    ending = conflict if returning is None else f'{conflict} RETURNING "{returning.key}"'
    new: list[Any] = []
    count = 0
    for values, parameters in _inserted_values(tx.dialect, columns, rows):
        statement = f'INSERT INTO "{table.__tablename__}" ({names}) {values} {ending}'
        result = await tx.execute_in_driver(statement, parameters)
        if returning is None:
            count += max(result.rowcount, 0)
        else:
            new += result.scalars()
    return new, count or len(new)


def _inserted_values(
    dialect: str, columns: Sequence["_Column"], rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the SQL of the values of each statement, with its parameters."""
    values = [column.values_of(rows) for column in columns]
    if dialect == POSTGRESQL:  # one array per column, so that the statement is planned once
        arrays = ", ".join(f"${place}::{column.type}[]" for place, column in enumerate(columns, 1))
        yield f"SELECT * FROM unnest({arrays})", tuple(values)  # noqa: S608 - types of our own
        return
    marks = f"({', '.join('?' * len(columns))})"
    lines = list(zip(*values, strict=True))
    for start in range(0, len(lines), _ROWS_AT_ONCE):
        batch = lines[start : start + _ROWS_AT_ONCE]
        yield f"VALUES {', '.join([marks] * len(batch))}", tuple(chain.from_iterable(batch))


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str  # SQL type without a length, because a cast to a length would truncate silently
    is_named: bool  # whether the rows name the column; if not, it gets its default
    default: Any
    to_driver: Callable[[Any], Any] | None  # None: the driver takes the value unconverted

    def values_of(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        if not self.is_named:
            default = self.default.arg(None) if self.default.is_callable else self.default.arg
            return [default if self.to_driver is None else self.to_driver(default)] * len(rows)
        values = [row[self.name] for row in rows]
        if self.to_driver is None:
            return values
        # Usually all rows share one timestamp object, which is then converted only once.
        distinct = {id(value): value for value in values}
        converted = {key: self.to_driver(value) for key, value in distinct.items()}
        return [converted[id(value)] for value in values]


@lru_cache(maxsize=128)
def _insert_columns(
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
