import pytest
from structlog.testing import capture_logs

from bot.matching import index, index_sync
from bot.matching.index_sync import IndexSync
from bot.matching.query import ParsedQuery
from bot.matching.query.canonical import read_back
from storage.db.engine import Storage
from storage.queries import query_for, retire_query
from tests.matching.stored import stored_query


@pytest.fixture(params=["a dict", "arrays"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What few queries are kept in, and what many."""
    if request.param == "arrays":
        monkeypatch.setattr(index, "FEW", 0)
        monkeypatch.setattr(index_sync, "FEW", 0)


@pytest.mark.usefixtures("size")
async def test_a_new_process_reads_all_live_queries(storage: Storage):
    kept = await stored_query(storage, "taiwan")
    gone = await stored_query(storage, "china")
    async with storage.writing() as tx:
        assert await retire_query(tx, gone)
        await query_for(tx, "OR")  # as an older grammar may have stored it
    sync = IndexSync(storage)

    await sync.catch_up()

    assert sync.index.match("Taiwan", "China") == {kept}
    assert sync.number == 4


@pytest.mark.usefixtures("size")
async def test_later_changes_of_queries_are_followed(storage: Storage):
    await stored_query(storage, "taiwan")
    sync = IndexSync(storage)
    await sync.prepare()
    added = await stored_query(storage, "japan")
    gone = await stored_query(storage, "china")
    async with storage.writing() as tx:
        assert await retire_query(tx, gone)

    await sync.catch_up()

    assert sync.index.match("Japan and China", "") == {added}


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("started", [False, True], ids=["at the start", "later"])
async def test_a_query_that_cannot_be_indexed_stops_no_other(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, started
):
    sync = IndexSync(storage)
    if started:
        await sync.prepare()
    await stored_query(storage, "broken")
    good = await stored_query(storage, "taiwan")

    def failing(text: str) -> ParsedQuery:
        if text == "broken":
            raise RecursionError
        return read_back(text)

    monkeypatch.setattr("bot.matching.index_sync.read_back", failing)
    with capture_logs() as logs:
        await sync.prepare()
        await sync.catch_up()

    assert sync.index.match("Broken in Taiwan", "") == {good}
    assert [line["event"] for line in logs] == ["a query cannot be indexed"]


async def test_more_changes_than_a_page_are_all_followed(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(index_sync, "_PAGE", 2)
    ids = {await stored_query(storage, f"word{number}") for number in range(5)}
    sync = IndexSync(storage)
    await sync.catch_up()
    ids |= {await stored_query(storage, f"more{number}") for number in range(5)}
    async with storage.reading() as tx:
        changed = await sync.changes(tx)

    await sync.follow(changed)

    text = " ".join(f"word{number} more{number}" for number in range(5))
    assert sync.index.match("", text) == ids


async def test_queries_that_matched_lately_are_not_read_again(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(index_sync, "_REMEMBERED", 2)
    ids = [await stored_query(storage, word) for word in ("five", "four", "three")]
    sync = IndexSync(storage)

    first = await sync.queries(set(ids))
    again = await sync.queries({ids[-1]})

    assert {str(query) for query in first.values()} == {"five", "four", "three"}
    assert again[ids[-1]] is first[ids[-1]]
