"""An export can be imported, and joins the topics of the chat."""

import json
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.sources.discovery.opml import read_opml
from bot.subscribers import settings
from bot.subscribers.errors import NotAnExport, NothingToUndo
from bot.subscribers.export import (
    AT_ONCE,
    Failed,
    Imported,
    Reason,
    export_chat,
    import_chat,
    read_export,
    undo_import,
)
from bot.subscribers.export_document import PartError, read_document
from bot.subscribers.limits import MOST_SAVED, Limits
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatKind, Mode
from storage.sources import Follow, add_source
from storage.subscriptions import count_subscriptions
from tests.resources import MOST_TOPICS, USUAL_LIMITS, ReadsHere
from tests.rows import source_row
from tests.subscribers.conftest import fill_chat, subscribe


@pytest.fixture
def exported(storage):
    async def export(chat_id: int):
        return json.loads((await export_chat(storage, chat_id, "Mine")).document)

    return export


def written(**parts: Any) -> bytes:
    return json.dumps({"format": "dateline-export", "version": 1} | parts).encode()


async def load(
    storage: Storage, chat_id: int, data: bytes, limits: Limits = USUAL_LIMITS
) -> Imported:
    document = await read_export(data, reader=ReadsHere())
    return await import_chat(storage, chat_id, document, limits=limits)


@pytest.fixture
async def full(storage, arrive):
    """Return a chat with a bit of everything."""
    chat_id = await arrive(1)
    await fill_chat(storage, chat_id)
    return chat_id


def same(one, other) -> bool:
    parts = ("name", "query", "mode", "catalogue", "muted")
    return [[topic[part] for part in parts] for topic in one["topics"]] == [
        [topic[part] for part in parts] for topic in other["topics"]
    ]


async def test_an_export_makes_the_same_chat_elsewhere(exported, full, arrive, storage):
    document = await exported(full)
    bob = await arrive(2, "en")

    report = await load(storage, bob, json.dumps(document).encode())

    theirs = await exported(bob)
    assert replace(report, settings=None) == Imported(added=("The island", "Japan"))
    assert report.settings
    assert same(theirs, document)
    assert theirs["digests"] == document["digests"]
    assert theirs["settings"]["quiet_hours"] == {"from": "22:00", "to": "06:00"}
    assert (await settings.get_settings(storage, bob)).plan.zone == "Asia/Tokyo"


async def test_an_undone_import_leaves_the_chat_as_it_was(exported, full, arrive, storage):
    document = await read_export(json.dumps(await exported(full)).encode(), reader=ReadsHere())
    bob = await arrive(2, "en")
    await subscribe(storage, bob, "Korea", Mode.INSTANT)
    before = await exported(bob), await settings.get_settings(storage, bob)
    report = await import_chat(storage, bob, document, limits=USUAL_LIMITS, import_id=7)

    undone = await undo_import(storage, bob, 7, report.settings)

    assert (undone.topics, undone.settings) == (2, True)
    after = await exported(bob), await settings.get_settings(storage, bob)
    assert after[0]["topics"] == before[0]["topics"]
    assert after[1] == before[1]
    with pytest.raises(NothingToUndo):
        await undo_import(storage, bob, 7, report.settings)


async def test_undoing_an_import_keeps_what_was_changed_since(exported, full, arrive, storage):
    document = await read_export(json.dumps(await exported(full)).encode(), reader=ReadsHere())
    bob = await arrive(2, "en")
    report = await import_chat(storage, bob, document, limits=USUAL_LIMITS, import_id=7)
    await settings.set_zone(storage, bob, "Europe/Paris")
    await subscribe(storage, bob, "Japan", Mode.INSTANT)

    undone = await undo_import(storage, bob, 7, report.settings)

    assert (undone.topics, undone.settings) == (1, False)
    assert [topic["query"] for topic in (await exported(bob))["topics"]] == ["Japan"]
    assert (await settings.get_settings(storage, bob)).plan.zone == "Europe/Paris"


async def test_another_chats_import_cannot_be_undone(arrive, chat_id, storage):
    document = await read_export(
        written(topics=[{"query": "Taiwan", "mode": "instant"}]), reader=ReadsHere()
    )
    await import_chat(storage, chat_id, document, limits=USUAL_LIMITS, import_id=7)
    bob = await arrive(2, "en")

    with pytest.raises(NothingToUndo):
        await undo_import(storage, bob, 7, None)


async def test_importing_twice_adds_nothing(exported, full, storage):
    document = await exported(full)

    report = await load(storage, full, json.dumps(document).encode())

    assert report == Imported(known=("The island", "Japan"))
    assert await exported(full) == document


async def test_a_query_that_cannot_be_read_is_named(arrive, storage):
    topics = [
        {"name": "Broken", "query": "(a", "mode": "both"},
        {"query": "Taiwan", "mode": "instant"},
    ]

    report = await load(storage, await arrive(), written(topics=topics))

    assert report.added == ("Taiwan",)
    assert report.failed == (Failed("Broken", Reason.NO_QUERY),)


async def test_limits_hold(chat_id, storage):
    for number in range(MOST_TOPICS - 1):
        await subscribe(storage, chat_id, f"word{number}", Mode.INSTANT)
    topics = [{"query": word, "mode": "instant"} for word in ("Taiwan", "Japan", "word1")]

    report = await load(storage, chat_id, written(topics=topics))

    assert report == Imported(
        added=("Taiwan",), known=("word1",), failed=(Failed("Japan", Reason.TOO_MANY),)
    )


async def test_feeds_are_left_for_the_list_of_feeds(arrive, storage):
    urls = ["https://a.example/feed", "https://a.example/2"]
    document = written(sources=[{"url": url} for url in urls])

    report = await load(storage, await arrive(), document)

    assert report == Imported(feeds=tuple(urls))


async def test_own_sources_are_exported_for_other_readers(storage, chat_id):
    async with storage.writing() as tx:
        own = await add_source(
            tx, source_row("https://a.example/1", title="A", description="Quay.")
        )
        await add_source(tx, source_row("https://a.example/2", title="A"))
        await tx.add(Follow(chat_id=chat_id, source_id=own or 0))

    files = await export_chat(storage, chat_id, "Mine")

    assert files.opml
    assert [outline.url for outline in read_opml(files.opml)] == ["https://a.example/1"]
    (source,) = json.loads(files.document)["sources"]
    assert (source["title"], source["description"], source["picture"]) == ("A", "Quay.", "")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[" * 100_000, id="too deep"),
        pytest.param(b'{"format": "other", "version": 1}', id="another's"),
        pytest.param(b'{"format": "dateline-export", "version": 2}', id="of a later version"),
        pytest.param(b'{"format": "dateline-export", "version": 1}'.ljust(1_000_001), id="large"),
    ],
)
def test_data_that_is_no_export_is_refused(data):
    with pytest.raises(PartError):
        read_document(data)


@pytest.mark.parametrize(
    ("parts", "part", "value"),
    [
        ({"digests": [{"time": "8:99", "weekdays": ["mon"]}]}, "digests[0].time", "8:99"),
        ({"digests": [{"time": "8:00", "weekdays": ["moon"]}]}, "digests[0].weekdays[0]", "moon"),
        ({"settings": {"zone": "Nowhere/None"}}, "settings.zone", "Nowhere/None"),
        ({"settings": {"quiet_hours": {"from": "22:00"}}}, "settings.quiet_hours.to", ""),
        ({"topics": [{"query": "a", "mode": "never"}]}, "topics[0].mode", "never"),
        ({"topics": [17]}, "topics[0]", "17"),
        ({"topics": [{"query": "a", "mode": "both", "muted": "x"}]}, "topics[0].muted", "x"),
        ({"sources": [{"url": "file:///etc"}]}, "sources[0].url", "file:///etc"),
        ({"topics": [{"query": "a", "mode": "x" * 999}]}, "topics[0].mode", "x" * 200),
        ({"mutes": [17, 18]}, "mutes[0]", "17"),
        ({"saved": [{"url": "javascript:1"}]}, "saved[0].url", "javascript:1"),
    ],
    ids=[
        *("time", "weekday", "zone", "missing", "mode", "no object", "mute", "no web address"),
        *("a long value", "a mute of a story", "a saved address"),
    ],
)
async def test_a_part_that_cannot_be_read_is_named_and_nothing_is_imported(
    exported, chat_id, storage, parts, part, value
):
    good = {"topics": [{"query": "Taiwan", "mode": "both"}]}

    with pytest.raises(NotAnExport) as refused:
        await load(storage, chat_id, written(**good | parts))

    assert (refused.value.part, refused.value.value) == (part, value)
    assert (await exported(chat_id))["topics"] == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["settings", "digests", "topics", "sources", "saved"]), _JSON)
)
def test_any_document_is_read_or_refused(parts):
    with suppress(PartError):
        assert len(read_document(written(**parts)).topics) == len(parts.get("topics", []))


@pytest.mark.parametrize("part", ["digests", "topics", "mutes", "sources", "saved", "editions"])
def test_reading_stops_at_the_first_error(part):
    with pytest.raises(PartError) as refused:
        read_document(written(**{part: [17] * 100_000}))

    cause = refused.value.__cause__
    assert isinstance(cause, ValidationError)
    assert cause.error_count() == 1


@pytest.mark.parametrize(
    ("part", "most"),
    [
        *[("topics", 1000), ("sources", 1000), ("saved", 1000)],
        *[("mutes", 10_000), ("editions", 10_000)],
    ],
)
def test_a_document_has_a_bounded_number_of_each_part(part, most):
    parts: dict[str, dict[str, Any]] = {
        "topics": {"query": "a", "mode": "both"},
        "sources": {"url": "http://a.b"},
        "mutes": {"kind": "story", "name": "", "until": None},
        "saved": {"url": "http://a.b", "saved_at": "2026-03-02T12:00:00Z"},
        "editions": {
            "date": "2026-03-02",
            "schedule_number": 0,
            "made_at": "2026-03-02T12:00:00Z",
            "stories": 1,
        },
    }

    read_document(written(**{part: [parts[part]] * most}))
    with pytest.raises(PartError):
        read_document(written(**{part: [parts[part]] * (most + 1)}))


async def test_many_topics_are_added_in_steps_that_others_can_write_between(
    arrive, storage, monkeypatch
):
    topics = [{"query": f"word{n}", "mode": "instant"} for n in range(2 * AT_ONCE + 1)]
    chat_id, written_to = await arrive(), []
    writing = type(storage).writing

    @asynccontextmanager
    async def counted(self):
        async with writing(self) as tx:
            before = await count_subscriptions(tx, chat_id)
            yield tx
            written_to.append(await count_subscriptions(tx, chat_id) - before)

    monkeypatch.setattr(type(storage), "writing", counted)
    report = await load(storage, chat_id, written(topics=topics))

    assert len(report.added) == len(topics)
    assert max(written_to) == AT_ONCE


async def test_a_topic_may_name_one_before_it(arrive, storage):
    topics = [
        {"name": "Islands", "query": "Taiwan OR Penghu", "mode": "both"},
        {"name": "Other", "query": "Japan", "mode": "both"},
    ]
    topics += [{"query": f"word{n}", "mode": "both"} for n in range(AT_ONCE)]
    topics.append({"query": "#islands AND ports", "mode": "both"})

    report = await load(storage, await arrive(), written(topics=topics))

    assert not report.failed


async def test_the_same_query_twice_in_a_document_is_one_topic(arrive, storage):
    topics = [{"query": query, "mode": "both"} for query in ("a b", "(a AND b)", "B a")]

    report = await load(storage, await arrive(), written(topics=topics))

    assert (len(report.added), len(report.known)) == (1, 2)


async def test_an_expired_mute_is_not_imported(exported, chat_id, clock, storage):
    until = (clock.now - timedelta(days=1)).isoformat()
    topics = [{"query": "Taiwan", "mode": "both", "muted": until}]

    await load(storage, chat_id, written(topics=topics))

    assert (await exported(chat_id))["topics"][0]["muted"] is False


async def test_saved_stories_move_with_an_export(exported, chat_id, arrive, storage):
    stories = [
        {"title": f"Story {n}", "url": f"https://a.example/{n}", "publisher": "Wire"}
        | {"letter": "", "saved_at": "2026-03-01T12:00:00Z"}
        for n in range(3)
    ]

    first = await load(storage, chat_id, written(saved=stories))
    again = await load(storage, chat_id, written(saved=stories))
    other = await load(storage, await arrive(3), json.dumps(await exported(chat_id)).encode())

    assert (first.saved, again.saved, other.saved) == (3, 0, 3)
    assert (await exported(chat_id))["saved"] == stories


async def test_saved_letters_without_a_page_stay_apart(exported, chat_id, arrive, storage):
    when = {"saved_at": "2026-03-01T12:00:00Z", "url": ""}
    letters = [{"title": "Weekly", "letter": f"{n}" * 32} | when for n in range(2)]
    handwritten = [{"title": f"Issue {n}", "publisher": "Cafe"} | when for n in range(2)]

    first = await load(storage, chat_id, written(saved=letters + handwritten))
    again = await load(storage, chat_id, json.dumps(await exported(chat_id)).encode())
    other = await load(storage, await arrive(3), json.dumps(await exported(chat_id)).encode())

    assert (first.saved, again.saved, other.saved) == (4, 0, 4)


async def test_an_import_saves_no_more_stories_than_the_limit(chat_id, storage):
    stories = [
        {"url": f"https://a.example/{n}", "saved_at": "2026-03-01T12:00:00Z"}
        for n in range(MOST_SAVED + 1)
    ]

    report = await load(storage, chat_id, written(saved=stories))

    assert report.saved == MOST_SAVED


async def test_a_channel_takes_the_words_and_pins_of_an_export(exported, arrive, storage):
    words = {"title": "Desk {date}", "intro": "{wrong}", "end": "x" * 501}
    data = written(settings={"pins": True, "words": words})
    channel, private = await arrive(4), await arrive(5)
    async with storage.writing() as tx:
        (await tx.get_one(Chat, channel)).kind = ChatKind.CHANNEL

    for chat_id in (channel, private):
        await load(storage, chat_id, data)

    taken = (await exported(channel))["settings"]
    assert (taken["pins"], taken["words"]) == (True, words | {"intro": "", "end": ""})
    left = (await exported(private))["settings"]
    assert (left["pins"], left["words"]["title"]) == (False, "")
