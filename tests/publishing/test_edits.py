"""One story, one alert; who reports it later is added to the message."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.publishing import edits
from bot.publishing.edits import LOOKED_AT, PAUSE
from bot.subscribers import mutes
from bot.subscribers.mutes import AlertPublisher
from storage.articles import Article
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatState, DeliveryKind, DeliveryState, Mode, MuteKind
from storage.outbox import Delivery
from storage.sources import Follow
from storage.stories import Story, mark_growth

LESS = AlertPublisher(1, MuteKind.LESS)

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def alerted(publishing, newsroom, clock) -> int:
    """A chat has been alerted to an article of the Example Wire; return the chat."""
    source: int = await newsroom.source()
    chat: int = await newsroom.chat()
    await newsroom.subscribe(chat, await newsroom.query("words"), "My words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("A headline", 1, source_id=source)
    await publishing.alerts()
    await newsroom.change(Delivery, 1, state=DeliveryState.SENT, message_id=11)
    return chat


async def joined(newsroom, storage: Storage, title: str, *, public: bool = True) -> int:
    """Store an article of another publisher that reports the first story; return its source."""
    source: int = await newsroom.source(title, public=public)
    article = await newsroom.article(f"{title} reports it too", 1, source_id=source)
    await newsroom.joins(article, story_id=1)
    return source


async def edits_of(storage: Storage) -> list[Delivery]:
    async with storage.reading() as tx:
        rows = select(Delivery).where(col(Delivery.kind) == DeliveryKind.EDIT)
        return list(await tx.session.exec(rows.order_by(col(Delivery.version))))


async def last_line(storage: Storage) -> str:
    return str((await edits_of(storage))[-1].body["text"].splitlines()[-1])


async def test_a_second_feed_of_the_same_site_is_no_other_publisher(
    alerted, publishing, newsroom, storage, clock
):
    section = await newsroom.source("Example Wire - World", host="feeds.example-wire.example")
    await newsroom.carries(section, 1)
    async with storage.writing() as tx:
        await mark_growth(tx, [1])
    clock.turn(MINUTE)

    await publishing.edits()

    assert await edits_of(storage) == []


async def test_another_publisher_is_added_to_the_message(
    alerted, publishing, newsroom, storage, clock
):
    await joined(newsroom, storage, "Kyodo")
    clock.turn(MINUTE)

    assert await publishing.alerts() == 1
    assert await publishing.edits() == 1

    (edit,) = await edits_of(storage)
    assert len(await newsroom.alerts()) == 1
    assert edit.target_id == 1
    assert edit.body["text"].startswith("My words · A headline\nWords on A headline.")
    assert edit.body["text"].endswith("Example Wire · 21:01 · also Kyodo")


async def test_an_publisher_with_two_articles_in_a_story_is_named_once_and_alerts_nobody_again(
    alerted, publishing, newsroom, storage
):
    source = await joined(newsroom, storage, "Kyodo")
    report = await newsroom.article("The report of Kyodo", 1, source_id=source)
    await newsroom.change(Article, report, story_id=1)

    assert await publishing.alerts() == 2
    assert await publishing.edits() == 1

    assert len(await newsroom.alerts()) == 1
    assert await last_line(storage) == "Example Wire · 21:01 · also Kyodo"


async def test_many_publishers_are_counted(alerted, publishing, newsroom, storage):
    for title in ("Kyodo", "Reuters", "AFP", "dpa", "ANSA"):
        await joined(newsroom, storage, title)

    await publishing.edits()

    assert await last_line(storage) == "Example Wire · 21:01 · also Kyodo, Reuters, AFP (+2)"


async def test_edits_of_one_message_are_minutes_apart_and_report_all_of_them(
    alerted, publishing, newsroom, storage, clock
):
    await joined(newsroom, storage, "Kyodo")
    await publishing.edits()
    await joined(newsroom, storage, "Reuters")
    await joined(newsroom, storage, "AFP")

    assert await publishing.edits() == 0
    clock.turn(PAUSE)
    assert await publishing.edits() == 1
    assert await publishing.edits() == 0

    first, second = await edits_of(storage)
    assert first.version < second.version
    assert await last_line(storage) == "Example Wire · 21:01 · also Kyodo, Reuters, AFP"


async def test_what_the_message_says_already_is_no_edit(
    alerted, publishing, newsroom, storage, clock
):
    await joined(newsroom, storage, "Kyodo")
    await publishing.edits()
    clock.turn(PAUSE)
    async with storage.writing() as tx:
        await mark_growth(tx, [1])  # by a publisher that nobody may be sent of

    assert await publishing.edits() == 1
    assert len(await edits_of(storage)) == 1


async def test_a_source_of_another_user_is_named_to_those_alone_who_follow_it(
    alerted, publishing, newsroom, storage
):
    secret = await joined(newsroom, storage, "Secret", public=False)

    await publishing.edits()
    assert await edits_of(storage) == []

    async with storage.writing() as tx:
        tx.session.add(Follow(chat_id=alerted, source_id=secret))
        await mark_growth(tx, [1])
    await newsroom.change(Story, 1, reported_at=None)
    await publishing.edits()
    assert await last_line(storage) == "Example Wire · 21:01 · also Secret"


@pytest.mark.parametrize(
    ("table", "row", "change"),
    [
        pytest.param(Delivery, 1, {"state": DeliveryState.FAILED}, id="was never sent"),
        pytest.param(Delivery, 1, {"state": DeliveryState.EXPIRED}, id="expired"),
        pytest.param(Story, 1, {"grown": 0}, id="is of a story that did not grow"),
    ],
)
async def test_a_message_is_left_alone_that(
    alerted, publishing, newsroom, storage, table, row, change
):
    await joined(newsroom, storage, "Kyodo")
    await newsroom.change(table, row, **change)

    await publishing.edits()

    assert await edits_of(storage) == []


async def test_a_chat_that_is_away_gets_no_edit(alerted, publishing, newsroom, storage):
    await joined(newsroom, storage, "Kyodo")
    await newsroom.change(Chat, alerted, state=ChatState.PAUSED)

    await publishing.edits()

    assert await edits_of(storage) == []


async def test_what_a_press_showed_is_let_be_and_the_message_edited_later(
    alerted, publishing, newsroom, storage, clock
):
    await mutes.mute(storage, alerted, LESS, alert=1)
    await joined(newsroom, storage, "Kyodo")
    clock.turn(LOOKED_AT - MINUTE)
    assert await publishing.edits() == 1
    assert await edits_of(storage) == []
    assert await publishing.edits() == 0

    clock.turn(PAUSE)
    assert await publishing.edits() == 1

    assert await last_line(storage) == "Example Wire · 21:01 · also Kyodo"
    clock.turn(PAUSE)
    assert await publishing.edits() == 0


async def test_a_message_that_shows_its_usual_buttons_again_is_edited_at_once(
    alerted, publishing, newsroom, storage
):
    muted = await mutes.mute(storage, alerted, LESS, alert=1)
    await mutes.unmute(storage, alerted, muted.mute_id, alert=1)
    await mutes.alert_menu(storage, alerted, 1, is_open=True)
    await mutes.alert_menu(storage, alerted, 1, is_open=False)
    await joined(newsroom, storage, "Kyodo")

    await publishing.edits()

    assert len(await edits_of(storage)) == 1


async def test_one_chat_that_pressed_holds_up_no_other(
    alerted, publishing, newsroom, storage, clock
):
    other = await newsroom.chat(8)
    await newsroom.subscribe(other, 1, "Their words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("A flood", 1, source_id=1)
    await publishing.alerts()
    source = await newsroom.source("Kyodo")
    await newsroom.joins(
        await newsroom.article("Kyodo reports it too", source_id=source), story_id=2
    )
    await mutes.alert_menu(storage, alerted, 2, is_open=True)

    await publishing.edits()

    assert [edit.chat_id for edit in await edits_of(storage)] == [other]


async def test_after_a_day_a_message_stays_as_it_is(alerted, publishing, newsroom, storage, clock):
    clock.turn(timedelta(days=1))
    await joined(newsroom, storage, "Kyodo")

    assert await publishing.edits() == 1
    assert await edits_of(storage) == []


async def test_many_messages_are_edited_page_by_page(
    publishing, newsroom, storage, clock, monkeypatch
):
    monkeypatch.setattr(edits, "ALERTS_PER_PAGE", 2)
    source, query = await newsroom.source(), await newsroom.query("words")
    for number, zone in enumerate(["Asia/Tokyo", "UTC", "UTC", "UTC", "Asia/Tokyo"]):
        chat = await newsroom.chat(number, zone=zone)
        await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)
    await publishing.alerts()
    await joined(newsroom, storage, "Kyodo")

    await publishing.edits()

    assert sorted(edit.target_id or 0 for edit in await edits_of(storage)) == [1, 2, 3, 4, 5]
    assert {edit.body["text"][-18:] for edit in await edits_of(storage)} == {
        "21:01 · also Kyodo"[-18:],
        "12:01 · also Kyodo"[-18:],
    }


async def test_the_publisher_of_the_article_shown_is_named_first(
    publishing, newsroom, storage, clock
):
    chat, query = await newsroom.chat(), await newsroom.query("words")
    await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("No such thing", source_id=await newsroom.source("First"))
    second = await newsroom.article("A headline", query, source_id=await newsroom.source("Second"))
    await newsroom.change(Article, second, story_id=1)

    await publishing.alerts()

    assert (await newsroom.texts())[0].endswith("Second · 21:01 · also First")
