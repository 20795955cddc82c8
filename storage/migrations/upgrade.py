"""Runs all migrations in one transaction, on both databases.

Import this module only for an upgrade, because importing alembic takes long.
"""

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.db.engine import POSTGRESQL
from storage.db.postgresql import admin_engine
from storage.schema import LATEST_VERSION, MIGRATIONS, is_usable, stored_version

# An arbitrary key of an advisory lock, used for nothing else in the database.
_ADVISORY_LOCK = 0xDA7E_11FE


def alembic_config(connection: Connection | None = None) -> Config:
    """Return alembic's configuration for migrations on *connection*."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


async def upgrade(url: str, before: Callable[[], None] = lambda: None) -> None:
    """Bring the database at *url* up to date; if that fails, leave it unchanged.

    *before* is called before an older database is migrated.
    """
    engine = admin_engine(url)
    if engine.dialect.name != POSTGRESQL:
        _in_one_transaction(engine)
    try:
        async with engine.connect() as connection:
            is_older = await connection.run_sync(_is_older)
            await connection.rollback()
            if is_older:
                before()
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _is_older(connection: Connection) -> bool:
    return stored_version(connection) is not None and not is_usable(connection)


def _upgrade(connection: Connection) -> None:
    with connection.begin():
        if connection.dialect.name == POSTGRESQL:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        # Check again, because another process may have migrated the database meanwhile.
        if not is_usable(connection):
            # Not to "head", because the folder may now contain files of a newer version.
            command.upgrade(alembic_config(connection), LATEST_VERSION)
            is_usable(connection)  # raises if the migrations made other tables than recorded


def _in_one_transaction(engine: AsyncEngine) -> None:
    """Make SQLite run all migrations in one transaction; its driver would commit after each DDL."""

    @event.listens_for(engine.sync_engine, "connect")
    def _open(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
