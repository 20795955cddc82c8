"""Why a chat did not get an article, as the stages have left it."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.sources.drafts import url_hash
from bot.sources.urls import canonical_url
from bot.subscribers.asked_articles import asked_article
from bot.subscribers.why_not import WhyNot
from storage.articles import Article
from storage.chats import Chat
from storage.enums import ArticleStage, Mode, MuteKind
from storage.mutes import MuteSubject, store_mute
from storage.sources import Source
from storage.subscriptions import Subscription

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DIGEST_DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)  # 08:00 in Tokyo
NIGHT = {"quiet_from": 0, "quiet_to": 23 * 60}


@pytest.fixture
async def subscribed(newsroom, clock):
    """Return a chat with a topic, its query, and a source."""
    source, query = await newsroom.source(), await newsroom.query("words")
    chat = await newsroom.reader(query, name="words", alerts_an_hour=1)
    clock.turn(MINUTE)
    return chat, query, source


@pytest.fixture
def ask(storage, publishing, newsroom, subscribed, clock):
    """Return a function that publishes articles, and asks for the last one."""
    chat, query, source = subscribed

    async def publish(*titles: str):
        for title in titles:
            number = await newsroom.article(title, query, source_id=source)
            url = f"https://wire.example/{number}"
            await newsroom.change(Article, number, url_hash=url_hash(canonical_url(url)))
            await publishing.alerts()
            await newsroom.change(Article, number, stage=ArticleStage.PUBLISHED)
            clock.turn(MINUTE)
        return await asked_article(storage, chat, url)

    return publish


async def test_an_alert_at_once_was_sent(ask, clock):
    asked = await ask("One")

    assert (asked.verdict.reason, asked.verdict.at) == (WhyNot.SENT, clock.now - MINUTE)
    assert asked.publisher == "Example Wire"


async def test_an_alert_beyond_the_limit_waits_and_is_sent_then(ask, publishing, storage, clock):
    waiting = await ask("One", "Two")
    clock.turn(2 * HOUR)
    await publishing.bundles()
    sent = await asked_article(storage, 1, waiting.url)

    assert sent is not None
    assert waiting.verdict.reason is WhyNot.WAITS_FOR_LIMIT
    assert waiting.verdict.at < clock.now
    assert (sent.verdict.reason, sent.verdict.at) == (WhyNot.SENT, clock.now)


async def test_an_alert_in_quiet_hours_waits_for_their_end(ask, newsroom):
    await newsroom.change(Chat, 1, **NIGHT)

    assert (await ask("One")).verdict.reason is WhyNot.WAITS_FOR_QUIET_HOURS


async def test_a_digest_has_listed_it(ask, newsroom, publishing, storage, clock):
    await newsroom.change(Subscription, 1, mode=Mode.DIGEST)
    before = await ask("One")
    await newsroom.change(Chat, 1, next_digest_at=DIGEST_DUE)
    clock.now = DIGEST_DUE
    await publishing.digests()

    after = await asked_article(storage, 1, before.url)
    assert before.verdict.reason is WhyNot.DIGEST_ONLY
    assert after is not None
    assert after.verdict.reason is WhyNot.LISTED


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (MuteKind.STORY, WhyNot.STORY_MUTED),
        (MuteKind.SOURCE, WhyNot.PUBLISHER_MUTED),
        (MuteKind.LESS, WhyNot.PUBLISHER_MUTED),
        (MuteKind.TOPIC, WhyNot.TOPIC_MUTED),
    ],
)
async def test_a_mute_is_the_reason(ask, storage, kind, reason):
    async with storage.writing() as tx:
        await store_mute(tx, 1, MuteSubject(kind, 1), None)

    asked = await ask("One")

    assert (asked.verdict.reason, asked.verdict.mute.until) == (reason, None)


async def test_an_article_that_the_chat_does_not_see_is_unknown(ask, newsroom, storage):
    asked = await ask("One")
    other = await newsroom.chat(8)
    await newsroom.change(Source, 1, public=False)

    assert await asked_article(storage, other, asked.url) is None
