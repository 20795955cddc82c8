"""Which schema a database has, and which one this version needs.

Asked at each start and each minute, so without alembic, whose import takes longer than the answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from storage.engine import Unit

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_STORED: Final = text("SELECT version_num FROM alembic_version")
_MOVING: Final = " moving"  # behind the number: what is there is not all of it yet


class SchemaError(RuntimeError):
    """The database is not one that this version can use; the message says what to do."""


class SchemaTooNewError(SchemaError):
    """The database was migrated by a newer version than this one."""

    def __init__(self) -> None:
        super().__init__(
            "The database was written by a newer version of Dateline; run that version."
        )


class SchemaTooOldError(SchemaError):
    """The database is of an older version than this one, or has no tables at all."""

    def __init__(self, version: str | None) -> None:
        was = "was written by an older version of Dateline" if version else "has no tables yet"
        super().__init__(f"The database {was}; dateline migrate brings it up to date.")


class HalfMovedError(SchemaError):
    """A move into this database has begun and not ended."""

    def __init__(self) -> None:
        super().__init__(
            "A move into this database has not ended; give the same dateline migrate-storage "
            "again, and it goes on where it stopped."
        )


def newest() -> str:
    """The number of the last migration of this version, such as `0042`."""
    return max(path.name[:4] for path in MIGRATIONS.glob("versions/[0-9]*.py"))


def moving(version: str) -> str:
    """What a database calls its version while rows are moved into it."""
    return version + _MOVING


def stored(connection: Connection) -> str | None:
    """The version that the database has; None for one without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(_STORED).scalar()


def is_current(version: str | None) -> bool:
    """Whether nothing is to be done; `SchemaError` where nothing can be."""
    if version is not None and version.endswith(_MOVING):
        raise HalfMovedError
    if version is None or version < newest():
        return False
    if version > newest():
        raise SchemaTooNewError
    return True


async def require_current(unit: Unit) -> None:
    """For whoever does not migrate: `SchemaError` unless the tables are those of this version."""
    connection = await unit.session.connection()
    version = await connection.run_sync(stored)
    if not is_current(version):
        raise SchemaTooOldError(version)


async def is_still_current(unit: Unit) -> bool:
    """`is_current`, of a database that is in use."""
    connection = await unit.session.connection()
    return is_current((await connection.execute(_STORED)).scalar())
