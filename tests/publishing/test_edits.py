"""Edits add publishers that report a story later to the message of its alert."""

from datetime import timedelta

import pytest

from bot.publishing import edits
from bot.publishing.edits import LOOKED_AT, PAUSE
from bot.subscribers import mutes
from bot.subscribers.mutes import AlertPublisher
from storage.articles import Article
from storage.chats import Chat
from storage.enums import ChatState, DeliveryKind, DeliveryState, MuteKind
from storage.outbox import Delivery
from storage.sources import Follow
from storage.stories import Story

LESS = AlertPublisher(1, MuteKind.LESS)

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def alerted(publishing, newsroom, clock) -> int:
    """Return a chat that was alerted to an article of the Example Wire."""
    source: int = await newsroom.source()
    chat: int = await newsroom.reader(await newsroom.query("words"), name="My words")
    clock.turn(MINUTE)
    await newsroom.article("A headline", 1, source_id=source)
    await publishing.alerts()
    await newsroom.change(Delivery, 1, state=DeliveryState.SENT, message_id=11)
    return chat


@pytest.fixture
def edited(publishing, newsroom):
    """Return a function that edits alerts, and returns all edits so far."""

    async def edits():
        await publishing.edits()
        return await newsroom.all(Delivery, kind=DeliveryKind.EDIT)

    return edits


def last_line(edits: list[Delivery]) -> str:
    return str(edits[-1].body["text"].splitlines()[-1])


async def test_a_second_feed_of_a_site_adds_no_publisher(edited, alerted, newsroom, clock):
    section = await newsroom.source("Example Wire - World", host="feeds.example-wire.example")
    await newsroom.carries(section, 1)
    await newsroom.grows(1)
    clock.turn(MINUTE)

    assert await edited() == []


async def test_another_publisher_is_added_to_the_message(alerted, publishing, newsroom, clock):
    await newsroom.reported_by("Kyodo", 1)
    clock.turn(MINUTE)

    assert await publishing.alerts() == 1
    assert await publishing.edits() == 1

    (edit,) = await newsroom.all(Delivery, kind=DeliveryKind.EDIT)
    assert len(await newsroom.alerts()) == 1
    assert edit.target_id == 1
    assert edit.body["text"].startswith("My words · A headline\nWords on A headline.")
    assert edit.body["text"].endswith("Example Wire · 21:01 · also Kyodo")


async def test_a_publisher_with_two_articles_is_named_once(alerted, publishing, newsroom):
    source = await newsroom.reported_by("Kyodo", 1)
    report = await newsroom.article("The report of Kyodo", 1, source_id=source)
    await newsroom.change(Article, report, story_id=1)

    assert await publishing.alerts() == 2
    assert await publishing.edits() == 1

    assert len(await newsroom.alerts()) == 1
    assert last_line(await newsroom.all(Delivery)) == "Example Wire · 21:01 · also Kyodo"


async def test_many_publishers_are_counted(edited, alerted, newsroom):
    for title in ("Kyodo", "Reuters", "AFP", "dpa", "ANSA"):
        await newsroom.reported_by(title, 1)

    assert last_line(await edited()) == "Example Wire · 21:01 · also Kyodo, Reuters, AFP (+2)"


async def test_edits_of_one_message_are_minutes_apart(alerted, publishing, newsroom, clock):
    await newsroom.reported_by("Kyodo", 1)
    await publishing.edits()
    await newsroom.reported_by("Reuters", 1)
    await newsroom.reported_by("AFP", 1)

    assert await publishing.edits() == 0
    clock.turn(PAUSE)
    assert await publishing.edits() == 1
    assert await publishing.edits() == 0

    first, second = await newsroom.all(Delivery, kind=DeliveryKind.EDIT)
    assert first.version < second.version
    assert (
        last_line(await newsroom.all(Delivery)) == "Example Wire · 21:01 · also Kyodo, Reuters, AFP"
    )


async def test_a_message_that_would_not_change_is_not_edited(alerted, publishing, newsroom, clock):
    await newsroom.reported_by("Kyodo", 1)
    await publishing.edits()
    clock.turn(PAUSE)
    await newsroom.grows(1)  # through a publisher that may not be named

    assert await publishing.edits() == 1
    assert len(await newsroom.all(Delivery, kind=DeliveryKind.EDIT)) == 1


async def test_a_private_source_is_named_only_to_its_followers(edited, alerted, newsroom, storage):
    secret = await newsroom.reported_by("Secret", 1, public=False)

    assert await edited() == []

    async with storage.writing() as tx:
        await tx.add(Follow(chat_id=alerted, source_id=secret))
    await newsroom.grows(1)
    await newsroom.change(Story, 1, reported_at=None)
    assert last_line(await edited()) == "Example Wire · 21:01 · also Secret"


@pytest.mark.parametrize(
    ("table", "row", "change"),
    [
        pytest.param(Delivery, 1, {"state": DeliveryState.FAILED}, id="was never sent"),
        pytest.param(Delivery, 1, {"state": DeliveryState.EXPIRED}, id="expired"),
        pytest.param(Story, 1, {"grown": 0}, id="is of a story that did not grow"),
        pytest.param(Chat, 1, {"state": ChatState.PAUSED}, id="is in a chat that has paused"),
    ],
)
async def test_a_message_is_not_edited(edited, alerted, newsroom, table, row, change):
    await newsroom.reported_by("Kyodo", 1)
    await newsroom.change(table, row, **change)

    assert await edited() == []


async def test_a_pressed_message_is_edited_later(alerted, publishing, newsroom, storage, clock):
    await mutes.mute(storage, alerted, LESS, alert=1)
    await newsroom.reported_by("Kyodo", 1)
    clock.turn(LOOKED_AT - MINUTE)
    assert await publishing.edits() == 1
    assert await newsroom.all(Delivery, kind=DeliveryKind.EDIT) == []
    assert await publishing.edits() == 0

    clock.turn(PAUSE)
    assert await publishing.edits() == 1

    assert last_line(await newsroom.all(Delivery)) == "Example Wire · 21:01 · also Kyodo"
    clock.turn(PAUSE)
    assert await publishing.edits() == 0


async def test_a_message_with_its_usual_buttons_is_edited(edited, alerted, newsroom, storage):
    muted = await mutes.mute(storage, alerted, LESS, alert=1)
    await mutes.unmute(storage, alerted, muted.mute_id, alert=1)
    await mutes.alert_menu(storage, alerted, 1, is_open=True)
    await mutes.alert_menu(storage, alerted, 1, is_open=False)
    await newsroom.reported_by("Kyodo", 1)

    assert len(await edited()) == 1


async def test_a_press_delays_no_other_chat(edited, alerted, publishing, newsroom, storage, clock):
    other = await newsroom.reader(1, 8)
    clock.turn(MINUTE)
    await newsroom.article("A flood", 1, source_id=1)
    await publishing.alerts()
    source = await newsroom.source("Kyodo")
    await newsroom.joins(
        await newsroom.article("Kyodo reports it too", source_id=source), story_id=2
    )
    await mutes.alert_menu(storage, alerted, 2, is_open=True)

    assert [edit.chat_id for edit in await edited()] == [other]


async def test_a_message_is_not_edited_after_a_day(alerted, publishing, newsroom, clock):
    clock.turn(timedelta(days=1))
    await newsroom.reported_by("Kyodo", 1)

    assert await publishing.edits() == 1
    assert await newsroom.all(Delivery, kind=DeliveryKind.EDIT) == []


async def test_messages_are_edited_page_by_page(edited, publishing, newsroom, clock, monkeypatch):
    monkeypatch.setattr(edits, "ALERTS_PER_PAGE", 2)
    source, query = await newsroom.source(), await newsroom.query("words")
    for number, zone in enumerate(["Asia/Tokyo", "UTC", "UTC", "UTC", "Asia/Tokyo"]):
        await newsroom.reader(query, number, zone=zone)
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)
    await publishing.alerts()
    await newsroom.reported_by("Kyodo", 1)

    made = await edited()

    assert sorted(edit.target_id or 0 for edit in made) == [1, 2, 3, 4, 5]
    assert {edit.body["text"][-18:] for edit in made} == {
        f"{time}:01 · also Kyodo" for time in (21, 12)
    }


async def test_the_publisher_of_the_linked_article_is_named_first(publishing, newsroom, clock):
    query = await newsroom.query("words")
    await newsroom.reader(query)
    clock.turn(MINUTE)
    await newsroom.article("No such thing", source_id=await newsroom.source("First"))
    second = await newsroom.article("A headline", query, source_id=await newsroom.source("Second"))
    await newsroom.change(Article, second, story_id=1)

    await publishing.alerts()

    assert (await newsroom.texts())[0].endswith("Second · 21:01 · also First")
