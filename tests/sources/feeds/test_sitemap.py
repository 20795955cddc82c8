"""Sitemaps as sources: added, polled, and behind an index."""

import gzip
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.discovery.add import AddOutcome
from bot.sources.feeds.model import Document, DocumentKind, Item, Unreadable
from bot.sources.feeds.reader import read_fast
from bot.sources.feeds.sitemap import read_sitemap
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.source import choose_sitemaps
from bot.sources.limits import MAX_SITEMAPS, MOST_SITEMAP_ENTRIES
from bot.sources.parser_pool import is_quick
from storage.enums import SourceKind
from tests.sources.polled import articles_of, only_source, poll_after

NEWS = b"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <!-- made by hand -->
  <url>
    <loc> https://news.example/fog?a=1&amp;b=2 </loc>
    <lastmod>2026-03-02T15:00:00Z</lastmod>
    <news:news>
      <news:publication>
        <news:name>Harbour News</news:name><news:language>de</news:language>
      </news:publication>
      <news:publication_date>2026-03-02T13:00+01:00</news:publication_date>
      <news:title><![CDATA[Fog & <b>ferries</b>]]></news:title>
      <news:keywords>fog, ferry</news:keywords>
    </news:news>
    <image:image><image:loc>https://news.example/fog.jpg</image:loc><image:title>Grey</image:title></image:image>
  </url>
</urlset>"""


def plain(*places: str, name: str = "url", parent: str = "urlset") -> bytes:
    parts = "".join(f"<{name}>{place}</{name}>" for place in places)
    return (
        f'<{parent} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{parts}</{parent}>'.encode()
    )


def dated(number: int, day: int = 1) -> str:
    return f"<loc>https://news.example/{number}</loc><lastmod>2026-03-{day:02}</lastmod>"


def listed(*sitemaps: tuple[str, str]) -> list[Item]:
    return [
        Item(url=f"https://x.example/{path}", published=date.fromisoformat(day) if day else None)
        for path, day in sitemaps
    ]


def test_a_news_sitemap_gives_title_date_language_and_keywords_and_no_picture():
    document = read_fast(NEWS, "https://news.example/sitemap.xml")

    assert document == Document(
        kind=DocumentKind.SITEMAP,
        title="Harbour News",
        language="de",
        items=(
            Item(
                guid="https://news.example/fog?a=1&b=2",
                url="https://news.example/fog?a=1&b=2",
                title="Fog & ferries",
                text="fog, ferry",
                published=datetime(2026, 3, 2, 12, tzinfo=UTC),
                language="de",
            ),
        ),
    )


def test_a_plain_sitemap_gives_the_address_and_the_last_change():
    (item,) = read_sitemap(plain(dated(1, 2)), "").items

    assert (item.url, item.title, item.published) == (
        "https://news.example/1",
        "",
        date(2026, 3, 2),
    )


def test_a_prefix_that_is_not_declared_is_understood():
    forgotten = NEWS.replace(b' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"', b"")

    assert read_sitemap(forgotten, "") == read_sitemap(NEWS, "")


def test_a_packed_sitemap_is_unpacked():
    assert read_fast(gzip.compress(NEWS)) == read_fast(NEWS)


def test_an_index_gives_its_sitemaps():
    index = plain(dated(1), dated(2), name="sitemap", parent="sitemapindex")

    document = read_fast(index)

    assert isinstance(document, Document)
    assert document.kind is DocumentKind.INDEX
    assert len(document.items) == 2


def test_the_newest_of_many_pages_are_kept_and_undated_ones_come_last():
    many = [dated(number, number % 28 + 1) for number in range(MOST_SITEMAP_ENTRIES + 500)]
    undated = "<loc>https://news.example/undated</loc>"

    items = read_sitemap(plain(undated, *many, dated(7, 8)), "").items

    days = [str(item.published) for item in items]
    assert len(items) == len({item.url for item in items}) == MOST_SITEMAP_ENTRIES
    assert days == sorted(days, reverse=True)
    assert days[0] == "2026-03-28"


def test_a_large_sitemap_is_for_a_worker():
    assert not is_quick(plain(*map(dated, range(5000))))


async def test_fifty_thousand_pages_are_read_within_the_limits(reader):
    document = await reader.read(plain(*map(dated, range(60_000))), url="", public=True)

    assert len(document.items) == MOST_SITEMAP_ENTRIES


BOMB = (
    b'<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (98 + level, (b"&%c;" % (97 + level)) * 10) for level in range(9)
    )
    + b']><urlset><url><loc x="&j;">https://a.example/&j;</loc></url></urlset>'
)
FILE = (
    b'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<urlset><url><loc>https://a.example/&x;</loc></url></urlset>"
)


@pytest.mark.parametrize(
    ("data", "addresses"),
    [
        pytest.param(plain(dated(1), dated(2))[:-30], ["https://news.example/1"], id="cut off"),
        pytest.param(
            plain("<loc>/here</loc>", "<loc>ftp://x.example/</loc>", "<loc>javascript:1</loc>"),
            ["https://news.example/here"],
            id="relative, and no web address",
        ),
        pytest.param(plain(f"<loc>https://a.example/{'a' * 3000}</loc>"), [], id="far too long"),
        pytest.param(plain("<loc/>", ""), [], id="empty"),
        pytest.param(BOMB, [], id="bomb"),
        pytest.param(FILE, ["https://a.example/"], id="file"),
    ],
)
def test_broken_and_hostile_sitemaps_give_their_valid_part(data, addresses):
    try:
        found = [item.url for item in read_sitemap(data, "https://news.example/s.xml").items]
    except Unreadable:
        found = []

    assert found == addresses


def test_a_sitemap_without_news_is_no_trouble():
    document = read_sitemap(b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "")

    assert (document.kind, document.items) == (DocumentKind.SITEMAP, ())
    with pytest.raises(Unreadable):
        read_sitemap(b"<urlset><url><loc/></url></urlset>", "")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    try:
        read = read_sitemap(b"<urlset>" + data + NEWS[60:], "https://news.example/").items
    except Unreadable:
        return
    assert all(item.url.startswith("http") for item in read)


@pytest.mark.parametrize(
    ("sitemaps", "wanted"),
    [
        pytest.param(
            [("pages.xml", "2026-03-09"), ("news.xml", ""), ("sitemap-news-2.xml", "")],
            ["news.xml", "sitemap-news-2.xml"],
            id="those for news",
        ),
        pytest.param(
            [("1.xml", "2025-01-01"), ("2.xml", "2026-03-01"), ("3.xml", "2026-03-02")],
            ["3.xml", "2.xml"],
            id="the newest, and none much older",
        ),
        pytest.param(
            [(f"{n}.xml", "") for n in range(9)],
            [f"{n}.xml" for n in range(MAX_SITEMAPS)],
            id="a handful at most",
        ),
        pytest.param([], [], id="none"),
    ],
)
def test_only_likely_sitemaps_of_an_index_are_read(sitemaps, wanted):
    assert [one.url for one in choose_sitemaps(listed(*sitemaps))] == [
        f"https://x.example/{path}" for path in wanted
    ]


def index_of(farm, *paths: str, lastmod: str = "") -> bytes:
    changed = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    places = [f"<loc>{farm.url(path)}</loc>{changed}" for path in paths]
    return plain(*places, name="sitemap", parent="sitemapindex")


async def test_a_sitemap_is_a_source_of_its_own_kind(storage, adding, farm):
    farm.serve("/sitemap.xml", NEWS)

    added = await adding.add(farm.url("/sitemap.xml"))

    assert (added.outcome, added.title, added.articles) == (AddOutcome.ADDED, "Harbour News", 1)
    assert (await only_source(storage)).kind is SourceKind.SITEMAP


async def test_pages_that_an_index_names_later_are_news(storage, adding, polling, farm, clock):
    farm.serve("/index.xml", index_of(farm, "/news.xml"), ETag='"same"')
    farm.serve("/news.xml", plain(dated(1)))
    await adding.add(farm.url("/index.xml"))
    farm.serve("/news.xml", NEWS)

    await poll_after(polling, clock)

    assert "Fog & ferries" in await articles_of(storage)
    assert (await only_source(storage)).error is None


async def test_an_index_with_dates_is_fetched_conditionally(storage, adding, polling, farm, clock):
    farm.serve_validated("/index.xml", index_of(farm, "/a.xml", lastmod="2026-03-01").decode(), "v")
    farm.serve("/a.xml", plain(dated(1)))
    await adding.add(farm.url("/index.xml"))

    await poll_after(polling, clock)

    assert farm.paths() == ["/index.xml", "/a.xml", "/index.xml"]
    assert (await only_source(storage)).unchanged == 1


async def test_an_index_of_nothing_readable_is_refused_with_the_reason(adding, farm):
    farm.serve("/index.xml", index_of(farm, "/none.xml", "/index.xml"))

    refused = await adding.add(farm.url("/index.xml"))

    assert refused.outcome is AddOutcome.REFUSED
    assert refused.problem == Problem(ProblemCode.NO_SITEMAP)


async def test_a_sitemap_that_becomes_a_page_is_unhealthy(storage, adding, polling, farm, clock):
    farm.serve("/sitemap.xml", NEWS)
    await adding.add(farm.url("/sitemap.xml"))
    farm.serve("/sitemap.xml", "<html><body><p>Welcome to our new site.</p></body></html>")

    await poll_after(polling, clock)

    assert (await only_source(storage)).error == ProblemCode.HTML_PAGE
