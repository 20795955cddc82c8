"""A story that moves on: its next chapter is a reply to what the chat was sent first."""

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
    """Return how to publish a story that may continue another; a chat subscribes to its words."""
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
    """Return to which delivery each one replies."""
    return [row.reply_to_id for row in await newsroom.all(Delivery)]


async def test_a_chapter_is_a_reply_to_the_first_alert_and_says_so(report, newsroom):
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


async def test_another_story_is_no_reply(report, newsroom):
    await report("Ferry sinks")
    await report("Bank raises rates")

    assert await replies(newsroom) == [None, None]
    assert [alert.chapter for alert in await newsroom.alerts()] == [1, 1]


async def test_a_chat_that_was_not_sent_how_it_began_is_sent_as_of_a_new_story(report, newsroom):
    await newsroom.change(Chat, 1, quiet_from=0, quiet_to=1)
    await newsroom.article("Ferry sinks", source_id=1)  # which hit none of its topics
    await report("Captain detained", continues=1)

    assert await replies(newsroom) == [None]
    assert (await newsroom.texts())[0].startswith("My words · Captain detained")


@pytest.mark.parametrize("state", [DeliveryState.EXPIRED, DeliveryState.FAILED])
async def test_an_alert_that_never_came_has_no_chapter_after_it(report, newsroom, state):
    await report("Ferry sinks")
    await newsroom.change(Delivery, 1, state=state)
    await report("Captain detained", continues=1)

    assert await replies(newsroom) == [None, None]
    assert [alert.chapter for alert in await newsroom.alerts()] == [1, 1]


async def test_after_a_week_a_story_is_sent_as_a_new_one(report, newsroom, clock):
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


async def test_a_chapter_counts_among_the_alerts_of_an_hour(report, newsroom):
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


async def test_a_chapter_of_the_same_batch_is_a_reply(report, publishing, newsroom, clock):
    clock.turn(MINUTE)
    for title, continues in [("Ferry sinks", None), ("Bank raises rates", None), ("Held", 1)]:
        article = await newsroom.article(title, 1, source_id=1)
        await newsroom.change(Story, article, continues_id=continues)

    assert await publishing.alerts() == 3

    assert await replies(newsroom) == [None, None, 1]
    assert [alert.chapter for alert in await newsroom.alerts()] == [1, 1, 2]
