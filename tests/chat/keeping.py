"""A database as it stood, to be put back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Kept:
    path: Path
    _copy: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))

    def keep(self) -> None:
        with closing(sqlite3.connect(self.path)) as ours:
            ours.backup(self._copy)

    def put_back(self) -> None:
        with closing(sqlite3.connect(self.path)) as ours:
            self._copy.backup(ours)

    def close(self) -> None:
        self._copy.close()
