"""The static archive of a channel: valid pages that link to each other, and a feed."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree, html

from bot.publishing.archive import ForeignFileError, archive_chat
from storage.chats import Chat
from storage.editions import Edition
from storage.enums import ChatKind, Mode

DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
DAY = timedelta(days=1)
HOSTILE = '<script>alert(1)</script> & "x" \' \u202e<b>'
URL = "https://desk.example/digests"
# Elements of HTML 5, which the parser does not know.
_NEW = ("header", "main", "nav", "section", "article")


@pytest.fixture
async def publish(newsroom, publishing, clock):
    """Return a function that publishes the digests of a number of days in a channel."""
    source, query = await newsroom.source(), await newsroom.query("words")
    chat = await newsroom.chat(next_digest_at=DUE, name=HOSTILE, kind=ChatKind.CHANNEL)
    await newsroom.subscribe(chat, query, f"Topic {HOSTILE}", Mode.DIGEST)
    day = DUE

    async def days(count, titles=(HOSTILE,)):
        nonlocal day
        for number in range(count):
            clock.now = day
            title = titles[number % len(titles)]
            await newsroom.article(f"{day:%d} {title}", query, source_id=source)
            await publishing.digests()
            day += DAY

    return days


@pytest.fixture
def write(storage, renderer, newsroom, tmp_path):
    async def archive(base=URL):
        (chat,) = await newsroom.all(Chat)
        return await archive_chat(storage, renderer, chat, tmp_path, base)

    return archive


def check_html(path: Path) -> Any:
    """Parse strictly: no error but elements that are too new for the parser."""
    parser = etree.HTMLParser(recover=True)
    root = etree.fromstring(path.read_text(encoding="utf-8"), parser)
    errors = [
        error.message
        for error in parser.error_log
        if not any(f"Tag {name} invalid" in error.message for name in _NEW)
    ]
    assert errors == []
    assert root.xpath("//script") == []
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    return root


def links_of(path: Path) -> list[str]:
    found: list[str] = html.fromstring(path.read_text(encoding="utf-8")).xpath(
        "//a/@href|//link/@href"
    )
    return found


async def test_a_month_of_editions_is_valid_and_linked(publish, write, tmp_path):
    await publish(30)

    written = await write()

    pages = sorted(tmp_path.glob("2026-*.html"))
    assert (len(pages), written) == (30, 33)
    for path in [*pages, tmp_path / "index.html"]:
        root = check_html(path)
        local = [link for link in links_of(path) if not link.startswith("https://")]
        assert all((tmp_path / link).exists() for link in local)
        assert "alert(1)" in "".join(root.itertext())
    assert [path.name in links_of(pages[0]) for path in pages[1:3]] == [True, False]
    assert pages[0].name in links_of(pages[1])
    assert pages[2].name in links_of(pages[1])
    months = html.fromstring((tmp_path / "index.html").read_text()).xpath("//h2/text()")
    assert months == ["2026-04", "2026-03"]


async def test_the_feed_has_the_newest_editions(publish, write, tmp_path):
    await publish(3)
    await write()

    feed = feedparser.parse((tmp_path / "feed.atom").read_bytes())

    assert not feed.bozo
    assert feed.entries[0].link == f"{URL}/2026-03-05.html"
    assert len({entry.id for entry in feed.entries}) == 3
    assert all("<script" not in entry.content[0].value for entry in feed.entries)
    root = etree.fromstring((tmp_path / "feed.atom").read_bytes())
    assert root.xpath("count(//a:entry[a:id and a:title and a:updated])", namespaces=_ATOM) == 3


async def test_a_second_run_writes_only_what_is_new(publish, write, tmp_path):
    await publish(2)
    await write()
    first = (tmp_path / "2026-03-03.html").read_bytes()
    again = await write()
    await publish(1)
    later = await write()

    assert again == 0
    assert later == 4  # the new page, the one before it, the index and the feed
    assert (tmp_path / "2026-03-03.html").read_bytes() == first
    assert "2026-03-05.html" in links_of(tmp_path / "2026-03-04.html")


async def test_a_page_outlives_its_edition(publish, write, tmp_path, storage, newsroom):
    await publish(2)
    await write()
    async with storage.writing() as tx:
        for edition in await newsroom.all(Edition):
            await tx.delete(await tx.get_one(Edition, edition.id))

    await write()

    assert "2026-03-03.html" in links_of(tmp_path / "index.html")
    assert (tmp_path / "2026-03-03.html").exists()


@pytest.mark.parametrize("name", ["index.html", "2026-03-03.html", "feed.atom", "style.css"])
async def test_a_foreign_file_is_never_changed(publish, write, tmp_path, name):
    (tmp_path / name).write_text("mine")
    (tmp_path / "other.html").write_text("mine too")
    await publish(1)

    with pytest.raises(ForeignFileError):
        await write()

    assert (tmp_path / name).read_text() == "mine"
    assert (tmp_path / "other.html").read_text() == "mine too"


async def test_a_link_is_not_followed(publish, write, tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    await publish(1)
    await write()
    (tmp_path / "index.html").unlink()
    (tmp_path / "index.html").symlink_to(target)
    await publish(1)

    with pytest.raises(ForeignFileError):
        await write()

    assert target.read_text() == "mine"


async def test_a_channel_without_digests_has_an_empty_index(publish, write, tmp_path):
    await write()

    assert "No digest has been published yet." in (tmp_path / "index.html").read_text()
    check_html(tmp_path / "index.html")


_ATOM = {"a": "http://www.w3.org/2005/Atom"}


TITLES = (
    HOSTILE,
    "</title></h3><img src=x onerror=alert(1)>\u0008",
    "أطلق الوزير خطة جديدة للسكك الحديدية <b>",
    "台湾、半導体の輸出を規制へ]]> &amp; &#0;",
    '"><a href="javascript:alert(1)">x</a>',
)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def test_a_month_of_hostile_titles_makes_a_feed_with_all_that_atom_requires(
    publish, write, tmp_path
):
    await publish(30, TITLES)
    await write()

    for path in [*tmp_path.glob("2026-*.html"), tmp_path / "index.html"]:
        root = check_html(path)
        assert root.xpath("//@onerror") == []
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", path.read_text(encoding="utf-8"))
        assert not any(link.startswith("javascript:") for link in links_of(path))
        local = [link for link in links_of(path) if not link.startswith("https://")]
        assert all((tmp_path / link).exists() for link in local)
    feed = etree.fromstring((tmp_path / "feed.atom").read_bytes())
    entries = feed.xpath("a:entry", namespaces=_ATOM)
    for element in (feed, *entries):
        for required in ("id", "title", "updated"):
            assert len(element.xpath(f"a:{required}", namespaces=_ATOM)) == 1
    assert feed.xpath("a:author/a:name/text()", namespaces=_ATOM)
    ids = feed.xpath("//a:id/text()", namespaces=_ATOM)
    assert len(ids) == len(set(ids)) == 31
    dates = feed.xpath("//a:updated/text() | //a:published/text()", namespaces=_ATOM)
    assert all(map(_RFC3339.fullmatch, dates))
    links = feed.xpath("//a:link/@href", namespaces=_ATOM)
    assert all(link.startswith(f"{URL}/") for link in links)
    assert all((tmp_path / link.removeprefix(f"{URL}/")).exists() for link in links)
