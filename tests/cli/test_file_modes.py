"""What a command makes is closed to other users of the machine, whatever the umask."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def dateline(folder: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "DATABASE_URL": "sqlite:///var/deep/d.sqlite3"},
        umask=0,
        check=True,
        capture_output=True,
    )


def open_to_others(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): oct(mode)
        for path in folder.rglob("*")
        if (mode := path.stat().st_mode & 0o777) & 0o077
    }


def test_files_of_commands_are_closed_to_other_users(tmp_path: Path):
    dateline(tmp_path, "migrate")
    dateline(tmp_path, "backup", "d.backup")
    dateline(tmp_path, "preview", "--to", "digest.html")

    database = tmp_path / "var" / "deep" / "d.sqlite3"
    assert {"d.backup", "digest.html", "var"} <= {path.name for path in tmp_path.iterdir()}
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")  # as the bot has it
        connection.execute("CREATE TABLE kept (n)")
        assert database.with_name("d.sqlite3-wal").exists()
        assert open_to_others(tmp_path) == {}


def test_no_page_tells_to_copy_secrets_with_open_modes():
    pages = (ROOT / "README.md", ROOT / ".env.example", *(ROOT / "docs").rglob("*.md"))

    assert [page for page in pages if "cp .env" in page.read_text(encoding="utf-8")] == []
