"""What waits, as metrics show it."""

from datetime import timedelta

from storage.articles import store_articles
from storage.enums import DeliveryKind, DeliveryState, Medium
from storage.sources import add_source
from storage.stats import backlog
from tests.delivery.conftest import Outbox

MINUTE = timedelta(minutes=1)


async def test_where_nothing_waits_nothing_is_late(storage):
    async with storage.reading() as tx:
        found = await backlog(tx)

    assert set(found.lags.values()) == {0.0}
    assert found.queue == {}
    assert found.sources == {"active": 0, "unhealthy": 0}


async def test_the_oldest_message_of_any_kind_says_how_late_its_medium_is(storage, clock):
    outbox = Outbox(storage)
    await outbox.add(await outbox.chat(7), kind=DeliveryKind.EDITION)
    clock.turn(MINUTE)
    await outbox.add(await outbox.chat(8), kind=DeliveryKind.ALERT)
    clock.turn(MINUTE)

    async with storage.reading() as tx:
        found = await backlog(tx)

    assert found.lags["send"] == 120
    assert found.lags["mail"] == 0
    assert found.queue == {(DeliveryState.PENDING, Medium.TELEGRAM): 2}


async def test_what_is_due_later_has_not_waited(storage, clock):
    async with storage.writing() as tx:
        values = {"url": "https://a.example/feed", "url_hash": "a", "host": "a.example"}
        times = {"created_at": tx.now, "next_fetch_at": tx.now + MINUTE}
        await add_source(tx, values | times)

    async with storage.reading() as tx:
        early = await backlog(tx)
    clock.turn(3 * MINUTE)
    async with storage.reading() as tx:
        late = await backlog(tx)

    assert (early.lags["poll"], late.lags["poll"]) == (0, 120)
    assert late.sources == {"active": 1, "unhealthy": 0}


async def test_a_unit_tells_of_new_rows_once_it_is_committed(storage):
    told = []
    storage.on_made = lambda made: told.append(dict(made))
    outbox = Outbox(storage)
    await outbox.chat(7)
    told.clear()

    async with storage.writing() as tx:
        row = {"url": "https://a.example/1", "url_hash": "a", "title": "Ferry"}
        row |= {"stored_at": tx.now, "news_at": tx.now}
        await store_articles(tx, [row, row | {"url_hash": "b"}])
        assert told == []
    async with storage.writing() as tx:
        await store_articles(tx, [row])

    assert [made.get("article", 0) for made in told] == [2, 0]
