"""Rows in every table, with unusual but allowed values; and all rows to compare."""

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
    text,
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
DAYS = (
    date(2024, 2, 29),
    date(1, 1, 2),
    date(9999, 12, 30),
)  # the driver reads later dates as infinity
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
    """Insert three rows into each table, which refer to those of other tables."""
    async with storage.writing() as tx:
        for table in metadata().sorted_tables:
            if table.name != Folded.__tablename__:
                await tx.change(insert(table), _rows(table))
        await store_folded(
            tx, [FoldedText(n + 1, "c++", f"word{n} 台 湾 at&t", "ja") for n in range(ROWS)]
        )
        await _number_on(tx)


async def _number_on(tx: Transaction) -> None:
    """Advance PostgreSQL's sequences, because rows with explicit ids do not."""
    if tx.dialect != "postgresql":
        return
    for table in metadata().sorted_tables:
        if "id" in table.columns and table.name != "secret":
            sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
            await tx.rows(text(f"SELECT setval({sequence}, {ROWS})"))


async def all_rows(storage: Storage) -> Rows:
    """Return all rows of all tables, in the order of the database."""
    async with storage.reading() as tx:
        return {
            table.name: [tuple(row) for row in await tx.rows(select(*_compared(table)))]
            for table in metadata().sorted_tables
        }


def _compared(table: Table) -> list[Column[Any]]:
    """Return the columns that both databases fill."""
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
        return False
    if column.nullable and n == ROWS - 1:
        return None
    if isinstance(column.type, Enum):
        words = list(column.type.enum_class or ())
        return words[n % len(words)]
    for kind, values in VALUES.items():
        if isinstance(column.type, kind):
            return values[n]
    return f"{n}{TEXTS[n]}"[: getattr(column.type, "length", None) or 10_000]
