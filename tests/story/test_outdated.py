"""A running process stops with a sentence when it meets the schema of a newer version."""

from pathlib import Path

import pytest
from sqlalchemy import text

from storage.db.engine import Storage
from tests.storage.databases import CONTRACTED
from tests.story.conftest import TOKEN
from tests.story.processes import free_port, running

pytestmark = pytest.mark.slow

# Like `python -m bot`, but it checks the schema more often than once a minute.
IMPATIENT = """
from functools import partial

from bot.app import run
from bot.cli.main import main

run.SchemaCheck = partial(run.SchemaCheck, every_seconds=0.05)
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
