import gzip
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds.body_hash import hash_of
from bot.sources.feeds.model import Document, Unreadable
from bot.sources.feeds.reader import NeedsWorker, read_fast

HOME = "https://ex.org/feed"
FOG = "<item><title>Fog</title><pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate></item>"
DATE = "<lastBuildDate>Mon, 02 Mar 2026 10:00:00 GMT</lastBuildDate>"


def rss(head: str = "", items: str = FOG, end: str = "") -> bytes:
    return f'<rss version="2.0"><channel>{head}{items}</channel></rss>{end}'.encode()


@pytest.mark.parametrize(
    "rewritten",
    [
        pytest.param(rss(DATE), id="build date"),
        pytest.param(rss("<pubDate>Tue, 03 Mar 2026 10:00:00 GMT</pubDate>"), id="date"),
        pytest.param(rss("<a:updated>2026-03-02T10:00:00Z</a:updated>"), id="date with a prefix"),
        pytest.param(rss("<!-- made in 0.3 s -->"), id="comment"),
        pytest.param(rss(end="\n<!-- made in 0.3 s -->\n<!-- cached -->\n"), id="comments behind"),
    ],
)
def test_the_time_of_writing_does_not_change_the_hash(rewritten):
    assert hash_of(rewritten) == hash_of(rss())


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(rss(items=FOG.replace("10:00", "10:01")), id="date of an entry"),
        pytest.param(rss(items=FOG + FOG), id="number of entries"),
        pytest.param(rss(items=f"<!-- seen -->{FOG}<!-- seen -->"), id="comment between entries"),
        pytest.param(rss("<ttl>60</ttl>"), id="pace"),
        pytest.param(rss(f"<title><![CDATA[<item>]]></title>{DATE}"), id="date behind an entry"),
        pytest.param(rss("<language>fr</language>"), id="language"),
        pytest.param(rss(end="<!-- > -->"), id="comment with a tag"),
        pytest.param(rss()[:-1], id="cut off"),
        pytest.param(b"<?xml version='1.0' encoding='latin-1'?>" + rss(), id="charset"),
        pytest.param(rss().replace(b'"2.0"', b'"2.0" xml:base="https://b.org/"'), id="base"),
    ],
)
def test_everything_else_changes_the_hash(changed):
    assert hash_of(changed) != hash_of(rss())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"{}", b"{} "),
        (b"<html><!-- 1 --><p>Fog</html>", b"<html><!-- 2 --><p>Fog</html>"),
        (b"<!-- 1 -->" + b" " * 9_000 + FOG.encode(), b"<!-- 2 -->" + b" " * 9_000 + FOG.encode()),
    ],
    ids=["JSON", "page", "no entry near the start"],
)
def test_every_byte_counts_in_a_body_that_looks_like_no_feed(one, other):
    assert hash_of(one) != hash_of(other)


def read(body: bytes) -> Document | str:
    """Return the document; for a body that is refused or needs a worker, the reason."""
    try:
        found = read_fast(body, HOME)
    except Unreadable as error:
        return error.reason
    return found.text if isinstance(found, NeedsWorker) else found


_HEADS = (
    DATE,
    DATE.replace("10:00", "10:01"),
    "<updated>2026-03-02</updated>",
    "<updated>2026-03-03</updated>",
    "<pubDate><![CDATA[Mon]]></pubDate>",
    "<!-- 1 -->",
    "<!-- <item> -->",
    "<!--",
    "<title>Harbour</title>",
    f"<title><![CDATA[<item>{DATE}]]></title>",
    "<image><title>Logo</title><updated>1</updated></image>",
    "<ttl>60</ttl>",
    "<language>fr</language>",
)
_ITEMS = (
    FOG,
    FOG.replace("10:00", "11:00"),
    "<item><title>Ice</title><description><![CDATA[</item><!-- 1 -->]]></description></item>",
    "<item><title>Ice</title><description><![CDATA[</item><!-- 2 -->]]></description></item>",
    "<item xml:base='https://b.org/'><link>/1</link><!-- 1 --></item>",
    "<item><title>Ferry</title><source><title>Herald</title><updated>1</updated></source></item>",
    "<item><title>Ferry</title><source><title>Herald</title><updated>2</updated></source></item>",
    "<item><title>cut",
)
_ENDS = ("", "\n", "<!-- 1 -->", "<!-- 2 --> ", "<!-- </rss>", "<!-- > -->", "cut")


def _some(parts: Sequence[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(parts), max_size=3).map("".join)


_FEEDS = st.builds(rss, _some(_HEADS), _some(_ITEMS), st.sampled_from(_ENDS))


@given(st.lists(_FEEDS, min_size=2, max_size=6, unique=True))
def test_feeds_of_one_hash_are_read_alike(feeds):
    documents: dict[str, Document | str] = {}
    for feed in feeds:
        found = read(feed)
        if isinstance(found, Document):
            assert documents.setdefault(hash_of(feed), found) == found


def test_real_feeds_of_one_hash_are_read_alike(corpus: Path):
    random, same = Random(1), 0
    for path in sorted((corpus / "feeds_real").glob("*.gz")):
        feed = gzip.decompress(path.read_bytes())
        original = read(feed)
        for _ in range(12):
            at = random.randrange(min(len(feed), 2_000))
            mutated = feed[:at] + random.choice((b"7", b"<", b"<!-- x -->", b"")) + feed[at + 1 :]
            if isinstance(original, Document) and hash_of(mutated) == hash_of(feed):
                same += 1
                assert read(mutated) == original
    assert same
