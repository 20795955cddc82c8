"""Classifies database errors, because each kind of problem has a different remedy.

Sources: SQLite's result codes (https://sqlite.org/rescode.html), and PostgreSQL's SQLSTATEs
(https://www.postgresql.org/docs/current/errcodes-appendix.html).
"""

import errno
import sqlite3
from typing import Final, NamedTuple

from storage.db.postgresql import sqlstate
from storage.enums import DatabaseProblem

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
