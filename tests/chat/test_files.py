"""Uploaded files: lists of feeds, our own exports, and others."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.sources.discovery.opml import Outline, write_opml
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.subscribers import feed_lists
from bot.subscribers.errors import ListIsAdded, NoSuchList
from storage.feeds_followed import FeedImport, ImportMessage, sources_followed
from tests.chat.conftest import SAMPLE_SOURCE, House, Talk, labels
from tests.resources import OneFeed

MINE = [Outline(f"https://paper{n}.example/feed", f"Paper {n}") for n in range(4)]


@pytest.fixture
def adding(house):
    return house.feed_list_stage()


async def sends(house: House, ann: Talk, name: str, data: bytes) -> dict[str, Any]:
    house.playground.upload(ann.who, name, data)
    return await ann.next()


async def test_a_list_is_counted_confirmed_and_added_with_a_report(house, ann, news, adding):
    await news("A title", "A text.")
    data = write_opml([Outline(SAMPLE_SOURCE), *MINE], "Feeds")

    offer = await sends(house, ann, "whatever.bin", data)
    begun = await ann.presses(offer, "Add 5")
    told = await adding.run_once()
    going_on = await ann.next()
    await adding.run_once()
    report = await ann.next()

    assert offer["text"].startswith("This list has 5 sources. Shall I add them for you?")
    assert begun["text"] == "Adding your sources: 0 of 5 …"
    assert told == 1
    assert going_on["text"] == "Adding your sources: 5 of 5 …"
    assert report["text"].startswith("3 sources added\n\n2 could not be added\n• https://paper")
    assert "you have reached the limit" in report["text"]
    assert len({m["message_id"] for m in (offer, begun, going_on, report)}) == 1
    assert await adding.run_once() == 0
    async with house.storage.reading() as tx:
        assert len(await sources_followed(tx, 1)) == 3


async def test_an_unreadable_list_is_refused_and_the_next_is_read(house, ann):
    many = "".join(f' a{n}=""' for n in range(300))
    bomb = f'<opml><body><outline xmlUrl="https://a.example/"{many}/></body></opml>'

    refused = await sends(house, ann, "feeds.opml", bomb.encode())
    offer = await sends(house, ann, "feeds.opml", write_opml(MINE, "Feeds"))

    assert "this file is neither" in refused["text"]
    assert offer["text"].startswith("This list has 4 sources.")


async def test_a_long_list_of_failures_is_sent_as_a_file(house, ann):
    unreadable = OneFeed(house.storage, Problem(ProblemCode.NOTHING_TO_READ))
    adding = replace(house.feed_list_stage(), adder=unreadable)
    many = [Outline(f"https://paper{n}.example/feed") for n in range(12)]

    offer = await sends(house, ann, "feeds.opml", write_opml(many, "Feeds"))
    await ann.presses(offer, "Add 12")
    while await adding.run_once():
        pass

    file = ann.all()[-1]
    assert file["document"]["file_name"] == "not-added.txt"
    assert file["caption"] == "All 12 that could not be added, and why."
    stored = house.playground.world.files.find(file["document"]["file_id"])
    assert (
        b"https://paper11.example/feed \xc2\xb7 contains nothing to read\n" in stored.upload.content
    )


async def test_sources_already_tried_are_not_retried_after_a_crash(house, ann, adding, clock):
    offer = await sends(house, ann, "feeds.opml", write_opml(MINE[:1], "Feeds"))
    await ann.presses(offer, "Add it")
    await adding.run_once()

    other = replace(adding, owner="another")
    while await other.run_once():
        pass

    assert ann.all()[-1]["text"].startswith("1 source added")


async def test_a_list_is_added_once_and_only_by_its_chat(house, ann):
    offer = await sends(house, ann, "feeds.opml", write_opml(MINE, "Feeds"))
    bob = house.talk("Bob")
    await bob.says("/start")

    with pytest.raises(NoSuchList):
        await feed_lists.add_list(house.storage, 2, 1, ImportMessage(7, 5))
    await feed_lists.add_list(house.storage, 1, 1, ImportMessage(7, 5))
    assert (await ann.presses_quietly(offer, "Add 4")).startswith("That list is not waiting")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("feeds.opml", write_opml(MINE, "More"), id="a list"),
        pytest.param("dateline.json", b'{"format": "dateline-export", "version": 1}', id="export"),
    ],
)
async def test_a_chat_imports_one_file_at_a_time(house, ann, adding, name, data):
    offer = await sends(house, ann, "feeds.opml", write_opml(MINE, "Feeds"))
    await ann.presses(offer, "Add 4")

    refused = await sends(house, ann, name, data)
    while await adding.run_once():
        pass
    again = await sends(house, ann, name, data)

    assert refused["text"].startswith("I am still adding the sources of your last file.")
    assert not again["text"].startswith("I am still adding")


async def test_a_second_list_is_not_added_beside_the_first(house, ann):
    await sends(house, ann, "feeds.opml", write_opml(MINE, "Feeds"))
    await feed_lists.add_list(house.storage, 1, 1, ImportMessage(7, 5))
    second, _ = await feed_lists.keep_list(house.storage, 1, ["https://b.example"])

    with pytest.raises(ListIsAdded):
        await feed_lists.add_list(house.storage, 1, second, ImportMessage(7, 6))
    async with house.storage.reading() as tx:
        waiting = await tx.session.get_one(FeedImport, second)
        assert waiting.message_id is None


async def test_an_imported_export_adds_its_topics_and_feeds(house, ann, adding):
    topic = {"name": "Taiwan", "query": "Taiwan", "mode": "both"}
    export: dict[str, Any] = {"format": "dateline-export", "version": 1, "topics": [topic]}
    export["sources"] = [{"url": outline.url} for outline in MINE[:2]]

    question = await sends(house, ann, "dateline.json", json.dumps(export).encode())
    before = await house.subscriptions_of(ann)
    await ann.presses_quietly(question, "Import")
    report = await ann.next()
    begun = await ann.next()
    await ann.settled()
    while await adding.run_once():
        pass

    assert question["text"].startswith("Import this file?\n• 1 topic\n• 2 sources")
    assert before == []
    assert report["text"].startswith("1 is new\nTaiwan")
    assert begun["text"] == "Adding your sources: 0 of 2 …"
    assert ann.all()[-1]["text"].startswith("2 sources added")
    assert ann.all()[-1]["message_id"] == begun["message_id"]


async def test_a_list_is_undone_as_a_whole(house, ann, adding):
    offer = await sends(house, ann, "feeds.opml", write_opml(MINE[:2], "Feeds"))
    begun = await ann.presses(offer, "Add 2")
    while await adding.run_once():
        report = await ann.next()
    undone = await ann.presses(report, "Undo")

    assert begun["text"].startswith("Adding your sources")
    assert undone["text"].replace("\n", " ").startswith("Undone. • 2 sources removed")
    async with house.storage.reading() as tx:
        assert await sources_followed(tx, 1) == []


async def test_an_imported_export_is_undone_by_one_tap(house, ann):
    await ann.says("Korea", "Both")
    topics = [{"query": word, "mode": "both"} for word in ("Taiwan", "Korea", "Japan")]
    data = json.dumps({"format": "dateline-export", "version": 1, "topics": topics}).encode()

    report = await ann.presses(await sends(house, ann, "dateline.json", data), "Import")
    undone = await ann.presses(report, "Undo")
    listed = await ann.says("/topics")

    assert "• 2 topics removed" in undone["text"]
    assert [label for label in labels(listed) if label in {"Taiwan", "Korea", "Japan"}] == ["Korea"]


async def test_an_import_whose_file_is_gone_asks_for_it_again(house, ann):
    await ann.says("/start")
    old = await house.show_button(ann, "import")

    assert (await ann.presses_quietly(old, "By hand")).endswith("Send me the file once more.")


async def test_an_invalid_export_is_refused_with_the_field_name(house, ann):
    export = {"format": "dateline-export", "version": 1}
    export |= {"digests": [{"time": "8:99", "weekdays": ["mon"]}]}

    refused = await sends(house, ann, "dateline.json", json.dumps(export).encode())

    assert refused["text"].startswith("I can't read digests[0].time in this file: 8:99")
    assert "Nothing was imported." in refused["text"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"%PDF-1.7 ...", "I can read lists of feeds (OPML)", id="something else"),
        pytest.param(b"<html></html>", "I can read lists of feeds (OPML)", id="a page"),
        pytest.param(b"x" * 1_000_001, "This file is larger than 1 MB", id="too large"),
    ],
)
async def test_any_other_file_is_refused_with_one_sentence(house, ann, data, said):
    answer = await sends(house, ann, "file", data)

    assert answer["text"].startswith(said)
    assert labels(answer) == []
