import asyncio
import gzip
import json

import pytest
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from bot.app.stops import StopError
from bot.cli.commands import app
from bot.cli.people import next_size
from bot.cli.people_files import some_of
from bot.subscribers import arrivals, importing_people, watching
from bot.subscribers.access import Access
from bot.subscribers.arrivals import Sender
from bot.subscribers.importing_people import IMPORTED
from bot.subscribers.limits import USUAL_LIMITS
from bot.subscribers.people import first_line, last_line, line_of, read_chat
from storage.db.engine import Storage
from storage.enums import Mode
from tests.conftest import MONDAY_NOON


class NoPast:
    async def backfill(self, query_id, _query, _since):
        return query_id


async def fill(url: str, chats: int) -> None:
    storage = Storage.open(url)
    for number in range(1, chats + 1):
        visitor = Sender(number, number, name="A")
        user = await arrivals.identify(storage, visitor, access=Access(is_open=True))
        assert user
        await watching.subscribe(storage, user.chat_id, "Taiwan", Mode.BOTH, limits=USUAL_LIMITS)
    await storage.close()


@pytest.fixture
def dateline(monkeypatch, database_url, tmp_path):
    """Run a command on a database; *anew* on an SQLite file that is not there yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOT_TOKEN", raising=False)

    def run(*arguments: str, anew: bool = False, token: str = ""):
        url = f"sqlite:///{tmp_path}/anew.sqlite3" if anew else database_url
        monkeypatch.setenv("DATABASE_URL", url)
        if token:
            monkeypatch.setenv("BOT_TOKEN", f"{token}:{'A' * 35}")
        return CliRunner().invoke(app, arguments)

    return run


@pytest.mark.parametrize("name", ["people.json", "people.json.gz"])
def test_people_go_into_a_file_of_their_own_and_into_another_database(
    dateline, database_url, tmp_path, name
):
    asyncio.run(fill(database_url, 3))
    file = tmp_path / name

    written = dateline("export", str(file))

    assert written.exit_code == 0, written.output
    assert "Wrote 3 chats" in written.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.glob(".*")] == []
    assert file.read_bytes().startswith(b"\x1f\x8b" if name.endswith("gz") else b"{")
    taken = dateline("import", str(file), "--json", anew=True)
    assert json.loads(taken.output)["counts"]["topics"] == {
        "added": 3,
        "already there": 0,
        "refused": 0,
    }
    again = dateline("import", str(file), anew=True)
    assert again.output.splitlines()[1].split() == ["chats", "0", "3", "0"]


def test_a_dry_run_makes_no_file(dateline, database_url, tmp_path):
    file = tmp_path / "people.json"
    dateline("export", str(file))

    result = dateline("import", str(file), "--dry-run", anew=True)

    assert result.exit_code == 2
    assert not (tmp_path / "anew.sqlite3").exists()
    tried = dateline("import", str(file), "--dry-run")
    assert tried.output.splitlines()[-1] == "Nothing was changed: that is what would be done."


def test_people_of_another_bot_are_said_to_sleep(dateline, database_url, tmp_path):
    asyncio.run(fill(database_url, 1))
    file = tmp_path / "people.json"
    dateline("export", str(file), token="1234567")

    same = dateline("import", str(file), "--json", token="1234567")
    other = dateline("import", str(file), "--json", token="7654321")

    assert json.loads(same.output)["asleep"] is False
    assert json.loads(other.output)["asleep"] is True


HEAD = first_line(None, MONDAY_NOON)
CHAT = line_of({"chat": {"telegram_id": 7}})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "ends before its last line", id="empty"),
        pytest.param(b"\x00" * 100, "no JSON", id="no text"),
        pytest.param(HEAD + CHAT, "ends before its last line", id="half a file"),
        pytest.param(HEAD + CHAT[:9], "Line 2 is no JSON", id="half a line"),
        pytest.param(HEAD + CHAT + last_line(2), "tells of 2 chats and holds 1", id="a gap"),
        pytest.param(
            HEAD + b"a" * 1_000_002 + last_line(1), "Line 2 is longer", id="an endless line"
        ),
        pytest.param(
            HEAD + b"[" * 999_999 + b"\n" + last_line(1), "Line 2 is no JSON", id="a deep line"
        ),
        pytest.param(gzip.compress(HEAD + CHAT)[:-12], "compression is broken", id="half a gzip"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_before_anything_is_taken(
    dateline, tmp_path, data, words
):
    file = tmp_path / "people.json"
    file.write_bytes(data)

    result = dateline("import", str(file), anew=True)

    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "anew.sqlite3").exists()


def test_a_chat_that_cannot_be_read_takes_nobody_with_it(dateline, tmp_path):
    file = tmp_path / "people.json"
    file.write_bytes(HEAD + line_of({"chat": {"telegram_id": "x"}}) + CHAT + last_line(2))

    result = dateline("import", str(file))

    assert result.exit_code == 0
    assert result.output.splitlines()[1].split() == ["chats", "1", "0", "1"]
    assert "refused: 1 of the chats: cannot be read (line 2)" in result.output


def test_a_database_that_goes_away_is_said_with_what_to_do(
    dateline, database_url, tmp_path, monkeypatch
):
    asyncio.run(fill(database_url, 2))
    dateline("export", str(file := tmp_path / "people.json"))

    async def full(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(importing_people, "add_users", full)

    result = dateline("import", str(file))

    assert isinstance(result.exception, StopError)
    assert str(result.exception).endswith(
        "cannot be used: database or disk is full. "
        "Who was taken in stays; give the same command again for the others."
    )


def test_without_a_database_there_is_nothing_to_write(dateline, tmp_path):
    result = dateline("export", str(tmp_path / "people.json"), anew=True)

    assert "DATABASE_URL" in str(result.exception)
    assert not (tmp_path / "people.json").exists()


def test_a_place_that_cannot_be_written_to_is_said(dateline, tmp_path):
    result = dateline("export", str(tmp_path / "none" / "people.json"))

    assert result.exit_code == 2
    assert "cannot be written" in result.output


def test_the_planner_knows_of_the_people_who_came(
    dateline, database_url, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    asyncio.run(fill(database_url, 1))
    assert dateline("export", str(tmp_path / "people")).exit_code == 0
    told = []

    async def learn(_storage: Storage, tables) -> None:
        told.extend(tables)

    monkeypatch.setattr(Storage, "analyze", learn)

    assert dateline("import", str(tmp_path / "people"), "--dry-run").exit_code == 0
    assert told == []
    assert dateline("import", str(tmp_path / "people")).exit_code == 0
    assert told == list(IMPORTED)


def test_the_planner_learns_while_many_come(
    dateline, database_url, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    asyncio.run(fill(database_url, 3))
    assert dateline("export", str(tmp_path / "people")).exit_code == 0
    told = []

    async def learn(_storage: Storage, tables) -> None:
        told.append(tables)

    monkeypatch.setattr(Storage, "analyze", learn)
    monkeypatch.setattr("bot.cli.people._FIRST_LEARNT", 1)
    monkeypatch.setattr("bot.cli.people._TIMES", 2)
    monkeypatch.setattr("bot.cli.people._LEAST", 1)
    monkeypatch.setattr("bot.cli.people._MOST", 1)

    assert dateline("import", str(tmp_path / "people")).exit_code == 0

    assert told == [IMPORTED] * 3  # of one chat, of two, and at the end


@pytest.mark.parametrize(
    ("size", "seconds", "then"),
    [
        pytest.param(400, 0.02, 800, id="a fast database: twice as many"),
        pytest.param(800, 0.0, 1000, id="never more than some"),
        pytest.param(800, 0.8, 200, id="a slow one: as many as fit"),
        pytest.param(200, 9.0, 100, id="a very slow one: still some"),
    ],
)
def test_a_unit_takes_as_many_entries_as_do_not_hold_up_others(size, seconds, then):
    assert next_size(size, seconds) == then


def test_a_unit_takes_chats_until_they_come_to_its_entries():
    topics = [{"query": "Taiwan", "mode": "both"}] * 3
    many = read_chat(line_of({"chat": {"telegram_id": 7}, "topics": topics}), 2)
    chats = iter([(2, many), (3, many), (4, None), (5, many), (6, many)])

    pages = [[line for line, _ in some_of(chats, 6)] for _ in range(3)]

    assert pages == [[2, 3], [4, 5, 6], []]
