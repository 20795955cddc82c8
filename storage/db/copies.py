"""Copies an SQLite database, even while it is in use. A copy is complete or does not exist."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

_PAGES: Final = 2_000  # 8 MB between two reports of progress

_MAX_ERRORS: Final = 3


class CannotBackUpError(RuntimeError):
    """A backup or its restoration is impossible; the message is one sentence."""


def copy_database(
    source: Path, target: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Copy the current state of the database *source* to the file *target*.

    *progress* is called with the number of copied pages and of all pages. An existing *target* is
    replaced once the copy is on the disk.
    """
    with atomic_file(target) as draft:
        copy_pages(source, draft, progress)


def copy_pages(
    source: Path, draft: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Copy the database *source* into the empty file *draft*; see `copy_database`."""
    with closing(_open(source)) as origin, closing(_open(draft)) as copy:
        # Inside a read transaction, because otherwise each write by others restarts the copy.
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
        origin.backup(copy, pages=_PAGES, progress=_report_to(progress))
        origin.execute("ROLLBACK")
        # Leave WAL mode, so that the file alone is the whole database.
        copy.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield a draft, readable only by this user, that replaces *target* when the block ends."""
    draft = target.with_name(f"{target.name}.partial")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield draft
        _sync(draft)
        draft.replace(target)
        _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def examine(path: Path) -> str:
    """Check the file; return its schema version. Raises `CannotBackUpError` if it is damaged."""
    with closing(_open(path)) as connection:
        try:
            problems = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            if problems != ["ok"]:
                raise CannotBackUpError(f"{path} is damaged: {'; '.join(problems[:_MAX_ERRORS])}.")
            ((version,),) = connection.execute("SELECT version_num FROM alembic_version")
        except (sqlite3.DatabaseError, ValueError) as error:
            raise CannotBackUpError(f"{path} is damaged or not ours: {error}.") from error
    return str(version)


def copy_size(path: Path) -> int:
    """Return the largest possible size of a copy: the size of the file plus that of its log."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)


def _report_to(
    progress: Callable[[int, int], None] | None,
) -> Callable[[int, int, int], None] | None:
    return progress and (lambda _status, left, total: progress(total - left, total))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
