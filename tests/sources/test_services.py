"""A feed of a search service that somebody added by its address, as any other feed."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any

from bot.sources.discovery.add import SourceAdder
from bot.sources.fetch.response import Response
from bot.sources.poll import Poller
from storage.articles import Article
from storage.publishers import first_publisher_names
from storage.sources import AwaitedPage
from tests.sources.feeds_made import rss
from tests.sources.polled import DAY, poll_after, rows_of

if TYPE_CHECKING:
    from bot.sources.parser_pool import Reader
    from storage.db.engine import Storage
    from tests.conftest import TurnedClock

FEED = "https://news.google.com/rss/search?q=storm"


class Service:
    """Shows the same article under another id with each visit."""

    def __init__(self, now: Any) -> None:
        self.visits = 0
        self.now = now

    async def fetch(self, url: str, **_asked: Any) -> Response:
        self.visits += 1
        link = escape(f"https://news.google.com/rss/articles/CBMi{self.visits}?oc=5")
        shown = (
            f"<item><title>Storm hits harbour - Sample Post</title><link>{link}</link>"
            f"<guid>CBMi{self.visits}</guid><pubDate>{self.now:%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
            "<source url='https://post.example'>Sample Post</source></item>"
        )
        return Response(200, url, {"content-type": "text/xml"}, rss([shown]).encode())


async def test_what_it_issues_again_under_another_id_is_no_new_article(
    storage: Storage, reader: Reader, clock: TurnedClock
):
    service = Service(clock.now - timedelta(hours=1))
    added = await SourceAdder(storage, service, reader).add(FEED)
    polling = Poller(storage, service, reader, owner="me", jitter=lambda: 0)

    await poll_after(polling, clock, DAY)

    (article,) = await rows_of(storage, Article)
    assert (added.articles, service.visits) == (1, 2)
    assert article.title == "Storm hits harbour"
    assert await rows_of(storage, AwaitedPage) == []
    async with storage.reading() as tx:
        assert await first_publisher_names(tx, [article.id]) == {article.id: "Sample Post"}
