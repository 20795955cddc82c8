"""Muted topics, stories and publishers are in no alert and no digest until the mute ends."""

from datetime import timedelta

import pytest

from bot.publishing import alerts
from bot.publishing.contents import load_digest_so_far
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import Mode, MuteKind, SourceKind
from storage.mutes import Mute, MuteSubject, count_mutes, delete_mute, mutes_of, store_mute
from storage.outbox import Delivery
from storage.sources import Follow, Source
from storage.stories import Story

pytestmark = pytest.mark.slow

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STORY, TOPIC = MuteSubject(MuteKind.STORY, 1), MuteSubject(MuteKind.TOPIC, 1)
SOURCE, LESS = MuteSubject(MuteKind.SOURCE, 1), MuteSubject(MuteKind.LESS, 1)


@pytest.fixture
async def subscribed(newsroom, clock):
    """A chat with alerts and a digest of one query, and two publishers."""
    chat, query = await newsroom.chat(alerts_an_hour=60), await newsroom.query("words")
    await newsroom.source("Wire")
    await newsroom.source("Daily")
    await newsroom.subscribe(chat, query, "My words", Mode.BOTH)
    clock.turn(MINUTE)
    return chat


@pytest.fixture
def muted(storage, subscribed):
    """Return a function that mutes something for the chat, for a day by default."""

    async def make(subject: MuteSubject, lasts: timedelta | None = DAY) -> int:
        async with storage.writing() as tx:
            return await store_mute(tx, subscribed, subject, tx.now + lasts if lasts else None)

    return make


@pytest.fixture
def report(publishing, newsroom, subscribed, clock):
    """Return a function by which a publisher reports a new story or an existing one."""

    async def sent(title: str, by: int = 1, *, story: int | None = None) -> int:
        clock.turn(MINUTE)
        article: int = await newsroom.article(title, 1, source_id=by)
        if story:
            await newsroom.joins(article, story_id=story)
        await publishing.alerts()
        return article

    return sent


async def alerted(newsroom) -> list[str]:
    return [text.split("\n")[0].split(" · ")[-1] for text in await newsroom.texts()]


async def digested(storage: Storage) -> list[str]:
    """Return the titles of the chat's next digest."""
    edition = await load_digest_so_far(storage, 1)
    return [story.title for story in edition.choice.all_stories]


@pytest.mark.parametrize("subject", [TOPIC, SOURCE, LESS], ids=lambda each: each.kind.value)
async def test_no_alert_comes_while_it_is_muted(report, muted, newsroom, clock, subject):
    await muted(subject)
    await report("Ferry sinks")
    assert await alerted(newsroom) == []

    clock.turn(DAY)
    await report("Bank raises rates")
    assert await alerted(newsroom) == ["Bank raises rates"]


@pytest.mark.parametrize(
    ("subject", "is_reported"),
    [
        pytest.param(TOPIC, False, id="a topic"),
        pytest.param(SOURCE, False, id="its source"),
        pytest.param(STORY, False, id="the story"),
        pytest.param(LESS, True, id="less of its source"),
        pytest.param(MuteSubject(MuteKind.SOURCE, 2), True, id="another source"),
        pytest.param(MuteSubject(MuteKind.STORY, 2), True, id="another story"),
    ],
)
async def test_a_digest_reports_nothing_that_is_muted(report, muted, storage, subject, is_reported):
    await muted(subject, None)
    await report("Ferry sinks")

    assert await digested(storage) == (["Ferry sinks"] if is_reported else [])


async def test_another_publisher_still_reports_the_story_of_a_muted_source(report, muted, newsroom):
    await muted(SOURCE)
    await report("Ferry sinks")
    await report("Ferry down", by=2, story=1)

    assert await alerted(newsroom) == ["Ferry down"]


async def test_less_of_a_source_is_an_alert_once_another_publisher_sent_it(report, muted, newsroom):
    await muted(LESS, None)
    await report("Ferry down", by=2)
    await newsroom.change(Delivery, 1, body={"text": ""})
    article = await newsroom.article("Bank raises rates", source_id=2)  # it hits no topic
    await report("Rates go up", by=1, story=(await newsroom.all(Story))[-1].id)

    assert article
    assert (await alerted(newsroom))[1:] == ["Rates go up"]


async def test_a_muted_story_gets_no_chapter_and_no_edit(report, muted, publishing, newsroom):
    await report("Ferry sinks")
    await muted(STORY)
    article = await newsroom.article("Captain detained", 1, source_id=1)
    await newsroom.change(Story, article, continues_id=1)
    await publishing.alerts()
    await report("Ferry down", by=2, story=1)

    await publishing.edits()

    assert await alerted(newsroom) == ["Ferry sinks"]


async def test_a_muted_chapter_mutes_its_whole_chain(report, muted, publishing, newsroom):
    await muted(STORY)
    article = await newsroom.article("Captain detained", 1, source_id=1)
    await newsroom.article("Ferry sinks", source_id=1)
    await newsroom.change(Story, 2, continues_id=1)
    await newsroom.change(Story, article, continues_id=None)
    await report("Bank raises rates")

    assert await alerted(newsroom) == ["Bank raises rates"]


@pytest.mark.parametrize("subject", [TOPIC, SOURCE, STORY, LESS], ids=lambda each: each.kind.value)
async def test_a_bundle_leaves_out_muted_stories(
    report, muted, publishing, newsroom, clock, subject
):
    await newsroom.change(Chat, 1, quiet_from=20 * 60, quiet_to=22 * 60)  # it is 21:00 there
    await report("Ferry sinks")
    await muted(subject)
    clock.turn(timedelta(hours=1))

    assert await publishing.bundles() == 1
    assert await newsroom.texts() == []


async def test_a_bundle_keeps_stories_that_another_publisher_has(
    report, muted, publishing, newsroom, clock
):
    await newsroom.change(Chat, 1, quiet_from=20 * 60, quiet_to=22 * 60)  # it is 21:00 there
    await report("Ferry sinks")
    await report("Ferry down", by=2, story=1)
    await muted(LESS, None)
    clock.turn(timedelta(hours=1))

    await publishing.bundles()

    assert "Ferry sinks" in "".join(await newsroom.texts())


async def test_a_mute_applies_to_its_chat_only(report, muted, newsroom):
    other = await newsroom.chat(8)
    await newsroom.subscribe(other, 1, "Their words", Mode.INSTANT)
    for subject in (STORY, TOPIC, SOURCE, LESS):
        await muted(subject)

    await report("Ferry sinks")

    assert [alert.chat_id for alert in await newsroom.alerts()] == [other]


async def test_a_page_of_muted_chats_does_not_end_the_round(report, muted, newsroom, monkeypatch):
    monkeypatch.setattr(alerts, "TOPICS_PER_PAGE", 1)
    other = await newsroom.chat(8)
    await newsroom.subscribe(other, 1, "Their words", Mode.INSTANT)
    await muted(SOURCE)

    await report("Ferry sinks")

    assert [alert.chat_id for alert in await newsroom.alerts()] == [other]


async def test_a_chats_own_source_counts_as_another_publisher(
    report, muted, newsroom, storage, subscribed
):
    await newsroom.change(Source, 2, public=False)
    await muted(SOURCE)
    await report("Ferry down", by=2)
    await report("Ferry sinks", by=1, story=1)
    assert await alerted(newsroom) == []

    async with storage.writing() as tx:
        await tx.add(Follow(chat_id=subscribed, source_id=2))
    await report("Ferry goes under", by=2, story=1)

    assert await alerted(newsroom) == ["Ferry goes under"]


async def test_one_publisher_of_a_search_feed_can_be_muted(report, muted, newsroom, publishing):
    await newsroom.change(Source, 1, kind=SourceKind.SEARCH)
    await muted(MuteSubject(MuteKind.SOURCE, 1, "Example Wire"))
    await newsroom.article("Ferry sinks", 1, source_id=1, publisher="Example Wire")
    await newsroom.article("Bank raises rates", 1, source_id=1, publisher="Example Times")

    await publishing.alerts()

    assert await alerted(newsroom) == ["Bank raises rates"]


async def test_mutes_are_listed_until_they_end(report, muted, newsroom, storage, subscribed, clock):
    await report("Ferry sinks")
    for subject in (STORY, TOPIC, SOURCE):
        await muted(subject)
    less = await muted(LESS, None)

    async with storage.reading() as tx:
        listed = await mutes_of(tx, subscribed, offset=0, limit=9)
    assert [one.name for one in listed] == ["Wire", "Wire", "My words", "Ferry sinks"]

    clock.turn(DAY)
    async with storage.writing() as tx:
        assert await count_mutes(tx, subscribed) == 1
        await delete_mute(tx, 99, less)
        assert await count_mutes(tx, subscribed) == 1
        await delete_mute(tx, subscribed, less)
        assert await count_mutes(tx, subscribed) == 0


async def test_muting_again_changes_the_end_and_drops_expired_mutes(muted, newsroom, clock):
    first = await muted(TOPIC)
    clock.turn(DAY / 2)
    assert await muted(TOPIC, 7 * DAY) == first
    await muted(SOURCE)
    clock.turn(DAY)

    await muted(LESS)

    assert {row.kind for row in await newsroom.all(Mute)} == {MuteKind.TOPIC, MuteKind.LESS}


async def test_digests_go_on_after_the_only_topic_was_muted_for_a_time(
    muted, publishing, newsroom, subscribed, clock
):
    clock.turn(HOUR)
    due = clock.now.replace(hour=23, minute=0, second=0)  # 8:00 in Tokyo
    await newsroom.change(Chat, subscribed, next_digest_at=due)
    clock.now = due - MINUTE
    await muted(TOPIC, HOUR)
    clock.now = due
    await publishing.digests()
    assert await newsroom.editions() == []

    (chat,) = await newsroom.all(Chat)
    assert chat.next_digest_at == due + DAY
    clock.now = due + DAY - HOUR
    await newsroom.article("Ferry sinks", 1, source_id=1)
    clock.now = due + DAY
    await publishing.digests()
    assert [edition.stories for edition in await newsroom.editions()] == [1]
