"""Published feeds, read back by our parser and by others."""

import json
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bot.rendering.published_feeds import FeedDocument, FeedEntry, as_atom, as_json
from bot.sources.feeds.model import Document
from bot.sources.feeds.reader import read_fast

NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
ENTRIES = tuple(
    FeedEntry(
        id=f"tag:news.example.org,2026:story-{number}",
        title=f"Title <{number}> & more, 台湾",
        url=f"https://news.example/{number}?a=1&b=2",
        published=NOW - timedelta(hours=number, minutes=5),
        updated=NOW - timedelta(hours=number),
        html=f"<p>Words of <b>{number}</b> &amp; more</p>",
        authors=("Example Wire", "Example Times"),
    )
    for number in range(3)
)
FEED = FeedDocument(
    id="tag:news.example.org,2026:topic-4-1",
    title="Taiwan & Japan · Dateline",
    url="https://news.example.org/f/7.4.1.0.mac.atom",
    language="en",
    updated=NOW,
    entries=ENTRIES,
)


def test_an_atom_feed_is_read_by_others():
    read = feedparser.parse(as_atom(FEED))

    assert (read.version, read.bozo) == ("atom10", False)
    assert (read.feed.title, read.feed.id, read.feed.author) == (FEED.title, FEED.id, "Dateline")
    assert [link.rel for link in read.feed.links] == ["self"]
    assert [(e.id, e.title, e.link) for e in read.entries] == [
        (e.id, e.title, e.url) for e in ENTRIES
    ]
    assert read.entries[0].updated == "2026-11-18T05:00:00Z"
    assert read.entries[0].content[0].type == "text/html"
    assert read.entries[0].content[0].value == ENTRIES[0].html
    assert [author.name for author in read.entries[0].authors] == list(ENTRIES[0].authors)


@pytest.mark.parametrize("write", [as_atom, as_json])
def test_our_parser_reads_our_feeds(write):
    read = read_fast(write(FEED), FEED.url)

    assert isinstance(read, Document)
    assert read.title == FEED.title
    assert [(item.guid, item.url) for item in read.items] == [(e.id, e.url) for e in ENTRIES]
    assert [item.published for item in read.items] == [e.published for e in ENTRIES]
    assert "台湾" in read.items[0].title
    assert "Words of 0" in (read.items[0].text or read.items[0].summary)


def test_json_is_of_version_1_1():
    whole = json.loads(as_json(FEED))

    assert whole["version"] == "https://jsonfeed.org/version/1.1"
    assert (whole["title"], whole["feed_url"], whole["language"]) == (FEED.title, FEED.url, "en")
    assert whole["items"][0] == {
        "id": ENTRIES[0].id,
        "url": ENTRIES[0].url,
        "title": ENTRIES[0].title,
        "content_html": ENTRIES[0].html,
        "date_published": "2026-11-18T04:55:00Z",
        "date_modified": "2026-11-18T05:00:00Z",
        "authors": [{"name": "Example Wire"}, {"name": "Example Times"}],
    }


def test_atom_elements_follow_the_rfc():
    root = etree.fromstring(as_atom(FEED))

    for element in (root, *root.iter(f"{ATOM}entry")):
        for once in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{once}")) == 1
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"


def test_an_empty_feed_is_valid():
    empty = FeedDocument(FEED.id, FEED.title, FEED.url, "en", NOW)

    assert feedparser.parse(as_atom(empty)).entries == []
    assert json.loads(as_json(empty))["items"] == []


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(title=TEXTS, html=TEXTS, name=TEXTS)
def test_no_text_breaks_a_feed(title, html, name):
    entry = FeedEntry("tag:a,2026:1", title, "https://a.example/", NOW, NOW, html, (name,))
    feed = FeedDocument(FEED.id, title, FEED.url, "en", NOW, (entry,))

    root = etree.fromstring(as_atom(feed))
    whole = json.loads(as_json(feed))

    assert len(root.findall(f"{ATOM}entry")) == 1
    assert whole["items"][0]["title"] == title
