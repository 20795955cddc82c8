"""The author, the categories and the titles of attached files, in every format of feeds."""

import json
from typing import Any

import pytest

from bot.sources.feeds.entries import author_line, category_lines
from bot.sources.feeds.fallback import read_broken
from bot.sources.feeds.model import Document, Item, item_from_json, item_to_json
from bot.sources.feeds.reader import read_fast
from bot.sources.limits import LONGEST_LABEL, MOST_CATEGORIES
from bot.sources.pages.page import read_page

HOME = "https://harbour.example/feed"
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)


def rss(parts: str) -> bytes:
    item = f"<item><title>Fog</title><link>https://harbour.example/1</link>{parts}</item>"
    channel = f"<channel><title>Harbour</title>{item}</channel>"
    return f"<rss version='2.0' {SPACES}>{channel}</rss>".encode()


def atom(parts: str) -> bytes:
    entry = f"<entry><id>tag:1</id><title>Fog</title>{parts}</entry>"
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Harbour</title>{entry}</feed>".encode()
    )


def feed_json(**fields: Any) -> bytes:
    item = {"id": "1", "title": "Fog", "content_text": "A ferry waits."} | fields
    version = "https://jsonfeed.org/version/1.1"
    return json.dumps({"version": version, "title": "Harbour", "items": [item]}).encode()


def item_in(data: bytes) -> Item:
    found = read_fast(data, HOME)
    assert isinstance(found, Document)
    return found.items[0]


@pytest.mark.parametrize(
    ("data", "author"),
    [
        pytest.param(rss("<dc:creator>Jane Doe</dc:creator>"), "Jane Doe", id="dc:creator"),
        pytest.param(
            rss("<author>jane@harbour.example (Jane Doe)</author>"),
            "Jane Doe",
            id="in brackets",
        ),
        pytest.param(rss("<author>jane@harbour.example</author>"), "", id="only an address"),
        pytest.param(
            rss("<author>desk@h.example</author><dc:creator>Jane Doe</dc:creator>"),
            "Jane Doe",
            id="the better of two",
        ),
        pytest.param(
            rss("<dc:creator>Jane Doe</dc:creator><dc:creator>Li Na</dc:creator>"),
            "Jane Doe, Li Na",
            id="several creators",
        ),
        pytest.param(rss("<itunes:author>Fog Radio</itunes:author>"), "Fog Radio", id="a podcast"),
        pytest.param(
            rss("<dc:creator><![CDATA[<b>Zo&eacute; Doe</b>]]></dc:creator>"),
            "Zoé Doe",
            id="markup",
        ),
        pytest.param(
            atom("<author><name>Jane Doe</name><email>j@h.example</email></author>"),
            "Jane Doe",
            id="Atom",
        ),
        pytest.param(atom("<author/>"), "", id="an empty author"),
        pytest.param(
            feed_json(authors=[{"name": "Jane Doe"}, {"url": "x"}]), "Jane Doe", id="JSON"
        ),
        pytest.param(feed_json(author={"name": "Jane <Doe>"}), "Jane <Doe>", id="JSON 1.0"),
        pytest.param(feed_json(authors="Jane"), "", id="JSON of another shape"),
    ],
)
def test_the_author_of_an_entry_is_read(data: bytes, author: str):
    assert item_in(data).author == author


@pytest.mark.parametrize(
    ("data", "categories"),
    [
        pytest.param(
            rss("<category>World</category><category domain='x'>Trade &amp;amp; Ports</category>"),
            ("World", "Trade & Ports"),
            id="RSS",
        ),
        pytest.param(
            rss("<category>World / Asia; Ports</category>"),
            ("World", "Asia", "Ports"),
            id="several in one",
        ),
        pytest.param(rss("<dc:subject>Ports</dc:subject>"), ("Ports",), id="dc:subject"),
        pytest.param(
            atom("<category term='w' label='World'/><category term='ports'/>"),
            ("World", "ports"),
            id="Atom, by label or term",
        ),
        pytest.param(feed_json(tags=["World", 7, "World", "Ports"]), ("World", "Ports"), id="JSON"),
        pytest.param(rss("<category/>"), (), id="an empty one"),
    ],
)
def test_the_categories_of_an_entry_are_read(data: bytes, categories: tuple[str, ...]):
    assert item_in(data).categories == categories


def test_a_broken_feed_has_its_labels_too():
    data = rss("<dc:creator>Jane Doe</dc:creator><category>World</category>")
    (item,) = read_broken(data.replace(b"</item>", b"&nbsp;</item>"), HOME).items

    assert (item.author, item.categories) == ("Jane Doe", ("World",))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(
            rss(
                "<description>A ferry waits.</description><media:content type='audio/mpeg'>"
                "<media:title>Interview with the captain</media:title></media:content>"
            ),
            "A ferry waits.\n\nInterview with the captain",
            id="a recording",
        ),
        pytest.param(
            rss(
                "<description>A ferry waits.</description><media:content medium='image'>"
                "<media:title>Photo: somebody</media:title></media:content>"
            ),
            "A ferry waits.",
            id="not the caption of a picture",
        ),
        pytest.param(
            atom("<summary>A ferry waits.</summary><link rel='enclosure' title='Timetable'/>"),
            "A ferry waits.\n\nTimetable",
            id="an Atom enclosure",
        ),
        pytest.param(
            feed_json(attachments=[{"url": "a.mp3", "title": "A ferry"}, {"title": "Horn"}]),
            "A ferry waits.\n\nHorn",
            id="JSON attachments, without what the text says",
        ),
    ],
)
def test_the_titles_of_attached_files_belong_to_the_text(data: bytes, text: str):
    assert item_in(data).text == text


def test_hostile_labels_stay_small():
    names = "".join(f"<category>{number} {'x' * 5_000}</category>" for number in range(500))
    item = item_in(rss(f"<dc:creator>{'y' * 100_000}</dc:creator>{names}"))

    assert len(item.author) == LONGEST_LABEL
    assert len(item.categories) == MOST_CATEGORIES
    assert max(map(len, item.categories)) <= LONGEST_LABEL


@pytest.mark.parametrize("markup", ["https://harbour.example/jane", "a@b.example", " ", "<i></i>"])
def test_an_address_is_no_name(markup: str):
    assert author_line(markup) == ""


def test_categories_are_cut_at_separators_only():
    assert category_lines(["Arts &gt; Film", "AC/DC"]) == ("Arts", "Film", "AC/DC")


def test_labels_survive_the_way_from_the_worker():
    item = Item(author="Jane Doe", categories=("World", "Ports"))

    assert item_from_json(json.loads(json.dumps(item_to_json(item)))) == item


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(
            '<script type="application/ld+json">{"@type": "NewsArticle", "author": [{"name":'
            ' "Jane Doe"}, "Li Na"], "articleSection": ["World", "Ports"]}</script>',
            id="JSON-LD",
        ),
        pytest.param(
            '<meta name="author" content="Jane Doe, Li Na">'
            '<meta property="article:section" content="World">'
            '<meta property="article:tag" content="Ports">',
            id="meta tags",
        ),
    ],
)
def test_the_labels_of_a_page_are_read(head: str):
    body = "<p>The ferry to the island waits for the fog to lift over the harbour.</p>" * 5
    article = f"<article><h1>Fog</h1>{body}</article>"
    html = f"<html lang=en><head>{head}</head><body>{article}</body></html>"
    (item,) = read_page(html, "https://harbour.example/1").items

    assert (item.author, item.categories) == ("Jane Doe, Li Na", ("World", "Ports"))
