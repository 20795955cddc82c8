import pytest

from bot.sources.decide import SourceEntries
from bot.sources.entries import MOST_GUIDS
from bot.sources.feeds.model import Item
from storage.articles import PUBLIC, Article
from storage.db.engine import Transaction
from storage.entries import Entry
from storage.enums import SourceKind
from tests.sources.drafts_made import drafts, store_in
from tests.sources.polled import HOUR, add_named_source, rows_of

TEXT = "A storm closed the harbour on Monday, and the ferries stayed in their berths. "


def shown(source_id: int, tx: Transaction, words: str) -> SourceEntries:
    item = Item("g", "https://news.example/1", "Storm", text=TEXT + words)
    return SourceEntries(source_id, drafts([item], tx.now), inside=False)


async def test_an_article_that_two_sources_list_at_once_is_stored_once(storage):
    async with storage.writing() as tx:
        ids = [await add_named_source(tx, name) for name in ("first", "second")]
        made = (await store_in(tx, *(shown(at, tx, f"By {at}.") for at in ids))).articles

    (article,) = await rows_of(storage, Article)
    assert (made[ids[0]], made[ids[1]]) == (1, 0)
    assert article.text.endswith(f"By {ids[0]}.")
    assert {entry.source_id for entry in await rows_of(storage, Entry)} == set(ids)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param({"public": False}, id="a private source"),
        pytest.param({"kind": SourceKind.SEARCH}, id="a search feed"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one after the other"])
async def test_a_text_gives_way_to_that_of_an_operators_feed(storage, first, at_once):
    async with storage.writing() as tx:
        ids = [await add_named_source(tx, "first", **first), await add_named_source(tx, "ours")]
        news = [shown(ids[0], tx, "By somebody."), shown(ids[1], tx, "By us.")]
        if at_once:
            await store_in(tx, *reversed(news))  # the source of record comes first
        else:
            for each in news:
                await store_in(tx, each)

    (article,) = [each for each in await rows_of(storage, Article) if each.scope_id == PUBLIC]
    assert article.text.endswith("By us.")
    assert {entry.article_id for entry in await rows_of(storage, Entry)} == {article.id}


async def test_an_entry_that_gets_a_guid_with_each_poll_takes_no_more_room(storage, clock):
    async with storage.writing() as tx:
        ids = [await add_named_source(tx, name) for name in ("careless", "other")]
        await store_in(tx, shown(ids[1], tx, "By us."))
    for poll in range(9):
        clock.turn(HOUR)
        async with storage.writing() as tx:
            item = Item(f"guid {poll}", "https://news.example/1", "Storm", text=TEXT)
            await store_in(tx, SourceEntries(ids[0], drafts([item], tx.now), inside=False))

    kept = [each for each in await rows_of(storage, Entry) if each.source_id == ids[0]]
    hours = sorted((clock.now - each.first_seen_at) // HOUR for each in kept)
    assert hours == [0, 1, 2, 3, 8]
    assert len(await rows_of(storage, Entry)) == MOST_GUIDS + 1
