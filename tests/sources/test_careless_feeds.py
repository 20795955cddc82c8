"""Whatever a feed does to its guids and links, each article that it shows is there once."""

from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.sources.decide import Fetched
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.fetch.response import Response
from bot.sources.fetch.source import FetchResult
from bot.sources.store import store_fetched
from storage.articles import Article
from storage.db.engine import Storage
from storage.entries import Entry
from storage.sources import Source, add_source, source_of
from tests.rows import source_row
from tests.sources.polled import HOUR

pytestmark = pytest.mark.slow

TITLES = ("Ferry sinks", "Budget passes", "Museum opens")
FEEDS = count(1)


class Manner(NamedTuple):
    """How the feed writes its entries today."""

    scheme: str
    tracker: str
    guid: str

    def item(self, number: int, site: str, text: str) -> Item:
        link = f"{self.scheme}://{site}/{number}-story{self.tracker}"
        guids = {"own": f"id-{number}", "other": f"x{number}", "link": link, "same": "1", "": ""}
        return Item(guids[self.guid], link, TITLES[number], text and f"{TITLES[number]} {text}")


MANNERS = st.builds(
    Manner,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["", "?utm_source=rss", "?utm_source=feed&fbclid=7"]),
    st.sampled_from(["own", "other", "link", "same", ""]),
)
SHOWN = st.lists(st.integers(0, len(TITLES) - 1), min_size=1, max_size=len(TITLES))
VISITS = st.lists(
    st.tuples(MANNERS, SHOWN, st.sampled_from(["", "again", "at last"])), min_size=2, max_size=5
)


async def visited(storage: Storage, site: str, document: Document) -> None:
    async with storage.writing() as tx:
        row = source_row(f"https://{site}/feed")
        await add_source(tx, row)
        source = await source_of(tx, row["url_hash"])
        assert source
        source.owner, source.lease_until = "me", tx.now + HOUR
    await store_fetched(
        storage, "me", [Fetched(source, FetchResult(Response(200, ""), "", document))]
    )


async def stored(storage: Storage, site: str) -> list[str]:
    async with storage.reading() as tx:
        rows = await tx.session.exec(
            select(Article.title)
            .where(
                col(Article.id).in_(
                    select(Entry.article_id)
                    .join(Source, col(Source.id) == Entry.source_id)
                    .where(col(Source.host) == site)
                )
            )
            .order_by(col(Article.title))
        )
        return list(rows)


@settings(max_examples=40)
@given(VISITS)
async def test_each_article_is_there_once(storage, clock, visits):
    site = f"feed{next(FEEDS)}.example"
    for manner, numbers, text in visits:
        items = tuple(manner.item(number, site, text) for number in numbers)
        await visited(storage, site, Document(DocumentKind.FEED, items=items))
        clock.turn(HOUR)

    shown = {number for _, numbers, _ in visits for number in numbers}
    assert await stored(storage, site) == sorted(TITLES[number] for number in shown)
