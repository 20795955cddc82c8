"""Chapters: a story that goes on is a reply to the first message about it."""

from datetime import timedelta

import pytest

from bot.publishing.alerts import CHAIN
from storage.chats import Chat
from storage.enums import DeliveryKind, DeliveryState, Mode
from storage.outbox import Delivery
from storage.stories import Story

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def report(publishing, newsroom, clock):
    """Return a function that publishes a story which may continue another."""
    source, query = await newsroom.source(), await newsroom.query("words")
    chat = await newsroom.chat(alerts_an_hour=60)
    await newsroom.subscribe(chat, query, "My words", Mode.INSTANT)

    async def sent(title: str, continues: int | None = None) -> None:
        clock.turn(MINUTE)
        article = await newsroom.article(title, query, source_id=source)
        await newsroom.change(Story, article, continues_id=continues)
        await publishing.alerts()

    return sent


async def replies(newsroom) -> list[int | None]:
    """Return the delivery that each delivery replies to."""
    return [row.reply_to_id for row in await newsroom.all(Delivery)]


async def test_a_chapter_replies_to_the_first_alert_and_says_so(report, newsroom):
    await report("Ferry sinks")
    await report("Captain detained", continues=1)
    await report("Captain charged", continues=1)

    assert await replies(newsroom) == [None, 1, 1]
    assert [alert.chapter for alert in await newsroom.alerts()] == [1, 2, 3]
    assert [text.split("\n")[0] for text in await newsroom.texts()] == [
        "My words · Ferry sinks",
        "More on this story · My words · Captain detained",
        "More on this story · My words · Captain charged",
    ]


async def test_an_alert_about_another_story_is_no_reply(report, newsroom):
    await report("Ferry sinks")
    await report("Bank raises rates")

    assert await replies(newsroom) == [None, None]
    assert [alert.chapter for alert in await newsroom.alerts()] == [1, 1]


async def test_a_chapter_without_an_earlier_alert_is_sent_as_a_new_story(report, newsroom):
    await newsroom.change(Chat, 1, quiet_from=0, quiet_to=1)
    await newsroom.article("Ferry sinks", source_id=1)  # it hits none of the chat's topics
    await report("Captain detained", continues=1)

    assert await replies(newsroom) == [None]
    assert (await newsroom.texts())[0].startswith("My words · Captain detained")


@pytest.mark.parametrize("state", [DeliveryState.EXPIRED, DeliveryState.FAILED])
async def test_an_alert_that_never_arrived_begins_no_chain(report, newsroom, state):
    await report("Ferry sinks")
    await newsroom.change(Delivery, 1, state=state)
    await report("Captain detained", continues=1)

    assert await replies(newsroom) == [None, None]
    assert [alert.chapter for alert in await newsroom.alerts()] == [1, 1]


async def test_a_story_that_goes_on_after_a_week_is_sent_as_new(report, newsroom, clock):
    await report("Ferry sinks")
    clock.turn(CHAIN)
    await report("Captain detained", continues=1)

    assert await replies(newsroom) == [None, None]


async def test_a_chapter_replies_to_the_first_part_of_a_bundle(report, publishing, newsroom, clock):
    await newsroom.change(Chat, 1, quiet_from=20 * 60, quiet_to=22 * 60)  # it is 21:00 there
    await report("Ferry sinks")
    clock.turn(timedelta(hours=1))
    await publishing.bundles()
    await report("Captain detained", continues=1)

    bundle, alert = await newsroom.all(Delivery)
    assert bundle.kind is DeliveryKind.BUNDLE
    assert alert.reply_to_id == bundle.id
    assert [one.chapter for one in await newsroom.alerts()] == [1, 2]


async def test_a_chapter_counts_towards_the_hourly_limit(report, newsroom):
    await newsroom.change(Chat, 1, alerts_an_hour=2)
    await report("Ferry sinks")
    await report("Captain detained", continues=1)
    await report("Captain charged", continues=1)

    assert [alert.bundle_id for alert in await newsroom.alerts()] == [None, None, 1]


async def test_a_chapter_stays_marked_when_it_is_edited(report, publishing, newsroom, storage):
    await report("Ferry sinks")
    await report("Captain detained", continues=1)
    source = await newsroom.source("Kyodo")
    article = await newsroom.article("Kyodo reports it too", source_id=source)
    await newsroom.joins(article, story_id=2)

    await publishing.edits()

    assert (await newsroom.texts())[-1].startswith("More on this story · My words")
    assert (await newsroom.texts())[-1].endswith("also Kyodo")


async def test_a_chapter_in_the_same_batch_is_a_reply(report, publishing, newsroom, clock):
    clock.turn(MINUTE)
    for title, continues in [("Ferry sinks", None), ("Bank raises rates", None), ("Held", 1)]:
        article = await newsroom.article(title, 1, source_id=1)
        await newsroom.change(Story, article, continues_id=continues)

    assert await publishing.alerts() == 3

    assert await replies(newsroom) == [None, None, 1]
    assert [alert.chapter for alert in await newsroom.alerts()] == [1, 1, 2]
