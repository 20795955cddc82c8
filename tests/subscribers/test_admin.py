from datetime import timedelta

import pytest

from bot.subscribers.admin import Overview, get_overview
from storage.articles import Article
from storage.db.engine import Storage
from storage.enums import ArticleStage, SourceState
from storage.pace import count_flood_wait, pause_chat
from storage.sources import add_source
from tests.conftest import MONDAY_NOON
from tests.delivery.conftest import Outbox
from tests.matching.stored import stored_article
from tests.rows import source_row


async def overview(storage: Storage) -> Overview:
    return await get_overview(storage, started_at=MONDAY_NOON, errors=list)


async def unhealthy(storage: Storage, name: str, **values: object) -> None:
    async with storage.writing() as tx:
        url = f"https://{name}.example/feed"
        await add_source(tx, source_row(url, **{"error_since": tx.now} | values))


async def test_an_empty_bot_is_late_with_nothing(storage):
    seen = await get_overview(storage, started_at=MONDAY_NOON - timedelta(days=12), errors=list)

    assert seen.up == timedelta(days=12)
    assert seen.amounts == (0, 0, 0, 0, 0, 0, 0)
    assert set(seen.lags) == {timedelta()}


async def test_the_oldest_message_that_is_due_says_how_late_sending_is(storage, clock):
    outbox = Outbox(storage)
    await outbox.add(await outbox.chat(7))
    await outbox.add(await outbox.chat(8))
    clock.turn(timedelta(seconds=9))

    seen = await overview(storage)

    assert seen.lags.send == timedelta(seconds=9)
    assert seen.amounts.queue == 2
    assert seen.amounts.chats == 2


@pytest.mark.parametrize(
    ("stage", "seconds", "waiting"),
    [
        pytest.param(ArticleStage.STORED, 61, 1, id="for its story"),
        pytest.param(ArticleStage.GROUPED, 61, 1, id="for its matches"),
        pytest.param(ArticleStage.MATCHED, 61, 1, id="for its alerts"),
        pytest.param(ArticleStage.STORED, 59, 0, id="no longer than usual"),
        pytest.param(ArticleStage.PUBLISHED, 61, 0, id="for nothing"),
    ],
)
async def test_articles_that_wait_for_a_stage_are_counted(storage, clock, stage, seconds, waiting):
    article = await stored_article(storage, "Taiwan votes")
    async with storage.writing() as tx:
        (await tx.get_one(Article, article)).stage = stage
    clock.turn(timedelta(seconds=seconds))

    assert (await overview(storage)).amounts.articles == waiting


async def test_unhealthy_sources_are_listed_longest_first(storage):
    for hours in range(5):
        since = MONDAY_NOON - timedelta(hours=hours) if hours else None
        await unhealthy(storage, str(hours), error="forbidden", error_since=since)

    seen = await overview(storage)

    assert [source.host for source in seen.unhealthy] == ["4.example", "3.example", "2.example"]
    assert seen.more_unhealthy == 1


async def test_a_public_source_that_is_gone_is_unhealthy_until_it_is_removed(storage):
    for name, public in (("ours", True), ("theirs", False)):
        await unhealthy(storage, name, public=public, state=SourceState.GONE, error="gone")

    seen = await overview(storage)

    assert [source.host for source in seen.unhealthy] == ["ours.example"]
    assert (seen.amounts.sources, seen.more_unhealthy) == (0, 0)


async def test_flood_waits_are_counted_by_the_day(storage, clock):
    for chat in (7, 7, 8):
        async with storage.writing() as tx:
            await pause_chat(tx, "bot:1", chat, tx.now)
            await count_flood_wait(tx)
    today = await overview(storage)
    clock.turn(timedelta(days=1))

    tomorrow = await overview(storage)

    assert (today.flood_waits, tomorrow.flood_waits) == (3, 0)
    async with storage.writing() as tx:
        await count_flood_wait(tx)
    assert (await overview(storage)).flood_waits == 1


async def test_a_new_token_starts_no_new_count_of_flood_waits(storage):
    for token in ("bot:old", "bot:new"):
        async with storage.writing() as tx:
            await pause_chat(tx, token, 7, tx.now)
            await count_flood_wait(tx)

    assert (await overview(storage)).flood_waits == 2
