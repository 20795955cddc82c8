"""Commands that do not migrate report in a sentence that the schema is of another version."""

import json

import pytest

from bot.app.stops import StopError
from tests.cli.conftest import execute_at
from tests.storage.databases import CONTRACTED

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
    """Leave the tables as that version: a newer one has also renamed a column."""
    for statement in CONTRACTED[1:] if version == "9999" else ():
        execute_at(url, statement)
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


def test_tables_that_a_newer_version_only_added_to_are_used(dateline, own_database_url: str):
    execute_at(own_database_url, "ALTER TABLE ban ADD COLUMN reason VARCHAR(100)")
    execute_at(own_database_url, CONTRACTED[0])

    assert dateline("migrate").exit_code == 0
    assert dateline("sources", "list").exit_code == 0


@pytest.mark.parametrize("command", [("migrate",), ("sources", "list"), ("stats",)])
def test_tables_of_another_build_are_refused_with_the_next_step(
    dateline, own_database_url: str, command
):
    execute_at(own_database_url, CONTRACTED[1])

    result = dateline(*command)

    said = f"{result.output}{result.stderr}{result.exception}"
    assert result.exit_code
    assert "does not have the tables of migration" in said
    assert "it lacks “ban.since time not null”" in said
    assert "dateline export FILE" in said


def test_the_doctor_reports_tables_of_another_build(dateline, own_database_url: str):
    execute_at(own_database_url, CONTRACTED[1])

    result = dateline("doctor", "--quick", "--json")

    codes = {json.loads(line)["code"] for line in result.output.splitlines()}
    assert "database.different" in codes


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
