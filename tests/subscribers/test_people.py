"""All people, carried from one database to another: nothing is lost, and nothing comes twice."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from bot.sources.drafts import url_hash
from bot.subscribers import arrivals, changing, restraint, schedule, watching
from bot.subscribers.access import Access
from bot.subscribers.arrivals import Sender
from bot.subscribers.exporting_people import ExportingPeople
from bot.subscribers.importing_people import ImportingPeople
from bot.subscribers.limits import USUAL_LIMITS, Limits
from bot.subscribers.people import (
    NotPeopleError,
    end_of,
    first_line,
    last_line,
    line_of,
    read_chat,
    read_first,
)
from bot.subscribers.people_tally import Outcome, Part, Reason
from storage.access import admit, is_admitted
from storage.chats import Chat, chat_at
from storage.db.engine import Storage, Transaction
from storage.enums import ChatKind, ChatState, MailboxState, Mode, MuteKind, QuietHours, SourceKind
from storage.feeds_followed import follow
from storage.mailboxes import Mailbox, mailbox_of
from storage.mutes import MuteSubject, mute, subjects_muted
from storage.sources import Source, add_source, remove_source, source_of
from storage.suspension import is_banned


async def lines_of(storage, bot=7) -> list[bytes]:
    return [line async for line in ExportingPeople(storage, bot).lines()]


async def chats_of(storage: Storage) -> list[dict[str, Any]]:
    """Return what is exported of each chat, without the moments at which things began there."""
    chats = [json.loads(line) for line in (await lines_of(storage))[1:-1]]
    for chat in chats:
        chat["settings"].pop("since")
        for one in (*chat["topics"], *([chat["mailbox"]] if chat["mailbox"] else [])):
            one.pop("since")
    return chats


def wished(lines: list[bytes]):
    read = [read_chat(line, number) for number, line in enumerate(lines[1:-1], 2)]
    assert None not in read
    return read


async def forget_all(storage) -> None:
    """Lose the database."""
    async with storage.writing() as tx:
        await tx.session.exec(delete(Chat))


@pytest.fixture
async def full(storage, arrive, clock):
    """Fill chats with a bit of everything: a person, a thread of a group, one with nothing."""
    ann = await arrive(1)
    topic = (
        await watching.subscribe(storage, ann, 'Taiwan OR "a b"', Mode.DIGEST, limits=USUAL_LIMITS)
    ).topic_id
    await changing.rename_topic(storage, ann, topic, "The island")
    await changing.pause_topic(storage, ann, topic, is_paused=True)
    await changing.mute_topic(storage, ann, topic, 7)
    await watching.subscribe(storage, ann, "Japan", Mode.BOTH, limits=USUAL_LIMITS)
    await schedule.set_single_time(storage, ann, 7 * 60 + 30)
    await restraint.set_quiet_hours(storage, ann, QuietHours(22 * 60, 6 * 60))
    group = Sender(1, -100, 9, kind=ChatKind.SUPERGROUP, title="Readers", thread_name="News")
    user = await arrivals.identify(storage, group, access=Access(is_open=True))
    assert user
    await watching.subscribe(
        storage, user.chat_id, "semiconductor*", Mode.INSTANT, limits=USUAL_LIMITS
    )
    await arrive(3, "de")
    async with storage.writing() as tx:
        facts = {"url_hash": "", "host": "a.example", "title": "A", "kind": SourceKind.PAGE}
        facts |= {"url": "https://a.example/feed", "created_at": tx.now}
        facts["url_hash"] = url_hash(facts["url"])
        source_id = await add_source(tx, facts | {"next_fetch_at": tx.now})
        await follow(tx, ann, source_id or 0)
        await mute(tx, ann, MuteSubject(MuteKind.LESS, source_id or 0), None)
        await admit(tx, 1)
        moments = {"state_since": tx.now, "created_at": tx.now, "asked_at": tx.now}
        box = Mailbox(chat_id=ann, address="ann@a.example", alerts=True, **moments)
        box.state = MailboxState.ACTIVE
        tx.session.add(box)
    return ann


async def test_what_is_lost_comes_back_as_it_was(storage, full):
    before, lines = await chats_of(storage), await lines_of(storage)
    await forget_all(storage)
    async with storage.writing() as tx:
        await remove_source(tx, (await source_of_feed(tx)).url_hash)

    tally = await ImportingPeople(storage).take(wished(lines))

    assert not tally.refused
    assert tally.counts[Part.CHATS, Outcome.ADDED] == 4  # the group too, in which the thread is
    assert tally.counts[Part.TOPICS, Outcome.ADDED] == 3
    assert await chats_of(storage) == before
    async with storage.reading() as tx:
        chat = await chat_of(tx, 1)
        assert chat.next_digest_at is not None
        assert await is_admitted(tx, 1)
        box = await mailbox_of(tx, chat.id)
        assert box
        assert box.state is MailboxState.ACTIVE


async def source_of_feed(tx: Transaction) -> Source:
    source = await source_of(tx, url_hash("https://a.example/feed"))
    assert source
    return source


async def chat_of(tx: Transaction, telegram_id: int) -> Chat:
    chat = await chat_at(tx, telegram_id)
    assert chat
    return chat


async def test_twice_is_once(storage, full):
    before, lines = await chats_of(storage), await lines_of(storage)

    tally = await ImportingPeople(storage).take(wished(lines))

    assert {outcome for (_, outcome), count in tally.counts.items() if count} == {Outcome.THERE}
    assert await chats_of(storage) == before


async def test_a_dry_run_tells_the_same_and_changes_nothing(storage, full):
    lines = await lines_of(storage)
    await forget_all(storage)

    tried = await ImportingPeople(storage, dry_run=True).take(wished(lines))
    left = await chats_of(storage)
    done = await ImportingPeople(storage).take(wished(lines))

    assert left == []
    assert tried == done


async def test_what_is_there_stays_and_the_rest_joins_it(storage, full, arrive):
    lines = await lines_of(storage)
    await forget_all(storage)
    ann = await arrive(1)
    await watching.subscribe(storage, ann, "Japan", Mode.INSTANT, limits=USUAL_LIMITS)
    await watching.subscribe(storage, ann, "Korea", Mode.INSTANT, limits=USUAL_LIMITS)
    await schedule.set_single_time(storage, ann, 6 * 60)

    await ImportingPeople(storage).take(wished(lines))

    chat = next(one for one in await chats_of(storage) if one["chat"]["telegram_id"] == 1)
    assert {topic["query"]: topic["mode"] for topic in chat["topics"]} == {
        "Japan": "instant",
        "Korea": "instant",
        'Taiwan OR "a b"': "digest",
    }
    assert chat["digests"][0]["time"] == "06:00"
    assert chat["settings"]["quiet_hours"] == {"from": "22:00", "to": "06:00"}


async def test_chats_of_another_bot_sleep_until_somebody_comes(storage, full, arrive):
    lines = await lines_of(storage)
    await forget_all(storage)

    await ImportingPeople(storage, asleep=True).take(wished(lines))

    states = {
        one["chat"]["telegram_id"]: one["settings"]["state"] for one in await chats_of(storage)
    }
    assert states == {1: "blocked", -100: "kicked", 3: "blocked"}
    await arrive(1)
    async with storage.reading() as tx:
        assert (await chat_of(tx, 1)).state is ChatState.ACTIVE
        assert (await chat_of(tx, 3)).state is ChatState.BLOCKED


async def test_limits_hold_and_each_reason_is_told_with_its_line(storage, clock):
    past = (clock.now - timedelta(days=1)).isoformat()
    document = {
        "chat": {"telegram_id": 5},
        "settings": {"state": "banned"},
        "topics": [
            {"query": "Taiwan", "mode": "both"},
            {"query": "Japan", "mode": "both"},
            {"query": "(a", "mode": "both"},
            {"query": 9, "mode": "both"},
        ],
        "sources": [{"url": f"https://a.example/{n}"} for n in range(2)],
        "mutes": [
            {"kind": "source", "url": "https://b.example/", "until": None},
            {"kind": "source", "url": "https://a.example/0", "until": past},
        ],
        "mailbox": {"address": "a@b.example", "state": "unconfirmed"},
    }

    read = read_chat(line_of(document), 2)
    assert read
    tally = await ImportingPeople(storage, Limits(topics=1, feeds=1)).take([read])

    assert tally.refused == {
        (Part.TOPICS, Reason.TOO_MANY): 1,
        (Part.TOPICS, Reason.NO_QUERY): 1,
        (Part.TOPICS, Reason.UNREADABLE): 1,
        (Part.FEEDS, Reason.TOO_MANY): 1,
        (Part.MUTES, Reason.NO_SOURCE): 1,
        (Part.MUTES, Reason.OVER): 1,
        (Part.MAILBOXES, Reason.UNCONFIRMED): 1,
    }
    assert set(map(tuple, tally.lines.values())) == {(2,)}
    async with storage.reading() as tx:
        assert await is_banned(tx, [5])
        assert await subjects_muted(tx, (await chat_of(tx, 5)).id) == set()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "no JSON", id="nothing"),
        pytest.param(b"\xff\xfe", "no JSON", id="no text"),
        pytest.param(b"[" * 100_000, "no JSON", id="too deep"),
        pytest.param(b'"' + b"a" * 1_000_001, "longer than", id="too long"),
        pytest.param(b"17", "no JSON object", id="a number"),
        pytest.param(b"{}", "no file that", id="another's"),
        pytest.param(b'{"format": "dateline-export", "version": 1}', "no file", id="of one chat"),
        pytest.param(
            b'{"format": "dateline-people", "version": 2}', "of version 2", id="of a later version"
        ),
    ],
)
def test_what_is_no_such_file_is_said_in_a_sentence(data, words):
    with pytest.raises(NotPeopleError, match=words):
        read_first(data)


def test_the_first_and_the_last_line_tell_what_is_between():
    assert read_first(first_line(17, datetime(2026, 3, 2, tzinfo=UTC))) == 17
    assert end_of(last_line(3), 5) == 3
    assert end_of(b'{"chat": {}}', 2) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
_PARTS = ["settings", "digests", "topics", "sources", "mutes", "mailbox", "limits"]


@given(st.dictionaries(st.sampled_from(_PARTS), _JSON), st.integers(1, 2**60))
def test_whatever_stands_in_a_line_is_read_or_left(parts, number):
    read = read_chat(line_of(parts | {"chat": {"telegram_id": number}}), 2)

    assert read
    assert read.telegram_id == number
    assert read.facts["state"] in list(ChatState)


@given(_JSON)
def test_a_line_that_names_no_chat_is_none(place):
    if not (isinstance(place, dict) and isinstance(place.get("telegram_id"), int)):
        assert read_chat(line_of({"chat": place}), 2) is None
