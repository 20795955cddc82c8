"""Sitemaps as sources: added, polled, and behind an index."""

from __future__ import annotations

from bot.sources.discovery.add import Outcome
from storage.enums import SourceKind
from tests.sources.formats.test_sitemaps import NEWS, dated, plain
from tests.sources.polled import articles_of, only_source, poll_after


def index_of(farm, *paths: str, lastmod: str = "") -> bytes:
    changed = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    places = [f"<loc>{farm.url(path)}</loc>{changed}" for path in paths]
    return plain(*places, name="sitemap", parent="sitemapindex")


async def test_a_sitemap_is_a_source_of_its_own_kind(storage, adding, farm):
    farm.serve("/sitemap.xml", NEWS)

    added = await adding.add(farm.url("/sitemap.xml"))

    assert (added.outcome, added.title, added.articles) == (Outcome.ADDED, "Harbour News", 1)
    assert (await only_source(storage)).kind is SourceKind.SITEMAP


async def test_what_an_index_names_later_is_news(storage, adding, polling, farm, clock):
    farm.serve("/index.xml", index_of(farm, "/news.xml"), ETag='"same"')
    farm.serve("/news.xml", plain(dated(1)))
    await adding.add(farm.url("/index.xml"))
    farm.serve("/news.xml", NEWS)

    await poll_after(polling, clock)

    assert "Fog & ferries" in await articles_of(storage)
    assert (await only_source(storage)).trouble is None


async def test_an_index_that_tells_changes_is_asked_politely(storage, adding, polling, farm, clock):
    farm.serve_validated("/index.xml", index_of(farm, "/a.xml", lastmod="2026-03-01").decode(), "v")
    farm.serve("/a.xml", plain(dated(1)))
    await adding.add(farm.url("/index.xml"))

    await poll_after(polling, clock)

    assert farm.paths() == ["/index.xml", "/a.xml", "/index.xml"]
    assert (await only_source(storage)).unchanged == 1


async def test_an_index_of_nothing_readable_is_refused_with_a_sentence(adding, farm):
    farm.serve("/index.xml", index_of(farm, "/none.xml", "/index.xml"))

    refused = await adding.add(farm.url("/index.xml"))

    assert refused.outcome is Outcome.REFUSED
    assert "names sitemaps of which none can be read" in refused.sentence


async def test_a_sitemap_that_becomes_a_page_is_in_trouble(storage, adding, polling, farm, clock):
    farm.serve("/sitemap.xml", NEWS)
    await adding.add(farm.url("/sitemap.xml"))
    farm.serve("/sitemap.xml", "<html><body><p>Welcome to our new site.</p></body></html>")

    await poll_after(polling, clock)

    assert "HTML" in ((await only_source(storage)).trouble_text or "")
