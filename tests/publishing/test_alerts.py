from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.publishing import alerts
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage.alerts import claim_matched
from storage.articles import Article
from storage.chats import Chat
from storage.enums import ArticleStage, ChatKind, ChatState, DeliveryKind, Medium, Mode
from storage.outbox import Delivery
from storage.sources import Follow
from storage.subscriptions import Subscription
from tests.publishing.stages import Stages

MINUTE = timedelta(minutes=1)


async def test_a_chat_is_alerted_to_what_its_topic_matched(publishing, newsroom, clock):
    source, chat, query = (
        await newsroom.source(),
        await newsroom.chat(),
        await newsroom.query("words"),
    )
    await newsroom.subscribe(chat, query, "My words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)

    done = await publishing.alerts()

    (delivery,) = await newsroom.all(Delivery)
    (article,) = await newsroom.all(Article)
    assert done == 1
    assert article.stage is ArticleStage.PUBLISHED
    assert article.owner is None
    assert (delivery.alert_id, delivery.medium) == (1, Medium.TELEGRAM)
    assert delivery.kind is DeliveryKind.ALERT
    assert delivery.body["text"].startswith("My words · A headline\nWords on A headline.")
    assert "Example Wire · 21:01" in delivery.body["text"]
    assert {"type": "bold", "offset": 22, "length": 5} in delivery.body["entities"]
    assert "https://wire.example/1" in delivery.fallback["text"]


async def test_a_story_that_hits_two_topics_is_one_alert_that_names_both(
    publishing, newsroom, clock
):
    source, chat = await newsroom.source(), await newsroom.chat()
    first, second = await newsroom.query("words"), await newsroom.query("headline")
    topics = [
        await newsroom.subscribe(chat, first, "First", Mode.INSTANT),
        await newsroom.subscribe(chat, second, "Second", Mode.BOTH),
    ]
    clock.turn(MINUTE)
    await newsroom.article("A headline", first, second, source_id=source)

    await publishing.alerts()

    (alert,) = await newsroom.alerts()
    (text,) = await newsroom.texts()
    assert alert.topic_ids == topics
    assert text.startswith("First, Second · A headline")


@pytest.mark.parametrize(
    ("subscribed", "chat", "article"),
    [
        pytest.param({"mode": Mode.DIGEST}, {}, {}, id="wants digests only"),
        pytest.param({}, {"state": ChatState.PAUSED}, {}, id="is paused"),
        pytest.param({}, {"state": ChatState.BLOCKED}, {}, id="blocked us"),
        pytest.param({}, {}, {"quiet": True}, id="the article is backlog"),
    ],
)
async def test_a_chat_is_not_alerted_if(publishing, newsroom, clock, subscribed, chat, article):
    source, query = await newsroom.source(), await newsroom.query("words")
    chat_id = await newsroom.chat(**chat)
    await newsroom.subscribe(chat_id, query, "Words", Mode.BOTH)
    await newsroom.change(Subscription, 1, **subscribed)
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source, **article)

    assert await publishing.alerts() == 1
    assert await newsroom.alerts() == []
    assert [row.stage for row in await newsroom.all(Article)] == [ArticleStage.PUBLISHED]


async def test_a_new_topic_is_not_alerted_to_what_was_there_before(publishing, newsroom, clock):
    source, chat, query = (
        await newsroom.source(),
        await newsroom.chat(),
        await newsroom.query("words"),
    )
    await newsroom.article("A headline", query, source_id=source)
    clock.turn(MINUTE)
    await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)

    await publishing.alerts()

    assert await newsroom.alerts() == []


async def test_a_version_that_hits_another_topic_alerts_only_those_not_sent_yet(
    publishing, newsroom, clock
):
    source = await newsroom.source()
    before, since = await newsroom.query("words"), await newsroom.query("flood")
    sent, unsent = await newsroom.chat(1), await newsroom.chat(2)
    await newsroom.subscribe(sent, before, "Words", Mode.INSTANT)
    for chat in (sent, unsent):
        await newsroom.subscribe(chat, since, "Flood", Mode.INSTANT)
    clock.turn(MINUTE)
    article = await newsroom.article("A headline", before, source_id=source)
    await publishing.alerts()

    await newsroom.match(article, since)
    await newsroom.change(Article, article, stage=ArticleStage.MATCHED, version=2)
    await publishing.alerts()

    assert [alert.chat_id for alert in await newsroom.alerts()] == [sent, unsent]
    assert len(await newsroom.texts()) == 2


async def test_what_another_user_added_reaches_its_followers_alone(
    publishing, newsroom, storage, clock
):
    source, query = await newsroom.source(public=False), await newsroom.query("words")
    follower, other_user = await newsroom.chat(1), await newsroom.chat(2)
    for chat in (follower, other_user):
        await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    async with storage.writing() as tx:
        tx.session.add(Follow(chat_id=follower, source_id=source))
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)

    await publishing.alerts()

    assert [alert.chat_id for alert in await newsroom.alerts()] == [follower]
    assert (await newsroom.texts())[0].endswith("Example Wire · 21:01")


async def test_many_chats_are_alerted_page_by_page(publishing, newsroom, clock, monkeypatch):
    monkeypatch.setattr(alerts, "TOPICS_PER_PAGE", 2)
    source, query = await newsroom.source(), await newsroom.query("words")
    chats = [await newsroom.chat(number) for number in range(4)]
    for chat in chats:
        await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)

    await publishing.alerts()

    assert [alert.chat_id for alert in await newsroom.alerts()] == chats
    assert len(await newsroom.texts()) == 4


async def test_a_crash_between_pages_repeats_no_alert(
    publishing, newsroom, storage, renderer, clock, monkeypatch
):
    monkeypatch.setattr(alerts, "TOPICS_PER_PAGE", 1)
    source, query = await newsroom.source(), await newsroom.query("words")
    for number in range(3):
        chat = await newsroom.chat(number)
        await newsroom.subscribe(chat, query, f"Words {number}", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)

    with pytest.raises(ExceptionGroup):
        await Stages(storage, _Failing(word="Words 2"), "crashed").alerts()
    clock.turn(2 * MINUTE)
    await publishing.alerts()

    assert sorted(alert.chat_id for alert in await newsroom.alerts()) == [1, 2, 3]
    assert sorted(text[:7] for text in await newsroom.texts()) == ["Words 0", "Words 1", "Words 2"]


async def test_an_article_that_fails_does_not_hold_up_the_others(newsroom, storage, clock):
    source, chat, query = (
        await newsroom.source(),
        await newsroom.chat(),
        await newsroom.query("words"),
    )
    await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("Broken", query, source_id=source)
    await newsroom.article("A headline", query, source_id=source)

    with pytest.raises(ExceptionGroup):
        await Stages(storage, _Failing(word="Broken"), "us").alerts()

    assert [text.split("\n")[0] for text in await newsroom.texts()] == ["Words · A headline"]


async def test_a_process_that_lost_its_lease_alerts_nobody(
    publishing, newsroom, clock, monkeypatch
):
    source, chat, query = (
        await newsroom.source(),
        await newsroom.chat(),
        await newsroom.query("words"),
    )
    await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)

    async def lose(tx, **more):
        ids = await claim_matched(tx, **more)
        await tx.session.exec(update(Article).values(owner="another"))
        return ids

    monkeypatch.setattr(alerts, "claim_matched", lose)

    await publishing.alerts()

    assert await newsroom.alerts() == []
    assert [row.owner for row in await newsroom.all(Article)] == ["another"]


async def test_chats_with_zones_of_their_own_see_their_own_time(publishing, newsroom, clock):
    source, query = await newsroom.source(), await newsroom.query("words")
    for number, zone in enumerate(["Asia/Tokyo", "UTC"]):
        chat = await newsroom.chat(number, zone=zone)
        await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)

    await publishing.alerts()

    assert [text[-5:] for text in await newsroom.texts()] == ["21:01", "12:01"]
    assert len(await newsroom.all(Chat)) == 2


async def test_an_article_in_two_feeds_of_one_publisher_names_it_once(publishing, newsroom, clock):
    chat, query = await newsroom.chat(), await newsroom.query("words")
    await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    clock.turn(MINUTE)
    section = await newsroom.source("Example Times - World", host="feeds.times.example")
    article = await newsroom.article("A headline", query, source_id=section)
    clock.turn(MINUTE)
    await newsroom.carries(await newsroom.source("Example Times", host="times.example"), article)

    await publishing.alerts()

    (text,) = await newsroom.texts()
    assert text.endswith("Example Times · 21:01")


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        pytest.param(ChatKind.CHANNEL, 0, id="a channel: they would act for all its readers"),
        pytest.param(ChatKind.SUPERGROUP, 2, id="a group"),
        pytest.param(ChatKind.PRIVATE, 2, id="a private chat"),
    ],
)
async def test_an_alert_has_its_buttons_unless_it_is_posted_to_a_channel(
    publishing, newsroom, clock, kind, rows
):
    source, query = await newsroom.source(), await newsroom.query("words")
    # Another chat that sees the same otherwise.
    for number, of in enumerate([kind, ChatKind.PRIVATE, ChatKind.CHANNEL]):
        chat = await newsroom.chat(number, kind=of)
        await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)
    await publishing.alerts()
    second = await newsroom.source("Kyodo")
    await newsroom.joins(await newsroom.article("It again", source_id=second), story_id=1)
    await publishing.edits()

    keyboards = [len(row.body["keyboard"]) for row in await newsroom.all(Delivery)]
    assert keyboards == [rows, 2, 0] * 2


@dataclass(frozen=True)
class _Failing(Renderer):
    """A renderer that fails where a word comes up."""

    word: str = ""

    def message(self, template: str, /, **values: Any) -> Message:
        message = super().message(template, **values)
        if self.word in message.text:
            raise RuntimeError(self.word)
        return message
