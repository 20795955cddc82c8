"""Entries that are delivered to the bot, such as the posts of a channel."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.budgets import USUAL, Budgets
from bot.sources.delivered import store_delivered
from bot.sources.drafts import url_hash
from bot.sources.feeds.model import Item
from storage.articles import Article
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import SourceKind, SourceState, UsageKind
from storage.feeds_followed import follow, unfollow
from storage.retention import purge_sources
from storage.source_rules import DroppedEntry, SourceRules, set_rules
from storage.sources import (
    Source,
    add_source,
    claim_private_source,
    claim_public_sources,
    due_sources,
    remove_source,
)
from storage.stats import count_unhealthy_sources
from storage.usage import Usage
from tests.conftest import TurnedClock
from tests.publishing.newsroom import Newsroom
from tests.rows import source_row
from tests.sources.polled import rows_of

URL = "https://t.me/c/1001"
STORM = Item("1", f"{URL}/1", "A storm closed the harbour", text="The ferries stayed in port.")
FIRE = Item("2", f"{URL}/2", "A fire on the quay", text="Nobody was hurt.")
MINUTE = timedelta(minutes=1)


async def passive_source(
    storage: Storage, *followers: int, url: str = URL, public: bool = False, **more: Any
) -> int:
    async with storage.writing() as tx:
        values = {"kind": SourceKind.FEED, "state": SourceState.PASSIVE, "public": public}
        source_id = await add_source(tx, source_row(url, **values | more)) or 0
        for chat_id in followers:
            await follow(tx, chat_id, source_id)
    return source_id


async def source_of(storage: Storage, source_id: int) -> Source:
    async with storage.reading() as tx:
        return await tx.get_one(Source, source_id)


async def titles(storage: Storage) -> list[str]:
    return sorted(article.title for article in await rows_of(storage, Article))


async def entries_used(storage: Storage) -> int:
    kinds = {row.kind: row.used for row in await rows_of(storage, Usage)}
    return kinds.get(UsageKind.ENTRIES, 0)


@pytest.fixture
async def follower(storage: Storage) -> int:
    return await Newsroom(storage).chat()


async def test_first_delivery_is_news_and_not_backlog(storage: Storage, follower: int) -> None:
    source_id = await passive_source(storage, follower)
    assert await store_delivered(storage, source_id, [STORM, FIRE], USUAL) == 2
    articles = await rows_of(storage, Article)
    assert {article.quiet for article in articles} == {False}
    assert {article.scope_id for article in articles} == {source_id}
    source = await source_of(storage, source_id)
    assert source.succeeded_at is not None
    assert (source.fetches, source.state) == (0, SourceState.PASSIVE)


async def test_repeated_delivery_stores_and_costs_once(storage: Storage, follower: int) -> None:
    source_id = await passive_source(storage, follower)
    delivered = [
        await store_delivered(storage, source_id, items, USUAL)
        for items in ([STORM], [STORM], [STORM, FIRE], [])
    ]
    assert delivered == [1, 0, 1, 0]
    assert await entries_used(storage) == 2
    assert len(await rows_of(storage, Entry)) == 2


async def test_deliveries_at_once_store_and_cost_once(storage: Storage, follower: int) -> None:
    source_id = await passive_source(storage, follower)
    delivered = await asyncio.gather(
        *(store_delivered(storage, source_id, [STORM], USUAL) for _ in range(5))
    )
    assert sum(delivered) == 1
    assert await entries_used(storage) == 1


async def test_known_guid_with_other_words_revises_its_article(
    storage: Storage, follower: int
) -> None:
    source_id = await passive_source(storage, follower)
    await store_delivered(storage, source_id, [STORM], USUAL)
    edited = replace(STORM, text="The ferries sail again on Tuesday.")
    assert await store_delivered(storage, source_id, [edited], USUAL) == 0
    (article,) = await rows_of(storage, Article)
    assert (article.text, article.version) == (edited.text, 1)


async def test_an_edited_number_revises_its_article_at_once(
    storage: Storage, follower: int
) -> None:
    source_id = await passive_source(storage, follower)
    before = replace(STORM, text="3 dead in the harbour.")
    await store_delivered(storage, source_id, [before], USUAL)
    edited = replace(STORM, text="5 dead in the harbour.")
    assert await store_delivered(storage, source_id, [edited], USUAL) == 0
    (article,) = await rows_of(storage, Article)
    assert (article.text, article.version) == (edited.text, 1)


async def test_old_entry_is_stored_but_alerts_nobody(
    storage: Storage, follower: int, clock: TurnedClock
) -> None:
    source_id = await passive_source(storage, follower)
    old = replace(STORM, published=datetime(2026, 1, 1, tzinfo=UTC))
    assert await store_delivered(storage, source_id, [old], USUAL) == 1
    (article,) = await rows_of(storage, Article)
    assert article.quiet


async def test_short_entry_awaits_no_page(storage: Storage, follower: int) -> None:
    source_id = await passive_source(storage, follower)
    await store_delivered(storage, source_id, [replace(STORM, text="")], USUAL)
    (article,) = await rows_of(storage, Article)
    assert article.ready_at is None


async def test_entries_beyond_the_budget_are_dropped_and_shown_once(
    storage: Storage, follower: int
) -> None:
    source_id = await passive_source(storage, follower)
    budgets = Budgets(entries=2)
    items = [replace(STORM, guid=str(n), url=f"{URL}/{n}", title=f"No. {n}") for n in range(5)]
    stored = [await store_delivered(storage, source_id, [item], budgets) for item in items]
    assert stored == [1, 1, 0, 0, 0]
    assert (await source_of(storage, source_id)).error == "over_budget"
    async with storage.reading() as tx:
        assert await count_unhealthy_sources(tx) == 1
    (usage,) = await rows_of(storage, Usage)
    assert usage.chat_id == follower  # is told in the next round
    assert usage.used == 3  # later posts write nothing


async def test_source_recovers_when_the_budget_is_new(
    storage: Storage, follower: int, clock: TurnedClock
) -> None:
    source_id = await passive_source(storage, follower)
    budgets = Budgets(entries=1)
    await store_delivered(storage, source_id, [STORM, FIRE], budgets)
    assert (await source_of(storage, source_id)).error == "over_budget"
    clock.turn(timedelta(days=1))
    assert await store_delivered(storage, source_id, [FIRE], budgets) == 1
    assert (await source_of(storage, source_id)).error is None


async def test_public_source_costs_nobody(storage: Storage, follower: int) -> None:
    source_id = await passive_source(storage, follower, public=True)
    assert await store_delivered(storage, source_id, [STORM], USUAL) == 1
    assert await rows_of(storage, Usage) == []


async def test_removed_source_gets_nothing(storage: Storage, follower: int) -> None:
    source_id = await passive_source(storage, follower)
    async with storage.writing() as tx:
        await remove_source(tx, url_hash(URL))
    assert await store_delivered(storage, source_id, [STORM], USUAL) == 0
    assert await rows_of(storage, Article) == []


async def test_source_without_followers_gets_nothing(
    storage: Storage, follower: int, clock: TurnedClock
) -> None:
    source_id = await passive_source(storage, follower)
    async with storage.writing() as tx:
        await unfollow(tx, follower, source_id)
    assert await store_delivered(storage, source_id, [STORM], USUAL) == 1  # it can be undone
    clock.turn(timedelta(hours=1))
    async with storage.writing() as tx:
        await purge_sources(tx)
    orphan = await passive_source(storage, url="https://t.me/c/1002")
    assert await store_delivered(storage, orphan, [FIRE], USUAL) == 0
    assert await titles(storage) == [STORM.title]


@pytest.mark.parametrize("state", [SourceState.ACTIVE, SourceState.GONE, SourceState.RETIRED])
async def test_only_a_passive_source_takes_deliveries(
    storage: Storage, follower: int, state: SourceState
) -> None:
    source_id = await passive_source(storage, follower, state=state)
    assert await store_delivered(storage, source_id, [STORM], USUAL) == 0


@pytest.mark.parametrize("public", [True, False])
async def test_passive_source_is_never_fetched(
    storage: Storage, follower: int, *, public: bool
) -> None:
    await passive_source(storage, follower, public=public)
    async with storage.writing() as tx:
        assert not any(await due_sources(tx))
        assert await claim_public_sources(tx, owner="me", limit=9, lease=MINUTE) == []
        assert await claim_private_source(tx, owner="me", lease=MINUTE, busy=()) is None


async def test_a_rule_of_the_source_drops_delivered_entries(storage: Storage, follower: int):
    source_id = await passive_source(storage, follower)
    async with storage.writing() as tx:
        await set_rules(tx, SourceRules(source_id=source_id, drop_query="title:fire"))

    first = await store_delivered(storage, source_id, [FIRE], USUAL)
    second = await store_delivered(storage, source_id, [STORM, FIRE], USUAL)

    assert (first, second) == (0, 1)
    assert await titles(storage) == [STORM.title]
    (dropped,) = await rows_of(storage, DroppedEntry)
    assert dropped.title == FIRE.title
