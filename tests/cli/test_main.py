import re
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from bot.cli.main import app


def test_it_says_the_version_that_the_project_has():
    project = Path(__file__).parents[2] / "pyproject.toml"
    version = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]

    result = CliRunner().invoke(app, ["--version"])

    assert (result.exit_code, result.output) == (0, f"dateline {version}\n")


def test_without_a_command_it_shows_the_commands_in_groups():
    shown = CliRunner().invoke(app).output

    assert "Reads the news" in shown
    groups = re.findall(r"─ (\w+) ─", shown)
    assert groups == ["Options", "Run", "Sources", "Users", "Operate", "Data"]
