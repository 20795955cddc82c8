"""A private article is matched with the queries of the followers of its source alone.

The result does not depend on what came first: the subscription, the feed or the article.
"""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.budgets import FREE
from bot.matching import backfill, search
from bot.matching.backfill import backfill_feed
from bot.matching.query import parse
from bot.matching.stage import MatchStage
from bot.subscribers import own_feeds, subscriptions
from storage import feeds_followed
from storage.db.engine import Storage
from storage.enums import Mode
from storage.matches import Match, newest_stories, stories_by_day
from storage.queries import Query
from tests.matching.stored import stored_article, stored_source
from tests.resources import USUAL_LIMITS
from tests.subscribers.conftest import subscribe

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def matched(storage: Storage) -> list[tuple[int, str]]:
    """Return each article with the query that it has matched."""
    async with storage.reading() as tx:
        rows = await tx.rows(
            select(Match.article_id, Query.canonical)
            .join(Query, Query.id == Match.query_id)  # type: ignore[arg-type]
            .order_by(Match.article_id, Query.canonical)  # type: ignore[arg-type]
        )
        return list(rows)


@pytest.fixture
async def feed(storage: Storage, clock) -> int:
    return await stored_source(storage, "Private", public=False)


@pytest.fixture
def follow(storage: Storage, feed: int):
    async def followed(chat_id: int) -> None:
        async with storage.writing() as tx:
            await feeds_followed.follow(tx, chat_id, feed)

    return followed


async def test_a_private_article_is_matched_with_the_queries_of_its_followers(
    storage, arrive, feed, follow
):
    ann, bob, eve = await arrive(1), await arrive(2), await arrive(3)
    await subscribe(storage, ann, "taiwan", Mode.INSTANT)
    await subscribe(storage, bob, "island", Mode.BOTH)
    await subscribe(storage, eve, "ferry")
    await follow(ann)
    await follow(bob)
    await stored_article(storage, "Ferry to the island of Taiwan", source_id=feed)
    public = await stored_source(storage, "Wire")
    await stored_article(storage, "Another ferry", source_id=public)

    step = MatchStage(storage, "me")
    while await step.run_once():
        pass

    assert await matched(storage) == [(1, "island"), (1, "taiwan"), (2, "ferry")]


@pytest.mark.parametrize("ended", ["the feed", "the topic"])
async def test_an_ended_subscription_is_matched_as_long_as_it_can_be_undone(
    storage, arrive, feed, follow, ended
):
    ann = await arrive(1)
    topic = (await subscribe(storage, ann, "taiwan")).topic_id
    await follow(ann)
    if ended == "the feed":
        await own_feeds.unfollow_feed(storage, ann, feed)
    else:
        await subscriptions.unsubscribe(storage, ann, topic)
    await stored_article(storage, "Taiwan", source_id=feed)
    await MatchStage(storage, "me").run_once()
    if ended == "the feed":
        await own_feeds.follow_feed_again(storage, ann, feed)
    else:
        await subscriptions.undo_unsubscribe(storage, ann, topic, limits=USUAL_LIMITS)

    assert await matched(storage) == [(1, "taiwan")]


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(["follow", "subscribe", "article"], id="the article last"),
        pytest.param(["subscribe", "follow", "article"], id="the article last, the topic first"),
        pytest.param(["follow", "article", "subscribe"], id="the topic last"),
        pytest.param(["subscribe", "article", "follow"], id="the feed last"),
        pytest.param(["article", "subscribe", "follow"], id="the article first"),
    ],
)
async def test_preview_digest_and_trend_count_the_same(storage, arrive, feed, clock, order):
    ann, bob = await arrive(1), await arrive(2)
    async with storage.writing() as tx:
        await feeds_followed.follow(tx, bob, feed)  # so that the feed is read already
    step = MatchStage(storage, "me")

    async def article() -> None:
        await stored_article(storage, "Taiwan", source_id=feed)
        await step.run_once()

    async def followed() -> None:
        source = await own_feeds.get_own_feed(storage, bob, feed)
        await own_feeds._follow(storage, ann, source, source.url, limits=USUAL_LIMITS, cost=FREE)

    async def subscribed() -> None:
        await subscribe(storage, ann, "taiwan", Mode.DIGEST)

    for each in order:
        clock.turn(MINUTE)
        await {"article": article, "follow": followed, "subscribe": subscribed}[each]()

    query = (await matched(storage))[0]
    assert query == (1, "taiwan")
    assert (await search.find(storage, parse("taiwan"), chat_id=ann)).count == 1
    async with storage.reading() as tx:
        assert len(await newest_stories(tx, ann, 1, 9)) == 1
        assert await stories_by_day(tx, ann, [1], [tx.now - timedelta(days=1)]) == {1: {0: 1}}
        assert await newest_stories(tx, bob, 1, 9) != []


async def test_a_new_topic_is_not_filled_with_what_others_follow(storage, arrive, feed, follow):
    ann, bob = await arrive(1), await arrive(2)
    await follow(bob)
    await stored_article(storage, "Taiwan", source_id=feed)

    await subscribe(storage, ann, "taiwan", Mode.DIGEST)

    assert await matched(storage) == []


async def test_a_newly_followed_feed_is_backfilled_with_its_newest_articles(
    storage, arrive, feed, monkeypatch
):
    monkeypatch.setattr(backfill, "MOST_OF_A_FEED", 2)
    ann = await arrive(1)
    await subscribe(storage, ann, "taiwan")
    for days in (20, 3, 2, 1):
        await stored_article(storage, "Taiwan", source_id=feed, ago=timedelta(days=days))

    assert await backfill_feed(storage, ann, feed) == 2

    assert [article for article, _ in await matched(storage)] == [3, 4]
