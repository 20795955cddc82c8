from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from storage.articles import Article, ScopedUrl, articles_by_url, store_articles
from storage.enums import SourceState
from storage.sources import (
    add_source,
    all_sources,
    change_source,
    claim_due_sources,
    finish_fetches,
    remove_source,
    source_of,
)

if TYPE_CHECKING:
    from storage.db.engine import Storage, Transaction
    from tests.conftest import TurnedClock

MINUTE = timedelta(minutes=1)


def row(tx: Transaction, name: str, **values: Any) -> dict[str, Any]:
    return {
        "url": f"https://{name}.example/feed",
        "url_hash": name,
        "host": f"{name}.example",
        "created_at": tx.now,
        "next_fetch_at": tx.now,
    } | values


async def claimed(storage: Storage, owner: str = "me", limit: int = 9) -> list[str]:
    async with storage.writing() as tx:
        sources = await claim_due_sources(tx, owner=owner, limit=limit, lease=MINUTE)
    return sorted(source.url_hash for source in sources)


async def test_a_source_of_the_same_url_is_not_added_twice(storage: Storage):
    async with storage.writing() as tx:
        first = await add_source(tx, row(tx, "a"))
        second = await add_source(tx, row(tx, "a"))

    assert first
    assert second is None


async def test_only_active_sources_whose_time_has_come_are_due(
    storage: Storage, clock: TurnedClock
):
    async with storage.writing() as tx:
        await add_source(tx, row(tx, "due"))
        await add_source(tx, row(tx, "later", next_fetch_at=tx.now + 2 * MINUTE))
        await add_source(tx, row(tx, "gone", state=SourceState.GONE))

    assert await claimed(storage) == ["due"]
    assert await claimed(storage, "another") == []
    clock.turn(2 * MINUTE)
    assert await claimed(storage, "another") == ["due", "later"]


async def test_the_longest_overdue_goes_first(storage: Storage):
    async with storage.writing() as tx:
        for minutes in (1, 3, 2):
            due = tx.now - minutes * MINUTE
            await add_source(tx, row(tx, str(minutes), next_fetch_at=due))

    assert await claimed(storage, limit=2) == ["2", "3"]


async def test_only_the_owner_finishes(storage: Storage):
    async with storage.writing() as tx:
        source_id = await add_source(tx, row(tx, "a")) or 0
    await claimed(storage)

    async with storage.writing() as tx:
        assert not await finish_fetches(tx, "another", {source_id: {"title": "theirs"}})
        assert await finish_fetches(tx, "me", {source_id: {"title": "mine"}}) == {source_id}

    async with storage.reading() as tx:
        source = await source_of(tx, "a")
    assert source
    assert (source.title, source.owner, source.lease_until) == ("mine", None, None)


async def test_the_operators_sources_are_listed_first(storage: Storage):
    async with storage.writing() as tx:
        await add_source(tx, row(tx, "a"))
        await add_source(tx, row(tx, "b", public=True))
        last = await add_source(tx, row(tx, "c")) or 0
        await change_source(tx, last, {"public": True})

    async with storage.reading() as tx:
        assert [source.url_hash for source in await all_sources(tx)] == ["b", "c", "a"]


async def test_a_source_can_be_removed_once(storage: Storage):
    async with storage.writing() as tx:
        await add_source(tx, row(tx, "a"))
        assert await remove_source(tx, "a")
        assert not await remove_source(tx, "a")


async def test_articles_are_stored_once_each_with_a_story_of_its_own(storage: Storage):
    async with storage.writing() as tx:
        made = [
            Article(
                url_hash=name,
                url=f"https://{name}.example/",
                title=name,
                stored_at=tx.now,
                news_at=tx.now,
                story_id=0,
            ).model_dump(exclude={"id"})
            for name in ("a", "b", "c")
        ]
        first = await store_articles(tx, made[:2])
        second = await store_articles(tx, made)

    async with storage.reading() as tx:
        found = await articles_by_url(tx, ["a", "b", "c", "d"])
    assert first.keys() == {ScopedUrl("a"), ScopedUrl("b")}
    assert second.keys() == {ScopedUrl("c")}
    assert found == first | second
