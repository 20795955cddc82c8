"""The file that spares a new process to read every query again."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.matching.engine.snapshot import Snapshot, Unusable, read, write

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """At *path*, complete or not at all; what cannot be used is deleted."""

    path: Path

    def load(self, latest: int) -> Snapshot | None:
        """None if there is none, or none that *latest*, the database's last change, can go on."""
        try:
            with self.path.open("rb") as file:
                snapshot = read(file)
        except FileNotFoundError:
            return None
        except (Unusable, OSError) as error:
            self._refuse(str(error))
            return None
        if snapshot.number > latest:
            self._refuse("it is of another database, or of an older copy's future")
            return None
        return snapshot

    def save(self, snapshot: Snapshot) -> None:
        """Raise `OSError` where the folder or the disk does not allow it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"{self.path.name}.new")
        try:
            with draft.open("wb") as file:
                write(file, snapshot)
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)

    def _refuse(self, reason: str) -> None:
        log.warning("matching.snapshot_refused", path=str(self.path), reason=reason)
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
