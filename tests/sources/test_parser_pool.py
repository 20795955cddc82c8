"""What is read at once, and what by a worker; and that no feed stands in the way of the others."""

import gzip
import json
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.drafts import seen_entries
from bot.sources.feeds.model import (
    Document,
    DocumentKind,
    Item,
    Unreadable,
    item_to_json,
    pack_seen,
)
from bot.sources.fetch.problems import ProblemCode
from bot.sources.limits import MOST_ENTRIES
from bot.sources.parser_frames import PART, frames
from bot.sources.parser_pool import QUICK, DocumentReader, is_quick
from bot.sources.urls import canonical_url
from bot.subscribers.export_document import (
    ExportDocument,
    ExportedFeed,
    ExportedTopic,
    PartError,
    from_parts,
    part_of,
    read_document,
    to_parts,
)
from storage.entries import Entry
from storage.enums import Mode
from storage.sources import Source
from tests.sources.feeds_made import LONG, item, page, rss
from tests.sources.polled import articles_of, poll_after, rows_of

HOME = "https://ex.org/"
SMALL = rss(map(item, range(5))).encode()
MANY = rss(item(n, text="") for n in range(MOST_ENTRIES + 500)).encode()
ATTRIBUTES = "".join(f' a{n}=""' for n in range(80_000))
BOMB = rss([f"<item{ATTRIBUTES}/>"])


@dataclass
class Asked:
    """Workers that find an empty feed in everything."""

    tasks: list[str] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    answer: list[Any] | None = None

    async def read(self, task: str, _data: bytes, **_facts: str) -> Any:
        self.tasks.append(task)
        if self.answer is not None:
            return self.answer
        return [Document(DocumentKind.FEED).to_json(), *self.items]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("data", "tasks"),
    [
        pytest.param(SMALL, [], id="a small feed"),
        pytest.param(rss([item(1, text="z" * 100_000)]).encode(), [], id="a long text"),
        pytest.param(
            rss([item(1, text="ü" * 50_000)]).encode(), ["document"], id="as long in other letters"
        ),
        pytest.param(SMALL + b" " * QUICK, ["document"], id="more bytes"),
        pytest.param(gzip.compress(SMALL), ["document"], id="compressed"),
        pytest.param(rss(["<item/>"] * 100).encode(), [], id="entries without anything"),
        pytest.param(rss(["<item/>"] * 200).encode(), ["document"], id="many entries"),
        pytest.param(rss(["<a/>"] * 3000).encode(), ["document"], id="many tags"),
        pytest.param(rss(["&amp;" * 8001]).encode(), ["document"], id="many references"),
        pytest.param(b'{"items":[%s{}]}' % (b"{}," * 2000), ["document"], id="many objects"),
        pytest.param(
            rss(item(n, link=f"https://süd.example/{n}", text="") for n in range(100)).encode(),
            ["document"],
            id="many odd links",
        ),
        pytest.param(page("A title", [LONG]).encode(), ["document"], id="a page"),
        pytest.param(b"A title\n\nA text.", ["document"], id="a text"),
    ],
)
async def test_only_small_feeds_are_read_at_once(data, tasks):
    workers = Asked()

    await DocumentReader(workers).read(data, url="https://ex.org/", public=True)  # type: ignore[arg-type]

    assert workers.tasks == tasks


@pytest.mark.parametrize("public", [True, False])
async def test_documents_of_users_are_read_by_workers_of_their_own(public):
    workers, user_workers = Asked(), Asked()
    reader = DocumentReader(workers, user_workers)  # type: ignore[arg-type]

    await reader.read(MANY, url="https://ex.org/", public=public)

    assert (workers.tasks, user_workers.tasks) == (
        (["document"], []) if public else ([], ["document"])
    )


async def test_uploads_and_the_links_of_a_site_are_read_by_the_workers_of_users():
    workers, user_workers = Asked(), Asked()
    reader = DocumentReader(workers, user_workers)  # type: ignore[arg-type]
    user_workers.answer = []

    await reader.outlines(b"<opml/>")
    await reader.links(b"<html>", url="https://ex.org/")

    assert (workers.tasks, user_workers.tasks) == ([], ["opml", "links"])


async def test_the_forms_of_links_are_found_by_the_worker():
    url = "https://ex.org/ü,2"
    workers = Asked(items=[item_to_json(Item(url=url)) | {"form": "https://ex.org/form"}])

    await DocumentReader(workers).read(MANY, url="https://ex.org/", public=True)  # type: ignore[arg-type]

    assert canonical_url(url) == "https://ex.org/form"


async def test_a_worker_reads_the_newest_of_a_huge_feed(reader):
    document = await reader.read(MANY, url="https://ex.org/", public=True)

    assert len(document.items) == MOST_ENTRIES
    assert document.left_out == 500


async def test_a_worker_reads_lists_and_the_links_of_pages(reader):
    opml = b'<opml><body><outline text="F"><outline xmlUrl="https://a.example/"/></outline></body></opml>'
    linked = b'<html><link rel="alternate" type="application/rss+xml" href="/feed"></html>'

    (outline,) = await reader.outlines(opml)
    links = await reader.links(linked, url="https://ex.org/")

    assert (outline.url, outline.folder) == ("https://a.example/", ("F",))
    assert [(link.url, link.where) for link in links] == [
        ("https://ex.org/feed", "named by the page")
    ]
    assert await reader.links(SMALL, url="https://ex.org/") is None


def exported(**parts: Any) -> bytes:
    return json.dumps({"format": "dateline-export", "version": 1} | parts).encode()


async def test_a_worker_reads_what_is_imported_of_an_export(reader):
    document = exported(
        settings={"zone": "Asia/Tokyo", "quiet_hours": {"from": "22:00", "to": "6:00"}},
        digests=[{"time": "8:00", "weekdays": ["mon", "sun"]}],
        topics=[
            {"query": "Taiwan", "mode": "both", "muted": True},
            {"query": "日本", "mode": "instant", "muted": "2026-03-02T12:00:00Z"},
        ],
        sources=[{"url": "https://a.example/", "kind": "page"}],
        mutes=[{"kind": "story", "name": "A story", "until": None}],
    )

    assert await reader.export(document) == read_document(document).model_copy(update={"mutes": ()})


async def test_a_worker_names_the_first_wrong_part_of_an_export(reader):
    with pytest.raises(PartError) as refused:
        await reader.export(exported(mutes=[17] * 200_000, topics=[{"query": "a", "mode": "x"}]))

    assert (refused.value.part, refused.value.value) == ("topics[0].mode", "x")


@given(
    topics=st.lists(
        st.builds(
            ExportedTopic,
            name=st.text(),
            query=st.text(),
            mode=st.sampled_from(Mode),
            muted=st.booleans() | st.datetimes(timezones=st.just(UTC)),
        ),
        max_size=4,
    ),
    feeds=st.lists(st.just(ExportedFeed(url="https://a.example/")), max_size=3),
)
def test_an_export_passes_from_a_worker_in_parts(topics, feeds):
    document = ExportDocument(topics=tuple(topics), sources=tuple(feeds))
    read = read_document(document.model_dump_json(by_alias=True).encode())

    chosen, *parts = json.loads(json.dumps(to_parts(read)))

    assert from_parts(chosen, map(part_of, parts)) == read


async def test_a_hostile_feed_is_flagged_and_the_next_is_read(
    storage, adding, polling, farm, clock
):
    for path in ("/bomb.xml", "/huge.xml", "/good.xml"):
        farm.serve(path, rss([item(0)]))
        await adding.add(farm.url(path))
    farm.serve("/bomb.xml", BOMB)
    farm.serve("/huge.xml", MANY.decode())
    farm.serve("/good.xml", rss([item(9000), item(0)]))

    await poll_after(polling, clock)

    errors = {each.url.rpartition("/")[2]: each.error for each in await rows_of(storage, Source)}
    assert errors == {"bomb.xml": ProblemCode.TOO_BIG, "huge.xml": None, "good.xml": None}
    assert "Sample news 9000" in await articles_of(storage)
    assert len(await rows_of(storage, Entry)) <= MOST_ENTRIES + 4


def known(document: Document) -> bytes:
    return pack_seen(seen_entries(document), document.language)


@pytest.mark.parametrize("padding", [0, QUICK], ids=["at once", "by a worker"])
async def test_known_entries_are_not_read_again(reader, padding):
    data = rss(map(item, range(5))).encode() + b" " * padding
    first = await reader.read(data, url=HOME, public=True)
    before = replace(first, items=first.items[1:])

    again = await reader.read(data, url=HOME, public=True, known=known(before))

    assert again.items == first.items[:1]
    assert again.seen == tuple(seen_entries(before))
    assert again.language == first.language
    assert known(again) == known(replace(first, items=(*first.items[1:], *first.items[:1])))


async def test_a_large_feed_with_one_new_entry_is_read_at_once(reader):
    entries = [item(n, text="word " * 2_000) for n in range(20)]
    old, new = (rss(each).encode() for each in (entries[1:], entries))
    seen = known(await reader.read(old, url=HOME, public=True))
    workers = Asked()

    again = await DocumentReader(workers).read(new, url=HOME, public=True, known=seen)  # type: ignore[arg-type]

    assert workers.tasks == []
    assert (len(again.items), len(again.seen)) == (1, 19)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: body.replace(b"</item>", b"</item ></item>", 1), id="broken"),
        pytest.param(lambda body: body.replace(b"<item>", b"<item><item></item>", 1), id="nested"),
        pytest.param(lambda body: body.replace(b"<item>", b"<![CDATA[<item>", 1), id="CDATA"),
        pytest.param(lambda body: body.replace(b"<item>", b"<!-- <item>", 1), id="comment"),
        pytest.param(lambda body: body[: body.rindex(b"</item>")], id="cut off"),
        pytest.param(lambda _: b"<html><p>We have moved.</p></html>", id="a page"),
    ],
)
async def test_a_body_that_breaks_beside_known_entries_is_read_as_a_whole(reader, change):
    before = rss(map(item, range(5))).encode()
    body = change(rss(map(item, range(6))).encode())
    seen = known(await reader.read(before, url=HOME, public=True))

    whole, again = [await outcome(reader, body, each) for each in (b"", seen)]

    assert again == whole


async def outcome(reader: DocumentReader, body: bytes, known: bytes) -> Document | str:
    """Return the document, or why it cannot be read."""
    try:
        return await reader.read(body, url=HOME, public=True, known=known)
    except Unreadable as error:
        return error.reason


def test_a_long_list_goes_in_parts():
    found = [{"text": "word " * 1_000, "at": at} for at in range(100)]

    *parts, last = [json.loads(frame[4:]) for frame in frames({"found": found})]

    assert parts
    assert [each for part in parts for each in part["part"]] + last["found"] == found
    assert max(map(len, frames({"found": found}))) < PART + 6_000


def test_an_answer_without_a_long_list_is_one_frame():
    answers: list[dict[str, Any]] = [{"found": {"a": 1}}, {"found": None}, {"found": []}]
    for answer in (*answers, {"unreadable": "No."}):
        (frame,) = frames(answer)
        assert json.loads(frame[4:]) == answer


@pytest.mark.parametrize("entry", ["item", "entry", "url", "sitemap"])
def test_entries_are_counted_by_their_tags_and_not_by_words(entry):
    few, many = (f"<rss>{f'<{entry}></{entry}>' * count}</rss>" for count in (128, 129))

    assert is_quick(f"{few} items, entries, url>".encode())
    assert not is_quick(many.encode())
