import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.matching.following import Following
from bot.matching.index import QueryIndex
from bot.matching.live import LiveIndex
from bot.matching.match import Matching
from bot.matching.query import parse
from bot.matching.snapshots import SnapshotFile
from storage.db.engine import Storage
from storage.db.filelock import file_lock
from storage.queries import query_for, retire_query
from tests.matching.stored import stored_article
from tests.matching.test_match import matches, stored_query

TOKEN = "0123456789abcdef" * 2


def saved(path: Path, number: int = 5) -> SnapshotFile:
    index = QueryIndex()
    index.add(1, parse("taiwan"))
    file = SnapshotFile(path)
    file.save(index.snapshot(number), TOKEN)
    return file


def saving(storage: Storage, file: SnapshotFile) -> Following:
    """One that finds whatever it has worth saving."""
    return Following(storage, LiveIndex(saved=-2_000), file)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Storage]:
    storage = Storage.open(url)
    yield storage
    await storage.close()


def test_what_was_saved_is_loaded(tmp_path: Path):
    file = saved(tmp_path / "var" / "index")

    snapshot = file.load({TOKEN: 5})

    assert snapshot is not None
    assert snapshot.number == 5
    assert QueryIndex.of(snapshot).match("Taiwan", "") == {1}
    assert {each.name for each in file.path.parent.iterdir()} == {"index", "index.lock"}


def test_nothing_saved_is_nothing_loaded(tmp_path: Path):
    assert SnapshotFile(tmp_path / "index").load({TOKEN: 5}) is None


@pytest.mark.parametrize(
    "known",
    [
        pytest.param({}, id="the database knows of none"),
        pytest.param({TOKEN[::-1]: 5}, id="the database knows another"),
        pytest.param({TOKEN: 6}, id="the token was for another number"),
    ],
)
def test_a_foreign_snapshot_is_thrown_away(tmp_path: Path, known: dict[str, int]):
    file = saved(tmp_path / "index")

    assert file.load(known) is None
    assert not file.path.exists()


@pytest.mark.parametrize("left", [0, 10, 32, 40, -100])
def test_a_damaged_snapshot_is_thrown_away(tmp_path: Path, left: int):
    file = saved(tmp_path / "index")
    file.path.write_bytes(file.path.read_bytes()[:left])

    assert file.load({TOKEN: 5}) is None
    assert not file.path.exists()


def test_while_another_process_saves_its_own_is_left_whole(tmp_path: Path):
    file = saved(tmp_path / "index")
    before = file.path.read_bytes()

    with file_lock(tmp_path / "index.lock", wait=False):
        file.save(QueryIndex().snapshot(9), TOKEN[::-1])

    assert file.path.read_bytes() == before


async def test_a_new_process_goes_on_from_the_snapshot(storage: Storage, tmp_path: Path):
    kept, gone = await stored_query(storage, "taiwan"), await stored_query(storage, "china")
    file = SnapshotFile(tmp_path / "index")
    first = saving(storage, file)
    await first.prepare()
    async with storage.writing() as tx:
        assert await retire_query(tx, gone)
        added = (await query_for(tx, parse("japan").canonical)).id
    second = Following(storage, file=file)
    article = await stored_article(storage, "Taiwan, China and Japan")

    await Matching(storage, second, "second").match_new()

    assert second.live.saved == first.live.number == first.live.saved
    assert [(match[0], match[1]) for match in await matches(storage)] == [
        (article, kept),
        (article, added),
    ]


async def test_a_backup_that_went_another_way_meets_no_snapshot_of_its_future(
    sqlite_url: str, tmp_path: Path
):
    database, backup = tmp_path / "dateline.sqlite3", tmp_path / "backup"
    file = SnapshotFile(tmp_path / "index")
    shutil.copy(database, backup)
    async with opened(sqlite_url) as storage:
        await stored_query(storage, "taiwan")
        await saving(storage, file).prepare()
    shutil.copy(backup, database)

    async with opened(sqlite_url) as storage:
        query = await stored_query(storage, "japan")  # the same number, the same id
        following = Following(storage, file=file)
        await following.catch_up()

    assert following.live.index.match("Taiwan", "") == set()
    assert following.live.index.match("Japan", "") == {query}
    assert not file.path.exists()


async def test_a_backup_from_after_the_snapshot_goes_on_from_it(sqlite_url: str, tmp_path: Path):
    database, backup = tmp_path / "dateline.sqlite3", tmp_path / "backup"
    file = SnapshotFile(tmp_path / "index")
    async with opened(sqlite_url) as storage:
        kept = await stored_query(storage, "taiwan")
        await saving(storage, file).prepare()
    shutil.copy(database, backup)
    async with opened(sqlite_url) as storage:
        await stored_query(storage, "china")
    shutil.copy(backup, database)

    async with opened(sqlite_url) as storage:
        added = await stored_query(storage, "japan")
        following = Following(storage, file=file)
        await following.catch_up()

    assert following.live.saved == 1
    assert following.live.index.match("Taiwan, China and Japan", "") == {kept, added}


async def test_where_no_snapshot_can_be_written_matching_goes_on(storage: Storage, tmp_path: Path):
    (tmp_path / "file").touch()
    query = await stored_query(storage, "taiwan")
    article = await stored_article(storage, "Taiwan")
    file = SnapshotFile(tmp_path / "file" / "index")
    step = Matching(storage, saving(storage, file), "me")

    await step.match_new()

    assert await matches(storage) == [(article, query, ["taiwan"], True)]


async def test_a_new_process_has_many_queries_built_by_another(storage: Storage):
    kept = await stored_query(storage, "taiwan")
    gone = await stored_query(storage, "china")
    async with storage.writing() as tx:
        assert await retire_query(tx, gone)
        await query_for(tx, "OR")  # as an older grammar may have stored it
    following = Following(storage, many=2)

    await following.catch_up()

    assert following.live.index.match("Taiwan", "China") == {kept}
    assert following.live.number == 4
    assert following.live.saved == 0


async def test_where_no_process_can_be_started_it_follows_one_by_one(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    query = await stored_query(storage, "taiwan")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    following = Following(storage, many=1)

    await following.catch_up()

    assert following.live.index.match("Taiwan", "") == {query}
