"""Which entries are read again; none that has changed is missed."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.drafts import seen_entries
from bot.sources.feeds import model
from bot.sources.feeds.known_entries import FINGERPRINT, mark
from bot.sources.feeds.model import (
    Document,
    Item,
    Unreadable,
    pack_seen,
    unpack_seen,
    without_fingerprints,
)
from bot.sources.feeds.reader import read_fast
from bot.sources.limits import MOST_ENTRIES

HOME = "https://ex.org/feed"
SPACES = (
    'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:m="urn:m" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:thr="http://purl.org/syndication/thread/1.0"'
)
FOG = "<item><title>Fog</title><link>https://ex.org/fog</link><guid>fog</guid>{}</item>"
ICE = "<item><title>Ice</title><link>/ice</link><description>Thick</description></item>"


def rss(*items: str, head: str = "<title>Harbour</title>", root: str = "", end: str = "") -> bytes:
    found = f"<rss {SPACES} {root}><channel>{head}{''.join(items)}{end}</channel></rss>"
    return found.encode()


def rdf(*items: str) -> bytes:
    links = re.findall("<link>(.*?)</link>", "".join(items))
    listed = "".join(f'<r:li r:resource="{link}"/>' for link in links)
    space = 'xmlns="http://purl.org/rss/1.0/" xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    head = f"<title>Harbour</title><items><r:Seq>{listed}</r:Seq></items>"
    return f"<r:RDF {space}><channel>{head}</channel>{''.join(items)}</r:RDF>".encode()


def atom(*items: str) -> bytes:
    entries = "".join(items).replace("item>", "entry>").replace("guid>", "id>")
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode()


def sitemap(*items: str) -> bytes:
    urls = "".join(items).replace("item>", "url>").replace("link>", "loc>")
    return f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>".encode()


def json_feed(*items: str) -> bytes:
    entries = [{"id": item, "title": item, "url": f"/{len(item)}"} for item in items]
    return json.dumps({"title": "Harbour", "items": entries}).encode()


def read(data: bytes, known: bytes = b"", url: str = HOME) -> Document:
    """Read as the bot does, but in this process."""
    body = mark(data, url, "", known)
    if body.seen:
        found = read_fast(body.data, url, language_before=body.language)
        if isinstance(found, Document) and body.is_exact(found):
            return replace(found, seen=body.seen)
        body = mark(data, url, "", b"")
    found = read_fast(body.data, url)
    assert isinstance(found, Document)
    return found if body.is_exact(found) else without_fingerprints(found)


def known(document: Document) -> bytes:
    entries = seen_entries(document)
    is_exact = all(entry.fingerprint for entry in entries)
    return pack_seen(entries, document.language) if is_exact else b""


def titles_read(data: bytes, before: bytes) -> list[str]:
    return [item.title for item in read(data, known(read(before))).items]


@pytest.mark.parametrize(
    "feed", [rss, rdf, atom, sitemap, json_feed], ids=["RSS", "RDF", "Atom", "sitemap", "JSON Feed"]
)
def test_only_new_entries_are_read(feed):
    fog, ice = FOG.format(""), ICE.replace("/ice", "https://ex.org/ice")

    first = read(feed(fog))
    again = read(feed(ice, fog), known(first))

    assert len(first.items) == len(again.items) == len(again.seen) == 1
    assert again.items == read(feed(ice, fog)).items[:1]
    assert read(feed(fog), known(again)).items == ()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param("<comments>7</comments>", id="any element"),
        pytest.param("<slash:comments>x</slash:comments>", id="no number"),
        pytest.param(" ", id="white space"),
        pytest.param("<!-- 1 -->", id="comment"),
        pytest.param("<description>Fog</description>", id="summary"),
        pytest.param("<pubDate>Mon, 02 Mar 2026 21:00:00 GMT</pubDate>", id="date"),
    ],
)
def test_an_entry_with_other_bytes_is_read_again(changed):
    assert titles_read(rss(FOG.format(changed), ICE), rss(FOG.format(""), ICE)) == ["Fog"]


@pytest.mark.parametrize(
    "counter",
    [
        "<slash:comments>{}</slash:comments>",
        "<thr:total>{}</thr:total>",
        '<media:community><media:starRating count="{}"/></media:community>',
        '<media:community><media:statistics views="{}"/></media:community>',
    ],
)
def test_counters_of_an_entry_do_not_count(counter):
    one, other = (rss(FOG.format(counter.format(count))) for count in (7, 8))

    assert titles_read(other, one) == []


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(rss(FOG.format(""), head="<title>Harbor</title>"), id="title of the feed"),
        pytest.param(
            rss(FOG.format(""), head="<title>Harbour</title><language>fr</language>"), id="language"
        ),
        pytest.param(rss(FOG.format(""), root='xml:base="https://b.org/"'), id="base"),
        pytest.param(rss(FOG.format(""), root='xml:lang="fr"'), id="language of the root"),
        pytest.param(rss(FOG.format("")).replace(b'"urn:m"', b'"urn:n"'), id="namespace"),
        pytest.param(rss(FOG.format(""), end="<language>fr</language>"), id="behind the entries"),
        pytest.param(b"<?xml version='1.0'?>" + rss(FOG.format("")), id="declaration"),
    ],
)
def test_other_bytes_outside_the_entries_make_all_of_them_new(changed):
    assert titles_read(changed, rss(FOG.format(""))) == ["Fog"]


def test_another_address_makes_all_entries_new():
    data = rss(FOG.format(""))

    assert len(read(data, known(read(data)), url="https://ex.in/feed").items) == 1


def test_another_version_of_the_reader_makes_all_entries_new(monkeypatch):
    data = rss(FOG.format(""))
    before = known(read(data))
    monkeypatch.setattr(model, "_READER_VERSION", model._READER_VERSION + 1)

    assert len(read(data, before).items) == 1


def test_the_time_of_a_feed_does_not_count():
    date = "<title>Harbour</title><lastBuildDate>Mon, 02 Mar 2026 {}</lastBuildDate><!-- {} -->"
    one, other = (rss(ICE, head=date.format(time, time)) for time in ("10:00", "11:00"))

    assert titles_read(other, one) == []


def test_a_fingerprint_is_the_same_in_every_process():
    program = (
        "from tests.sources.feeds.test_known_entries import ICE, known, read, rss;"
        "print(known(read(rss(ICE))).hex())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}

    other = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True)

    assert other.strip() == known(read(rss(ICE))).hex()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(rss("<item><item>1</item></item>", ICE), id="nested"),
        pytest.param(rss("<item><x><![CDATA[</item><item>]]></x></item>"), id="tags in CDATA"),
        pytest.param(rss("<item><!-- </item> --></item>"), id="a tag in a comment"),
        pytest.param(rss(f"<!-- {ICE} -->", FOG.format("")), id="an entry in a comment"),
        pytest.param(rss(f"<x><![CDATA[{ICE}]]></x>", FOG.format("")), id="an entry in CDATA"),
        pytest.param(rss("<item/>", ICE), id="an empty element"),
        pytest.param(rss(ICE, "<itemized></itemized>"), id="a longer name"),
        pytest.param(rss(*[ICE] * (MOST_ENTRIES + 1)), id="too many entries"),
        pytest.param(rss(ICE, end="<x/>" * 5_000), id="much outside the entries"),
        pytest.param(b"<!DOCTYPE rss [<!ENTITY i '1'>]>" + rss(ICE), id="entities"),
        pytest.param(sitemap(ICE, ICE.replace("Ice", "Fog")), id="one address twice"),
        pytest.param(sitemap("<item><link>https://ex.org/1</link></item>")[:-3], id="cut off"),
    ],
)
def test_entries_that_cannot_be_told_apart_are_not_remembered(body):
    marked = mark(body, HOME, "", b"")
    found = read_fast(marked.data, HOME)

    assert not isinstance(found, Document) or not marked.is_exact(found)


@pytest.mark.parametrize("mark_", [7, "7", "g" * 16, "0" * 17, None], ids=str)
def test_a_feed_cannot_make_up_a_mark(mark_):
    feed = {"items": [{"title": "Fog", FINGERPRINT: mark_}]}

    found = read_fast(json.dumps(feed).encode(), HOME)

    assert isinstance(found, Document)
    assert [item.fingerprint for item in found.items] == [0]


@given(
    st.lists(
        st.builds(model.SeenEntry, *[st.integers(1, 2**32 - 1)] * 5), unique_by=lambda e: e[0]
    ),
    st.sampled_from(["", "en"]),
)
def test_seen_entries_are_stored_without_loss(entries, language):
    found, by_number = unpack_seen(pack_seen(entries, language))

    assert (found, list(by_number.values())) == (language, entries)


def check_that_no_change_is_missed(before: bytes, after: bytes) -> None:
    """Check that the entries of *after* are read, except those that *before* has as they are."""
    try:
        first, whole = read(before), read(after)
    except (AssertionError, Unreadable):
        return  # for a worker, or for nobody
    again = read(after, known(first))

    def plain(items: Sequence[Item]) -> list[Item]:
        # A feed's language is judged by its new entries together with those of the last read.
        return [replace(item, language="") for item in items]

    old, new, expected = map(plain, (first.items, again.items, whole.items))
    assert [item for item in expected if item in new or item not in old] == new
    assert len(new) + len(again.seen) == len(expected)


_PARTS = (
    FOG.format(""),
    FOG.format("<slash:comments>1</slash:comments>"),
    FOG.format("<slash:comments>2</slash:comments>"),
    ICE,
    ICE.replace("Thick", "Thin"),
    ICE.replace("<item", "<item xml:base='https://b.org/'", 1),
    "<item><description><![CDATA[</item><item>1]]></description></item>",
    "<item><description><![CDATA[</item><item>2]]></description></item>",
    "<item><title>a<!-- </item><item> -->b</title></item>",
    "<item><item><title>nested</title></item></item>",
    "<item/>",
    "<item><title>cut",
    "<item><title>R&amp;D &nbsp; & more</title></item>",
    "<m:item><title>Mine</title></m:item>",
    "<language>fr</language>",
    "<!-- 1 -->",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "\n",
)
_BODIES = st.lists(st.sampled_from(_PARTS), max_size=5)


@given(_BODIES, _BODIES, st.sampled_from([rss, rdf, atom, sitemap, json_feed]))
def test_no_change_is_missed_whatever_a_feed_is_made_of(before, after, feed):
    check_that_no_change_is_missed(feed(*before), feed(*after))


@cache
def _feeds(corpus: Path) -> tuple[bytes, ...]:
    paths = sorted((corpus / "feeds_real").glob("*.gz"))
    return tuple(gzip.decompress(path.read_bytes()) for path in paths)


_TEXTS = re.compile(
    rb"<(title|description|summary|content|content:encoded|link|guid|id|pubDate|published|updated"
    rb"|dc:date)\b[^>]*>(?:<!\[CDATA\[)?()[^<\]]"
)


@given(st.data())
def test_no_change_of_a_real_feed_is_missed(corpus, data):
    """Change a text of an entry, or any byte."""
    feed = data.draw(st.sampled_from(_feeds(corpus)))
    entries = max(feed.find(b"<item"), feed.find(b"<entry"))
    texts = [found.start(2) for found in _TEXTS.finditer(feed, entries)]
    at = data.draw(st.sampled_from(texts) | st.integers(entries, len(feed) - 1))
    put = data.draw(st.sampled_from([b"7", b"x", b"<", b"&", b"]]>", b"<!--", b"</item>", b""]))
    cut = data.draw(st.integers(0, 1))

    check_that_no_change_is_missed(feed, feed[:at] + put + feed[at + cut :])


def test_most_real_feeds_are_remembered(corpus):
    remembered = [feed for feed in _feeds(corpus) if known(read(feed))]

    assert len(remembered) == len(_feeds(corpus))
