import pytest
from sqlalchemy.exc import OperationalError

from bot.app.stops import StopError
from bot.subscribers import dump
from bot.subscribers.users import Sender
from storage.db.engine import Storage
from tests.cli.conftest import with_storage_at
from tests.subscribers.conftest import identify, subscribe


def fill(url: str, chats: int) -> None:
    async def subscribe_all(storage: Storage) -> None:
        for number in range(1, chats + 1):
            sender = Sender(number, number, name="A")
            user = await identify(storage, sender)
            await subscribe(storage, user.chat_id, "Taiwan")

    with_storage_at(url, subscribe_all)


@pytest.fixture
def dateline(dateline_on, database_url, tmp_path):
    """Run a command on a database; *anew* on an SQLite file that is not there yet."""

    def run(*arguments: str, anew: bool = False):
        return dateline_on(f"sqlite:///{tmp_path}/anew.sqlite3" if anew else database_url)(
            *arguments
        )

    return run


def test_chats_are_exported_and_imported_into_another_database(dateline, database_url, tmp_path):
    fill(database_url, 3)

    written = dateline("export", "chats.jsonl")
    loaded = dateline("import", "chats.jsonl", anew=True)
    again = dateline("import", "chats.jsonl", anew=True)

    assert written.exit_code == 0, written.output
    assert "Wrote 3 chats to chats.jsonl." in written.output
    assert (tmp_path / "chats.jsonl").stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob("*.part")) == []
    assert loaded.stdout == ("chats: 3 added\ntopics: 3 added\nfeeds: none\nsources: none\n")
    assert again.stdout == (
        "chats: 3 already there\ntopics: 3 already there\nfeeds: none\nsources: none\n"
    )


def test_a_dry_run_changes_nothing(dateline, database_url, tmp_path):
    fill(database_url, 1)
    dateline("export", "chats.jsonl")

    nothing = dateline("import", "chats.jsonl", "--dry-run", anew=True)
    dateline("migrate", anew=True)
    tried = dateline("import", "chats.jsonl", "--dry-run", anew=True)
    done = dateline("import", "chats.jsonl", anew=True)

    assert isinstance(nothing.exception, StopError)
    assert tried.stdout == f"{done.stdout}Nothing was changed.\n"
    assert done.stdout.startswith("chats: 1 added")


def test_an_unreadable_line_does_not_stop_the_others(dateline, database_url, tmp_path):
    fill(database_url, 1)
    dateline("export", "chats.jsonl")
    file = tmp_path / "chats.jsonl"
    file.write_bytes(b'{"chat": 1}\n' + file.read_bytes() + file.read_bytes()[:99])

    result = dateline("import", "chats.jsonl", anew=True)

    assert result.exit_code == 0
    assert result.stdout.startswith("chats: 2 refused, 1 added\n")
    assert "line 1: not a chat that this version can read" in result.stderr
    assert "line 3: not a chat" in result.stderr


def test_an_outage_during_an_import_is_reported_with_a_remedy(
    dateline, database_url, monkeypatch: pytest.MonkeyPatch
):
    fill(database_url, 2)
    dateline("export", "chats.jsonl")

    async def full(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(dump, "import_chat", full)

    result = dateline("import", "chats.jsonl")

    assert isinstance(result.exception, StopError)
    assert str(result.exception).endswith(
        "cannot be used: database or disk is full. "
        "Chats loaded so far stay; run the same command again for the others."
    )


def test_a_missing_database_writes_no_file(dateline, tmp_path):
    result = dateline("export", "chats.jsonl", anew=True)

    assert "DATABASE_URL" in str(result.exception)
    assert list(tmp_path.glob("chats.jsonl*")) == []


def test_a_file_that_cannot_be_written_or_read_is_reported(dateline):
    written = dateline("export", "none/chats.jsonl")
    read = dateline("import", "none/chats.jsonl")

    assert (written.exit_code, read.exit_code) == (2, 2)
    assert "cannot be written: No such file or directory." in written.output
    assert "cannot be read: No such file or directory." in read.output
