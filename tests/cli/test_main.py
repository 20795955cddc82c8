import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.app.stops import StopError, TemporaryStopError
from bot.cli import main as command
from bot.cli.main import app
from bot.settings import WrongSettingError


def test_the_version_is_that_of_the_project():
    project = Path(__file__).parents[2] / "pyproject.toml"
    version = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]

    result = CliRunner().invoke(app, ["--version"])

    assert (result.exit_code, result.output) == (0, f"dateline {version}\n")


def test_the_commands_are_shown_in_groups():
    shown = CliRunner().invoke(app).output

    assert "Reads the news" in shown
    groups = re.findall(r"─ (\w+) ─", shown)
    assert groups == ["Options", "Run", "Sources", "Users", "Operate", "Data"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(WrongSettingError("WEB_PORT is wrong."), 78, id="wrong setting"),
        pytest.param(StopError("BOT_TOKEN is wrong."), 78, id="to be changed first"),
        pytest.param(TemporaryStopError("DATABASE_URL: away."), 75, id="to be tried again"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(monkeypatch, capsys, error, code):
    def fails() -> None:
        raise error

    monkeypatch.setattr(command, "app", fails)

    with pytest.raises(SystemExit) as end:
        command.main()

    assert end.value.code == code
    assert capsys.readouterr().err == f"{error}\n"
