import asyncio

from storage.db.engine import Storage
from storage.queries import (
    changes_since,
    live_queries,
    queries_by_id,
    query_for,
    retire_query,
)
from storage.topics import Topic


async def make_query(storage: Storage, canonical: str) -> int:
    async with storage.writing() as tx:
        return (await query_for(tx, canonical)).id


async def changes(storage: Storage, number: int = 0) -> list[tuple[int, str, bool]]:
    async with storage.reading() as tx:
        rows = await changes_since(tx, number, 10)
        return [(row.number, row.canonical, row.live) for row in rows]


async def test_equal_queries_are_one_row(storage: Storage):
    first, again = await make_query(storage, "taiwan"), await make_query(storage, "taiwan")

    assert first == again
    assert await changes(storage) == [(1, "taiwan", True)]


async def test_queries_made_at_once_share_one_row(storage: Storage):
    ids = await asyncio.gather(*(make_query(storage, "taiwan") for _ in range(5)))

    assert len(set(ids)) == 1
    assert [live for _, _, live in await changes(storage)] == [True]


async def test_changes_are_numbered_in_order(storage: Storage):
    one = await make_query(storage, "one")
    two = await make_query(storage, "two")
    async with storage.writing() as tx:
        await retire_query(tx, one)

    assert await changes(storage) == [(2, "two", True), (3, "one", False)]
    assert await changes(storage, 2) == [(3, "one", False)]
    async with storage.reading() as tx:
        assert await queries_by_id(tx, [one, two]) == {one: "one", two: "two"}


async def test_a_query_of_a_topic_is_not_retired(storage: Storage):
    query_id = await make_query(storage, "taiwan")
    async with storage.writing() as tx:
        await tx.add(Topic(name="Taiwan", query_id=query_id, typed="Taiwan", created_at=tx.now))

    async with storage.writing() as tx:
        assert not await retire_query(tx, query_id)

    assert await changes(storage) == [(1, "taiwan", True)]


async def test_a_retired_query_comes_back_under_its_id(storage: Storage):
    query_id = await make_query(storage, "taiwan")
    async with storage.writing() as tx:
        assert await retire_query(tx, query_id)
        assert await retire_query(tx, query_id)

    assert await make_query(storage, "taiwan") == query_id
    (change,) = await changes(storage)
    assert change[0] > 2
    assert change[1:] == ("taiwan", True)


async def test_live_queries_come_in_pages(storage: Storage):
    one, two, gone, three = [
        await make_query(storage, text) for text in ("one", "two", "gone", "three")
    ]
    async with storage.writing() as tx:
        await retire_query(tx, gone)

    async with storage.reading() as tx:
        first, second, third = [await live_queries(tx, after, 2) for after in (0, two, three)]

    assert first == [(one, "one"), (two, "two")]
    assert second == [(three, "three")]
    assert third == []
