"""Commands that do not migrate report in a sentence that the schema is of another version."""

import json

import pytest

from bot.app.stops import StopError
from tests.cli.conftest import execute_at

pytestmark = pytest.mark.slow

COMMANDS = (
    ("stats",),
    ("export", "chats.jsonl"),
    ("access", "list"),
    ("audit",),
    ("catalogue", "list"),
    ("catalogue", "add", "Japan", "japan"),
    ("deliveries",),
    ("deliveries", "release", "1"),
    ("invites", "list"),
    ("trace", "https://a.example/1"),
)
OTHERS = [
    pytest.param("9999", "newer version of Dateline; run that version", id="newer"),
    pytest.param("0001", "older version of Dateline; dateline migrate", id="older"),
]


def set_version(url: str, version: str) -> None:
    execute_at(url, "UPDATE alembic_version SET version_num = :version", version=version)


@pytest.fixture
def dateline(dateline_on, own_database_url: str):
    return dateline_on(own_database_url)


@pytest.mark.parametrize(("version", "sentence"), OTHERS)
def test_tables_of_another_version_are_not_touched(
    dateline, own_database_url: str, version, sentence
):
    set_version(own_database_url, version)

    for command in COMMANDS:
        result = dateline(*command)

        assert isinstance(result.exception, StopError), command
        assert sentence in str(result.exception)


@pytest.mark.parametrize("command", [("sources", "list"), ("import", "chats.jsonl")])
def test_commands_that_migrate_leave_a_newer_database_alone(
    dateline, own_database_url: str, command, tmp_path
):
    assert dateline("export", str(tmp_path / "chats.jsonl")).exit_code == 0
    set_version(own_database_url, "9999")

    result = dateline(*command)

    said = f"{result.output}{result.stderr}{result.exception}"
    assert result.exit_code
    assert "newer version of Dateline; run that version" in said
    assert "Traceback" not in said


def test_a_database_without_tables_is_reported(dateline, own_database_url: str):
    execute_at(own_database_url, "DROP TABLE alembic_version")

    for command in COMMANDS:
        result = dateline(*command)

        assert isinstance(result.exception, StopError), command
        assert "no tables yet; dateline migrate" in str(result.exception)


@pytest.mark.parametrize(("version", "code"), [("9999", "newer"), ("0001", "behind")])
def test_the_doctor_reports_it_as_a_finding(dateline, own_database_url: str, version, code):
    set_version(own_database_url, version)

    result = dateline("doctor", "--quick", "--json")

    codes = {json.loads(line)["code"] for line in result.output.splitlines()}
    assert f"database.{code}" in codes
    assert not isinstance(result.exception, StopError)
