"""A next version of the program, whose models have a column, a table and an index more."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEW_TABLE = """
from sqlmodel import Field, SQLModel

from storage.db.sql import NUMBERED, ROW_ID


class Colour(SQLModel, table=True):
    __table_args__ = (NUMBERED,)

    id: int = Field(default=None, primary_key=True, sa_type=ROW_ID)
    name: str = Field(max_length=20, index=True)
"""
NEW_COLUMN = "    colour: str | None = Field(default=None, max_length=7, index=True)"


@dataclass(frozen=True)
class NextVersion:
    """A copy of the program whose models have a column, a table and an index more."""

    folder: Path

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.returncode, done.stderr
        return done.stdout

    def migrate(self, url: str) -> None:
        program = "import asyncio, sys; from storage.schema import migrate;"
        self.run("-c", f"{program} asyncio.run(migrate(sys.argv[1]))", url)


def make_next_version(folder: Path) -> NextVersion:
    """Copy the program to the new *folder*, change its models, and let it write the migration."""
    for package in ("bot", "storage", "templates"):
        shutil.copytree(ROOT / package, folder / package)
    (folder / "storage" / "colours.py").write_text(NEW_TABLE)
    module = folder / "storage" / "pins.py"
    last = "    refused_at: datetime | None = None\n"
    module.write_text(module.read_text().replace(last, f"{last}{NEW_COLUMN}\n"))
    made = NextVersion(folder)
    made.run("-m", "storage.migrations.write", "next", "add colours")
    return made
