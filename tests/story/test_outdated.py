"""A running process stops with a sentence when it meets the schema of a newer version."""

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.db.engine import Storage
from storage.schema import migrate
from tests.storage.databases import CONTRACTED
from tests.storage.next_version import ROOT, make_next_version
from tests.story.conftest import TOKEN
from tests.story.processes import free_port, running

pytestmark = pytest.mark.slow

# Like `python -m bot`, but it checks the schema more often than once a minute.
IMPATIENT = """
from functools import partial

from bot.app import run
from bot.cli.main import main

class Check(run.SchemaCheck):
    async def is_outdated(self):
        outdated = await super().is_outdated()
        print("compared with the schema", flush=True)
        return outdated

run.SchemaCheck = partial(Check, every_seconds=0.05)
main()
"""
SENTENCE = "The database was written by a newer version of Dateline; run that version."


@pytest.fixture
def impatient(tmp_path: Path) -> str:
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    return "impatient"


async def outdate(url: str) -> None:
    storage = Storage.open(url)
    async with storage.writing() as tx:
        for statement in CONTRACTED:
            await tx.change(text(statement))
    await storage.close()


async def test_versions_in_folders_of_their_own_run_side_by_side(
    own_postgresql_url: str, telegram, tmp_path
):
    """As docs/how-to/upgrade.md has it: a new folder, `dateline migrate`, one process at a time."""
    await migrate(own_postgresql_url)
    old, current = tmp_path / "dateline-0.1", tmp_path / "dateline"
    for package in ("bot", "storage", "templates"):
        shutil.copytree(ROOT / package, old / package)
    (old / "impatient.py").write_text(IMPATIENT)
    current.symlink_to(old)
    settings = {
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": telegram.base_url,
        "DATABASE_URL": own_postgresql_url,
    }
    roles = ("run", "--roles", "poll,match,publish")
    async with running(
        "impatient", *roles, folder=current, WEB_PORT=str(free_port()), **settings
    ) as command:
        await command.wait_for("ready")

        new = await asyncio.to_thread(make_next_version, tmp_path / "dateline-0.2")
        async with running("bot", "migrate", folder=new.folder, **settings) as migrating:
            assert await migrating.exit_code() == 0, migrating.output
        current.unlink()
        current.symlink_to(new.folder)

        command.lines.clear()
        for _ in range(2):
            await command.wait_for("compared with the schema")
            command.lines.clear()
        async with running(
            "bot", *roles, folder=current, WEB_PORT=str(free_port()), **settings
        ) as upgraded:
            await upgraded.wait_for("ready")
            await command.stop()
            await upgraded.stop()


@pytest.mark.parametrize("roles", ["chat,send", "poll,match,publish"])
async def test_a_newer_schema_ends_a_running_process_with_its_sentence(
    own_database_url: str, impatient, telegram, tmp_path, roles
):
    settings = {
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": telegram.base_url,
        "DATABASE_URL": own_database_url,
        "WEB_PORT": str(free_port()),
    }
    arguments = (impatient, "run", "--roles", roles)
    async with running(*arguments, folder=tmp_path, **settings) as command:
        await command.wait_for("ready")

        await outdate(own_database_url)

        assert await command.exit_code() == 75  # the next start may be the newer version
    assert "this version is outdated and stops" in command.output
    assert command.lines[-1] == SENTENCE
    assert "Traceback" not in command.output

    async with running("bot", "run", "--roles", roles, folder=tmp_path, **settings) as again:
        assert await again.exit_code() == 78
    assert again.lines[-1] == SENTENCE
