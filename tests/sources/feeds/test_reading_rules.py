"""A source's own language and zone of dates, in every format that states dates."""

from datetime import UTC, datetime

import pytest

from bot.sources.feeds.model import Document, ReadingRules, SelectorProblem
from bot.sources.parser_pool import DocumentReader, Workers

RULES = ReadingRules(language="zh", zone="Asia/Taipei")
RSS = """<rss version="2.0"><channel><title>Paper</title><language>en</language>
<item><guid>1</guid><title>The ferry was late</title><pubDate>{date}</pubDate></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Paper</title><entry><id>1</id>
<title>The ferry was late</title><updated>{date}</updated></entry></feed>"""
JSON = """{{"version": "https://jsonfeed.org/version/1.1", "title": "Paper", "items": [
{{"id": "1", "title": "The ferry was late", "date_published": "{date}"}}]}}"""
SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url>
<loc>https://a.example/1</loc><lastmod>{date}</lastmod></url></urlset>"""
FORMATS = [
    pytest.param(RSS, id="rss"),
    pytest.param(ATOM, id="atom"),
    pytest.param(JSON, id="json"),
    pytest.param(SITEMAP, id="sitemap"),
]


async def read(form: str, date: str, rules: ReadingRules = RULES) -> Document:
    async with DocumentReader() as reader:
        data = form.format(date=date).encode()
        return await reader.read(data, url="https://a.example/feed", public=True, rules=rules)


@pytest.mark.parametrize("form", FORMATS)
async def test_a_date_without_a_zone_is_in_the_zone_of_its_source(form):
    document = await read(form, "2026-03-02T09:00:00")

    assert document.items[0].published == datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize("form", FORMATS)
async def test_a_date_keeps_the_zone_that_it_states(form):
    document = await read(form, "2026-03-02T09:00:00+01:00")

    assert document.items[0].published == datetime(2026, 3, 2, 8, tzinfo=UTC)


async def test_the_language_of_a_source_outranks_what_its_feed_declares():
    document = await read(RSS, "2026-03-02T09:00:00Z")

    assert (document.language, document.items[0].language) == ("zh", "zh")


async def test_a_feed_is_read_as_usual_without_rules():
    document = await read(RSS, "2026-03-02T09:00:00", ReadingRules())

    assert document.items[0].published == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert document.items[0].language == "en"


@pytest.mark.slow
async def test_a_page_is_read_without_selectors_that_take_too_long():
    paragraph = b"<p>The ferry to the island was late on Monday because of the fog.</p>"
    page = b"<html><title>Ferry late</title><body>" + paragraph * 4_000
    slow = "//*[count(//*[count(//*) > 1]) > 1]"
    async with DocumentReader(Workers(seconds=40)) as reader:
        document = await reader.read(
            page, url="https://a.example/1", public=True, rules=ReadingRules(article=slow)
        )

    assert document.selector_problem is SelectorProblem.TOO_SLOW
    assert "ferry" in document.items[0].text
