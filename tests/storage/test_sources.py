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


def row(unit: Transaction, name: str, **values: Any) -> dict[str, Any]:
    return {
        "url": f"https://{name}.example/feed",
        "url_hash": name,
        "host": f"{name}.example",
        "created_at": unit.now,
        "next_fetch_at": unit.now,
    } | values


async def claimed(storage: Storage, owner: str = "me", limit: int = 9) -> list[str]:
    async with storage.writing() as unit:
        sources = await claim_due_sources(unit, owner=owner, limit=limit, lease=MINUTE)
    return sorted(source.url_hash for source in sources)


async def test_a_source_of_the_same_url_is_not_added_twice(storage: Storage):
    async with storage.writing() as unit:
        first = await add_source(unit, row(unit, "a"))
        second = await add_source(unit, row(unit, "a"))

    assert first
    assert second is None


async def test_only_active_sources_whose_time_has_come_are_due(
    storage: Storage, clock: TurnedClock
):
    async with storage.writing() as unit:
        await add_source(unit, row(unit, "due"))
        await add_source(unit, row(unit, "later", next_fetch_at=unit.now + 2 * MINUTE))
        await add_source(unit, row(unit, "gone", state=SourceState.GONE))

    assert await claimed(storage) == ["due"]
    assert await claimed(storage, "another") == []
    clock.turn(2 * MINUTE)
    assert await claimed(storage, "another") == ["due", "later"]


async def test_the_longest_overdue_goes_first(storage: Storage):
    async with storage.writing() as unit:
        for minutes in (1, 3, 2):
            due = unit.now - minutes * MINUTE
            await add_source(unit, row(unit, str(minutes), next_fetch_at=due))

    assert await claimed(storage, limit=2) == ["2", "3"]


async def test_only_the_owner_finishes(storage: Storage):
    async with storage.writing() as unit:
        source_id = await add_source(unit, row(unit, "a")) or 0
    await claimed(storage)

    async with storage.writing() as unit:
        assert not await finish_fetches(unit, "another", {source_id: {"title": "theirs"}})
        assert await finish_fetches(unit, "me", {source_id: {"title": "mine"}}) == {source_id}

    async with storage.reading() as unit:
        source = await source_of(unit, "a")
    assert source
    assert (source.title, source.owner, source.lease_until) == ("mine", None, None)


async def test_the_operators_sources_are_listed_first(storage: Storage):
    async with storage.writing() as unit:
        await add_source(unit, row(unit, "a"))
        await add_source(unit, row(unit, "b", public=True))
        last = await add_source(unit, row(unit, "c")) or 0
        await change_source(unit, last, {"public": True})

    async with storage.reading() as unit:
        assert [source.url_hash for source in await all_sources(unit)] == ["b", "c", "a"]


async def test_a_source_can_be_removed_once(storage: Storage):
    async with storage.writing() as unit:
        await add_source(unit, row(unit, "a"))
        assert await remove_source(unit, "a")
        assert not await remove_source(unit, "a")


async def test_articles_are_stored_once_each_with_a_story_of_its_own(storage: Storage):
    async with storage.writing() as unit:
        made = [
            Article(
                url_hash=name,
                url=f"https://{name}.example/",
                title=name,
                stored_at=unit.now,
                news_at=unit.now,
                story_id=0,
            ).model_dump(exclude={"id"})
            for name in ("a", "b", "c")
        ]
        first = await store_articles(unit, made[:2])
        second = await store_articles(unit, made)

    async with storage.reading() as unit:
        found = await articles_by_url(unit, ["a", "b", "c", "d"])
    assert first.keys() == {ScopedUrl("a"), ScopedUrl("b")}
    assert second.keys() == {ScopedUrl("c")}
    assert found == first | second
