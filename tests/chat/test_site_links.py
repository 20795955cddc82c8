"""Links of known sites, through the dispatcher: one tap adds the feed that belongs to a link."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.sources.discovery.discover import LinkLookup
from bot.sources.fetch.response import Response
from bot.sources.parser_pool import DocumentReader, Workers
from storage.sources import all_sources
from tests.chat.conftest import labels
from tests.chat.test_links import added, looked_at
from tests.fake_fetcher import FakeFetcher
from tests.sources.feeds_made import item, rss

HANDLE = "https://www.youtube.com/@harbour?ucbcb=1"
ITUNES = "https://itunes.apple.com/lookup?id=1&country=be&entity=podcast"
RELEASES = "https://github.com/harbour/crane/releases.atom"
VIDEOS = "https://www.youtube.com/feeds/videos.xml?channel_id=UC0123456789abcdefghijkl"
PODCAST = "https://cast.example/a.xml"
ANN = "https://social.example/@ann.rss"
PAGES = {
    HANDLE: '{"externalId":"UC0123456789abcdefghijkl"}',
    ITUNES: f'{{"results": [{{"feedUrl": "{PODCAST}"}}]}}',
}


@pytest.fixture
async def web(house: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeFetcher]:
    """Return a web that has these feeds and pages, and let the bot look links up there."""
    feed = rss([item(1)])
    web = FakeFetcher(dict.fromkeys((RELEASES, VIDEOS, PODCAST, ANN), feed), otherwise=404)
    web.replies |= PAGES
    async with DocumentReader(Workers(seconds=600)) as reader:
        monkeypatch.setattr(house.looking, "look", LinkLookup(web, reader).look)
        yield web


@pytest.mark.parametrize(
    ("typed", "feed", "requests"),
    [
        pytest.param("https://github.com/harbour/crane/releases", RELEASES, 1, id="rewritten"),
        pytest.param("https://social.example/@ann", ANN, 1, id="any host"),
        pytest.param("youtube.com/@harbour", VIDEOS, 2, id="a page that names the number"),
        pytest.param(
            "https://podcasts.apple.com/be/podcast/talk/id1", PODCAST, 2, id="a JSON document"
        ),
        pytest.param(
            "https://ann:secret@github.com/harbour/crane/releases", RELEASES, 1, id="with a login"
        ),
    ],
)
async def test_one_tap_adds_the_feed_of_a_link(house, ann, web, typed, feed, requests):
    offer = await looked_at(ann, typed)
    await added(ann, offer)

    assert labels(offer) == ["Add", "Not now"]
    assert len(web.urls) == requests
    assert "secret" not in f"{web.urls} {offer}"
    async with house.storage.reading() as tx:
        (source,) = await all_sources(tx)
    assert source.url == feed


@pytest.mark.parametrize(
    ("typed", "page", "reply"),
    [
        pytest.param(
            "https://www.youtube.com/@harbour",
            HANDLE,
            '{"externalId":"UC0/../evil.example/feed"}',
            id="a number that is a path",
        ),
        pytest.param(
            "https://www.youtube.com/@harbour",
            HANDLE,
            '<link href="https://evil.example/feed?channel_id=UC1">',
            id="a page that names another host",
        ),
        pytest.param(
            "https://www.youtube.com/@harbour",
            HANDLE,
            b"<p>" * 3_500_000 + PAGES[HANDLE].encode(),
            id="10 MB before the number",
        ),
        pytest.param(
            "https://podcasts.apple.com/be/podcast/talk/id1",
            ITUNES,
            '{"results": [{"feedUrl": "file:///etc/passwd"}]}',
            id="a file",
        ),
    ],
)
async def test_hostile_page_of_a_known_site_offers_no_feed(ann, web, typed, page, reply):
    web.replies[page] = reply

    answer = await looked_at(ann, typed)

    assert "Add" not in labels(answer)
    assert {urlsplit(url).hostname for url in web.urls} <= {
        *("www.youtube.com", "itunes.apple.com", "podcasts.apple.com")
    }


async def test_redirected_page_of_a_handle_still_leads_to_the_site(ann, web):
    hostile = PAGES[HANDLE].encode()
    web.replies[HANDLE] = Response(200, "https://evil.example/", {}, hostile)

    await looked_at(ann, "https://www.youtube.com/@harbour")

    assert web.urls == [HANDLE, VIDEOS]


async def test_profile_on_an_international_host_is_shown_in_punycode(ann, web):
    begun = await ann.says("https://\u0430pple.example/@ann")

    assert begun["text"].startswith("Looking at xn--pple-43d.example")
