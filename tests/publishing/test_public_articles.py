"""A private article becomes public: chats that were told of it are not told again."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.article_merges import make_public, move_reports
from storage.articles import Article
from storage.chats import Chat
from storage.editions import EditionStory, alerted_before, listed_before
from storage.enums import ArticleStage, Mode
from storage.sources import Follow
from tests.publishing.newsroom import Newsroom

MORNING = datetime(2026, 3, 2, 23, tzinfo=UTC)  # 08:00 in Tokyo
HOUR = timedelta(hours=1)
PRIVATE, PROVISIONAL, PUBLIC = 1, 2, 3  # stories


@pytest.fixture
async def become_public(newsroom: Newsroom, clock, storage):
    """Store a private article; return a function that makes it public in another story."""
    mine = await newsroom.source("Mine", public=False)
    paper, other = await newsroom.source("Paper"), await newsroom.source("Other Paper")
    query = await newsroom.query("words")
    chat = await newsroom.reader(query, mode=Mode.BOTH)
    async with storage.writing() as tx:
        await tx.add(Follow(chat_id=chat, source_id=mine))
    clock.turn(HOUR)
    await newsroom.article("Storm", query, source_id=mine, scope_id=mine)

    async def follow() -> None:
        clock.turn(HOUR)
        public = await newsroom.article("Storm", query, source_id=paper)
        await newsroom.change(Article, public, stage=ArticleStage.STORED)
        async with storage.writing() as tx:
            await make_public(tx, {1: public})
        reports = await newsroom.article("Storm, too", query, source_id=other)
        async with storage.writing() as tx:
            await move_reports(tx, {public: PUBLIC})
        await newsroom.change(Article, public, story_id=PUBLIC, stage=ArticleStage.MATCHED)
        assert (public, reports) == (2, 3)

    return follow


async def test_an_alert_to_a_private_article_counts_for_the_public_story(
    become_public, publishing, newsroom, storage
):
    await publishing.alerts()
    await become_public()
    await publishing.alerts()

    (alert,) = await newsroom.alerts()
    assert (alert.article_id, alert.story_id) == (2, PUBLIC)
    async with storage.reading() as tx:
        assert await alerted_before(tx, {1: {PUBLIC}}) == {1: {PUBLIC}}


async def test_a_digest_with_a_private_article_listed_the_public_story(
    become_public, publishing, newsroom, storage, clock
):
    await newsroom.change(Chat, 1, next_digest_at=MORNING)
    clock.now = MORNING
    await publishing.digests()
    await become_public()
    clock.now = MORNING + timedelta(days=1)

    await publishing.digests()

    (listed,) = await newsroom.all(EditionStory)
    assert (listed.article_id, listed.story_id) == (2, PUBLIC)
    async with storage.reading() as tx:
        assert (await listed_before(tx, {1: {PUBLIC}}))[1].keys() == {PUBLIC}
    assert sum("Storm" in text for text in await newsroom.texts()) == 1
