"""A lock that a process holds on a file, and that the kernel lets go of when the process dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_PATIENCE_SECONDS: Final = 1.0


class AlreadyHeldError(RuntimeError):
    """Another process holds the lock; `holder` is its number, or "unknown"."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is held by process {holder}")
        self.path = path
        self.holder = holder


def lock_beside(path: Path, purpose: str) -> Path:
    """Return the file to lock for *path*, the same by whatever symbolic link it is reached."""
    real = path.resolve()
    return real.with_name(f"{real.name}.{purpose}.lock")


@contextmanager
def lock_itself(path: Path) -> Iterator[None]:
    """Hold the file *path* by its inode, thus by any of its hard links; made if it is missing.

    Raises `AlreadyHeldError`. SQLite's locks are of another kind (fcntl) and stay untouched, as
    long as nobody in this process uses the file after the block: closing it would drop them.
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
    """Hold *path* for the block. With *wait* stand in line, else raise `AlreadyHeldError`."""
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
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _lock_at_once(file: IO[str]) -> None:
    """Lock *file*, or raise BlockingIOError if another process holds it exclusively.

    `dateline doctor` sees whether a lock is held by sharing it for a moment: that is waited for.
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


# The file stays: removing it would let two processes lock two files of one name.
