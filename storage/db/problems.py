"""The kinds of trouble with a database, because each has another remedy. Pure.

SQLite names its result codes (https://sqlite.org/rescode.html), PostgreSQL its SQLSTATEs
(https://www.postgresql.org/docs/current/errcodes-appendix.html).
"""

import errno
import sqlite3
from typing import Final

from storage.db.postgresql import sqlstate
from storage.enums import DatabaseProblem, Unusable

# The extended codes begin with the name of the primary one. `CANTOPEN` is a folder without
# permission, or something that is no file.
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


def problem_of(error: BaseException) -> DatabaseProblem:
    """Return what *error* of a driver, of SQLAlchemy or of the system says about the database."""
    cause = getattr(error, "orig", None) or error
    named = getattr(cause, "sqlite_errorname", "")
    for code, problem in _OF_SQLITE:
        if named.startswith(code):
            return problem
    for code, problem in _OF_POSTGRESQL:
        if sqlstate(cause).startswith(code):
            return problem
    if isinstance(cause, OSError):
        return _OF_THE_SYSTEM.get(cause.errno or 0, DatabaseProblem.UNREACHABLE)
    if isinstance(cause, sqlite3.Error):  # without a code, as for a path with a zero byte in it
        return DatabaseProblem.FORBIDDEN
    return DatabaseProblem.UNREACHABLE


def why_not(error: BaseException) -> Unusable:
    """Return *error* as the problem that it is, with its message."""
    return Unusable(problem_of(error), message_of(error))


def message_of(error: BaseException) -> str:
    """Return the first line that the driver or the system says, without a full stop."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.filename}: {cause.strerror}" if cause.filename else cause.strerror
    said = str(cause).partition("\n")[0].rstrip(".")
    return said or type(cause).__name__
