import json

import pytest

from storage.db.engine import Storage
from tests.cli.conftest import with_storage_at
from tests.delivery.conftest import Outbox
from tests.storage.stored import subscribe

pytestmark = pytest.mark.slow


async def fill(storage: Storage) -> None:
    ann = await Outbox(storage).chat(123456789, name="Ann Example")
    await subscribe(storage, ann, "Japan", "japan")
    await subscribe(storage, ann, "a whim of Ann", None)


@pytest.fixture
def stats(dateline_on, database_url):
    with_storage_at(database_url, fill)
    return lambda *options: dateline_on(database_url)("stats", *options)


def test_the_numbers_are_printed_in_lines(stats):
    lines = [line.split() for line in stats().output.splitlines()]

    assert ["chats", "1", "private", "active"] in lines
    assert ["1", "Japan"] in lines


def test_small_tables_have_no_line(stats):
    printed, document = stats().output, json.loads(stats("--json").output)

    assert " 0.0 " not in printed
    # Smaller than what a figure in megabytes with one decimal shows; PostgreSQL has larger pages.
    assert min(size["count"] for size in document["bytes"]) < 70_000


def test_a_json_document_has_the_same_numbers(stats):
    found = json.loads(stats("--json", "--days", "2").output)

    assert found["now"]["chats"] == [{"what": ["private", "active"], "count": 1, "at_least": False}]
    assert len(found["articles_a_day"]) == 2
    assert set(found["lag_seconds"]) == {"read", "match", "publish", "send"}


@pytest.mark.parametrize("option", ["--days=7", "--json"])
def test_no_user_is_named(stats, option):
    output = stats(option).output

    assert not any(word in output for word in ("Ann", "whim", "123456789"))


def test_a_missing_database_is_one_sentence(dateline_on, tmp_path):
    result = dateline_on(f"sqlite:///{tmp_path}/none.sqlite3")("stats")

    assert result.exit_code
    assert "DATABASE_URL" in str(result.exception)
    assert not (tmp_path / "none.sqlite3").exists()
