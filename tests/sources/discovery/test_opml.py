from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.i18n import LANGUAGES
from bot.sources.discovery.opml import (
    NotOpmlError,
    Outline,
    choose_starters,
    read_opml,
    starter_outlines,
    write_opml,
)
from bot.sources.feeds.model import Unreadable
from bot.sources.fetch.ssrf import AddressPolicy
from bot.sources.urls import canonical_url, is_link

FOLDERS = b"""<?xml version="1.0"?>
<OPML version="1.1"><body>
  <outline text="World">
    <outline text="Wires"><outline xmlUrl="https://a.example/feed" title="A" htmlUrl="https://a.example/"/></outline>
    <outline xmlURL=" https://b.example/feed " text="B &amp; sons"/>
  </outline>
  <outline text="https://c.example/feed" xmlUrl="https://c.example/feed"/>
  <outline text="again" xmlUrl="https://a.example/feed"/>
  <outline text="an empty folder"/>
</body></OPML>"""

BOMB = b"""<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">
<!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;"><!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;">
]><opml><body><outline text="&h;" xmlUrl="https://a.example/"/></body></opml>"""

EXTERNAL = b"""<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<opml><body><outline text="a" xmlUrl="https://a.example/">&x;</outline></body></opml>"""


def test_folders_are_read_and_duplicates_dropped():
    assert set(read_opml(FOLDERS)) == {
        Outline("https://a.example/feed", "A", "https://a.example/", ("World", "Wires")),
        Outline("https://b.example/feed", "B & sons", "", ("World",)),
        Outline("https://c.example/feed"),
    }


HTML_NAMES = """<?xml version="1.0" encoding="iso-8859-1"?>
<opml version="2.0"><body><outline text="Café&nbsp;&eacute; &#x1f;R&D">
<outline text="Q & A &amp; B" xmlUrl="https://a.example/?x=1&amp;y=2&z=3"/>
</outline></body></opml>""".encode("latin-1")

SITES = b"""<o:opml xmlns:o="http://opml.example/"><o:body>
<o:outline text="Only a site" htmlUrl="https://a.example/"/>
<o:outline text="A feed" xmlUrl="https://b.example/feed">
  <o:outline text="beneath it" xmlUrl="https://b.example/more"/></o:outline>
</o:body></o:opml>"""

words = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="\ufeff"),
    min_size=1,
    max_size=100,
)
outlines = st.lists(
    st.builds(
        Outline,
        url=words.map(lambda word: f"https://{word}").filter(is_link),
        title=words | st.just(""),
        site=words.filter(is_link) | st.just(""),
        folder=st.lists(words, max_size=3).map(tuple),
    ),
    min_size=1,
    unique_by=lambda outline: outline.url,
)
anything = st.text(st.characters(), max_size=300)


@given(outlines)
def test_a_written_list_is_read_back(feeds):
    """A title that only repeats an address is none."""
    expected = {
        replace(one, title="") if one.title in {one.url, one.site} else one for one in feeds
    }

    assert set(read_opml(write_opml(feeds, "All"))) == expected


@given(
    st.lists(
        st.builds(
            Outline, url=anything, title=anything, folder=st.lists(anything, max_size=12).map(tuple)
        )
    )
)
def test_any_names_survive_writing_and_reading(feeds):
    sample = Outline("https://a.example/feed")
    once = read_opml(write_opml([sample, *feeds], "All"))

    assert read_opml(write_opml(once, "All")) == once


def test_files_of_other_programs_are_read():
    (outline,) = read_opml(HTML_NAMES)

    assert outline.folder == ("Café é R&D",)
    assert outline.title == "Q & A & B"
    assert outline.url == "https://a.example/?x=1&y=2&z=3"


def test_a_site_without_a_feed_and_feeds_under_feeds_are_kept():
    assert read_opml(SITES) == (
        Outline("", "Only a site", "https://a.example/"),
        Outline("https://b.example/feed", "A feed"),
        Outline("https://b.example/more", "beneath it"),
    )


def test_folders_deeper_than_eight_are_one():
    deep = "".join(f"<outline text='{level}'>" for level in range(12))
    feed = "<outline xmlUrl='https://a.example/feed'/>"

    (outline,) = read_opml(f"<opml><body>{deep}{feed}{'</outline>' * 12}</body></opml>".encode())

    assert outline.folder == tuple("01234567")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"<rss><channel/></rss>", id="a feed"),
        pytest.param(b"<opml><head/></opml>", id="no body"),
        pytest.param(b"<opml><body>", id="cut off"),
        pytest.param(b"<opml><body><outline text='a'/></body></opml>", id="no feeds"),
        pytest.param(b"<opml><body>" + b"<outline text='a'>" * 400, id="nested without end"),
        pytest.param(b"<opml>" + b" " * 10_000_001, id="larger than 10 MB"),
        pytest.param(
            b"<opml><body>"
            + b"".join(
                b'<outline xmlUrl="https://a.example/%d"/>' % number for number in range(10_001)
            )
            + b"</body></opml>",
            id="too many feeds",
        ),
    ],
)
def test_other_files_than_opml_are_refused_with_a_sentence(data):
    with pytest.raises(NotOpmlError, match=r"^This .*\.$"):
        read_opml(data)


def test_an_outline_of_thousands_of_attributes_is_refused():
    many = "".join(f' a{n}=""' for n in range(80_000))

    with pytest.raises(Unreadable, match="more than 256 attributes"):
        read_opml(
            f'<opml><body><outline xmlUrl="https://a.example/"{many}/></body></opml>'.encode()
        )


def test_addresses_that_are_no_links_are_left_out():
    evil = "http://evil.example\\@paper.example/feed"
    listed = [f'<outline xmlUrl="{url}"/>' for url in (evil, "https://paper.example/feed")]

    read = read_opml(f"<opml><body>{''.join(listed)}</body></opml>".encode())

    assert [outline.url for outline in read] == ["https://paper.example/feed"]


@pytest.mark.parametrize("data", [pytest.param(BOMB, id="bomb"), pytest.param(EXTERNAL, id="file")])
def test_entities_bring_nothing_in(data):
    try:
        read = read_opml(data)
    except NotOpmlError:
        return
    assert all(len(outline.title) < 1000 for outline in read)
    assert "root" not in str(read)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_of_the_bot_has_starter_feeds(language):
    chosen = choose_starters(language, "")

    assert len(chosen) >= 7
    assert chosen[0].language.partition("-")[0] == language.partition("-")[0]


@pytest.mark.parametrize(
    ("language", "country", "wanted", "unwanted"),
    [
        pytest.param("ja", "JP", "NHK ニュース", "Focus Taiwan", id="Japan"),
        pytest.param(
            "en", "JP", "The Japan Times", "The Hindu – International", id="English there"
        ),
        pytest.param("en", "IN", "The Hindu – International", "NPR – News", id="India"),
        pytest.param("de", "AT", "DER STANDARD", "Le Monde", id="Austria"),
        pytest.param("zh-Hant", "TW", "中央社 國際", "DW 中文", id="Taiwan"),
        pytest.param("pt", "BR", "Folha de S.Paulo – Mundo", "El País", id="Brazil"),
    ],
)
def test_starter_feeds_are_chosen_by_language_and_country(language, country, wanted, unwanted):
    titles = [feed.title for feed in choose_starters(language, country)]

    assert wanted in titles[:4]
    assert unwanted not in titles
    assert len(set(titles)) == len(titles)


def test_the_starter_list_is_clean():
    feeds = starter_outlines()

    assert len(feeds) >= 25
    assert all(feed.title and feed.site and feed.folder for feed in feeds)
    assert len({canonical_url(feed.url) for feed in feeds}) == len(feeds)
    for feed in feeds:
        AddressPolicy().check_url(feed.url)
