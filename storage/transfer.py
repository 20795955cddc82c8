"""Copy a whole database from SQLite to PostgreSQL, or the other way (`dateline migrate-storage`).

- The source is read in one snapshot. The target is written in one transaction: it gets every row
  or none. A copy that was interrupted left nothing behind and is started again from the beginning.
- Nobody else may use the databases meanwhile. This module refuses a server that others are
  connected to; the caller holds the lock of an SQLite file.
- Values are read and written through the tables' types, so that each database gets its own form.
- Leases are not copied, since no process that holds one is alive when its row arrives, and neither
  is the full-text index, which is built from the copied texts.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, bindparam, func, insert, inspect, select, text
from sqlalchemy.pool import NullPool
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.articles import Article, Folded, FoldedText, store_folded
from storage.db.engine import SQLITE, Transaction
from storage.db.leases import Lease
from storage.db.postgresql import admin_engine, exclusive_connection
from storage.db.sql import Leased
from storage.schema import database_file, is_current, migrate, stored_version
from storage.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from sqlalchemy import Column, Insert, Row, Select, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    # Is called with the table that is being copied, the rows copied so far, and all rows.
    Progress = Callable[[str, int, int], None]

_BATCH_ROWS: Final = 500

_VERSION_TABLE: Final = "alembic_version"
_FULL_TEXT_INDEX: Final = "folded_index"  # and SQLite's own tables behind it
_EXAMPLES: Final = 3

_NEW_TARGET: Final = "Create a new database and give its address."

# How each is dropped and made again, in the server's own words.
_FOREIGN_KEYS: Final = """
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
            pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""
_INDEXES: Final = """
    SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE NOT indisunique AND relnamespace = current_schema()::regnamespace
"""
_READ_SEQUENCE: Final = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:name, 'id'))")
_SET_SEQUENCE: Final = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
_SET_AUTOINCREMENT: Final = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")


class TransferError(RuntimeError):
    """Why the copy cannot be made; the message is one sentence, or two with what to do."""


def check_urls(source_url: str, target_url: str) -> None:
    """`TransferError` for two URLs that cannot be copied between; no file is made by asking."""
    source, target = database_file(source_url), database_file(target_url)
    if (source is None) == (target is None):
        raise TransferError(
            "One of the two must be an SQLite file, the other PostgreSQL; between two of a kind "
            "use dateline backup and dateline restore."
        )
    if source and not source.is_file():
        raise TransferError(f"There is no database at {source}.")


async def transfer(source_url: str, target_url: str, progress: Progress) -> dict[str, int]:
    """Copy every row of the source into the empty target; return the number of rows by table.

    The target's tables are created first. Raises `TransferError`, `SchemaError`,
    `DatabaseInUseError`, or what the drivers raise.
    """
    check_urls(source_url, target_url)
    async with _connected(source_url) as source:
        await _begin_snapshot(source)
        await _check_source(source)
        if path := database_file(target_url):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        async with _connected(target_url) as target:
            await _check_is_empty(target)
            await target.rollback()
            await migrate(target_url)
            async with AsyncSession(target) as session, session.begin():
                return await _copy(
                    source, Transaction(session, datetime.now(UTC)), progress=progress
                )


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    if database_file(url) is None:
        async with exclusive_connection(url) as connection:
            yield connection
        return
    engine = admin_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _begin_snapshot(source: AsyncConnection) -> None:
    if _is_sqlite(source):
        await source.exec_driver_sql("BEGIN")
    else:
        await source.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


async def _check_source(source: AsyncConnection) -> None:
    version = await source.run_sync(stored_version)
    if version is None:
        raise TransferError("The source holds no database of Dateline.")
    if not is_current(version):
        raise TransferError(
            "The source was written by an older version of Dateline. Run dateline migrate with "
            "its address as DATABASE_URL, then copy it."
        )
    if _is_sqlite(source):  # which does not enforce references on every connection
        found = await source.exec_driver_sql("PRAGMA foreign_key_check")
        if damaged := {row[0] for row in found.fetchmany(1000)}:
            raise TransferError(
                f"The source is damaged: rows of {', '.join(sorted(damaged))} refer to rows that "
                "do not exist. Restore a backup."
            )


async def _check_is_empty(target: AsyncConnection) -> None:
    """Before any migration: neither old rows nor another program's tables are touched."""
    names = await target.run_sync(lambda connection: inspect(connection).get_table_names())
    foreign = [name for name in names if name not in METADATA.tables and not _is_made(name)]
    if foreign:
        raise TransferError(
            f"The target is not empty: it has tables that are not Dateline's "
            f"({', '.join(foreign[:_EXAMPLES])}). {_NEW_TARGET}"
        )
    counts = await _counts(target, (METADATA.tables[name] for name in names if not _is_made(name)))
    if full := [f"{count:,} in {name}" for name, count in counts.items() if count]:
        raise TransferError(
            f"The target is not empty: it has rows already ({', '.join(full[:_EXAMPLES])}). "
            f"{_NEW_TARGET}"
        )


def _is_made(name: str) -> bool:
    """Whether our migrations make the table, beside those of the models."""
    return name == _VERSION_TABLE or name.startswith(_FULL_TEXT_INDEX)


async def _copy(source: AsyncConnection, target: Transaction, progress: Progress) -> dict[str, int]:
    connection = await target.session.connection()
    if _is_sqlite(connection):
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    tables = [table for table in METADATA.sorted_tables if table.name != Lease.__tablename__]
    expected = await _counts(source, tables)
    done, total = 0, sum(expected.values())
    last_statements = await _drop_keys_and_indexes(connection)
    for table in tables:
        progress(table.name, done, total)
        insertion = _insert(table)
        async for rows in _batches(source, table):
            if table.name == Folded.__tablename__:
                await store_folded(target, [FoldedText(*row) for row in rows])
            else:
                await connection.execute(insertion, [_values(row) for row in rows])
            done += len(rows)
            progress(table.name, done, total)
    for statement in last_statements:
        await connection.exec_driver_sql(statement)
    await _set_last_ids(connection, await _last_ids(source))
    if not _is_sqlite(connection):
        await connection.exec_driver_sql("ANALYZE")
    found = await _counts(connection, tables)
    if different := [name for name in expected if found[name] != expected[name]]:
        raise TransferError(
            f"The rows of {', '.join(different)} are not as many as before; nothing was copied."
        )
    return found


async def _batches(source: AsyncConnection, table: Table) -> AsyncIterator[Sequence[Row[Any]]]:
    """The table's rows in the order of its primary key, streamed."""
    result = await source.stream(_select(table), execution_options={"yield_per": _BATCH_ROWS})
    async for rows in result.partitions():
        yield rows


def _select(table: Table) -> Select[Any]:
    if table.name == Folded.__tablename__:
        texts = select(Folded.article_id, Folded.title, Folded.text, col(Article.language))
        return texts.join(Article, col(Article.id) == Folded.article_id).order_by(
            col(Folded.article_id)
        )
    return select(*_copied_columns(table)).order_by(*table.primary_key.columns)


def _insert(table: Table) -> Insert:
    return insert(table).values(
        {
            column.name: bindparam(column.name, type_=_type(column))
            for column in _copied_columns(table)
        }
    )


def _copied_columns(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.name not in Leased.model_fields]


def _type(column: Column[Any]) -> Any:
    """The column's type; a missing document stays NULL and does not become JSON's null."""
    if isinstance(column.type, JSON) and column.nullable:
        return JSON(none_as_null=True)
    return column.type


def _values(row: Row[Any]) -> dict[str, Any]:
    """By column, without the one character that PostgreSQL's texts cannot hold."""
    return {
        name: value.replace("\0", "") if isinstance(value, str) and "\0" in value else value
        for name, value in row._mapping.items()  # noqa: SLF001 - public in SQLAlchemy
    }


async def _drop_keys_and_indexes(target: AsyncConnection) -> list[str]:
    """Drop what PostgreSQL would look after row by row; return the statements that make it again.

    Without foreign keys, a row may come before one of the same table that it refers to (SQLite
    enforces none here). The index on texts takes a fifth of the time when it is built at once.
    """
    if _is_sqlite(target):
        return []
    await target.exec_driver_sql("SET LOCAL maintenance_work_mem = '256MB'")
    statements = []
    for query in (_FOREIGN_KEYS, _INDEXES):
        for drop, create in (await target.exec_driver_sql(query)).all():
            await target.exec_driver_sql(drop)
            statements.append(create)
    return statements


def is_numbered(table: Table) -> bool:
    """Whether the database gives each row its id; Telegram numbers users and groups."""
    column = table.autoincrement_column
    return column is not None and column.name == "id"


async def _last_ids(source: AsyncConnection) -> dict[str, int]:
    """The highest id that each table ever gave to a row, which may be deleted since."""
    found: dict[str, int] = {}
    if _is_sqlite(source):
        rows = await source.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
        found = {row.name: row.seq for row in rows}
    last_ids = {}
    for table in filter(is_numbered, METADATA.sorted_tables):
        highest = await source.scalar(select(func.max(table.c.id)))
        given = found.get(table.name)
        if not _is_sqlite(source):
            given = await source.scalar(_READ_SEQUENCE, {"name": f'"{table.name}"'})
        last_ids[table.name] = max(highest or 0, given or 0)
    return last_ids


async def _set_last_ids(target: AsyncConnection, last_ids: dict[str, int]) -> None:
    statement = _SET_SEQUENCE
    if _is_sqlite(target):
        await target.exec_driver_sql("DELETE FROM sqlite_sequence")
        statement = _SET_AUTOINCREMENT
    for name, last in last_ids.items():
        if last:
            quoted = name if _is_sqlite(target) else f'"{name}"'
            await target.execute(statement, {"name": quoted, "last": last})


async def _counts(connection: AsyncConnection, tables: Iterable[Table]) -> dict[str, int]:
    return {
        table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
        for table in tables
    }


def _is_sqlite(connection: AsyncConnection) -> bool:
    return connection.dialect.name == SQLITE
