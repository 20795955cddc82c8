"""Locks on files, which the kernel releases when the process dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_PATIENCE_SECONDS: Final = 1.0


class AlreadyHeldError(RuntimeError):
    """Another process holds the lock; `holder` is its process id, or "unknown"."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is held by process {holder}")
        self.path = path
        self.holder = holder


def lock_beside(path: Path, purpose: str) -> Path:
    """Return the lock file for *path*; all symbolic links to a file share one."""
    real = path.resolve()
    return real.with_name(f"{real.name}.{purpose}.lock")


@contextmanager
def lock_itself(path: Path) -> Iterator[None]:
    """Lock the inode of *path*, and so all its hard links; create the file if it is missing.

    Raises `AlreadyHeldError`. The lock (flock) does not conflict with SQLite's own locks (fcntl).
    This process must not use the database after the block, because closing the file here drops all
    fcntl locks that the process has on it.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyHeldError(path, "unknown") from None
        yield
    finally:
        os.close(file)


@contextmanager
def file_lock(path: Path, *, wait: bool) -> Iterator[None]:
    """Lock *path* for the block. With *wait*, wait for the lock; else raise `AlreadyHeldError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            if wait:
                fcntl.flock(file, fcntl.LOCK_EX)
            else:
                _lock_at_once(file)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyHeldError(path, file.read().strip() or "unknown") from None
        # The file is never removed, because then two processes could lock two files of one name.
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _lock_at_once(file: IO[str]) -> None:
    """Lock *file*, or raise BlockingIOError if another process holds an exclusive lock.

    Waits for shared locks, because `dateline doctor` tests a lock by sharing it for a moment.
    """
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                raise
        else:
            return
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # raises if it is held exclusively
        fcntl.flock(file, fcntl.LOCK_UN)
        time.sleep(0.01)


def lock_holder(path: Path) -> str | None:
    """Return the number of the process that holds the lock *path*, without changing the file.

    Returns "unknown" if the process wrote no number, and None if no process holds the lock.
    """
    try:
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "unknown"
    except OSError:
        return None
    return None
