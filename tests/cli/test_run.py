"""`dateline run` before the bot starts."""

import pytest
from typer.testing import CliRunner

from bot.cli.main import app


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Return a function that starts a bot which ends at once, in a folder with this `.env`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bot.app.memory.share_arena", lambda: None)
    monkeypatch.setattr("bot.app.memory.postpone_collection", lambda: None)
    monkeypatch.setattr("bot.ops.logs.configure_logs", lambda *_values: None)

    async def ends(*_values, **_facts):
        return None

    monkeypatch.setattr("bot.app.run.run_bot", ends)

    def started(env: str):
        (tmp_path / ".env").write_text(env)
        return CliRunner().invoke(app, ["run"])

    return started


def test_the_start_names_a_misspelt_setting(start):
    started = start("ADMIN_ID=1\n")

    assert started.exit_code == 0
    assert started.stderr == (
        "ADMIN_ID is no setting, so it has no effect. Did you mean ADMIN_IDS?\n"
    )


def test_the_start_is_quiet_about_settings(start):
    assert start("ADMIN_IDS=1\n").stderr == ""
