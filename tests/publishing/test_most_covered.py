"""A weekly digest of the most covered stories, beside a daily one."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.publishing.contents import MOST_COVERED, load_made_digest
from bot.publishing.selection import SelectedStory, most_covered
from bot.subscribers import saved_stories, sent_stories, settings
from storage.articles import Article
from storage.chats import Chat, DigestTime
from storage.enums import Mode
from storage.matches import Match
from storage.schedules import EVERY_DAY

DAILY = datetime(2026, 3, 2, 23, tzinfo=UTC)  # Tuesday, 8:00 in Tokyo
WEEKLY = datetime(2026, 3, 3, 11, tzinfo=UTC)  # Tuesday, 20:00 in Tokyo
HOUR = timedelta(hours=1)


@pytest.fixture
async def chat(newsroom, storage):
    """Return a chat with a daily digest, and one of the most covered stories on Tuesdays."""
    query = await newsroom.query("words")
    chat = await newsroom.chat(next_digest_at=DAILY)
    await newsroom.subscribe(chat, query, "My words", Mode.DIGEST)
    async with storage.writing() as tx:
        await tx.add(DigestTime(chat_id=chat, number=0, minutes=480, weekdays=EVERY_DAY))
        await tx.add(
            DigestTime(chat_id=chat, number=1, minutes=1200, weekdays=0b10, most_covered=True)
        )
    wire, times = await newsroom.source("Wire"), await newsroom.source("Times")
    await newsroom.article("Big", query, source_id=wire)
    second = await newsroom.article("Big too", query, source_id=times)
    story = (await newsroom.all(Article))[0].story_id
    await newsroom.change(Article, second, story_id=story)
    for number in range(MOST_COVERED + 2):
        await newsroom.article(f"Small {number}", query, source_id=wire)
    return chat


async def test_the_most_covered_stories_come_again_in_their_own_edition(
    chat, publishing, newsroom, clock, storage
):
    clock.now = DAILY
    await publishing.digests()
    clock.now = WEEKLY
    await publishing.digests()

    daily, weekly = await newsroom.editions()
    text = (await newsroom.texts())[-1]
    assert text.startswith("Most covered this week")
    assert (daily.stories, weekly.stories) == (13, MOST_COVERED)
    assert text.index("Big") < text.index("Small")
    made = await load_made_digest(storage, chat, weekly.local_date, 1)
    assert made
    assert made.is_most_covered
    assert made.choice.stories == MOST_COVERED
    listed = await sent_stories.list_stories(storage, chat, weekly.local_date, 1)
    assert listed.total == MOST_COVERED


async def test_the_next_daily_digest_misses_nothing(chat, publishing, newsroom, clock):
    clock.now = DAILY
    await publishing.digests()
    clock.now = WEEKLY - HOUR
    (query,) = {match.query_id for match in await newsroom.all(Match)}
    await newsroom.article("Between", query, source_id=1)
    clock.now = WEEKLY
    await publishing.digests()
    clock.now = DAILY + timedelta(days=1)
    await publishing.digests()

    *_, last = await newsroom.texts()
    assert "Between" in last
    assert "1 story from 1 publisher" in last


async def test_a_story_of_it_can_be_saved(chat, publishing, newsroom, clock, storage):
    clock.now = WEEKLY
    await newsroom.change(Chat, chat, next_digest_at=WEEKLY)
    await publishing.digests()
    (edition,) = await newsroom.editions()

    await saved_stories.save(storage, chat, edition.covered[0][0])

    (saved,) = (await saved_stories.list_saved(storage, chat)).items
    assert saved.title == "Big"


async def test_only_a_weekly_digest_lists_the_most_covered(chat, storage):
    changed = await settings.set_days(storage, chat, 1, EVERY_DAY)

    assert not any(time.lists_most_covered for time in changed.plan.times)


def test_the_most_covered_are_those_of_the_most_publishers():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    stories = [
        SelectedStory(n, n, f"S{n}", "https://a.example", ("A", "B", "C")[:count], now)
        for n, count in enumerate((1, 3, 2, 1))
    ]

    assert [story.id for story in most_covered(stories, 3)] == [1, 2, 3]
