"""All chats, dumped from one database and loaded into another: nothing is lost or doubled."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlmodel import select

from bot.sources.drafts import url_hash
from bot.subscribers import settings
from bot.subscribers.dump import Loaded, dump_chats, load_chat
from bot.subscribers.errors import NotAnExport
from bot.subscribers.export import Reason
from bot.subscribers.users import Sender
from storage.access import add_admin, admin_ids, admit, is_admitted
from storage.chats import Chat, DigestTime, Quota, chat_at, quota_of
from storage.db.engine import Storage, Transaction
from storage.enums import (
    ChatKind,
    ChatState,
    DigestMedium,
    EmptyDay,
    Layout,
    MailboxState,
    Mode,
    MuteKind,
    SourceKind,
    Style,
)
from storage.feeds_followed import follow
from storage.mailboxes import Mailbox, mailbox_of_chat
from storage.mutes import Mute, MuteSubject, store_mute, subjects_muted
from storage.sources import add_source, remove_source, source_of
from storage.subscriptions import Subscription
from storage.suspension import apply_access, ban, is_banned
from storage.topics import Topic
from tests.checklists import checklist
from tests.conftest import MONDAY_NOON
from tests.resources import USUAL_LIMITS
from tests.rows import source_row
from tests.subscribers.conftest import OPEN, fill_chat, identify, subscribe

FEED = "https://a.example/feed"


async def lines_of(storage: Storage, bot: int | None = 7) -> list[bytes]:
    return [line async for line in dump_chats(storage, bot)]


async def chats_of(storage: Storage) -> list[dict[str, Any]]:
    """Return the dump of each chat, without times of the database that it came from."""
    chats = [json.loads(line) for line in await lines_of(storage)]
    for chat in chats:
        del chat["exported_at"]
        del chat["settings"]["since"]
        for one in (*chat["topics"], *([chat["mailbox"]] if chat["mailbox"] else [])):
            one.pop("since")
        for one in chat["mutes"]:
            one.pop("id", None)
    return sorted(chats, key=lambda chat: chat["chat"]["telegram_id"])


# Columns that another database gives anew: keys, its times, and states that pass.
NOT_DUMPED = {
    *("id", "chat_id", "topic_id", "query_id", "subject_id"),
    *("created_at", "state_since", "asked_at", "made_at", "reported_since", "next_digest_at"),
    *("owner", "lease_until", "away_from", "away_until", "was_paused"),
    *("managing", "managed_at", "question"),
    *("code_hash", "token_hash", "tries", "problem", "problem_text"),
    *("soft_bounces", "soft_since"),
}
TABLES = (Chat, Quota, DigestTime, Topic, Subscription, Mute, Mailbox)


async def rows_of(storage: Storage) -> dict[str, list[str]]:
    """Return the rows of all tables that a dump restores, without the columns above."""
    async with storage.reading() as tx:
        return {
            str(table.__tablename__): sorted(
                str(row.model_dump(exclude=NOT_DUMPED)) for row in await tx.rows(select(table))
            )
            for table in TABLES
        }


async def load(storage: Storage, lines: list[bytes], **options: Any) -> list[Loaded]:
    options = {"limits": USUAL_LIMITS, "bot": 7, **options}
    return [await load_chat(storage, line, **options) for line in lines]


async def forget_all(storage: Storage) -> None:
    """Delete all chats, as if the database were lost."""
    async with storage.writing() as tx:
        await tx.change(delete(Chat))
        await remove_source(tx, url_hash(FEED))


# No value is the default, so that a column that is not dumped shows.
CHOSEN = {
    "chosen_language": "fr",
    "zone": "Europe/Paris",
    "zone_guessed": False,
    "alerts_an_hour": 9,
    "empty_day": EmptyDay.LINE,
    "style": Style.BRIEF,
    "layout": Layout.RICH,
    "pictures": False,
    "mail_pictures": True,
    "alert_pictures": True,
    "hashtags": True,
    "digest_by": DigestMedium.BOTH,
    "invited_by": 2,
    "resume_at": MONDAY_NOON + timedelta(days=9),
    "state": ChatState.PAUSED,
}


@pytest.fixture
async def full(storage, arrive, clock):
    """Return a chat with a bit of everything, beside a thread of a group and two empty chats."""
    ann = await arrive(1)
    await fill_chat(storage, ann)
    group = Sender(1, -100, 9, kind=ChatKind.SUPERGROUP, title="Readers", thread_name="News")
    user = await identify(storage, group)
    await subscribe(storage, user.chat_id, "semiconductor*", Mode.INSTANT)
    await arrive(3, "de")
    await arrive(4)
    async with storage.writing() as tx:
        chat = await tx.get_one(Chat, ann)
        chat.sqlmodel_update(CHOSEN)
        source_id = await add_source(tx, source_row(FEED, title="A", kind=SourceKind.PAGE))
        await follow(tx, ann, source_id or 0)
        await store_mute(tx, ann, MuteSubject(MuteKind.LESS, source_id or 0), None)
        await admit(tx, 1)
        await add_admin(tx, 3)
        await ban(tx, 4)
        await apply_access(tx, OPEN.rule)
        await tx.add(Quota(chat_id=ann, topics=5))
        moments = {"state_since": tx.now, "created_at": tx.now, "asked_at": tx.now}
        box = Mailbox(chat_id=ann, address="ann@a.example", alerts=True, **moments)
        box.state = MailboxState.ACTIVE
        await tx.add(box)
    return ann


async def test_a_lost_database_comes_back_as_it_was(storage, full):
    before, lines = await rows_of(storage), await lines_of(storage)
    await forget_all(storage)

    loaded = await load(storage, lines)

    assert all(line.is_new and not line.report.failed for line in loaded)
    assert sum(len(line.report.added) for line in loaded) == 3
    assert sum(line.new_feeds for line in loaded) == 1
    assert await rows_of(storage) == before
    async with storage.reading() as tx:
        chat = await chat_of(tx, 1)
        assert chat.next_digest_at is not None
        assert await is_admitted(tx, 1)
        assert 3 in await admin_ids(tx)
        assert await is_banned(tx, [4])
        assert (await quota_of(tx, chat.id)).topics == 5
        box = await mailbox_of_chat(tx, chat.id)
        assert box
        assert box.state is MailboxState.ACTIVE
        source = await source_of(tx, url_hash(FEED))
        assert source
        assert (source.kind, source.title, source.first_read_at) == (SourceKind.PAGE, "A", None)


async def test_every_column_of_a_chat_is_dumped_or_given_anew(storage, arrive):
    await arrive()

    (line,) = await lines_of(storage)

    dumped = json.loads(line)["chat"].keys()
    assert dumped == Chat.model_fields.keys() - NOT_DUMPED, checklist("a setting of a chat")


async def chat_of(tx: Transaction, telegram_id: int) -> Chat:
    chat = await chat_at(tx, telegram_id)
    assert chat
    return chat


async def test_loading_twice_changes_nothing_more(storage, full):
    before, lines = await chats_of(storage), await lines_of(storage)

    loaded = await load(storage, lines)

    assert not any(
        one.is_new or one.new_feeds or one.report.added or one.report.failed for one in loaded
    )
    assert await chats_of(storage) == before


async def test_a_dry_run_reports_the_same_and_changes_nothing(storage, full):
    lines = await lines_of(storage)
    await forget_all(storage)

    tried = await load(storage, lines, dry_run=True)
    left = await chats_of(storage)
    async with storage.reading() as tx:
        assert await source_of(tx, url_hash(FEED)) is None
    done = await load(storage, lines)

    assert left == []
    assert tried == done


async def test_existing_topics_and_times_stay_and_the_rest_is_added(storage, full, arrive):
    lines = await lines_of(storage)
    await forget_all(storage)
    ann = await arrive(1)
    await subscribe(storage, ann, "Japan", Mode.INSTANT)
    await subscribe(storage, ann, "Korea", Mode.INSTANT)
    await settings.set_single_time(storage, ann, 6 * 60)

    await load(storage, lines)

    chat = next(one for one in await chats_of(storage) if one["chat"]["telegram_id"] == 1)
    assert {topic["query"]: topic["mode"] for topic in chat["topics"]} == {
        "Japan": "instant",
        "Korea": "instant",
        'Taiwan OR "a b"': "digest",
    }
    assert chat["digests"][0]["time"] == "06:00"
    assert chat["settings"]["quiet_hours"] == {"from": "22:00", "to": "06:00"}


async def test_chats_of_another_bot_get_nothing_until_their_user_comes(storage, full, arrive):
    lines = await lines_of(storage)
    await forget_all(storage)

    await load(storage, lines, bot=8)

    states = {
        one["chat"]["telegram_id"]: one["settings"]["state"] for one in await chats_of(storage)
    }
    assert states == {1: "blocked", -100: "kicked", 3: "blocked", 4: "banned"}
    await arrive(1)
    async with storage.reading() as tx:
        assert (await chat_of(tx, 1)).state is ChatState.ACTIVE
        assert (await chat_of(tx, 3)).state is ChatState.BLOCKED


async def test_limits_hold_and_refused_topics_are_reported(storage, arrive, clock):
    await arrive(5)
    (line,) = await lines_of(storage)
    await forget_all(storage)
    past = (clock.now - timedelta(days=1)).isoformat()
    document = json.loads(line) | {
        "topics": [
            {"query": "Taiwan", "mode": "both"},
            {"query": "Japan", "mode": "both"},
            {"query": "(a", "mode": "both"},
        ],
        "muted_sources": [
            {"kind": "source", "url": "https://b.example/", "until": None},
            {"kind": "source", "url": FEED, "until": past},
        ],
        "sources": [{"url": FEED, "title": "", "kind": "feed"}],
        "mailbox": {"address": "a@b.example", "state": "unconfirmed", "alerts": False},
    }

    (loaded,) = await load(
        storage, [json.dumps(document).encode()], limits=replace(USUAL_LIMITS, topics=1)
    )

    assert [failed.reason for failed in loaded.report.failed] == [Reason.TOO_MANY, Reason.NO_QUERY]
    async with storage.reading() as tx:
        chat_id = (await chat_of(tx, 5)).id
        assert await subjects_muted(tx, chat_id) == set()
        assert await mailbox_of_chat(tx, chat_id) is None


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[" * 100_000, id="too deep"),
        pytest.param(b"17", id="a number"),
        pytest.param(b'{"chat": {"zone": "Asia/Tokyo"}}', id="a chat without an id"),
    ],
)
async def test_a_line_that_is_no_chat_is_refused(storage, line):
    with pytest.raises(NotAnExport):
        await load_chat(storage, line, limits=USUAL_LIMITS, bot=None)


EARLIER = {
    "format": "dateline-export",
    "version": 1,
    "later": True,
    "settings": {"zone": "Asia/Tokyo", "later": 1},
    "topics": [{"query": "taiwan", "mode": "both", "later": None}],
    "chat": {"telegram_id": 5, "kind": "private", "state": "active", "later": "?"},
}


async def test_a_line_of_another_version_is_read_as_far_as_it_goes(storage):
    (loaded,) = await load(storage, [json.dumps(EARLIER).encode()])

    assert (loaded.is_new, len(loaded.report.added)) == (True, 1)
    (chat,) = await chats_of(storage)
    assert (chat["chat"]["telegram_id"], chat["chat"]["zone"]) == (5, "Asia/Tokyo")
    assert chat["chat"]["pictures"] is True


async def test_a_refused_line_names_the_part_that_is_wrong(storage):
    line = json.dumps(EARLIER | {"limits": {"topics": "many"}}).encode()

    with pytest.raises(NotAnExport) as refused:
        await load(storage, [line])

    assert refused.value.part == "limits.topics"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("telegram_id", "x", id="no number"),
        pytest.param("state", "asleep", id="no state"),
        pytest.param("zone", "Moon/Sea", id="no zone"),
        pytest.param("quiet_from", "late", id="no minutes"),
    ],
)
async def test_a_chat_with_a_wrong_column_is_refused(storage, arrive, column, value):
    await arrive(5)
    (line,) = await lines_of(storage)
    document = json.loads(line)
    document["chat"][column] = value

    with pytest.raises(NotAnExport):
        await load(storage, [json.dumps(document).encode()])
