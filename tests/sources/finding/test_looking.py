"""What a person named: a feed, a site, an article; and that nothing inside is reached."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.sources.finding.feedlinks import links_of
from bot.sources.finding.looking import Looking
from bot.sources.formats.records import Document, Item, Kind
from bot.sources.getting.answers import Answer
from bot.sources.getting.failures import AddressRefused

FEED = Document(
    Kind.FEED,
    "Paper",
    items=(
        Item(
            url="https://paper.example/1", title="One", published=datetime(2026, 3, 1, tzinfo=UTC)
        ),
    ),
)
PAGE = b"<!doctype html><html><head>%s<title>Paper</title></head><body>Hello</body></html>"
LINK = b'<link rel="alternate" type="application/rss+xml" title="Main" href="/feed">'


class Site:
    """Answers from a table; what is not there is inside."""

    def __init__(self, **bodies: bytes) -> None:
        self.bodies = {
            f"https://paper.example/{path.strip('_')}": body for path, body in bodies.items()
        }
        self.inside: list[bool] = []

    async def fetch(self, url, *, inside=False, **_validators):
        self.inside.append(inside)
        if url not in self.bodies:
            raise AddressRefused("leads to an address that is not on the public Internet")
        return Answer(200, url, {"content-type": "text/html"}, body=self.bodies[url])


class Reads:
    async def read(self, data, /, *, url, **_facts):
        if data == b"feed":
            return FEED
        text = "A long story. " * 40 if b"article" in data else "Hello"
        return Document(Kind.PAGE, items=(Item(url=url, title="A ferry sinks", text=text),))

    async def links(self, data, /, *, url, **_facts):
        return links_of(data.decode(), url)


async def test_a_feed_is_one():
    looked = await Looking(Site(feed=b"feed"), Reads()).look("paper.example/feed")

    assert looked.is_feed
    assert [(feed.url, feed.title) for feed in looked.feeds] == [
        ("https://paper.example/feed", "Paper")
    ]


async def test_a_site_has_the_feeds_that_it_names():
    looked = await Looking(Site(_=PAGE % LINK, feed=b"feed"), Reads()).look(
        "https://paper.example/"
    )

    assert not looked.is_feed
    assert [feed.url for feed in looked.feeds] == ["https://paper.example/feed"]


async def test_an_article_is_one_and_its_sites_feeds_are_looked_for_if_asked():
    site = Site(article=PAGE % LINK + b"<!-- article -->", feed=b"feed")
    looking = Looking(site, Reads())

    looked = await looking.look("https://paper.example/article")
    feeds = await looking.feeds_of("https://paper.example/article")

    assert (looked.title, looked.feeds) == ("A ferry sinks", ())
    assert len(looked.text) > 300
    assert [feed.title for feed in feeds.feeds] == ["Paper"]


async def test_nothing_inside_is_reached_whoever_asks():
    site = Site()

    looked = await Looking(site, Reads()).look("http://10.0.0.1/feed")

    assert looked.sentence == "leads to an address that is not on the public Internet"
    assert site.inside == [False]


@pytest.mark.parametrize("url", ["https://paper.example/", "https://paper.example/none"])
async def test_a_page_without_feed_and_article_says_nothing_more(url):
    looked = await Looking(Site(_=PAGE % b"", none=PAGE % b""), Reads()).look(url)

    assert (looked.feeds, looked.title, looked.sentence) == ((), "", "")
