"""The file that spares a new process to read every query again: a token, then the snapshot.

Processes that share a folder share the file; one writes at a time, beside it, and then puts the
whole in its place.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.matching.engine.snapshot import Snapshot, Unusable, read, write
from storage.db.filelock import AlreadyHeldError, file_lock

log = structlog.get_logger(__name__)

_TOKEN = 32  # bytes


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """At *path*, complete or not at all; what cannot be used is deleted."""

    path: Path

    def load(self, checkpoints: Mapping[str, int]) -> Snapshot | None:
        """None if there is none, or none of the *checkpoints*, numbers of changes by token."""
        try:
            return self._read(checkpoints)
        except FileNotFoundError:
            return None
        except (Unusable, OSError) as error:
            log.warning("matching.snapshot_refused", path=str(self.path), reason=str(error))
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
            return None

    def _read(self, checkpoints: Mapping[str, int]) -> Snapshot:
        with self.path.open("rb") as file:
            number = checkpoints.get(file.read(_TOKEN).decode("ascii", "replace"))
            if number is None:
                raise Unusable("it is of another database, or of what a backup undid")
            snapshot = read(file)
        if snapshot.number != number:
            raise Unusable("it is not what its token says")
        return snapshot

    def save(self, snapshot: Snapshot, token: str) -> None:
        """Raise `OSError` where the folder or the disk does not allow it.

        What another process saves at this moment is as good.
        """
        lock = self.path.with_name(f"{self.path.name}.lock")
        with contextlib.suppress(AlreadyHeldError), file_lock(lock, wait=False):
            self._write(snapshot, token)

    def _write(self, snapshot: Snapshot, token: str) -> None:
        draft = self.path.with_name(f"{self.path.name}.new")
        try:
            with draft.open("wb") as file:
                file.write(token.encode("ascii"))
                write(file, snapshot)
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)
