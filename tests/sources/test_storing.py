from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.sources.records import Item
from bot.sources.storing import Shown, store_shown
from storage.articles import Article
from storage.entries import Entry
from storage.sources import add_source
from storage.words import SourceKind
from tests.sources.drafts_made import drafts
from tests.sources.polled import rows_of

if TYPE_CHECKING:
    from storage.engine import Storage, Unit

TEXT = "A storm closed the harbour on Monday, and the ferries stayed in their berths. "


async def added(unit: Unit, name: str, **more: Any) -> int:
    row = {"url": name, "url_hash": name, "host": name, "public": True}
    row |= {"created_at": unit.now, "next_fetch_at": unit.now}
    return await add_source(unit, row | more) or 0


def shown(source_id: int, unit: Unit, words: str) -> Shown:
    item = Item("g", "https://news.example/1", "Storm", text=TEXT + words)
    return Shown(source_id, drafts([item], unit.now))


async def test_what_two_sources_show_at_once_is_one_article(storage: Storage):
    async with storage.writing() as unit:
        ids = [await added(unit, name) for name in ("first", "second")]
        made = await store_shown(unit, [shown(at, unit, f"By {at}.") for at in ids])

    (article,) = await rows_of(storage, Article)
    assert (made[ids[0]], made[ids[1]]) == (1, 0)
    assert article.text.endswith(f"By {ids[0]}.")
    assert {entry.source_id for entry in await rows_of(storage, Entry)} == set(ids)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param({"public": False}, id="of a stranger"),
        pytest.param({"kind": SourceKind.SEARCH}, id="of a search"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one after the other"])
async def test_words_give_way_to_those_of_an_operators_feed(
    storage: Storage, first: dict[str, Any], at_once: bool
):
    async with storage.writing() as unit:
        ids = [await added(unit, "first", **first), await added(unit, "ours")]
        news = [shown(ids[0], unit, "By somebody."), shown(ids[1], unit, "By us.")]
        if at_once:
            await store_shown(unit, news)
        else:
            for each in news:
                await store_shown(unit, [each])

    (article,) = await rows_of(storage, Article)
    assert article.text.endswith("By us.")
