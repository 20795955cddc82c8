"""Whatever a server sends: the source says what is wrong with it, and the others go on."""

import gzip
from datetime import UTC, datetime

import pytest

from bot.sources.discovery.add import SourceAdder
from bot.sources.fetch.problems import ProblemCode
from storage.sources import Source
from tests.fake_web import FakeWeb
from tests.sources.feeds_made import item, rss
from tests.sources.polled import articles_of, poll_after, rows_of

FINE = rss([item(2)])
LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 9))


def feed_of(text: str) -> bytes:
    return rss([item(2, text=text)]).encode("utf-8", "surrogatepass")


READ = {
    "NUL in a text": feed_of("Fog\0 over\x01 the bay."),
    "half a character": feed_of("Fog &#xD800; over \ud800 the bay."),
    "a number without end": feed_of(f"Fog &#{'9' * 6000};"),
    "cut off": FINE.encode()[:-60],
    "zipped": gzip.compress(FINE.encode()),
    "a date without end": FINE.replace("<guid", f"<pubDate>{'9' * 6000}</pubDate><guid").encode(),
    "dates of other centuries": rss(
        [item(n, datetime(year, 1, 1, tzinfo=UTC)) for n, year in ((2, 1000), (3, 1400), (4, 1800))]
    ).encode(),
    "a guid of 100 KB": rss([item(2, guid="g" * 100_000)]).encode(),
    "a title of 100 KB": FINE.replace("Sample news 2", "Sample news 2 " + "t" * 100_000).encode(),
    "laughs": FINE.replace("<rss", f"<!DOCTYPE rss [<!ENTITY l0 'lol'>{LAUGHS}]><rss").encode(),
    "JSON with half a character": (
        rb'{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1",'
        rb' "url": "https://news.example/2", "title": "Sample news 2 \ud800\u0000"}]}'
    ),
}
REFUSED = {
    "no bytes": b"",
    "white space": b" \n\t ",
    "zeros": bytes(5000),
    "all bytes": bytes(range(256)) * 20,
    "a broken zip": gzip.compress(FINE.encode())[:40] + b"broken",
    "a PDF file": b"%PDF-1.7 and so on",
    "JSON that is none": b'{"items": [',
    "JSON of another kind": b'{"a": 1}',
    "an OPML list": b"<opml version='2.0'><body/></opml>",
    "a page": b"<!doctype html><html><title>Moved</title><p>We have moved.</p></html>",
    "brackets": b"[" * 100_000,
    "tags": b"<div>" * 20_000,
    "half of UTF-16": "<rss>".encode("utf-16")[:-1],
}


@pytest.fixture
async def sources(adding: SourceAdder, farm: FakeWeb) -> None:
    """A source for each document, which will give it when it is polled, and one that is well."""
    for number, body in enumerate([*READ.values(), *REFUSED.values(), FINE.encode()]):
        path = f"/{number:02}.xml"
        farm.serve(path, rss([item(1, link=f"https://news.example/first-{number}")]))
        await adding.add(farm.url(path))
        farm.serve(path, body)


@pytest.mark.usefixtures("sources")
async def test_every_source_is_read_or_refused_with_a_reason(storage, polling, clock):
    await poll_after(polling, clock)
    while await polling.poll_due():
        pass

    rows = sorted(await rows_of(storage, Source), key=lambda source: source.url)
    names = [*READ, *REFUSED, "well"]
    errors = {name: row.error for name, row in zip(names, rows, strict=True)}
    assert {name for name, error in errors.items() if error} == set(REFUSED)
    assert ProblemCode.INTERNAL_ERROR not in errors.values()
    assert [row.url for row in rows if row.owner or row.next_fetch_at <= clock.now] == []
    assert "Sample news 2" in await articles_of(storage)
