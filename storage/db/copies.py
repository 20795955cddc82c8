"""Copies of an SQLite database, made beside its users: complete, or not there at all."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

_PAGES: Final = 2_000  # 8 MB between two words of how far it is

_MAX_ERRORS: Final = 3


class CannotBackUpError(RuntimeError):
    """Why a backup or its return cannot be; the message is one sentence."""


def copy_database(
    source: Path, target: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Copy the database *source* as it is at this moment to the one file *target*.

    *progress* is called with how many pages are done, and of how many. What is at *target* is
    replaced at once, when the copy is on the disk.
    """
    with written_atomically(target) as draft:
        copy_pages(source, draft, progress)


def copy_pages(
    source: Path, draft: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Fill the empty file *draft*, as `copy_database` does."""
    with closing(_opened(source)) as origin, closing(_opened(draft)) as copy:
        # The copy is of this moment, and is not begun anew when others write meanwhile.
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
        origin.backup(copy, pages=_PAGES, progress=_left(progress))
        origin.execute("ROLLBACK")
        # Without a log beside it the file is all there is.
        copy.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def written_atomically(target: Path) -> Iterator[Path]:
    """Yield where to write what shall be at *target* as a whole, for nobody else to read."""
    draft = target.with_name(f"{target.name}.partial")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield draft
        _to_disk(draft)
        draft.replace(target)
        _to_disk(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def examine(path: Path) -> str:
    """Return the version of a file that SQLite finds whole, else raise `CannotBackUpError`."""
    with closing(_opened(path)) as connection:
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            asked = "SELECT version_num FROM alembic_version"
            ((version,),) = connection.execute(asked) if found == ["ok"] else [("",)]
        except (sqlite3.DatabaseError, ValueError) as error:
            raise CannotBackUpError(f"{path} is damaged or not ours: {error}.") from error
    if found != ["ok"]:
        raise CannotBackUpError(f"{path} is damaged: {'; '.join(found[:_MAX_ERRORS])}.")
    return str(version)


def sizes_of(path: Path) -> int:
    """How much a copy takes at most: the file, and what stands in its log only."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)


def _left(progress: Callable[[int, int], None] | None) -> Callable[[int, int, int], None] | None:
    return progress and (lambda _status, left, total: progress(total - left, total))


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
