"""Classifies database errors, because each kind of problem has a different remedy.

Sources: SQLite's result codes (https://sqlite.org/rescode.html), and PostgreSQL's SQLSTATEs
(https://www.postgresql.org/docs/current/errcodes-appendix.html).
"""

import errno
import sqlite3
from typing import Final, NamedTuple

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from storage.db.postgresql import DISCONNECTED_CODES, sqlstate
from storage.enums import DatabaseProblem

# Any transaction may raise it: the disk is full, the server is unreachable, the file is locked.
DatabaseError = DBAPIError

# SQLSTATEs of PostgreSQL. A deadlock, a serialization failure:
_CONFLICT_CODES: Final = frozenset({"40P01", "40001"})

# No connection; no resources; stopping or starting; errors of the server's system; a standby.
_UNAVAILABLE_CODES: Final = ("08", "53", "57P", "58", "25006")

_DISK_FULL: Final = "53100"

# Extended codes begin with the name of their primary code. `CANTOPEN` means that the folder's
# permissions are missing, or that the path is not a file.
_OF_SQLITE: Final = (
    ("SQLITE_BUSY", DatabaseProblem.BUSY),
    ("SQLITE_LOCKED", DatabaseProblem.BUSY),
    ("SQLITE_FULL", DatabaseProblem.FULL),
    ("SQLITE_READONLY", DatabaseProblem.READ_ONLY),
    ("SQLITE_CANTOPEN", DatabaseProblem.FORBIDDEN),
    ("SQLITE_PERM", DatabaseProblem.FORBIDDEN),
    ("SQLITE_AUTH", DatabaseProblem.FORBIDDEN),
    ("SQLITE_NOTADB", DatabaseProblem.NO_DATABASE),
    ("SQLITE_CORRUPT", DatabaseProblem.DAMAGED),
    ("SQLITE_IOERR", DatabaseProblem.DISK),
)

_OF_POSTGRESQL: Final = (
    ("28", DatabaseProblem.LOGIN),
    ("3D", DatabaseProblem.MISSING),
    ("25006", DatabaseProblem.STANDBY),
    ("53100", DatabaseProblem.FULL),
    ("53300", DatabaseProblem.CROWDED),
)

_OF_THE_SYSTEM: Final = {
    errno.EACCES: DatabaseProblem.FORBIDDEN,
    errno.EPERM: DatabaseProblem.FORBIDDEN,
    errno.EROFS: DatabaseProblem.READ_ONLY,
    errno.ENOSPC: DatabaseProblem.FULL,
    errno.EDQUOT: DatabaseProblem.FULL,
    errno.ENOTDIR: DatabaseProblem.FORBIDDEN,
    errno.EISDIR: DatabaseProblem.NO_DATABASE,
    errno.ENAMETOOLONG: DatabaseProblem.NO_DATABASE,
    errno.EIO: DatabaseProblem.DISK,
}


class Unusable(NamedTuple):
    """Why a database cannot be used or written to. *message*: from the driver or the system."""

    problem: DatabaseProblem
    message: str

    @classmethod
    def because_of(cls, error: BaseException) -> "Unusable":
        return cls(database_problem(error), message_of(error))


def database_problem(error: BaseException) -> DatabaseProblem:
    """Return the problem behind an error of a driver, of SQLAlchemy or of the system."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", "")
    for beginning, problem in _OF_SQLITE:
        if code.startswith(beginning):
            return problem
    for beginning, problem in _OF_POSTGRESQL:
        if sqlstate(cause).startswith(beginning):
            return problem
    if isinstance(cause, OSError):
        return _OF_THE_SYSTEM.get(cause.errno or 0, DatabaseProblem.UNREACHABLE)
    if isinstance(cause, sqlite3.Error):  # errors without a code, as for a path with a NUL byte
        return DatabaseProblem.FORBIDDEN
    return DatabaseProblem.UNREACHABLE


def message_of(error: BaseException) -> str:
    """Return the first line of the driver's or the system's message, without a full stop."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.filename}: {cause.strerror}" if cause.filename else cause.strerror
    return str(cause).partition("\n")[0].rstrip(".") or type(cause).__name__


def is_unavailable(error: Exception) -> bool:
    """Return whether the database cannot be reached or used, whatever the statement."""
    if not isinstance(error, DBAPIError):
        # Jinja's error for a missing template is both an OSError and a LookupError.
        return isinstance(error, OSError) and not isinstance(error, LookupError)
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return True
    return sqlstate(error).startswith(_UNAVAILABLE_CODES)


def is_disconnected(error: Exception) -> bool:
    """Return whether the server is unreachable or the file is locked; either may end soon."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or sqlstate(error).startswith(DISCONNECTED_CODES):
        return True
    return getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY")


def is_transient(error: Exception) -> bool:
    """Return whether a retry may succeed: the database was unavailable, or two writers collided."""
    return is_unavailable(error) or sqlstate(error) in _CONFLICT_CODES


def describe_failure(error: Exception) -> str | None:
    """Describe a driver's error in one sentence for the command line; None for other errors."""
    import asyncpg  # noqa: PLC0415 - not used on SQLite
    from asyncpg.exceptions import PostgresConnectionError  # noqa: PLC0415 - as above

    message = str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")
    is_full = isinstance(error, asyncpg.DiskFullError) or sqlstate(error) == _DISK_FULL
    if is_full or "disk is full" in message:
        return f"The disk is full: {message}. Make room."
    unreachable = asyncpg.InterfaceError | PostgresConnectionError | SQLAlchemyError
    if isinstance(error, OSError | unreachable):
        return f"A database cannot be reached or used: {message or type(error).__name__}."
    if isinstance(error, asyncpg.PostgresError | sqlite3.Error):
        return f"A database refuses: {message}."
    return None
