import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.guard import Guard
from bot.sources.opml import NotOpmlError, Outline, read_opml, starter_outlines, write_opml
from bot.sources.urls import canonical_url

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


def test_folders_are_read_and_a_feed_that_stands_twice_counts_once():
    assert set(read_opml(FOLDERS)) == {
        Outline("https://a.example/feed", "A", "https://a.example/", ("World", "Wires")),
        Outline("https://b.example/feed", "B & sons", "", ("World",)),
        Outline("https://c.example/feed"),
    }


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1)
outlines = st.lists(
    st.builds(
        Outline,
        url=words.map(lambda word: f"https://{word}"),
        title=words | st.just(""),
        site=words | st.just(""),
        folder=st.lists(words, max_size=3).map(tuple),
    ),
    unique_by=lambda outline: outline.url,
)


@given(outlines)
def test_what_is_written_is_read_back(feeds: list[Outline]):
    assert set(read_opml(write_opml(feeds, "All"))) == set(feeds)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"<rss><channel/></rss>", id="a feed"),
        pytest.param(b"<opml><head/></opml>", id="no body"),
        pytest.param(b"<opml><body>", id="cut off"),
    ],
)
def test_what_is_no_opml_is_refused(data: bytes):
    with pytest.raises(NotOpmlError):
        read_opml(data)


@pytest.mark.parametrize("data", [pytest.param(BOMB, id="bomb"), pytest.param(EXTERNAL, id="file")])
def test_entities_bring_nothing_in(data: bytes):
    try:
        read = read_opml(data)
    except NotOpmlError:
        return
    assert all(len(outline.title) < 1000 for outline in read)
    assert "root" not in str(read)


def test_the_starter_list_is_clean():
    feeds = starter_outlines()

    assert len(feeds) >= 25
    assert all(feed.title and feed.site and feed.folder for feed in feeds)
    assert len({canonical_url(feed.url) for feed in feeds}) == len(feeds)
    for feed in feeds:
        Guard().check_url(feed.url)
