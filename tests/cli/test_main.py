import tomllib
from pathlib import Path

from typer.testing import CliRunner

from bot.cli.commands import app


def test_it_says_the_version_that_the_project_has():
    project = Path(__file__).parents[2] / "pyproject.toml"
    version = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]

    result = CliRunner().invoke(app, ["--version"])

    assert (result.exit_code, result.output) == (0, f"dateline {version}\n")


def test_without_a_command_it_says_what_there_is():
    assert "Reads the news" in CliRunner().invoke(app).output
