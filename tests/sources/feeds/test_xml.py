import gzip
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds.fallback import read_broken
from bot.sources.feeds.model import Document, FeedPace, Unreadable
from bot.sources.feeds.reader import NeedsWorker, read_fast
from bot.sources.feeds.roots import as_utf8
from bot.sources.feeds.sniff import Shape
from bot.sources.limits import LARGEST_DOCUMENT
from bot.sources.urls import absolute

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOME = "https://ex.org/feed"
DECLARING = b'<!DOCTYPE rss [<!ENTITY bay "harbour">]>'  # for the fallback alone


def rss(items: str, channel: str = "", version: str = "2.0") -> bytes:
    return (
        f'<rss version="{version}"><channel><title>Harbour News</title><link>https://ex.org/</link>'
        f"<language>en-GB</language>{channel}{items}</channel></rss>"
    ).encode()


def atom(entry: str) -> bytes:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Hafen</title>'
        f"<entry><id>tag:1</id>{entry}</entry></feed>"
    ).encode()


ITEM = (
    "<item><title>Ferry &amp;amp; fog</title><link>https://ex.org/1</link><guid>g1</guid>"
    "<pubDate>Mon, 02 Mar 2026 21:00:00 JST</pubDate>"
    "<description>&lt;p&gt;Late.&lt;/p&gt;&lt;p&gt;Again.&lt;/p&gt;</description></item>"
)


def fast(data: bytes) -> Document:
    found = read_fast(data, HOME)
    assert isinstance(found, Document)
    return found


def slow(data: bytes) -> Document:
    found = read_fast(data, HOME)
    assert isinstance(found, NeedsWorker)
    assert found.shape is Shape.FEED
    return read_broken(as_utf8(found.text), HOME)


def test_an_rss_item_is_read_at_once():
    document = fast(rss(ITEM))
    item = document.items[0]

    assert (document.title, document.url, document.language) == (
        "Harbour News",
        "https://ex.org/",
        "en",
    )
    assert (item.title, item.url, item.guid) == ("Ferry & fog", "https://ex.org/1", "g1")
    assert (item.text, item.published) == ("Late.\n\nAgain.", NOON)


def test_both_readers_agree():
    broken = rss(ITEM).replace(b"<rss", DECLARING + b"<rss")

    assert slow(broken) == fast(rss(ITEM))


def test_an_atom_entry_is_read_at_once():
    entry = (
        '<title>Nebel</title><link href="https://ex.org/2"/><summary>Kurz</summary>'
        '<content type="html">&lt;p&gt;Der ganze Text.&lt;/p&gt;</content>'
        "<published>2026-03-02</published><updated>2026-03-03T01:00:00Z</updated>"
    )

    item = fast(atom(entry)).items[0]

    assert (item.title, item.summary, item.text) == ("Nebel", "Kurz", "Der ganze Text.")
    assert (item.published, item.language, item.guid) == (date(2026, 3, 2), "de", "tag:1")


@pytest.mark.parametrize(
    ("link", "address"),
    [
        pytest.param("HTTPS://ex.org/a", "https://ex.org/a", id="a loud scheme"),
        pytest.param("http:/ex.org/a", "http://ex.org/a", id="a slash too few"),
        pytest.param("https://ex.org/a\0b", "", id="a control character"),
        pytest.param("https://ex.org/\u202egpj.a", "", id="another direction"),
        pytest.param("http://evil.example\\@ex.org/a", "", id="a backslash"),
        pytest.param("\\\\evil.example/a", "", id="backslashes alone"),
        pytest.param("https://ex.org@evil.example/a", "", id="a host for a login"),
        pytest.param("https://ex.org%40a:b@evil.example/a", "", id="a host in a login"),
        pytest.param("https://ann:pw@ex.org/a", "https://ex.org/a", id="a login"),
        pytest.param("https://ex.org/" + "a" * 2034, "", id="too long"),
        pytest.param("https://" + "\ufdfa" * 1000 + "/", "", id="a giant host"),
        pytest.param(" https://ex.org/a\n b ", "https://ex.org/ab", id="white space"),
        pytest.param("mailto:a@ex.org", "", id="no address of the web"),
        pytest.param("javascript:alert(1)", "", id="a script"),
    ],
)
def test_a_link_becomes_an_address_of_the_web(link, address):
    assert absolute(link, "https://ex.org/feed") == address


def test_a_language_that_the_entries_disprove_counts_for_nothing():
    title = "<title>港のフェリーがまた遅れています</title><link>https://ex.org/1</link>"

    document = fast(rss(f"<item>{title}</item>"))

    assert (document.language, document.items[0].language) == ("ja", "ja")


@pytest.mark.parametrize("read", [fast, slow], ids=["fast", "slow"])
def test_a_guid_that_is_a_path_is_completed_and_any_other_is_opaque(read):
    links = ("/a", "b?c", "http://ex.org/ d")
    entries = (f"<item><link>/1</link><guid>{guid}</guid></item>" for guid in links)
    doctype = b"" if read is fast else DECLARING

    document = read(doctype + rss("".join(entries)))

    assert [item.guid for item in document.items] == ["https://ex.org/a", *links[1:]]


@pytest.mark.parametrize(
    ("description", "content", "text"),
    [
        pytest.param("Fog over the bay.", "Fog, it says.", "Fog, it says.", id="content counts"),
        pytest.param(
            "Fog over the bay, and no boat.",
            "Fog…",
            "Fog over the bay, and no boat.",
            id="but no taste of it",
        ),
    ],
)
def test_the_text_is_the_content_unless_it_is_a_taste_of_the_description(
    description, content, text
):
    entry = f"<summary>{description}</summary><content>{content}</content>"

    item = fast(atom(f"<title>Fog</title><link href='https://ex.org/1'/>{entry}")).items[0]

    assert (item.summary, item.text) == (description, text)


def test_a_feed_that_is_cut_off_is_left_to_the_fallback():
    assert slow(rss(ITEM)[:-40]).items[0].title == "Ferry & fog"


@pytest.mark.parametrize(
    ("data", "title"),
    [
        pytest.param(
            atom(
                '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Big <b>fog</b></div>'
                '</title><link href="https://ex.org/1"/>'
            ),
            "Big fog",
            id="an Atom title in XHTML",
        ),
        pytest.param(
            b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
            b'xmlns="http://purl.org/rss/1.0/"><channel/><item><title>RDF</title>'
            b"<link>https://ex.org/1</link></item></rdf:RDF>",
            "RDF",
            id="RDF",
        ),
        pytest.param(rss("<item><title>A &eacute; B</title></item>"), "A é B", id="HTML entities"),
        pytest.param(
            rss("<item><title>AT&T & Co</title><link>https://ex.org/1</link></item>"),
            "AT&T & Co",
            id="bare ampersands",
        ),
        pytest.param(
            rss(f"<item><title>A&nbsp;B &{'a' * 40};</title></item>").replace(b"A&", b"\x01A&"),
            f"A B &{'a' * 40};",
            id="entities that are none, and a control character",
        ),
        pytest.param(
            rss(
                "<item><title>Fog<![CDATA[ &eacute;]]>&#0;</title><m:a b='c'/>"
                "<o:a xmlns:o='o'>Note:this </o:a></item>"
            ),
            "Fog é",
            id="an undeclared prefix, and a reference to no character",
        ),
        pytest.param(
            b'<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "https://ex.org/rss.dtd">'
            + rss("<item><title>Fog</title></item>", version="0.91"),
            "Fog",
            id="a document type without entities",
        ),
        pytest.param(
            rss("<item><title>AT&amp;amp;T <b>&amp; Co</b></title></item>"),
            "AT&T & Co",
            id="markup that is not escaped",
        ),
        pytest.param(
            rss('<item><t:title xmlns:t="http://purl.org/dc/elements/1.1/">Fog</t:title></item>'),
            "Fog",
            id="a title of Dublin Core",
        ),
    ],
)
def test_titles_of_every_kind_are_read_at_once(data, title):
    assert fast(data).items[0].title == title


def test_the_content_of_an_undeclared_prefix_is_what_it_usually_is():
    data = rss(
        ITEM.replace("</item>", "<content:encoded>The whole story.</content:encoded></item>")
    )

    assert fast(data).items[0].text == "The whole story."


def test_a_charset_of_escapes_that_only_the_header_names_is_not_mended_away():
    data = rss("<item><title>港のフェリー</title></item>").decode().encode("iso-2022-jp")

    found = read_fast(data, HOME, "application/rss+xml; charset=iso-2022-jp")

    assert isinstance(found, Document)
    assert found.items[0].title == "港のフェリー"


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("&#xD800;", id="half a character"),
        pytest.param("&#x110000;", id="a character beyond the last"),
        pytest.param(f"&#{'9' * 5000};", id="a number without end"),
        pytest.param(f"&amp;#{'9' * 5000};", id="the same, escaped"),
        pytest.param("<image><height><b/></height></image>", id="a picture without a height"),
    ],
)
def test_one_bad_spot_does_not_cost_the_feed(bad):
    item = slow(DECLARING + rss(ITEM.replace("Late.", f"Late.{bad}"))).items[0]

    assert (item.title, item.text[:5]) == ("Ferry & fog", "Late.")


def test_a_feed_that_no_reader_can_take_is_refused(monkeypatch):
    def trip(*_arguments: object, **_options: object) -> None:
        raise KeyError

    monkeypatch.setattr("feedparser.parse", trip)

    with pytest.raises(Unreadable) as refused:
        read_broken(rss(ITEM), HOME)
    assert refused.value.reason == "broken"


def test_no_external_entity_is_followed():
    bait = rss("<item><title>x&bait;</title></item>").replace(
        b"<rss", b'<!DOCTYPE r [<!ENTITY bait SYSTEM "file:///etc/hostname">]><rss'
    )

    assert slow(bait).items[0].title in {"x", "x&bait;"}


SYNDICATION = (
    "<sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>daily"
    "</sy:updatePeriod><sy:updateFrequency xmlns:sy='http://purl.org/rss/1.0/modules/"
    "syndication/'>4</sy:updateFrequency>"
)
SKIPPED = (
    "<ttl>90</ttl><skipHours><hour>0</hour><hour>24</hour><hour>5</hour></skipHours>"
    "<skipDays><day>Sunday</day></skipDays>"
)


@pytest.mark.parametrize(
    ("channel", "pace"),
    [
        pytest.param(
            SKIPPED,
            FeedPace(timedelta(minutes=90), frozenset({0, 5}), frozenset({6})),
            id="RSS",
        ),
        pytest.param(SYNDICATION, FeedPace(timedelta(hours=6)), id="the syndication module"),
    ],
)
def test_a_feed_says_how_often_to_ask(channel, pace):
    assert fast(rss(ITEM, channel)).pace == pace


def test_a_json_feed_is_read_at_once():
    feed = (
        b'{"version": "https://jsonfeed.org/version/1.1", "title": "Harbour", "language": "en",'
        b' "items": [{"id": 7, "url": "/7", "title": "Fog", "content_html": "<p>Thick.</p>",'
        b' "date_published": "2026-03-02T12:00:00Z"}, "odd"]}'
    )

    item = fast(feed).items[0]

    assert (item.guid, item.url, item.title) == ("7", "https://ex.org/7", "Fog")
    assert (item.text, item.published) == ("Thick.", NOON)


@pytest.mark.parametrize("other", ["enclosure", "self"])
def test_the_first_alternate_link_of_an_atom_entry_counts(other):
    links = (
        f'<link rel="{other}" href="https://ex.org/a.mp3"/><link href="https://ex.org/1"/>'
        '<link rel="alternate" hreflang="fr" href="https://ex.org/fr/1"/>'
    )

    assert fast(atom(f"<title>T</title>{links}")).items[0].url == "https://ex.org/1"


def test_a_json_feed_may_hold_its_link_in_the_id():
    feed = b'{"items": [{"id": "https://ex.org/1", "content_text": "Fog"}, {"id": 2.5}]}'

    first, second = fast(feed).items

    assert (first.url, second.guid, second.url) == ("https://ex.org/1", "2.5", "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [(HOME, "https://ex.org/a"), ("", "https://ex.org/a"), ("https://b.org/", "https://b.org/a")],
    ids=["of the same host", "unknown: its home page", "of another host"],
)
def test_a_relative_link_is_taken_from_where_the_feed_is(url, expected):
    found = read_fast(rss("<item><title>T</title><link>/a</link></item>"), url)

    assert isinstance(found, Document)
    assert found.items[0].url == expected


def test_pictures_do_not_keep_a_feed_from_the_fast_reader():
    media = "http://search.yahoo.com/mrss/"
    picture = f'<m:content xmlns:m="{media}" type="image/jpeg" url="https://ex.org/a.jpg"/>'

    with_one = fast(rss(ITEM.replace("</item>", f"{picture}</item>")))

    assert [replace(item, picture=None) for item in with_one.items] == [*fast(rss(ITEM)).items]


def test_a_link_that_leads_nowhere_on_the_web_is_none():
    for read, doctype in ((fast, b""), (slow, DECLARING)):
        data = doctype + rss("<item><title>T</title><link>javascript:a()</link></item>")
        assert read(data).items[0].url == ""


def test_messages_of_a_broken_server_before_a_feed_are_left_out():
    junk = b"<br />\n<b>Warning</b>: no such file in <b>/x.php</b><br />\n"

    assert slow(junk + rss(ITEM)).items == fast(rss(ITEM)).items


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        pytest.param(b"\n <!doctype html><html><body>x", Shape.PAGE, id="a page"),
        pytest.param(b"<div>x</div>", Shape.PAGE, id="a piece of a page"),
        pytest.param(b"Title\n\nBody", Shape.TEXT, id="a text"),
        pytest.param(b"5 < 6 and so on", Shape.TEXT, id="a text with a bracket"),
        pytest.param(b"Warning: x\n<?xml version='1.0'?><rss/>", Shape.FEED, id="junk before it"),
        pytest.param(gzip.compress(b"Title\n\nBody"), Shape.TEXT, id="compressed"),
    ],
)
def test_the_content_tells_what_a_worker_must_read(data, shape):
    found = read_fast(data, HOME, "image/png")

    assert isinstance(found, NeedsWorker)
    assert found.shape is shape


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b" \n", "empty", id="empty"),
        pytest.param(b"%PDF-1.7 ...", "binary", id="PDF"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "binary", id="a picture"),
        pytest.param(bytes(range(256)) * 20, "binary", id="noise"),
        pytest.param(b"<urlset><url/></urlset>", "empty", id="a sitemap of nothing"),
        pytest.param(b"<opml version='2.0'/>", "opml", id="OPML"),
        pytest.param(b'{"items": 1}', "json", id="other JSON"),
        pytest.param(b'{"items": [', "broken", id="broken JSON"),
        pytest.param(b"a" * (LARGEST_DOCUMENT + 1), "too_big", id="too big"),
        pytest.param(gzip.compress(b"a" * (LARGEST_DOCUMENT + 1)), "too_big", id="a bomb"),
        pytest.param(b"\x1f\x8bnothing", "broken", id="broken compression"),
    ],
)
def test_unreadable_bytes_are_refused_with_a_reason(data, reason):
    with pytest.raises(Unreadable) as refused:
        read_fast(data, HOME)

    assert refused.value.reason == reason
    assert str(refused.value).endswith(".")


@given(st.binary(max_size=400), st.sampled_from([b"", b"<rss>", b"<?xml", b"{", b"\x1f\x8b\x08"]))
def test_any_bytes_are_a_document_or_refused(data, start):
    try:
        found = read_fast(start + data, HOME)
    except Unreadable:
        return
    assert isinstance(found, Document | NeedsWorker)


def test_a_link_for_other_programs_is_not_the_link_of_an_rss_item():
    further = '<a:link xmlns:a="http://www.w3.org/2005/Atom" href="https://ex.org/other"/>'

    (item,) = fast(rss(ITEM.replace("<guid>", f"<!-- a note -->{further}<guid>"))).items

    assert (item.url, item.guid) == ("https://ex.org/1", "g1")
