"""Several processes read sources of one host; the host sees one of them at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.sources.articles.completion import awaiting_pages
from bot.sources.articles.storing import store_drafts
from bot.sources.formats.records import Item
from bot.sources.fulltext import Completing
from bot.sources.getting.answers import Answer
from bot.sources.poll import Polling
from storage.enums import FullText, SourceKind
from storage.sources import add_source
from tests.sources.drafts_made import drafts
from tests.sources.feeds_made import item, rss

if TYPE_CHECKING:
    from storage.db.engine import Storage

MINUTE = timedelta(minutes=1)


@dataclass
class Web:
    """Gives a feed at every address; while it answers, others ask it too."""

    others: list[Polling | Completing] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str, **_asked: Any) -> Answer:
        self.asked.append(url)
        for other in self.others:
            await (other.poll_due() if isinstance(other, Polling) else other.complete_due())
        return Answer(200, url, {"content-type": "text/xml"}, rss([item(1)]).encode())


async def awaited(storage: Storage, *urls: str) -> None:
    """Store an article for each of *urls* that waits for its page."""
    async with storage.writing() as tx:
        row = {"url": "u", "url_hash": "u", "host": "away.example", "created_at": tx.now}
        row |= {"next_fetch_at": tx.now + 9 * MINUTE}
        source_id = await add_source(tx, row) or 0
        items = [Item(url=url, title=url, text="A taste.") for url in urls]
        marked = awaiting_pages(drafts(items, tx.now), FullText.AUTO, SourceKind.FEED)
        await store_drafts(tx, source_id, marked, inside=False)


async def stored(storage: Storage, *urls: str) -> None:
    async with storage.writing() as tx:
        for url in urls:
            row = {"url": url, "url_hash": url, "host": url.split("/")[2]}
            await add_source(tx, row | {"created_at": tx.now, "next_fetch_at": tx.now})


async def test_one_process_at_a_time_asks_a_host(storage, reader, clock):
    urls = [f"https://one.example/{number}" for number in range(4)]
    await stored(storage, *urls, "https://two.example/1")
    theirs = Web()
    ours = Web([Polling(storage, theirs, reader, owner="another")])
    polling = Polling(storage, ours, reader, owner="me")

    await polling.poll_due(limit=1)

    assert ours.asked == urls[:1]
    assert theirs.asked == ["https://two.example/1"]


async def test_a_host_has_two_seconds_between_two_processes(storage, reader, clock):
    await stored(storage, "https://one.example/1", "https://one.example/2")
    ours, theirs = Web(), Web()
    another = Polling(storage, theirs, reader, owner="another")

    await Polling(storage, ours, reader, owner="me").poll_due(limit=1)

    assert await another.poll_due() == 0
    clock.turn(timedelta(seconds=2))
    assert await another.poll_due() == 1
    assert (ours.asked, theirs.asked) == (["https://one.example/1"], ["https://one.example/2"])


# On SQLite there is one process, whose fetcher gives turns to sources and pages alike.
where_processes_share = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@where_processes_share
async def test_a_page_is_not_asked_for_while_another_process_reads_a_source_of_its_host(
    storage, reader, clock
):
    await stored(storage, "https://one.example/feed")
    await awaited(storage, "https://one.example/story", "https://two.example/story")
    theirs = Web()
    ours = Web([Completing(storage, theirs, reader, "another")])

    await Polling(storage, ours, reader, owner="me").poll_due()

    assert theirs.asked == ["https://two.example/story"]


@where_processes_share
async def test_a_source_is_not_asked_while_another_process_reads_a_page_of_its_host(
    storage, reader, clock
):
    await stored(storage, "https://one.example/feed", "https://two.example/feed")
    await awaited(storage, "https://one.example/story")
    theirs = Web()
    another = Polling(storage, theirs, reader, owner="another")
    ours = Web([another])

    await Completing(storage, ours, reader, "me").complete_due()

    assert theirs.asked == ["https://two.example/feed"]
    assert await another.poll_due() == 0
    clock.turn(timedelta(seconds=2))
    assert await another.poll_due() == 1
