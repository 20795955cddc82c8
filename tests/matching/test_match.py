from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.matching import stage
from bot.matching.stage import MatchStage
from storage.articles import Article, claim_new_articles
from storage.db.engine import Storage
from storage.enums import ArticleStage, Mode, MuteKind, Notification
from storage.matches import Match
from storage.mutes import MuteSubject, store_mute
from storage.queries import query_for, retire_query
from tests.conftest import TurnedClock
from tests.matching.stored import stored_article, stored_query, stored_source
from tests.publishing.newsroom import Newsroom


@dataclass
class Given:
    """Collects the notifications of committed transactions."""

    notifications: set[Notification] = field(default_factory=set)

    def give(self, notifications: Collection[Notification]) -> None:
        self.notifications.update(notifications)


def matching(storage: Storage, owner: str = "me") -> MatchStage:
    return MatchStage(storage, owner)


async def matches(storage: Storage) -> Collection[tuple[int, int, list[str], bool]]:
    async with storage.reading() as tx:
        rows = await tx.session.exec(select(Match).order_by(Match.article_id, Match.query_id))  # type: ignore[arg-type]
        return [(row.article_id, row.query_id, row.words, row.in_title) for row in rows]


async def test_new_articles_are_matched_and_moved_on(storage: Storage):
    query = await stored_query(storage, 'Taiwan OR "consul-general"')
    article = await stored_article(storage, "Envoy", "The Consul General spoke on Taiwan.")
    await stored_article(storage, "Weather", "Rain.")
    step = matching(storage)

    assert await step.run_once() == 2
    assert await step.run_once() == 0

    assert await matches(storage) == [(article, query, ["consul general", "taiwan"], False)]
    async with storage.reading() as tx:
        stages = set(await tx.session.exec(select(Article.stage)))
    assert stages == {ArticleStage.PUBLISHED}


@pytest.mark.parametrize(
    ("mode", "title", "is_quiet", "expected"),
    [
        pytest.param(Mode.INSTANT, "Taiwan", False, ArticleStage.MATCHED, id="alerts"),
        pytest.param(Mode.BOTH, "Taiwan", False, ArticleStage.MATCHED, id="alerts and digests"),
        pytest.param(Mode.DIGEST, "Taiwan", False, ArticleStage.PUBLISHED, id="digests only"),
        pytest.param(None, "Taiwan", False, ArticleStage.PUBLISHED, id="no subscription"),
        pytest.param(Mode.INSTANT, "Taiwan", True, ArticleStage.PUBLISHED, id="a quiet article"),
        pytest.param(Mode.INSTANT, "Weather", False, ArticleStage.PUBLISHED, id="no match"),
    ],
)
async def test_only_an_article_that_may_alert_is_left_to_the_stage_of_alerts(
    storage: Storage, mode, title, is_quiet, expected
):
    newsroom = Newsroom(storage)
    query = await stored_query(storage, "taiwan")
    if mode:
        await newsroom.reader(query, mode=mode)
    article = await stored_article(storage, title)
    await newsroom.change(Article, article, quiet=is_quiet)
    given = Given()

    with storage.notifying(given):
        assert await matching(storage).run_once() == 1

    assert [row.stage for row in await newsroom.all(Article)] == [expected]
    is_left = expected is ArticleStage.MATCHED
    assert (Notification.MATCHES in given.notifications) is is_left
    assert len(await newsroom.all(Match)) == (title == "Taiwan")


@pytest.mark.parametrize("until", [None, timedelta(hours=1)], ids=["for good", "for an hour"])
async def test_an_article_of_a_muted_topic_is_left_to_the_stage_of_alerts(
    storage: Storage, clock: TurnedClock, until
):
    newsroom = Newsroom(storage)
    query = await stored_query(storage, "taiwan")
    chat = await newsroom.chat()
    topic = await newsroom.subscribe(chat, query, "Taiwan", Mode.INSTANT)
    async with storage.writing() as tx:
        ends = until and tx.now + until
        await store_mute(tx, chat, MuteSubject(MuteKind.TOPIC, topic), ends)
    await stored_article(storage, "Taiwan")

    await matching(storage).run_once()

    assert [row.stage for row in await newsroom.all(Article)] == [ArticleStage.MATCHED]


async def test_a_query_added_while_running_misses_nothing_stored_after_it(storage: Storage):
    step = matching(storage)
    await step.run_once()
    query = await stored_query(storage, "taiwan")
    article = await stored_article(storage, "Taiwan")

    await step.run_once()

    assert await matches(storage) == [(article, query, ["taiwan"], True)]


async def test_a_retired_query_matches_no_more_and_may_come_back(storage: Storage):
    query = await stored_query(storage, "taiwan")
    step = matching(storage)
    await step.run_once()
    async with storage.writing() as tx:
        assert await retire_query(tx, query)
    await stored_article(storage, "Taiwan, unasked for")
    await step.run_once()
    assert await stored_query(storage, "TAIWAN") == query
    wanted = await stored_article(storage, "Taiwan")

    await step.run_once()

    assert await matches(storage) == [(wanted, query, ["taiwan"], True)]


async def test_the_oldest_articles_within_the_limit_are_matched(storage: Storage):
    query = await stored_query(storage, "taiwan")
    first = await stored_article(storage, "Taiwan")
    await stored_article(storage, "Taiwan again")

    assert await matching(storage).run_once(limit=1) == 1

    assert await matches(storage) == [(first, query, ["taiwan"], True)]


async def test_articles_leased_by_another_owner_are_left_alone(storage: Storage):
    await stored_query(storage, "taiwan")
    await stored_article(storage, "Taiwan")
    async with storage.writing() as tx:
        await claim_new_articles(tx, owner="another", limit=10)

    assert await matching(storage).run_once() == 0
    assert await matches(storage) == []


async def test_a_long_article_is_matched_too(storage: Storage):
    query = await stored_query(storage, "needle")
    article = await stored_article(storage, "Long", "word " * 10_000 + "needle")

    await matching(storage).run_once()

    assert await matches(storage) == [(article, query, ["needle"], False)]


async def test_more_matches_than_are_stored_at_once_are_all_stored(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stage, "_STORED", 2)
    words = ["five", "four", "one", "three", "two"]
    queries = [await stored_query(storage, word) for word in words]
    first = await stored_article(storage, " ".join(words))
    second = await stored_article(storage, "One", "and two")

    await matching(storage).run_once()

    assert {(article, tuple(found)) for article, _, found, _ in await matches(storage)} == {
        *((first, (word,)) for word in words),
        (second, ("one",)),
        (second, ("two",)),
    }
    assert len(await matches(storage)) == len(queries) + 2


async def test_queries_for_a_publisher_or_a_language_match_accordingly(storage: Storage):
    wire = await stored_source(storage, "Example Wire")
    await stored_article(storage, "Taiwan", source_id=wire)
    await stored_article(storage, "Taiwan")
    async with storage.writing() as tx:
        by_name = (await query_for(tx, 'source:"example wire" taiwan')).id
        by_host = (await query_for(tx, "source:wire.example taiwan")).id
        await query_for(tx, "lang:ja taiwan")

    await matching(storage).run_once()

    async with storage.reading() as tx:
        found = list(await tx.session.exec(select(Match.query_id)))
    assert len(found) == 2
    assert set(found) == {by_name, by_host}
