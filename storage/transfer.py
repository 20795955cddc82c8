"""Copies a whole database from SQLite to PostgreSQL, or the other way (`dateline migrate-storage`).

- The source is read in one snapshot. The target is written in one transaction and gets every row or
  none. An interrupted copy leaves no rows behind and must be started again.
- Nobody else may use the databases meanwhile. This module refuses a server with other connections.
  The caller must hold the lock of an SQLite file.
- Values are read and written through the tables' types, which convert them for each database.
- Leases are not copied, because no process that holds one survives the copy. Neither is the
  full-text index, which is built from the copied texts.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, inspect, select, text
from sqlalchemy.pool import NullPool

from storage.articles import Article, Folded, FoldedText, store_folded
from storage.db.engine import POSTGRESQL, SQLITE, Transaction
from storage.db.leases import Lease
from storage.db.postgresql import admin_engine, exclusive_connection
from storage.db.sql import Leased
from storage.schema import database_file, is_current, metadata, migrate, stored_version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from sqlalchemy import FromClause, Row, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    # Called with the table that is being copied, the number of copied rows, and of all rows.
    Progress = Callable[[str, int, int], None]

_BATCH_ROWS: Final = 500

_EXAMPLES: Final = 3

# Tables without a model; SQLite's full-text index has several.
_MADE_BY_MIGRATIONS: Final = ("alembic_version", "folded_index")

# Each query returns pairs of statements: one that drops a key or index, one that creates it again.
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
_LAST_ID: Final = {
    SQLITE: text("SELECT seq FROM sqlite_sequence WHERE name = :name"),
    POSTGRESQL: text(
        "SELECT pg_sequence_last_value(pg_get_serial_sequence(quote_ident(:name), 'id'))"
    ),
}
_SET_LAST_ID: Final = {
    SQLITE: text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"),
    POSTGRESQL: text("SELECT setval(pg_get_serial_sequence(quote_ident(:name), 'id'), :last)"),
}


class TransferError(RuntimeError):
    """The copy is impossible; the message says why, and what to do."""


def check_urls(source_url: str, target_url: str) -> None:
    """Raise `TransferError` if nothing can be copied between the URLs. Creates no file."""
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
    `DatabaseInUseError`, and errors of the drivers.
    """
    check_urls(source_url, target_url)
    async with _connected(source_url) as source:
        if _is_sqlite(source):
            await source.exec_driver_sql("BEGIN")
        else:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            await source.execution_options(**options)
        await _check_source(source)
        if path := database_file(target_url):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        async with _connected(target_url) as target:
            await _check_is_empty(target)
            await target.rollback()
            await migrate(target_url)
            async with target.begin():
                tx = Transaction(target, datetime.now(UTC))
                return await _copy(source, tx, progress)


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


async def _check_source(source: AsyncConnection) -> None:
    version = await source.run_sync(stored_version)
    if version is None:
        raise TransferError("The source holds no database of Dateline.")
    if not is_current(version):
        raise TransferError(
            "The source was written by an older version of Dateline. Run dateline migrate with "
            "its address as DATABASE_URL, then copy it."
        )
    if _is_sqlite(source):  # SQLite does not enforce foreign keys on every connection
        rows = await source.exec_driver_sql("PRAGMA foreign_key_check")
        if damaged := {row[0] for row in rows.fetchmany(1000)}:
            raise TransferError(
                f"The source is damaged: rows of {', '.join(sorted(damaged))} refer to rows that "
                "do not exist. Restore a backup."
            )


async def _check_is_empty(target: AsyncConnection) -> None:
    """Raise `TransferError` if the target has rows, or tables of another program."""
    names = await target.run_sync(lambda connection: inspect(connection).get_table_names())
    counts = await _counts(
        target, [metadata().tables[name] for name in names if name in metadata().tables]
    )
    contents = [f"rows in {name} ({count:,})" for name, count in counts.items() if count]
    contents += [
        f"the table {name} of another program"
        for name in names
        if name not in metadata().tables and not name.startswith(_MADE_BY_MIGRATIONS)
    ]
    if contents:
        raise TransferError(
            f"The target is not empty: it has {', '.join(contents[:_EXAMPLES])}. "
            "Create a new database and give its address."
        )


async def _copy(source: AsyncConnection, target: Transaction, progress: Progress) -> dict[str, int]:
    connection = target.connection
    if _is_sqlite(connection):
        await connection.exec_driver_sql("PRAGMA cache_size = -64000")
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    tables = [table for table in metadata().sorted_tables if table.name != Lease.__tablename__]
    expected = await _counts(source, tables)
    done, total = 0, sum(expected.values())
    restoring = await _drop_keys_and_indexes(connection)
    for table in tables:
        progress(table.name, done, total)
        async for rows in _batches(source, table):
            if table.name == Folded.__tablename__:
                await store_folded(target, [FoldedText(**_values(row)) for row in rows])
            else:
                await connection.execute(insert(table), [_values(row) for row in rows])
            done += len(rows)
            progress(table.name, done, total)
    for statement in restoring:
        await connection.exec_driver_sql(statement)
    await _continue_ids(source, connection)
    if not _is_sqlite(connection):
        await connection.exec_driver_sql("ANALYZE")
    copied = await _counts(connection, tables)
    if different := [name for name in expected if copied[name] != expected[name]]:
        raise TransferError(
            f"The rows of {', '.join(different)} are not as many as before; nothing was copied."
        )
    return copied


async def _batches(source: AsyncConnection, table: Table) -> AsyncIterator[Sequence[Row[Any]]]:
    """Stream the table's rows in the order of its primary key."""
    columns = [column for column in table.columns if column.name not in Leased.model_fields]
    rows: FromClause = table
    if table.name == Folded.__tablename__:  # read as `FoldedText`
        article = metadata().tables[str(Article.__tablename__)]
        texts = (table.c.article_id, table.c.title, table.c.text, table.c.labels)
        columns = [*texts, article.c.language]
        rows = table.join(article)
    statement = select(*columns).select_from(rows).order_by(*table.primary_key.columns)
    result = await source.stream(statement, execution_options={"yield_per": _BATCH_ROWS})
    async for batch in result.partitions():
        yield batch


def _values(row: Row[Any]) -> dict[str, Any]:
    """Return the values by column, without NUL characters, which PostgreSQL cannot store."""
    return {
        name: value.replace("\0", "") if isinstance(value, str) and "\0" in value else value
        for name, value in row._mapping.items()  # noqa: SLF001 - public in SQLAlchemy
    }


async def _drop_keys_and_indexes(target: AsyncConnection) -> list[str]:
    """Drop PostgreSQL's foreign keys and indexes; return the statements that restore them.

    Without foreign keys, a row may be inserted before the row of the same table that it refers to;
    on this connection SQLite enforces none. Building the indexes at the end halves the time.
    """
    if _is_sqlite(target):
        return []
    await target.exec_driver_sql("SET LOCAL maintenance_work_mem = '256MB'")
    statements = []
    for query in (_FOREIGN_KEYS, _INDEXES):
        for drop, create in (await target.execute(text(query))).all():
            await target.exec_driver_sql(drop)
            statements.append(create)
    return statements


def is_numbered(table: Table) -> bool:
    """Return whether the database assigns the ids; Telegram assigns those of users and groups."""
    column = table.autoincrement_column
    return column is not None and column.name == "id"


async def _continue_ids(source: AsyncConnection, target: AsyncConnection) -> None:
    """Make the ids of new rows continue after the highest id ever given, even to deleted rows."""
    if _is_sqlite(target):
        await target.exec_driver_sql("DELETE FROM sqlite_sequence")
    for table in filter(is_numbered, metadata().sorted_tables):
        last_given = await source.scalar(_LAST_ID[source.dialect.name], {"name": table.name})
        highest = await source.scalar(select(func.max(table.c.id)))
        if last := max(last_given or 0, highest or 0):
            statement = _SET_LAST_ID[target.dialect.name]
            await target.execute(statement, {"name": table.name, "last": last})


async def _counts(connection: AsyncConnection, tables: Iterable[Table]) -> dict[str, int]:
    return {
        table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
        for table in tables
    }


def _is_sqlite(connection: AsyncConnection) -> bool:
    return connection.dialect.name == SQLITE
