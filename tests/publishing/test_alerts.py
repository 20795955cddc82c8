from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.delivery.outcomes import fallback_of
from bot.publishing import alerts
from bot.rendering.environment import Overrides, make_environment
from bot.rendering.renderer import Renderer
from storage.articles import Article, claim_matched
from storage.chats import Chat
from storage.enums import ArticleStage, ChatKind, ChatState, DeliveryKind, Medium, Mode
from storage.outbox import Delivery
from storage.sources import Follow, Source
from storage.subscriptions import Subscription
from tests.publishing.failing_renderer import FailingRenderer
from tests.publishing.stages import Stages

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def source(newsroom) -> int:
    return int(await newsroom.source())


@pytest.fixture
async def query(newsroom) -> int:
    return int(await newsroom.query("words"))


@pytest.fixture
def news(newsroom, source, query):
    """Return a function that stores an article which the query matches."""

    async def store(title="A headline", *query_ids, **more):
        return await newsroom.article(title, *(query_ids or (query,)), source_id=source, **more)

    return store


@pytest.fixture
def alerted(news, publishing, clock):
    """Return a function that stores an article a minute later, and sends alerts about it."""

    async def publish(*args, **more):
        clock.turn(MINUTE)
        await news(*args, **more)
        return await publishing.alerts()

    return publish


async def test_a_chat_is_alerted_to_what_its_topic_matched(alerted, query, newsroom):
    await newsroom.reader(query, name="My words")

    done = await alerted()

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
    assert "https://wire.example/1" in fallback_of(delivery)["text"]


async def test_a_story_that_hits_two_topics_is_one_alert_that_names_both(query, alerted, newsroom):
    chat = await newsroom.chat()
    second = await newsroom.query("headline")
    topics = [
        await newsroom.subscribe(chat, query, "First", Mode.INSTANT),
        await newsroom.subscribe(chat, second, "Second", Mode.BOTH),
    ]

    await alerted("A headline", query, second)

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
async def test_a_chat_gets_no_alert(alerted, query, newsroom, subscribed, chat, article):
    await newsroom.reader(query, **chat, mode=Mode.BOTH)
    await newsroom.change(Subscription, 1, **subscribed)

    assert await alerted(**article) == 1
    assert await newsroom.alerts() == []
    assert [row.stage for row in await newsroom.all(Article)] == [ArticleStage.PUBLISHED]


async def test_a_new_topic_alerts_only_about_later_articles(
    news, query, publishing, newsroom, clock
):
    await news()
    clock.turn(MINUTE)
    await newsroom.reader(query)

    await publishing.alerts()

    assert await newsroom.alerts() == []


async def test_a_new_version_alerts_only_those_not_sent_yet(alerted, query, publishing, newsroom):
    since = await newsroom.query("flood")
    sent, unsent = await newsroom.reader(query, 1), await newsroom.chat(2)
    for chat in (sent, unsent):
        await newsroom.subscribe(chat, since, "Flood", Mode.INSTANT)
    await alerted()

    await newsroom.match(1, since)
    await newsroom.change(Article, 1, stage=ArticleStage.MATCHED, version=2)
    await publishing.alerts()

    assert [alert.chat_id for alert in await newsroom.alerts()] == [sent, unsent]
    assert len(await newsroom.texts()) == 2


async def test_a_private_source_alerts_only_its_followers(
    alerted, query, source, newsroom, storage
):
    await newsroom.change(Source, source, public=False)
    follower, _ = [await newsroom.reader(query, one) for one in (1, 2)]
    async with storage.writing() as tx:
        await tx.add(Follow(chat_id=follower, source_id=source))

    await alerted()

    assert [alert.chat_id for alert in await newsroom.alerts()] == [follower]
    assert (await newsroom.texts())[0].endswith("Example Wire · 21:01")


async def test_many_chats_are_alerted_page_by_page(alerted, query, newsroom, monkeypatch):
    monkeypatch.setattr(alerts, "TOPICS_PER_PAGE", 2)
    chats = [await newsroom.reader(query, number) for number in range(4)]

    await alerted()

    assert [alert.chat_id for alert in await newsroom.alerts()] == chats
    assert len(await newsroom.texts()) == 4


async def test_a_crash_repeats_no_alert(
    news, query, publishing, newsroom, storage, clock, monkeypatch
):
    monkeypatch.setattr(alerts, "TOPICS_PER_PAGE", 1)
    for number in range(3):
        await newsroom.reader(query, number, name=f"Words {number}")
    clock.turn(MINUTE)
    await news()

    with pytest.raises(SystemExit):
        await Stages(storage, FailingRenderer(word="Words 2", error=SystemExit), "crashed").alerts()
    clock.turn(2 * MINUTE)
    await publishing.alerts()

    assert sorted(alert.chat_id for alert in await newsroom.alerts()) == [1, 2, 3]
    assert sorted(text[:7] for text in await newsroom.texts()) == ["Words 0", "Words 1", "Words 2"]


async def test_an_article_with_a_lost_lease_alerts_no_chat(
    news, query, publishing, newsroom, clock, monkeypatch
):
    await newsroom.reader(query)
    clock.turn(MINUTE)
    await news()

    async def lose(tx, **more):
        ids = await claim_matched(tx, **more)
        await tx.change(update(Article).values(owner="another"))
        return ids

    monkeypatch.setattr("bot.publishing.alerts.claim_matched", lose)

    await publishing.alerts()

    assert await newsroom.alerts() == []
    assert [row.owner for row in await newsroom.all(Article)] == ["another"]


async def test_chats_with_zones_of_their_own_see_their_own_time(alerted, query, newsroom):
    for number, zone in enumerate(["Asia/Tokyo", "UTC"]):
        await newsroom.reader(query, number, zone=zone)

    await alerted()

    assert [text[-5:] for text in await newsroom.texts()] == ["21:01", "12:01"]
    assert len(await newsroom.all(Chat)) == 2


async def test_two_feeds_of_one_publisher_name_it_once(query, publishing, newsroom, clock):
    await newsroom.reader(query)
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
async def test_an_alert_in_a_channel_has_no_buttons(
    news, query, publishing, newsroom, clock, kind, rows
):
    # Another chat whose message is the same otherwise.
    for number, of in enumerate([kind, ChatKind.PRIVATE, ChatKind.CHANNEL]):
        await newsroom.reader(query, number, kind=of)
    clock.turn(MINUTE)
    await news()
    await publishing.alerts()
    await newsroom.reported_by("Kyodo")
    await publishing.edits()

    keyboards = [len(row.body["keyboard"]) for row in await newsroom.all(Delivery)]
    assert keyboards == [rows, 2, 0] * 2


async def test_a_template_sees_the_topic_of_each_chat(
    query, newsroom, storage, clock, news, tmp_path
):
    """Two topics of the same name differ, because operators' templates get the topic's id."""
    (tmp_path / "alert").mkdir()
    template = "{% for topic in topics %}No. {{ topic.id }}{% endfor %}"
    (tmp_path / "alert/telegram.html").write_text(template)
    renderer = Renderer(make_environment(overrides=Overrides(tmp_path)))
    for number in range(2):
        await newsroom.reader(query, number, name="Words")
    clock.turn(MINUTE)
    await news()

    await Stages(storage, renderer).alerts()

    assert sorted(await newsroom.texts()) == ["No. 1", "No. 2"]
