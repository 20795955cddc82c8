"""Rows in every table, with values that are unusual but allowed; and all rows to compare."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Enum,
    Integer,
    LargeBinary,
    Table,
    insert,
    select,
)
from sqlmodel.sql.sqltypes import UTCDateTime

from storage.articles import Folded, FoldedText, store_folded
from storage.db.engine import Storage, Transaction
from storage.schema import metadata

ROWS = 3
MOMENTS = (
    datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC),
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
)
DAYS = (date(2024, 2, 29), date(1, 1, 2), date(9999, 12, 30))  # beyond is infinity for the driver
TEXTS = ("plain", "é e\u0301 台湾 \U0001f9a4 \\N \\. ' \" \t\r\n% $1", " \u200b\u202e ")
WHOLE = (2**31 - 1, -(2**31), 0)
LARGE = (2**63 - 1, -(2**63), 0)
STRUCTURES: tuple[Any, ...] = ({"a": [1, None, 1.5, "台\u2028"], "": {}}, [], ["\U0001f9a4", 2**60])
VALUES: dict[type, tuple[Any, ...]] = {
    UTCDateTime: MOMENTS,
    Boolean: (False, True, False),
    BigInteger: LARGE,
    Integer: WHOLE,
    Date: DAYS,
    JSON: STRUCTURES,
    LargeBinary: (bytes(range(256)), b"", b"\0"),
}

Rows = dict[str, list[tuple[Any, ...]]]


async def fill(storage: Storage) -> None:
    """Put three rows into each table; those of each refer to those of others."""
    async with storage.writing() as tx:
        connection = await tx.session.connection()
        for table in metadata().sorted_tables:
            if table.name != Folded.__tablename__:
                await connection.execute(insert(table), _rows(table))
        await store_folded(
            tx, [FoldedText(n + 1, "c++", f"word{n} 台 湾 at&t", "ja") for n in range(ROWS)]
        )
        await _number_on(tx)


async def _number_on(tx: Transaction) -> None:
    """On PostgreSQL rows that bring their ids do not move the sequence."""
    if tx.dialect != "postgresql":
        return
    connection = await tx.session.connection()
    for table in metadata().sorted_tables:
        if "id" in table.columns and table.name != "secret":
            await connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {ROWS})"
            )


async def all_rows(storage: Storage) -> Rows:
    """Return all rows of all tables as our types have them, in the databases' own order."""
    async with storage.reading() as tx:
        connection = await tx.session.connection()
        return {
            table.name: [tuple(row) for row in await connection.execute(select(*_compared(table)))]
            for table in metadata().sorted_tables
        }


def _compared(table: Table) -> list[Column[Any]]:
    """All but what only one of the databases has."""
    return [column for column in table.columns if column.name != "tokens"]


def _rows(table: Table) -> list[dict[str, Any]]:
    return [
        {column.name: _value(column, n) for column in table.columns}
        for n in range(1 if table.name == "secret" else ROWS)
    ]


def _value(column: Column[Any], n: int) -> Any:
    if column.foreign_keys or column.name == "id":
        return n + 1
    if column.name in {"scope_id", "private"}:
        return False  # what is private no schema before 0047 can hold
    if column.nullable and n == ROWS - 1:
        return None
    if isinstance(column.type, Enum):
        words = list(column.type.enum_class or ())
        return words[n % len(words)]
    for kind, values in VALUES.items():
        if isinstance(column.type, kind):
            return values[n]
    return f"{n}{TEXTS[n]}"[: getattr(column.type, "length", None) or 10_000]
