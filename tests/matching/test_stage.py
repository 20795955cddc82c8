"""New articles find their story one after the other, and then their matches, in one process."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from bot.budgets import USUAL
from bot.matching import match, stage
from bot.matching.stage import LEASE, MatchStage, StoredBatch
from bot.ops.doctor.contents import judge_articles
from bot.ops.doctor.findings import HealthLevel
from bot.sources.stories.clustering import TYPICAL_STORY, Clustering, Stories
from bot.stages import LastRound
from storage.articles import (
    PRIVATE_AT_ONCE,
    PUBLIC,
    Article,
    articles_put_aside,
    articles_to_revise,
    claim_new_articles,
    revise_article,
    store_articles,
)
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import ArticleStage, UsageKind
from storage.feeds_followed import follow
from storage.matches import Match
from storage.stories import Story
from storage.usage import Usage
from tests.matching.stored import stored_source
from tests.publishing.newsroom import Newsroom
from tests.subscribers.conftest import subscribe

MINUTE = timedelta(minutes=1)
FIRST = "Ferry with 240 aboard sinks off Bohara island"
SECOND = "Passenger ferry sinks near Bohara; dozens missing"
THIRD = "Rescuers search for ferry passengers off Bohara"
OTHER = "Central bank of Marova raises rates"


async def stored(
    storage: Storage,
    *titles: str,
    by: int | None = None,
    ready_in: timedelta | None = None,
    summary: str = "",
    scope: int = PUBLIC,
) -> list[int]:
    async with storage.writing() as tx:
        more: dict[str, Any] = {"ready_at": tx.now + ready_in} if ready_in else {}
        articles = [
            Article(
                url=title,
                url_hash=f"{by} {title}"[:32],
                scope_id=scope,
                title=title,
                summary=summary,
                stored_at=tx.now,
                news_at=tx.now,
                story_id=0,
                **more,
            ).model_dump(exclude={"id"})
            for title in titles
        ]
        ids = list((await store_articles(tx, articles)).values())
        for article_id in ids if by else ():
            tx.session.add(
                Entry(
                    source_id=by or 0,
                    guid_hash=str(article_id),
                    article_id=article_id,
                    content_hash="",
                    first_seen_at=tx.now,
                )
            )
        return ids


async def matched(storage: Storage) -> list[str]:
    async with storage.reading() as tx:
        rows = select(Article.title).where(col(Article.stage) == ArticleStage.PUBLISHED)
        return sorted(await tx.session.exec(rows))


async def stories(storage: Storage) -> list[int]:
    """Return the story of each article, in stored order."""
    async with storage.reading() as tx:
        rows = select(Article.story_id).order_by(col(Article.id))
        return list(await tx.session.exec(rows))


@pytest.fixture
async def wire(storage, clock) -> int:
    return await stored_source(storage, "Wire")


@pytest.fixture
async def daily(storage, clock) -> int:
    return await stored_source(storage, "Daily")


async def test_articles_are_grouped_the_oldest_first(storage):
    await stored(storage, "First", "Second", "Third")
    step = MatchStage(storage, "me")

    assert await step.run_once(limit=2) == 2
    assert await matched(storage) == ["First", "Second"]
    assert await step.run_once(limit=2) == 1
    assert await step.run_once(limit=2) == 0


async def test_the_round_with_the_last_articles_is_the_last(storage):
    await stored(storage, "First", "Second", "Third")
    step = MatchStage(storage, "me")

    rounds = [await step.run_once(limit=2) for _ in range(3)]

    assert rounds == [2, 1, 0]
    assert [isinstance(done, LastRound) for done in rounds] == [False, True, False]


async def test_an_article_that_arrives_while_others_are_stored_is_matched_in_the_next_round(
    storage, monkeypatch
):
    await stored(storage, "First")
    step = MatchStage(storage, "me")
    store_matches = step._store

    async def stored_later(*written: Any) -> StoredBatch | None:
        await stored(storage, "Second")
        return await store_matches(*written)

    monkeypatch.setattr(step, "_store", stored_later)
    await step.run_once()
    monkeypatch.undo()

    assert await step.run_once() == 1
    assert await matched(storage) == ["First", "Second"]


async def test_two_publishers_that_report_one_event_share_a_story(storage, wire, daily):
    await stored(storage, FIRST, by=wire)
    await stored(storage, OTHER, SECOND, by=daily)

    assert await MatchStage(storage, "me").run_once() == 3

    assert await stories(storage) == [1, 2, 1]
    async with storage.reading() as tx:
        assert {story.id for story in await tx.session.exec(select(Story))} == {1, 2}


async def test_a_second_report_of_a_publisher_is_a_chapter_of_its_own(storage, wire):
    await stored(storage, FIRST, SECOND, by=wire)

    await MatchStage(storage, "me").run_once()

    assert await stories(storage) == [1, 2]


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
async def test_the_second_reports_of_all_publishers_are_one_chapter(
    storage, clock, restarted, wire, daily
):
    step = MatchStage(storage, "me")
    await stored(storage, FIRST, by=wire)
    await stored(storage, SECOND, by=daily)
    await stored(storage, THIRD, by=wire)
    await step.run_once()
    if restarted:
        clock.turn(LEASE)
        step = MatchStage(storage, "heir")
    await stored(storage, f"{THIRD}, captain detained", by=daily)

    await step.run_once()

    assert await stories(storage) == [1, 1, 3, 3]
    async with storage.reading() as tx:
        rows = await tx.session.exec(select(Story).order_by(col(Story.id)))
        assert [(story.id, story.continues_id) for story in rows] == [(1, None), (3, 1)]


async def test_the_memory_of_stories_is_known_until_the_role_is_lost(storage, clock, wire):
    await stored(storage, FIRST, OTHER, by=wire)
    step, heir = MatchStage(storage, "me"), MatchStage(storage, "heir")
    before = step.story_memory

    await step.run_once()
    held = step.story_memory
    clock.turn(LEASE)
    await stored(storage, THIRD, by=wire)
    await heir.run_once()
    await step.run_once()

    assert before == 0
    assert held > 0
    assert step.story_memory == 0
    assert heir.story_memory > held


async def test_the_memory_of_stories_is_bounded(storage, clock, wire):
    titles = [f"{word} opens in {word}ville" for word in ("Museum", "Theatre", "Harbour", "Bank")]
    await stored(storage, *titles, by=wire)
    await MatchStage(storage, "dead").run_once()
    clock.turn(LEASE)
    await stored(storage, OTHER, by=wire)
    heir = MatchStage(storage, "heir", most_memory=2 * TYPICAL_STORY)

    await heir.run_once()

    assert heir.stories
    assert 1 <= len(heir.stories) <= 2


async def test_the_chapters_of_a_story_name_its_first(storage, wire):
    await stored(storage, FIRST, OTHER, SECOND, by=wire)
    step = MatchStage(storage, "me")
    await step.run_once()
    await stored(storage, THIRD, by=wire)

    await step.run_once()

    async with storage.reading() as tx:
        rows = await tx.session.exec(select(Story).order_by(col(Story.id)))
        assert [story.continues_id for story in rows] == [None, None, 1, 1]


async def test_a_private_source_begins_no_story_for_others(storage):
    private = await stored_source(storage, "Private", public=False)
    wire = await stored_source(storage, "Wire")
    await stored(storage, FIRST, by=private, scope=private)
    await stored(storage, SECOND, by=wire)
    await stored(storage, THIRD, by=private, scope=private)
    step = MatchStage(storage, "me")

    assert [await step.run_once() for _ in range(3)] == [1, 2, 0]

    assert await stories(storage) == [2, 2, 3]
    async with storage.reading() as tx:
        grown = await tx.session.exec(select(Story.grown).order_by(col(Story.id)))
        assert list(grown) == [0, 0]


async def test_a_process_that_takes_over_knows_the_stories_of_the_last_days(
    storage, clock, monkeypatch
):
    monkeypatch.setattr(stage, "_READ", 1)
    sources = [await stored_source(storage, name) for name in ("Wire", "Daily", "Post")]
    await stored(storage, FIRST, by=sources[0])
    await stored(storage, OTHER, SECOND, by=sources[1])
    await MatchStage(storage, "dead").run_once()
    clock.turn(LEASE)
    await stored(storage, THIRD, by=sources[2])

    assert await MatchStage(storage, "heir").run_once() == 1

    assert await stories(storage) == [1, 2, 1, 1]


async def test_after_three_days_an_event_is_news_again(storage, clock, wire, daily):
    step = MatchStage(storage, "me")
    await stored(storage, FIRST, by=wire)
    await step.run_once()
    clock.turn(timedelta(days=3) + MINUTE)
    await stored(storage, FIRST, by=daily)

    await step.run_once()

    assert await stories(storage) == [1, 2]


async def test_a_process_that_lost_its_lease_meanwhile_writes_nothing(storage, clock, wire, daily):
    mine, other = MatchStage(storage, "me"), MatchStage(storage, "other")
    await stored(storage, FIRST, by=wire)
    await mine.run_once()
    clock.turn(LEASE)
    await stored(storage, OTHER, by=daily)
    await other.run_once()
    await stored(storage, SECOND, by=daily)
    async with storage.writing() as tx:
        late = await claim_new_articles(tx, owner="me", limit=9, lease=timedelta(0))
    placed = stage.Placed({late[0].id: 1}, {}, set(), {})

    assert not await mine._store(late, placed, [])
    assert await other.run_once() == 1
    assert await stories(storage) == [1, 2, 1]


async def test_one_process_at_a_time_has_the_role(storage, clock):
    mine, other = MatchStage(storage, "me"), MatchStage(storage, "other")
    await stored(storage, "First")
    assert await mine.run_once() == 1
    await stored(storage, "Second")

    assert await other.run_once() == 0
    clock.turn(LEASE)
    assert await other.run_once() == 1
    await stored(storage, "Third")
    assert await mine.run_once() == 0


async def test_a_process_without_work_renews_its_lease(storage, clock):
    mine, other = MatchStage(storage, "me"), MatchStage(storage, "other")
    await stored(storage, "First")
    await mine.run_once()
    for _ in range(6):
        clock.turn(LEASE / 2)
        assert await mine.run_once() == 0
    await stored(storage, "Second")

    assert await other.run_once() == 0
    assert await mine.run_once() == 1


async def test_an_article_that_is_not_ready_delays_no_other(storage, clock):
    await stored(storage, "Awaited", ready_in=MINUTE)
    await stored(storage, "Later")
    step = MatchStage(storage, "me")

    assert await step.run_once() == 1
    assert await matched(storage) == ["Later"]
    clock.turn(MINUTE)
    assert await step.run_once() == 1


async def test_an_article_that_is_revised_meanwhile_has_its_story_and_is_matched_again(
    storage, monkeypatch
):
    ids = await stored(storage, "First", "Second")
    step = MatchStage(storage, "me")
    store_matches = step._store

    async def revised_before(*written: Any) -> StoredBatch | None:
        async with storage.writing() as tx:
            for article in await articles_to_revise(tx, ids[:1]):
                revise_article(tx, article, {"text": "Otherwise."})
        return await store_matches(*written)

    monkeypatch.setattr(step, "_store", revised_before)
    assert await step.run_once() == 2
    monkeypatch.undo()

    async with storage.reading() as tx:
        stages = dict((await tx.session.exec(select(Article.title, Article.stage))).all())
    assert stages == {"First": ArticleStage.GROUPED, "Second": ArticleStage.PUBLISHED}
    assert await step.run_once() == 1
    assert await stories(storage) == [1, 2]


async def test_articles_that_could_not_be_stored_are_claimed_again_at_once(storage, monkeypatch):
    await stored(storage, "First", "Second")
    step = MatchStage(storage, "me")

    async def away(*_written: Any) -> bool:
        raise ConnectionResetError

    monkeypatch.setattr(step, "_store", away)
    with pytest.raises(ConnectionResetError):
        await step.run_once()
    monkeypatch.undo()

    assert await step.run_once() == 2
    assert await matched(storage) == ["First", "Second"]


async def test_articles_of_a_process_that_was_killed_wait_no_longer_than_its_role(
    storage, clock, monkeypatch
):
    await stored(storage, "First")
    dead, heir = MatchStage(storage, "dead"), MatchStage(storage, "heir")

    async def killed(*_written: Any) -> bool:
        raise SystemExit

    monkeypatch.setattr(dead, "_store", killed)
    with pytest.raises(SystemExit):
        await dead.run_once()

    assert await heir.run_once() == 0
    clock.turn(LEASE)
    assert await heir.run_once() == 1


async def put_aside(storage: Storage) -> list[tuple[int, ArticleStage, str]]:
    async with storage.reading() as tx:
        return [(one.id, one.stage, one.error) for one in await articles_put_aside(tx, 9)]


def failing_in(where: str, patch: pytest.MonkeyPatch) -> None:
    """Let one step of the way of an article fail for the one that is called "Broken"."""
    steps: dict[str, tuple[Any, str, Callable[[Any, Any], bool]]] = {
        "placing": (Stories, "place", lambda _, article: article.title == "Broken"),
        "shaping a story": (
            Clustering,
            "_count",
            lambda _, words: any(word.text == "broken" for word in words),
        ),
        "matching": (match, "_folded_new", lambda article, _: article.title == "Broken"),
        "storing": (stage, "finish_matching", lambda _, ids: 1 in ids),
    }
    owner, name, is_broken = steps[where]
    step = getattr(owner, name)

    def failing(*given: Any, **more: Any) -> Any:
        if is_broken(*given):
            raise RecursionError
        return step(*given, **more)

    patch.setattr(owner, name, failing)


WAYS = ("placing", "shaping a story", "matching", "storing")


@pytest.mark.parametrize("where", WAYS)
async def test_an_article_that_fails_is_put_aside_and_the_others_go_on(
    storage, monkeypatch, where, wire
):
    await stored(storage, "Broken", "One", "Two", by=wire)
    step = MatchStage(storage, "me")
    failing_in(where, monkeypatch)

    with capture_logs() as logs:
        rounds = [await step.run_once() for _ in range(2)]
    await stored(storage, "Three", by=wire)
    await step.run_once()

    assert rounds == [3, 0]
    assert await matched(storage) == ["One", "Three", "Two"]
    assert await put_aside(storage) == [(1, ArticleStage.STORED, "RecursionError")]
    logged = [line["article"] for line in logs if line["event"] == "an article was put aside"]
    assert logged == [1]
    finding = judge_articles([(number, error) for number, _, error in await put_aside(storage)])
    assert (finding.code, finding.health) == ("articles.put-aside", HealthLevel.WARNING)
    assert "the first is 1 (RecursionError)" in finding.sentence


@pytest.mark.parametrize("where", WAYS)
async def test_an_article_put_aside_is_tried_again_after_a_restart(
    storage, monkeypatch, clock, where, wire
):
    await stored(storage, "Broken", by=wire)
    with monkeypatch.context() as patch:
        failing_in(where, patch)
        await MatchStage(storage, "old").run_once()
    clock.turn(LEASE)
    await stored(storage, "Two", by=wire)

    await MatchStage(storage, "new").run_once()

    assert await matched(storage) == ["Broken", "Two"]
    assert await put_aside(storage) == []


async def test_an_article_that_keeps_failing_is_tried_once_by_each_process(
    storage, monkeypatch, clock
):
    failing_in("storing", monkeypatch)
    rounds = []
    for owner in ("old", "new"):
        await stored(storage, f"Seen by {owner}")
        step = MatchStage(storage, owner)
        rounds += [[await step.run_once() for _ in range(3)]]
        clock.turn(LEASE)

    assert rounds == [[1, 0, 0], [2, 0, 0]]
    assert [article_id for article_id, *_ in await put_aside(storage)] == [1]
    assert await matched(storage) == ["Seen by new"]


async def test_a_story_that_cannot_be_remembered_stops_no_article(
    storage, monkeypatch, clock, wire
):
    await stored(storage, "Broken", "One", by=wire)
    await MatchStage(storage, "old").run_once()
    clock.turn(LEASE)
    remember = Stories.remember

    def remembered(self: Stories, article: Any) -> None:
        if article.title == "Broken":
            raise RecursionError
        remember(self, article)

    monkeypatch.setattr(Stories, "remember", remembered)
    await stored(storage, "Two", by=wire)

    assert await MatchStage(storage, "new").run_once() == 1


# Public articles first.


async def test_public_articles_are_grouped_before_private_ones(storage, wire):
    private = await stored_source(storage, "Private", public=False)
    await stored(storage, *(f"Own {n}" for n in range(PRIVATE_AT_ONCE + 5)), scope=private)
    step = MatchStage(storage, "me")
    await stored(storage, "Public", by=wire)

    rounds = [await step.run_once() for _ in range(4)]

    assert rounds == [1, PRIVATE_AT_ONCE, 5, 0]


async def test_a_public_article_waits_for_one_batch_of_private_ones_at_most(storage, wire):
    private = await stored_source(storage, "Private", public=False)
    await stored(storage, *(f"Own {n}" for n in range(3 * PRIVATE_AT_ONCE)), scope=private)
    step = MatchStage(storage, "me")
    await step.run_once()
    await stored(storage, "Public", by=wire)

    await step.run_once()

    assert "Public" in await matched(storage)


async def test_private_sources_take_turns(storage):
    flood = await stored_source(storage, "Flood", public=False)
    calm = await stored_source(storage, "Calm", public=False)
    await stored(storage, *(f"Flood {n}" for n in range(3 * PRIVATE_AT_ONCE)), scope=flood)
    await stored(storage, "Calm", scope=calm)
    step = MatchStage(storage, "me")

    await step.run_once()
    await step.run_once()

    assert "Calm" in await matched(storage)


async def test_matches_of_private_articles_are_stored_as_far_as_the_budget_goes(storage):
    newsroom = Newsroom(storage)
    ann = await newsroom.chat(1)
    own = await newsroom.source("Own", public=False)
    wire = await newsroom.source("Wire")
    async with storage.writing() as tx:
        await follow(tx, ann, own)
    for title, by, scope in ((FIRST, own, own), (SECOND, own, own), (THIRD, wire, PUBLIC)):
        await stored(storage, title, by=by, scope=scope)
    await subscribe(storage, ann, "ferry")
    grouping = MatchStage(storage, "me", budgets=replace(USUAL, matches=1))

    while await grouping.run_once():  # public articles first, then the others
        pass

    async with storage.reading() as tx:
        matched = set(await tx.session.exec(select(Match.article_id)))
        (paid,) = await tx.session.exec(select(Usage))
    assert matched == {1, 3}
    assert (paid.kind, paid.used) == (UsageKind.MATCHES, 1)
