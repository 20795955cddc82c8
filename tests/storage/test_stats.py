"""Counts and lags for the metrics and the statistics."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, update

from bot.budgets import USUAL
from storage import stats
from storage.articles import store_articles
from storage.db.engine import POSTGRESQL, Storage
from storage.enums import (
    ChatState,
    DeliveryKind,
    DeliveryState,
    Medium,
    SourceKind,
    SourceState,
)
from storage.outbox import Delivery
from storage.sources import add_source
from storage.stats import (
    Count,
    articles_a_day,
    backlog,
    most_subscribed,
    recent_totals,
    sources_by_kind,
    table_sizes,
    totals,
)
from tests.conftest import MONDAY_NOON
from tests.delivery.conftest import Outbox
from tests.rows import source_row
from tests.storage.stored import store_article, subscribe

DAY = timedelta(days=1)


async def test_rows_are_counted_by_their_kinds_and_states(storage):
    outbox = Outbox(storage)
    ann = await outbox.chat(1)
    await outbox.chat(-2, state=ChatState.KICKED)
    await subscribe(storage, ann, "Japan", "japan")
    await subscribe(storage, ann, "somebody's secret", None)

    async with storage.reading() as tx:
        found = await totals(tx)
        popular = await most_subscribed(tx, 5)

    assert found["chats"] == [Count(("group", "kicked"), 1), Count(("private", "active"), 1)]
    assert sorted(found["topics"]) == [Count(("False",), 1), Count(("True",), 1)]
    assert found["subscriptions"] == [Count(("both",), 2)]
    assert found["sources"] == []
    assert popular == [Count(("Japan",), 1)]


async def test_recent_rows_are_counted_apart_from_old_ones(storage, clock):
    outbox = Outbox(storage)
    ann = await outbox.chat(1)
    await outbox.add(ann)
    await store_article(storage, "old")
    clock.turn(2 * DAY)
    mail = await outbox.add(ann)
    await outbox.set(mail, medium=Medium.EMAIL, state=DeliveryState.SENT)
    for number in range(3):
        await store_article(storage, f"new {number}")

    async with storage.reading() as tx:
        found = await recent_totals(tx, tx.now - DAY)
        days = await articles_a_day(tx, 4)

    assert found["articles"] == [Count((), 3)]
    assert found["deliveries"] == [Count(("email", "sent"), 1)]
    assert found["alerts"] == [Count((), 0)]
    assert [count.number for count in days] == [0, 1, 0, 3]
    assert days[-1].what == ("2026-03-04",)


async def test_gaps_between_row_ids_hide_no_rows(storage, clock):
    outbox = Outbox(storage)
    ann = await outbox.chat(1)
    rows = [await outbox.add(ann) for _ in range(5)]
    async with storage.writing() as tx:
        moved = update(Delivery).where(col(Delivery.id) == rows[-1]).values(id=9000)
        await tx.change(moved)
    clock.turn(DAY)
    async with storage.writing() as tx:
        await tx.change(update(Delivery).where(col(Delivery.id) == 9000).values(created_at=tx.now))

    async with storage.reading() as tx:
        found = await recent_totals(tx, tx.now)

    assert found["deliveries"] == [Count(("telegram", "pending"), 1)]


async def test_a_bounded_count_says_at_least(storage, monkeypatch):
    monkeypatch.setattr(stats, "MAX_COUNTED", 2)
    for number in range(3):
        await store_article(storage, str(number))

    async with storage.reading() as tx:
        found = await recent_totals(tx, tx.now)

    assert found["articles"] == [Count((), 2, is_least=True)]


async def test_tables_are_listed_by_their_sizes(storage):
    async with storage.reading() as tx:
        found = await table_sizes(tx)

    if not found and not await has_dbstat(storage):
        pytest.skip("this SQLite has no dbstat")
    assert ("delivery",) in {count.what for count in found if count.number}
    assert found == sorted(found, key=lambda count: -count.number)


async def has_dbstat(storage: Storage) -> bool:
    if storage.dialect == POSTGRESQL:
        return True
    async with storage.reading() as tx:
        return ("ENABLE_DBSTAT_VTAB",) in await tx.rows(text("PRAGMA compile_options"))


MINUTE = timedelta(minutes=1)


async def test_an_empty_database_has_no_backlog(storage):
    async with storage.reading() as tx:
        found = await backlog(tx, USUAL.limits)

    assert set(found.lags.values()) == {0.0}
    assert found.queue == {}
    assert found.sources == {"active": 0, "unhealthy": 0, "paused": 0}


async def test_the_lag_of_a_medium_is_that_of_its_oldest_message(storage, clock):
    outbox = Outbox(storage)
    await outbox.add(await outbox.chat(7), kind=DeliveryKind.EDITION)
    clock.turn(MINUTE)
    await outbox.add(await outbox.chat(8), kind=DeliveryKind.ALERT)
    clock.turn(MINUTE)

    async with storage.reading() as tx:
        found = await backlog(tx, USUAL.limits)

    assert found.lags["send"] == 120
    assert found.lags["mail"] == 0
    assert found.queue == {(DeliveryState.PENDING, Medium.TELEGRAM): 2}


async def test_a_source_that_is_due_later_has_no_lag(storage, clock):
    async with storage.writing() as tx:
        values = {"url": "https://a.example/feed", "url_hash": "a", "host": "a.example"}
        times = {"created_at": tx.now, "next_fetch_at": tx.now + MINUTE}
        await add_source(tx, values | times)

    async with storage.reading() as tx:
        early = await backlog(tx, USUAL.limits)
    clock.turn(3 * MINUTE)
    async with storage.reading() as tx:
        late = await backlog(tx, USUAL.limits)

    assert (early.lags["poll"], late.lags["poll"]) == (0, 120)
    assert late.sources == {"active": 1, "unhealthy": 0, "paused": 0}


async def test_sources_are_counted_by_kind_and_health(storage):
    failing = {"error": "challenge", "error_since": MONDAY_NOON}
    gone = {"state": SourceState.GONE, **failing}
    rows: list[dict[str, Any]] = [
        {"kind": SourceKind.CHANNEL, **failing},
        {"kind": SourceKind.PAGE, "state": SourceState.PAUSED, **failing},
        {"kind": SourceKind.PAGE, "public": True, **gone},
        {"kind": SourceKind.FEED, **gone},
        {"kind": SourceKind.FEED},
    ]
    async with storage.writing() as tx:
        for number, values in enumerate(rows):
            await add_source(tx, source_row(f"https://paper.example/{number}", **values))
        counted = await sources_by_kind(tx)

    assert counted == {
        ("channel", "unhealthy"): 1,
        ("page", "paused"): 1,
        ("page", "unhealthy"): 1,
        ("feed", "healthy"): 1,
    }


async def test_a_transaction_reports_new_rows_once_it_is_committed(storage):
    reported = []
    storage.on_made = lambda made: reported.append(dict(made))
    outbox = Outbox(storage)
    await outbox.chat(7)
    reported.clear()

    async with storage.writing() as tx:
        row = {"url": "https://a.example/1", "url_hash": "a", "title": "Ferry"}
        row |= {"stored_at": tx.now, "news_at": tx.now}
        await store_articles(tx, [row, row | {"url_hash": "b"}])
        assert reported == []
    async with storage.writing() as tx:
        await store_articles(tx, [row])

    assert [made.get("article", 0) for made in reported] == [2, 0]
