from pathlib import Path

import pytest

from bot.matching.following import Following
from bot.matching.index import QueryIndex
from bot.matching.live import LiveIndex
from bot.matching.match import Matching
from bot.matching.query import parse
from bot.matching.snapshots import SnapshotFile
from storage.engine import Storage
from storage.queries import query_for, retire_query
from tests.matching.stored import stored_article
from tests.matching.test_match import matches, stored_query


def saved(path: Path, number: int = 5) -> SnapshotFile:
    index = QueryIndex()
    index.add(1, parse("taiwan"))
    file = SnapshotFile(path)
    file.save(index.snapshot(number))
    return file


def test_what_was_saved_is_loaded(tmp_path: Path):
    file = saved(tmp_path / "var" / "index")

    snapshot = file.load(latest=9)

    assert snapshot is not None
    assert snapshot.number == 5
    assert QueryIndex.of(snapshot).match("Taiwan", "") == {1}
    assert [each.name for each in file.path.parent.iterdir()] == ["index"]


def test_nothing_saved_is_nothing_loaded(tmp_path: Path):
    assert SnapshotFile(tmp_path / "index").load(latest=9) is None


def test_a_snapshot_ahead_of_the_database_is_thrown_away(tmp_path: Path):
    file = saved(tmp_path / "index", number=10)

    assert file.load(latest=9) is None
    assert not file.path.exists()


def test_a_damaged_snapshot_is_thrown_away(tmp_path: Path):
    file = saved(tmp_path / "index")
    file.path.write_bytes(file.path.read_bytes()[:-100])

    assert file.load(latest=9) is None
    assert not file.path.exists()


async def test_a_new_process_goes_on_from_the_snapshot(storage: Storage, tmp_path: Path):
    kept, gone = await stored_query(storage, "taiwan"), await stored_query(storage, "china")
    file = SnapshotFile(tmp_path / "index")
    first = Following(storage, file=file)
    await first.catch_up()
    file.save(first.live.index.snapshot(first.live.number))
    async with storage.writing() as unit:
        assert await retire_query(unit, gone)
        added = (await query_for(unit, parse("japan").canonical)).id
    second = Following(storage, file=file)
    article = await stored_article(storage, "Taiwan, China and Japan")

    await Matching(storage, second, "second").match_new()

    assert second.live.saved == first.live.number
    assert [(match[0], match[1]) for match in await matches(storage)] == [
        (article, kept),
        (article, added),
    ]


async def test_many_changes_are_worth_a_snapshot(storage: Storage, tmp_path: Path):
    await stored_query(storage, "taiwan")
    file = SnapshotFile(tmp_path / "index")
    step = Following(storage, LiveIndex(saved=-2_000), file)

    await step.catch_up()

    snapshot = file.load(latest=step.live.number)
    assert snapshot is not None
    assert step.live.saved == snapshot.number == step.live.number


async def test_where_no_snapshot_can_be_written_matching_goes_on(storage: Storage, tmp_path: Path):
    (tmp_path / "file").touch()
    query = await stored_query(storage, "taiwan")
    article = await stored_article(storage, "Taiwan")
    file = SnapshotFile(tmp_path / "file" / "index")
    step = Matching(storage, Following(storage, LiveIndex(saved=-2_000), file), "me")

    await step.match_new()

    assert await matches(storage) == [(article, query, ["taiwan"], True)]


async def test_a_new_process_has_many_queries_built_by_another(storage: Storage):
    kept = await stored_query(storage, "taiwan")
    gone = await stored_query(storage, "china")
    async with storage.writing() as unit:
        assert await retire_query(unit, gone)
        await query_for(unit, "OR")  # as an older grammar may have stored it
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
