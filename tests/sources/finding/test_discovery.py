from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.sources.finding.adding import Adding, Form, Outcome, Wish
from bot.sources.finding.choosing import Choosing
from bot.sources.finding.discovery import Discovery
from bot.sources.finding.feedlinks import Where
from bot.sources.formats.records import Kind
from bot.sources.listing import Listing
from storage.enums import SourceKind
from tests.conftest import MONDAY_NOON
from tests.sources.feeds_made import LONG, item, page, rss

HTML = {"Content_Type": "text/html"}


def feed(*numbers: int, title: str = "Sample Wire") -> str:
    items = [item(number, MONDAY_NOON + timedelta(minutes=number)) for number in numbers]
    return rss(items).replace("Sample Wire", title)


def site(*hrefs: str, text: str = LONG) -> str:
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{h}">' for h in hrefs)
    return page("A paper", [text, text]).replace("</head>", f"{links}</head>")


@pytest.fixture
def discovery(fetcher, reader) -> Discovery:
    return Discovery(fetcher, reader)


@pytest.fixture
def choosing(adding) -> Choosing:
    return Choosing(adding)


async def test_a_feed_is_found_at_its_own_address_with_one_request(discovery, farm):
    farm.serve("/feed.xml", feed(1, 2))

    found = await discovery.discover(farm.url())

    (find,) = found.finds
    assert (find.url, find.title, find.entries) == (farm.url(), "Sample Wire", 2)
    assert (find.where, find.kind) == (Where.HERE, Kind.FEED)
    assert find.newest == MONDAY_NOON + timedelta(minutes=2)
    assert len(farm.asked) == 1


async def test_what_a_page_names_is_read_and_only_feeds_are_kept(discovery, farm):
    farm.serve("/", site("/world.xml", "/none.xml", "/about", "/sport.xml"), **HTML)
    farm.serve("/about", page("About us", [LONG]), **HTML)
    farm.serve("/world.xml", feed(1, title="World"))
    farm.serve("/sport.xml", feed(2, title="Sport"))

    found = await discovery.discover(farm.url("/"))

    assert [(find.title, find.where) for find in found.finds] == [
        ("World", Where.NAMED),
        ("Sport", Where.NAMED),
    ]
    assert farm.paths() == ["/", "/world.xml", "/none.xml", "/about", "/sport.xml"]


async def test_one_feed_in_two_forms_counts_once_and_a_section_by_itself(discovery, farm):
    farm.serve("/", site("/rss", "/rss2", "/sport"), **HTML)
    farm.serve("/rss", feed(*range(20)))
    farm.serve("/rss2", feed(*range(10)))
    farm.serve("/sport", feed(*range(5), title="Sport"))

    found = await discovery.discover(farm.url("/"))

    assert [find.url for find in found.finds] == [farm.url("/rss"), farm.url("/sport")]


async def test_a_page_of_feeds_is_looked_through_where_no_feed_is_named(discovery, farm):
    farm.serve("/", page("A paper", [LONG]).replace("</p>", "<a href='/rss/'>RSS</a></p>"), **HTML)
    listed = "<a href='/a.rss'>A</a><a href='/b.rss'>B</a><a href='/rss/'>RSS</a>"
    farm.serve("/rss/", f"<html>{listed}</html>", **HTML)
    farm.serve("/a.rss", feed(1, title="A"))
    farm.serve("/b.rss", feed(2, title="B"))

    found = await discovery.discover(farm.url("/"))

    assert [(find.title, find.where) for find in found.finds] == [
        ("A", Where.LISTED),
        ("B", Where.LISTED),
    ]
    assert farm.paths() == ["/", "/rss/", "/a.rss", "/b.rss"]


async def test_what_a_page_links_beside_its_feeds_is_for_those_who_look(discovery, farm):
    named = site("/feed.xml").replace("</p>", "<a href='/sport.rss'>Sport</a></p>", 1)
    farm.serve("/", named, **HTML)
    farm.serve("/feed.xml", feed(1))
    farm.serve("/sport.rss", feed(2, title="Sport"))
    maps = f"Sitemap: {farm.url('/map.xml')}\nSitemap: {farm.url('/news.xml')}"
    farm.serve("/robots.txt", maps, Content_Type="text/plain")
    farm.serve("/news.xml", "<urlset><url><loc>https://news.example/9</loc></url></urlset>")

    short = await discovery.discover(farm.url("/"))
    thorough = await replace(discovery, thorough=True).discover(farm.url("/"))

    assert [find.title for find in short.finds] == ["Sample Wire"]
    assert [find.title for find in thorough.finds[:2]] == ["Sample Wire", "Sport"]
    assert [find.url for find in thorough.finds[2:]] == [farm.url("/news.xml")]


async def test_a_site_that_names_none_is_asked_in_the_usual_places_until_one_is_found(
    discovery, farm
):
    farm.serve("/", page("A paper", [LONG]), **HTML)
    farm.serve("/rss", page("Not found, says a page", [LONG]), **HTML)
    farm.serve("/rss.xml", feed(1))

    found = await discovery.discover(farm.url("/"))

    assert [(find.url, find.where) for find in found.finds] == [(farm.url("/rss.xml"), Where.PLACE)]
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

    found = await discovery.discover(farm.url("/"))

    (find,) = found.finds
    assert (find.kind, find.where) == (Kind.SITEMAP, Where.SITEMAP)
    assert str(find.newest) == "2026-03-01"


async def test_a_page_without_an_article_is_a_site_all_the_same(discovery, farm):
    farm.serve("/", "<html><head><link rel=feed href=/f></head><body></body></html>", **HTML)
    farm.serve("/f", feed(1))

    assert [find.url for find in (await discovery.discover(farm.url("/"))).finds] == [
        farm.url("/f")
    ]


async def test_of_many_feeds_only_some_are_read(discovery, farm):
    farm.serve("/", site(*(f"/{number}.xml" for number in range(30))), **HTML)
    for number in range(30):
        farm.serve(f"/{number}.xml", feed(number, title=f"Section {number}"))

    found = await discovery.discover(farm.url("/"))

    assert (len(found.finds), len(found.unread), len(farm.asked)) == (8, 22, 9)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(site("/feed.xml"), 404, id="nothing there"),
        pytest.param("just a text, and a long one " * 50, 200, id="a text"),
        pytest.param("\x00\x01\x02\x03" * 50, 200, id="binary"),
        pytest.param("", 200, id="empty"),
    ],
)
async def test_where_there_is_no_page_nothing_else_is_asked(discovery, farm, body, status):
    farm.serve("/x", body, status=status)

    found = await discovery.discover(farm.url("/x"))

    assert (found.finds, found.is_page, len(farm.asked)) == ((), False, 1)


async def test_a_page_from_outside_leads_nowhere_inside(fetcher, reader, farm):
    """The operator asks, whose network is open; the page belongs to anybody."""
    inner = farm.url("/feed.xml")
    farm.serve("/feed.xml", feed(1))
    farm.serve("/", site(inner), **HTML)

    class FromOutside:
        async def fetch(self, url: str, *, inside: bool = False, **asked):
            is_asked_for = url == farm.url("/")
            answer = await fetcher.fetch(url, inside=inside or is_asked_for, **asked)
            return replace(answer, own_network=False)

    found = await Discovery(FromOutside(), reader).discover(farm.url("/"))

    assert found.finds == ()
    assert farm.paths() == ["/"]


async def test_a_site_with_one_feed_is_added_by_it(storage, choosing, farm):
    farm.serve("/", site("/feed.xml"), **HTML)
    farm.serve("/feed.xml", feed(1, 2))

    added = await choosing.add(farm.url("/"), Wish(folder=("World",)))
    again = await choosing.add(farm.url("/"))

    (source,) = await Listing(storage).sources()
    assert (added.outcome, added.url, added.found_at) == (
        Outcome.ADDED,
        farm.url("/feed.xml"),
        farm.url("/"),
    )
    assert (added.articles, source.folder) == (2, ["World"])
    assert again.outcome is Outcome.THERE
    assert farm.paths()[:2] == ["/", "/feed.xml"]


async def test_a_feed_is_added_with_one_request_and_known_with_none(choosing, farm):
    farm.serve("/feed.xml", feed(1))

    added = await choosing.add(farm.url())
    again = await choosing.add(farm.url())

    assert (added.outcome, again.outcome) == (Outcome.ADDED, Outcome.THERE)
    assert len(farm.asked) == 1


async def test_a_site_with_several_feeds_is_a_question(storage, choosing, farm):
    farm.serve("/", site("/a.xml", "/b.xml"), **HTML)
    farm.serve("/a.xml", feed(1, title="A"))
    farm.serve("/b.xml", feed(2, title="B"))

    asked = await choosing.add(farm.url("/"))

    assert asked.outcome is Outcome.SEVERAL
    assert asked.sentence == "has 2 feeds to choose from"
    assert [find.title for find in asked.choice] == ["A", "B"]
    assert await Listing(storage).sources() == []


@pytest.mark.parametrize(
    ("form", "outcome", "kinds"),
    [
        pytest.param(Form.ANY, Outcome.ADDED, [SourceKind.PAGE], id="any: the page itself"),
        pytest.param(Form.FEED, Outcome.REFUSED, [], id="a feed: refused"),
        pytest.param(Form.PAGE, Outcome.ADDED, [SourceKind.PAGE], id="the page: taken"),
    ],
)
async def test_a_page_without_feeds_is_taken_if_wanted(
    storage, choosing, farm, form, outcome, kinds
):
    farm.serve("/page", page("A sample story", [LONG, LONG]), **HTML)

    added = await choosing.add(farm.url("/page"), Wish(form=form))

    assert added.outcome is outcome
    assert [source.kind for source in await Listing(storage).sources()] == kinds
    assert len(farm.asked) == 1 or form is not Form.PAGE


async def test_a_plain_sitemap_is_no_feed_to_add_by_itself(storage, choosing, discovery, farm):
    farm.serve("/page", page("A sample story", [LONG, LONG]), **HTML)
    farm.serve("/robots.txt", f"Sitemap: {farm.url('/map.xml')}", Content_Type="text/plain")
    farm.serve("/map.xml", "<urlset><url><loc>https://news.example/1</loc></url></urlset>")

    found = await discovery.discover(farm.url("/page"))
    await choosing.add(farm.url("/page"))

    (source,) = await Listing(storage).sources()
    assert [find.kind for find in found.finds] == [Kind.SITEMAP]
    assert source.kind is SourceKind.PAGE


async def test_a_page_is_read_itself_where_that_is_wanted(storage, choosing, farm):
    farm.serve("/page", site("/feed.xml"), **HTML)
    farm.serve("/feed.xml", feed(1))

    await choosing.add(farm.url("/page"), Wish(form=Form.PAGE))

    (source,) = await Listing(storage).sources()
    assert source.kind is SourceKind.PAGE
    assert farm.paths() == ["/page"]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        pytest.param("<html><body></body></html>", 200, "names no feed", id="an empty page"),
        pytest.param("", 404, "(404)", id="nothing there"),
    ],
)
async def test_what_is_no_site_is_refused_with_a_sentence(choosing, farm, body, status, reason):
    farm.serve("/x", body, status=status, **HTML)

    refused = await choosing.add(farm.url("/x"))

    assert refused.outcome is Outcome.REFUSED
    assert reason in refused.sentence


async def test_a_stranger_reaches_nothing_inside_by_a_site_either(storage, fetcher, reader, farm):
    farm.serve("/", site("/feed.xml"), **HTML)
    theirs = Choosing(Adding(storage, fetcher, reader, public=False))

    refused = await theirs.add(farm.url("/"))

    assert refused.outcome is Outcome.REFUSED
    assert farm.asked == []
