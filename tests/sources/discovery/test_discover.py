"""What is at an address that a user names: a feed, a site, an article; never in the own network."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.sources.administration import list_sources
from bot.sources.discovery.add import AddOutcome, Form, SourceOptions
from bot.sources.discovery.discover import DiscoveryResult, LinkLookup, SampleSite, discover
from bot.sources.discovery.links import Where, links_of
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.problems import AddressRefused, Problem, ProblemCode
from bot.sources.fetch.response import Response
from storage.enums import SourceKind
from tests.conftest import MONDAY_NOON
from tests.fake_fetcher import FakeFetcher, Reply, Request
from tests.sources.feeds_made import LONG, item, page, rss

pytestmark = pytest.mark.slow


HTML = {"Content_Type": "text/html"}


def feed(*numbers: int, title: str = "Sample Wire") -> str:
    items = [item(number, MONDAY_NOON + timedelta(minutes=number)) for number in numbers]
    return rss(items).replace("Sample Wire", title)


def site(*hrefs: str, text: str = LONG) -> str:
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{h}">' for h in hrefs)
    return page("A paper", [text, text]).replace("</head>", f"{links}</head>")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Return one on SQLite alone, because a page decides the outcome; see also test_add.py."""
    return sqlite_url


@pytest.fixture
def discovery(fetcher, reader) -> Callable[..., Awaitable[DiscoveryResult]]:
    """Return what looks for the feeds of a site."""
    return partial(discover, fetcher, reader, inside=True, public=True)


async def test_a_feed_is_found_at_its_own_address_with_one_request(discovery, farm):
    farm.serve("/feed.xml", feed(1, 2))

    found = await discovery(farm.url())

    (find,) = found.feeds
    assert (find.url, find.title, find.entries) == (farm.url(), "Sample Wire", 2)
    assert (find.where, find.kind) == (Where.HERE, DocumentKind.FEED)
    assert find.newest == MONDAY_NOON + timedelta(minutes=2)
    assert len(farm.asked) == 1


async def test_links_that_a_page_names_are_read_and_only_feeds_are_kept(discovery, farm):
    farm.serve("/", site("/world.xml", "/none.xml", "/about", "/sport.xml"), **HTML)
    farm.serve("/about", page("About us", [LONG]), **HTML)
    farm.serve("/world.xml", feed(1, title="World"))
    farm.serve("/sport.xml", feed(2, title="Sport"))

    found = await discovery(farm.url("/"))

    assert [(find.title, find.where) for find in found.feeds] == [
        ("World", Where.NAMED),
        ("Sport", Where.NAMED),
    ]
    assert farm.paths() == ["/", "/world.xml", "/none.xml", "/about", "/sport.xml"]


async def test_one_feed_in_two_formats_counts_once_and_a_section_by_itself(discovery, farm):
    farm.serve("/", site("/rss", "/rss2", "/sport"), **HTML)
    farm.serve("/rss", feed(*range(20)))
    farm.serve("/rss2", feed(*range(10)))
    farm.serve("/sport", feed(*range(5), title="Sport"))

    found = await discovery(farm.url("/"))

    assert [find.url for find in found.feeds] == [farm.url("/rss"), farm.url("/sport")]


async def test_a_page_of_feeds_is_searched_if_no_feed_is_named(discovery, farm):
    farm.serve("/", page("A paper", [LONG]).replace("</p>", "<a href='/rss/'>RSS</a></p>"), **HTML)
    listed = "<a href='/a.rss'>A</a><a href='/b.rss'>B</a><a href='/rss/'>RSS</a>"
    farm.serve("/rss/", f"<html>{listed}</html>", **HTML)
    farm.serve("/a.rss", feed(1, title="A"))
    farm.serve("/b.rss", feed(2, title="B"))

    found = await discovery(farm.url("/"))

    assert [(find.title, find.where) for find in found.feeds] == [
        ("A", Where.LISTED),
        ("B", Where.LISTED),
    ]
    assert farm.paths() == ["/", "/rss/", "/a.rss", "/b.rss"]


async def test_a_thorough_search_reads_links_beside_named_feeds(discovery, farm):
    named = site("/feed.xml").replace("</p>", "<a href='/sport.rss'>Sport</a></p>", 1)
    farm.serve("/", named, **HTML)
    farm.serve("/feed.xml", feed(1))
    farm.serve("/sport.rss", feed(2, title="Sport"))
    maps = f"Sitemap: {farm.url('/map.xml')}\nSitemap: {farm.url('/news.xml')}"
    farm.serve("/robots.txt", maps, Content_Type="text/plain")
    farm.serve("/news.xml", "<urlset><url><loc>https://news.example/9</loc></url></urlset>")

    short = await discovery(farm.url("/"))
    thorough = await discovery(farm.url("/"), thorough=True)

    assert [find.title for find in short.feeds] == ["Sample Wire"]
    assert [find.title for find in thorough.feeds[:2]] == ["Sample Wire", "Sport"]
    assert [find.url for find in thorough.feeds[2:]] == [farm.url("/news.xml")]


async def test_the_usual_paths_are_tried_until_one_holds_a_feed(discovery, farm):
    farm.serve("/", page("A paper", [LONG]), **HTML)
    farm.serve("/rss", page("Not found, says a page", [LONG]), **HTML)
    farm.serve("/rss.xml", feed(1))

    found = await discovery(farm.url("/"))

    assert [(find.url, find.where) for find in found.feeds] == [(farm.url("/rss.xml"), Where.PLACE)]
    assert farm.paths() == ["/", "/feed", "/rss", "/rss.xml"]


async def test_the_sitemaps_of_robots_txt_come_last(discovery, farm):
    farm.serve("/", page("A paper", [LONG]), **HTML)
    farm.serve(
        "/robots.txt", f"Sitemap: {farm.url('/news-sitemap.xml')}", Content_Type="text/plain"
    )
    farm.serve(
        "/news-sitemap.xml",
        "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url>"
        "<loc>https://news.example/1</loc><lastmod>2026-03-01</lastmod></url></urlset>",
    )

    found = await discovery(farm.url("/"))

    (find,) = found.feeds
    assert (find.kind, find.where) == (DocumentKind.SITEMAP, Where.SITEMAP)
    assert str(find.newest) == "2026-03-01"


async def test_a_page_without_an_article_is_still_a_site(discovery, farm):
    farm.serve("/", "<html><head><link rel=feed href=/f></head><body></body></html>", **HTML)
    farm.serve("/f", feed(1))

    assert [find.url for find in (await discovery(farm.url("/"))).feeds] == [farm.url("/f")]


async def test_only_some_of_many_feeds_are_read(discovery, farm):
    farm.serve("/", site(*(f"/{number}.xml" for number in range(30))), **HTML)
    for number in range(30):
        farm.serve(f"/{number}.xml", feed(number, title=f"Section {number}"))

    found = await discovery(farm.url("/"))

    assert (len(found.feeds), len(found.unread), len(farm.asked)) == (8, 22, 9)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(site("/feed.xml"), 404, id="nothing there"),
        pytest.param("just a text, and a long one " * 50, 200, id="a text"),
        pytest.param("\x00\x01\x02\x03" * 50, 200, id="binary"),
        pytest.param("", 200, id="empty"),
    ],
)
async def test_without_a_page_there_are_no_further_requests(discovery, farm, body, status):
    farm.serve("/x", body, status=status)

    found = await discovery(farm.url("/x"))

    assert (found.feeds, found.is_page, len(farm.asked)) == ((), False, 1)


async def test_a_page_from_outside_leads_nowhere_inside(fetcher: Fetcher, reader, farm):
    """The operator asks, whose network is open; the page belongs to anybody."""
    farm.serve("/feed.xml", feed(1))
    farm.serve("/", site(farm.url("/feed.xml")), **HTML)

    async def from_outside(request: Request) -> Response:
        inside = request.inside or request.url == farm.url("/")
        response = await fetcher.fetch(request.url, inside=inside, public=request.public)
        return replace(response, own_network=False)

    outside = FakeFetcher(otherwise=from_outside)
    found = await discover(outside, reader, farm.url("/"), inside=True, public=True)

    assert found.feeds == ()
    assert farm.paths() == ["/"]


async def test_a_site_with_one_feed_is_added_by_it(storage, adding, farm):
    farm.serve("/", site("/feed.xml"), **HTML)
    farm.serve("/feed.xml", feed(1, 2))

    added = await adding.add(farm.url("/"), SourceOptions(folder=("World",)))
    again = await adding.add(farm.url("/"))

    (source,) = await list_sources(storage)
    assert (added.outcome, added.url, added.found_at) == (
        AddOutcome.ADDED,
        farm.url("/feed.xml"),
        farm.url("/"),
    )
    assert (added.articles, source.folder) == (2, ["World"])
    assert again.outcome is AddOutcome.THERE
    assert farm.paths()[:2] == ["/", "/feed.xml"]


async def test_a_site_with_several_feeds_is_a_question(storage, adding, farm):
    farm.serve("/", site("/a.xml", "/b.xml"), **HTML)
    farm.serve("/a.xml", feed(1, title="A"))
    farm.serve("/b.xml", feed(2, title="B"))

    asked = await adding.add(farm.url("/"))

    assert asked.outcome is AddOutcome.SEVERAL
    assert [find.title for find in asked.choice] == ["A", "B"]
    assert await list_sources(storage) == []


@pytest.mark.parametrize(
    ("form", "outcome", "kinds"),
    [
        pytest.param(Form.ANY, AddOutcome.ADDED, [SourceKind.PAGE], id="any: the page itself"),
        pytest.param(Form.FEED, AddOutcome.REFUSED, [], id="a feed: refused"),
        pytest.param(Form.PAGE, AddOutcome.ADDED, [SourceKind.PAGE], id="the page: taken"),
    ],
)
async def test_a_page_without_feeds_is_added_if_allowed(
    storage, adding, farm, form, outcome, kinds
):
    farm.serve("/page", page("A sample story", [LONG, LONG]), **HTML)

    added = await adding.add(farm.url("/page"), SourceOptions(form=form))

    assert (added.outcome, added.articles) == (outcome, len(kinds))
    assert [source.kind for source in await list_sources(storage)] == kinds
    assert len(farm.asked) == 1 or form is not Form.PAGE


async def test_a_plain_sitemap_is_no_feed_to_add_by_itself(storage, adding, discovery, farm):
    farm.serve("/page", page("A sample story", [LONG, LONG]), **HTML)
    farm.serve("/robots.txt", f"Sitemap: {farm.url('/map.xml')}", Content_Type="text/plain")
    farm.serve("/map.xml", "<urlset><url><loc>https://news.example/1</loc></url></urlset>")

    found = await discovery(farm.url("/page"))
    await adding.add(farm.url("/page"))

    (source,) = await list_sources(storage)
    assert [find.kind for find in found.feeds] == [DocumentKind.SITEMAP]
    assert source.kind is SourceKind.PAGE


async def test_a_page_itself_is_added_on_request(storage, adding, farm):
    farm.serve("/page", site("/feed.xml"), **HTML)
    farm.serve("/feed.xml", feed(1))

    await adding.add(farm.url("/page"), SourceOptions(form=Form.PAGE))

    (source,) = await list_sources(storage)
    assert source.kind is SourceKind.PAGE
    assert farm.paths() == ["/page"]


FEED = Document(
    DocumentKind.FEED,
    "Paper",
    items=(
        Item(
            url="https://paper.example/1", title="One", published=datetime(2026, 3, 1, tzinfo=UTC)
        ),
    ),
)
PAGE = b"<!doctype html><html><head>%s<title>Paper</title></head><body>Hello</body></html>"
LINK = b'<link rel="alternate" type="application/rss+xml" title="Main" href="/feed">'


def paper(**bodies: Reply) -> FakeFetcher:
    """Return a fetcher of the paper's pages ("_": its front page); all else is inside."""
    replies = {f"https://paper.example/{path.strip('_')}": body for path, body in bodies.items()}
    refused = AddressRefused(ProblemCode.PRIVATE_ADDRESS)
    return FakeFetcher(replies, refused, {"content-type": "text/html"})


class Reads:
    async def read(self, data, /, *, url, **_facts):
        if data == b"feed":
            return FEED
        text = "A long story. " * 40 if b"article" in data else "Hello"
        return Document(DocumentKind.PAGE, items=(Item(url=url, title="A ferry sinks", text=text),))

    async def links(self, data, /, *, url, **_facts):
        return links_of(data.decode(), url)


@pytest.mark.parametrize(
    ("path", "is_feed"), [("feed", True), ("", False)], ids=["a feed", "a site"]
)
async def test_a_link_to_a_feed_or_a_site_offers_its_feed(path, is_feed):
    lookup = LinkLookup(paper(_=PAGE % LINK, feed=b"feed"), Reads())

    found_there = await lookup.look(f"paper.example/{path}")

    assert found_there.is_feed is is_feed
    assert [(feed.url, feed.title) for feed in found_there.feeds] == [
        ("https://paper.example/feed", "Paper")
    ]


async def test_a_link_to_an_article_gives_its_text_and_on_request_the_feeds():
    site = paper(article=PAGE % LINK + b"<!-- article -->", feed=b"feed")
    lookup = LinkLookup(site, Reads())

    found_there = await lookup.look("https://paper.example/article")
    feeds = await lookup.feeds_of("https://paper.example/article")

    assert (found_there.title, found_there.feeds) == ("A ferry sinks", ())
    assert len(found_there.text) > 300
    assert [feed.title for feed in feeds.feeds] == ["Paper"]


async def test_a_link_never_leads_inside():
    site = paper()

    found_there = await LinkLookup(site, Reads()).look("http://10.0.0.1/feed")

    assert found_there.problem == Problem(ProblemCode.PRIVATE_ADDRESS)
    assert [request.inside for request in site.requests] == [False]


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        pytest.param("http://127.0.0.1:8081/news/a", True, id="its number"),
        pytest.param("http://localhost:8081/news/a", True, id="its name"),
        pytest.param("@sample_harbour", True, id="a channel of the newsroom"),
        pytest.param("@other_quay", False, id="another channel"),
        pytest.param("http://127.0.0.1:8081/news/../control", False, id="above"),
        pytest.param("http://127.0.0.1:8081/control", False, id="beside"),
        pytest.param("http://127.0.0.1:8082/news/a", False, id="another port"),
        pytest.param("http://127.0.0.1:8081@paper.example/news/", False, id="a login"),
    ],
)
async def test_in_the_playground_a_link_leads_to_the_newsroom_and_nowhere_else(url, inside):
    site = paper()

    newsroom = SampleSite("http://127.0.0.1:8081/news/", timedelta(seconds=2))
    await LinkLookup(site, Reads(), newsroom=newsroom).look(url)

    assert {request.inside for request in site.requests} == {inside}


async def test_an_article_in_chinese_has_fewer_characters_than_one_in_english():
    class ReadsChinese(Reads):
        async def read(self, _data, /, *, url, **_facts):
            return Document(
                DocumentKind.PAGE, items=(Item(url=url, title="地震", text="地震。" * 40),)
            )

    site = paper(article=b"article")

    looked = await LinkLookup(site, ReadsChinese()).look("https://paper.example/article")

    assert looked.title == "地震"


@pytest.mark.parametrize("url", ["https://paper.example/", "https://paper.example/none"])
async def test_a_page_without_feed_and_article_gives_nothing(url):
    found_there = await LinkLookup(paper(_=PAGE % b"", none=PAGE % b""), Reads()).look(url)

    assert (found_there.feeds, found_there.title, found_there.problem) == ((), "", None)
