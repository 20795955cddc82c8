from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.publishing.published_feeds import read_published_feed
from bot.rendering.links import WHOLE_DIGEST, FeedKind, Links, Signer
from bot.subscribers import own_feeds
from storage.articles import Article
from storage.enums import Mode

# The clock stands at Monday noon, UTC; eight o'clock in Tokyo is 23:00 UTC.
DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
LINKS = Links("https://news.example.org", Signer(bytes(32)))
HOUR = timedelta(hours=1)
ATOM = FeedKind.ATOM


@pytest.fixture
def read(storage, renderer):
    """Return a function that reads the feed of a chat, a topic and a version."""
    return partial(read_published_feed, storage, renderer, LINKS)


@pytest.fixture
async def subscribed(newsroom, storage):
    """Return a chat, its topic, the topic's query and a public source."""
    source, query = await newsroom.source(), await newsroom.query("words")
    chat = await newsroom.chat(next_digest_at=DUE)
    topic = await newsroom.subscribe(chat, query, "My words", Mode.DIGEST)
    await own_feeds.get_feeds(storage, chat, links=LINKS)
    return chat, topic, query, source


async def test_the_feed_of_a_topic_has_its_newest_stories(read, newsroom, subscribed):
    chat, topic, query, source = subscribed
    await newsroom.article("Older", query, source_id=source, ago=2 * HOUR)
    await newsroom.article("Newer", query, source_id=source, ago=HOUR, text="These are words.")

    feed = await read(chat, topic, 1, ATOM)

    newer, older = feed.entries
    assert (newer.title, older.title) == ("Newer", "Older")
    assert newer.authors == ("Example Wire",)
    assert newer.url == "https://wire.example/2"
    assert newer.html.strip().startswith("<p>These are <b>words</b>.</p>")
    assert newer.id == "tag:news.example.org,2026:story-2"
    assert feed.title == "My words · Dateline"
    assert feed.updated == newer.updated


async def test_a_story_of_several_publishers_is_one_entry(read, newsroom, subscribed, storage):
    chat, topic, query, source = subscribed
    other = await newsroom.source("Example Times")
    await newsroom.article("First", query, source_id=source, ago=2 * HOUR)
    second = await newsroom.article("Second", query, source_id=other, ago=HOUR)
    await newsroom.change(Article, second, story_id=1)

    (entry,) = (await read(chat, topic, 1, ATOM)).entries

    assert entry.title == "First"
    assert entry.authors == ("Example Wire", "Example Times")


async def test_the_sources_of_a_user_are_in_no_feed_of_another(read, newsroom, subscribed):
    chat, topic, query, _ = subscribed
    private = await newsroom.source("Private", public=False)
    await newsroom.article("Theirs", query, source_id=private)

    assert (await read(chat, topic, 1, ATOM)).entries == ()


async def test_a_feed_holds_fifty_stories_at_most(read, newsroom, subscribed):
    chat, topic, query, source = subscribed
    for minutes in range(60):
        ago = timedelta(minutes=minutes)
        await newsroom.article(f"Title {minutes}", query, source_id=source, ago=ago)

    entries = (await read(chat, topic, 1, ATOM)).entries

    assert [entry.title for entry in entries] == [f"Title {n}" for n in range(50)]


async def test_the_digests_of_a_chat_are_a_feed(read, newsroom, subscribed, publishing, clock):
    chat, _, query, source = subscribed
    for number in range(32):
        await newsroom.article(f"Title {number}", query, source_id=source)
    clock.now = DUE
    await publishing.digests()

    feed = await read(chat, WHOLE_DIGEST, 1, ATOM)

    (entry,) = feed.entries
    assert feed.title == "Your digests · Dateline"
    assert entry.title == "Tuesday, 3 March: 32 stories"
    assert entry.url == LINKS.edition(chat, DUE.date() + timedelta(days=1), 0, DUE)
    assert entry.html.count("<li>") == 30
    assert f'<a href="{entry.url}">+2 more</a>' in entry.html
    assert entry.updated == DUE


async def test_a_feed_without_entries_was_updated_when_its_links_were_made(read, subscribed, clock):
    chat, _, _, _ = subscribed

    feed = await read(chat, WHOLE_DIGEST, 1, ATOM)

    assert (feed.entries, feed.updated) == ((), clock.now)


async def test_renewed_links_replace_the_old_ones(read, subscribed, storage):
    chat, topic, _, _ = subscribed

    await own_feeds.renew_feeds(storage, chat, links=LINKS)

    assert await read(chat, topic, 1, ATOM) is None
    assert await read(chat, topic, 2, ATOM) is not None


async def test_feeds_turned_off_are_gone_until_they_are_renewed(read, subscribed, storage):
    chat, topic, _, _ = subscribed

    await own_feeds.close_feeds(storage, chat, links=LINKS)
    off = [await read(chat, topic, version, ATOM) for version in (1, 2)]
    await own_feeds.renew_feeds(storage, chat, links=LINKS)

    assert off == [None, None]
    assert await read(chat, topic, 3, ATOM) is not None


async def test_a_feed_exists_only_on_request(read, newsroom):
    chat = await newsroom.chat()

    assert await read(chat, WHOLE_DIGEST, 1, ATOM) is None
    assert await read(chat + 1, WHOLE_DIGEST, 1, ATOM) is None


async def test_a_topic_without_a_subscription_has_no_feed(read, newsroom, subscribed):
    chat, topic, query, _ = subscribed
    other = await newsroom.chat(8)
    theirs = await newsroom.subscribe(other, query, "Theirs", Mode.DIGEST)

    assert await read(chat, theirs, 1, ATOM) is None
    assert await read(chat, topic + 100, 1, ATOM) is None
