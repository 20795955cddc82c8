import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.publishing import digests
from bot.publishing.contents import load_digests
from storage import editions
from storage.articles import Article
from storage.chats import Chat
from storage.editions import EditionStory
from storage.enums import (
    ChatKind,
    ChatState,
    DeliveryKind,
    DeliveryState,
    EmptyDay,
    Layout,
    Mode,
    Style,
)
from storage.outbox import Delivery
from storage.subscriptions import Subscription
from tests.publishing.stages import Stages
from tests.story.processes import PATIENCE

# The clock stands at Monday noon, UTC; eight o'clock in Tokyo is 23:00 UTC.
DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
QUIET = "Nothing new on My words since yesterday.\nNext: tomorrow at 08:00, Tokyo time."


@pytest.fixture
async def subscribed(newsroom):
    """Return the query of a chat whose digest is due tonight, and a source."""
    source, query = await newsroom.source(), await newsroom.query("words")
    chat = await newsroom.chat(next_digest_at=DUE)
    await newsroom.subscribe(chat, query, "My words", Mode.DIGEST)
    return query, source


@pytest.fixture
def news(newsroom, subscribed):
    """Return a function that stores an article which the chat's query matches."""
    query, source = subscribed

    async def store(title="A headline", **more):
        return await newsroom.article(title, query, **{"source_id": source} | more)

    return store


@pytest.fixture
def digest(publishing, newsroom, subscribed, clock):
    """Return a function that makes the digests due at a time, and returns the outbox's texts."""

    async def texts(at=DUE):
        clock.now = at
        await publishing.digests()
        return await newsroom.texts()

    return texts


async def test_a_chat_gets_its_digest_when_it_is_due(news, publishing, newsroom, clock):
    await news()
    clock.now = DUE

    done = await publishing.digests()

    (edition,), (delivery,) = await newsroom.editions(), await newsroom.all(Delivery)
    (chat,), (sent,) = await newsroom.all(Chat), await newsroom.all(EditionStory)
    assert done == 1
    assert (edition.local_date, edition.stories) == (date(2026, 3, 3), 1)
    assert (sent.chat_id, sent.story_id, sent.edition_id) == (1, 1, 1)
    assert (delivery.edition_id, delivery.part, delivery.kind) == (1, 1, DeliveryKind.EDITION)
    assert delivery.body["text"].startswith(
        "A headline\n\nTuesday, 3 March · 1 story from 1 publisher, 1 minute"
    )
    assert "My words · 1 story\n\n• A headline · Example Wire · Mon 21:00" in delivery.body["text"]
    assert "Words on A headline." in delivery.body["text"]
    assert delivery.body["text"].endswith(
        "That is all: 1 story from 1 publisher, about 1 minute. "
        "Next: tomorrow at 08:00, Tokyo time."
    )
    assert (chat.next_digest_at, chat.owner) == (DUE + DAY, None)


@pytest.mark.parametrize(
    ("second", "title", "publishers"),
    [
        pytest.param(
            "feeds.times.example", "Times World", "1 story from 1 publisher", id="of the same site"
        ),
        pytest.param(
            "daily.example",
            "Daily Sample",
            "1 story from 2 publishers",
            id="a feed of another site",
        ),
        pytest.param(
            "feeds.example", "Example Times - World", "1 story from 1 publisher", id="of one name"
        ),
    ],
)
async def test_two_feeds_of_one_site_are_one_publisher(
    digest, newsroom, subscribed, second, title, publishers
):
    query, _ = subscribed
    site = await newsroom.source("Example Times", host="www.times.example")
    section = await newsroom.source(title, host=second)
    article = await newsroom.article("A headline", query, source_id=site)
    await newsroom.carries(section, article)

    (text,) = await digest()

    assert publishers in text


async def test_a_digest_in_a_channel_has_no_buttons(news, digest, newsroom):
    """Buttons would act for all readers of the channel."""
    await newsroom.change(Chat, 1, kind=ChatKind.CHANNEL)
    for number in range(9):
        await news(f"Headline {number}")
    await digest()

    (delivery,) = await newsroom.all(Delivery)
    assert "• Headline 0 · Example Wire" in delivery.body["text"]
    assert delivery.body["keyboard"] == []


async def test_a_new_bot_compares_no_weeks(news, digest):
    """Feeds still list some of last week's news, but not all of it."""
    for days in (0, 0, 0, 0, 0, 9, 13):
        await news(f"A headline of {days} days ago", ago=days * DAY)

    (text,) = await digest()

    assert "week" not in text
    assert "7\u00a0days" not in text


async def test_no_digest_is_made_before_it_is_due(publishing, newsroom, subscribed, clock):
    clock.now = DUE - timedelta(seconds=1)

    assert await publishing.digests() == 0
    assert await newsroom.editions() == []


async def test_no_story_is_sent_twice(news, digest, clock):
    await news("First")
    await digest()
    clock.turn(HOUR)
    await news("Second")

    first, second = await digest(DUE + DAY)

    assert "First" in first
    assert "Second" in second
    assert "First" not in second


async def test_each_chat_of_a_round_gets_the_stories_that_are_new_to_it(
    news, publishing, newsroom, subscribed, clock
):
    query, _source = subscribed
    clock.now = DUE + HOUR
    await news("First")
    await publishing.digests()
    late = await newsroom.chat(8, next_digest_at=DUE + DAY)
    await newsroom.subscribe(late, query, "My words", Mode.DIGEST)
    clock.turn(HOUR)
    await news("Second")
    clock.now = DUE + DAY

    assert await publishing.digests() == 2

    _, *texts = await newsroom.texts()
    assert sorted(("First" in text, "Second" in text) for text in texts) == [
        (False, True),
        (True, True),
    ]


async def test_a_failing_draft_does_not_stop_the_others(
    news, publishing, newsroom, subscribed, clock, monkeypatch
):
    query, _source = subscribed
    other = await newsroom.chat(8, next_digest_at=DUE)
    await newsroom.subscribe(other, query, "My words", Mode.DIGEST)
    await news()
    clock.now = DUE
    made = editions.make_editions

    async def refusing(tx, drafts):
        if any(row["chat_id"] == other for row, _ in drafts):
            raise IntegrityError("INSERT", {}, ValueError("its story is gone"))
        return await made(tx, drafts)

    monkeypatch.setattr(digests, "make_editions", refusing)
    await publishing.digests()

    assert [edition.chat_id for edition in await newsroom.editions()] == [1]


async def test_stories_matched_late_are_in_the_next_edition(news, digest, clock):
    await digest()
    clock.turn(HOUR)
    await news("Slow", ago=2 * HOUR)

    assert "Slow" in (await digest(DUE + DAY))[0]


async def test_stories_committed_late_are_in_the_next_edition(digest, newsroom, subscribed, clock):
    query, source = subscribed
    clock.now = DUE - timedelta(seconds=20)
    slow = await newsroom.article("Slow", source_id=source)
    await digest()
    clock.now = DUE - timedelta(seconds=10)  # the time of a transaction that commits later
    await newsroom.match(slow, query)

    assert ["Slow" in text for text in await digest(DUE + DAY)] == [True]


async def test_only_the_newest_matches_of_a_query_are_read(digest, news, clock, monkeypatch):
    monkeypatch.setattr(editions, "MOST_FOUND", 2)
    clock.now = DUE
    for hours in (3, 1, 2):
        await news(f"{hours} hours ago", ago=hours * HOUR)

    (text,) = await digest()

    assert [f"{hours} hours ago" in text for hours in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize(
    ("ago", "sent"),
    [
        pytest.param(5 * HOUR, True, id="published within the edition's reach"),
        pytest.param(30 * HOUR, False, id="older than the first edition reaches"),
    ],
)
async def test_backlog_is_listed_only_if_it_is_recent(digest, news, clock, ago, sent):
    clock.now = DUE
    await news("Backlog", ago=ago, quiet=True)

    assert any("Backlog" in text for text in await digest()) is sent


async def test_alerted_stories_are_one_folded_line(digest, news, publishing, newsroom, clock):
    await newsroom.change(Subscription, 1, mode=Mode.BOTH)
    clock.turn(HOUR)
    await news("Alerted")
    await publishing.alerts()

    _, text = await digest()

    assert "Nothing new beyond your alerts." in text
    assert "Alerted earlier:\n• Alerted" in text


async def test_an_expired_alert_is_listed_as_news(news, digest, publishing, newsroom, clock):
    await newsroom.change(Subscription, 1, mode=Mode.BOTH)
    clock.turn(HOUR)
    await news("Expired")
    await publishing.alerts()
    await newsroom.change(Delivery, 1, state=DeliveryState.EXPIRED)

    assert "• Expired · Example Wire" in (await digest())[1]


@pytest.mark.parametrize(
    ("empty_day", "texts"),
    [
        pytest.param(EmptyDay.SKIP, [], id="nothing"),
        pytest.param(EmptyDay.LINE, [QUIET], id="one line"),
        pytest.param(EmptyDay.NEAREST, [QUIET], id="nothing near: one line"),
    ],
)
async def test_an_empty_digest_is_sent_or_skipped_as_chosen(digest, newsroom, empty_day, texts):
    await newsroom.change(Chat, 1, empty_day=empty_day)

    assert await digest() == texts
    assert [chat.next_digest_at for chat in await newsroom.all(Chat)] == [DUE + DAY]


@pytest.mark.parametrize(
    ("late", "days", "says_so"),
    [
        pytest.param(5 * HOUR, [date(2026, 3, 3)], True, id="five hours late: said"),
        pytest.param(7 * HOUR, [], False, id="seven hours late: into the next"),
        pytest.param(2 * DAY + HOUR, [date(2026, 3, 5)], True, id="days late: only the last"),
    ],
)
async def test_downtime_is_caught_up(news, digest, newsroom, clock, late, days, says_so):
    await news()
    await newsroom.change(Chat, 1, empty_day=EmptyDay.LINE)
    await news("Later", ago=-late)

    said = any("late: it was due at 08:00" in text for text in await digest(DUE + late))

    assert said is says_so
    assert [edition.local_date for edition in await newsroom.editions()] == days
    assert [chat.next_digest_at > clock.now for chat in await newsroom.all(Chat)] == [True]


async def test_a_suspended_chat_waits(publishing, newsroom, subscribed, clock):
    await newsroom.change(Chat, 1, state=ChatState.BLOCKED)
    clock.now = DUE

    assert await publishing.digests() == 0


async def test_a_chat_without_a_digest_topic_is_no_longer_due(digest, newsroom):
    await newsroom.change(Subscription, 1, mode=Mode.INSTANT)
    await digest()

    assert [chat.next_digest_at for chat in await newsroom.all(Chat)] == [None]
    assert await newsroom.editions() == []


async def test_two_processes_make_one_edition(news, publishing, newsroom, storage, clock, renderer):
    await news()
    clock.now = DUE
    other = Stages(storage, renderer, "them")

    done = [await publishing.digests(), await other.digests()]
    await newsroom.change(Chat, 1, next_digest_at=DUE)
    await other.digests()

    assert done == [1, 0]
    assert len(await newsroom.editions()) == 1
    assert len(await newsroom.texts()) == 1


async def test_a_new_zone_makes_no_second_edition_of_a_date(
    news, digest, publishing, newsroom, clock
):
    await news()
    await digest()
    clock.turn(9 * HOUR)
    await newsroom.change(Chat, 1, zone="Europe/Berlin", next_digest_at=clock.now - HOUR)

    await publishing.digests()

    assert len(await newsroom.editions()) == 1
    assert [chat.next_digest_at for chat in await newsroom.all(Chat)] == [
        datetime(2026, 3, 4, 7, tzinfo=UTC)
    ]


async def test_a_long_digest_is_enqueued_in_parts(digest, newsroom, subscribed):
    source = subscribed[1]
    for number in range(8):
        query = await newsroom.query(f"words{number}")
        await newsroom.subscribe(1, query, f"Topic {number}", Mode.DIGEST)
        for one in range(3):
            title = f"Headline {number}.{one} {'long ' * 20}"
            await newsroom.article(title, query, source_id=source, text="Word after word. " * 12)
    await digest()

    rows = await newsroom.all(Delivery)
    parts = range(1, len(rows) + 1)
    assert len(rows) > 1
    assert [(row.edition_id, row.part) for row in rows] == [(1, part) for part in parts]
    assert [row.body["text"][-3:] for row in rows] == [f"{part}/{len(rows)}" for part in parts]
    assert [bool(row.body["keyboard"]) for row in rows] == [part == len(rows) for part in parts]
    assert [row.silent for row in rows] == [
        part > 1 for part in parts
    ]  # only the first part makes a sound
    assert len(await newsroom.all(Article)) == len(await newsroom.all(EditionStory)) == 24


async def test_a_chat_with_the_rich_layout_gets_one_rich_message(news, digest, newsroom):
    await news()
    await newsroom.change(Chat, 1, layout=Layout.RICH)
    await digest()

    (row,) = await newsroom.all(Delivery)
    assert row.body["text"] == "A headline"
    assert row.body["rich"].startswith("<h2>Tuesday, 3 March</h2><p>1 story")
    assert row.fallback is not None
    assert row.fallback["text"].startswith("A headline\n\nTuesday, 3 March · 1 story")


PICTURE = "https://paper.example/crane.jpg"


async def test_the_picture_of_the_first_story_is_shown_above_the_digest(news, digest, newsroom):
    await news(picture_url=PICTURE)
    await digest()

    (row,) = await newsroom.all(Delivery)
    assert row.body["preview"] == PICTURE


async def test_only_the_first_part_shows_the_picture(news, digest, newsroom):
    await newsroom.change(Chat, 1, style=Style.FULL)
    for number in range(24):
        await news(f"{number} " + "A long headline " * 15, picture_url=f"{PICTURE}?{number}")
    await digest()

    rows = sorted(await newsroom.all(Delivery), key=lambda row: row.part)
    assert len(rows) > 1
    assert ["preview" in row.body for row in rows] == [row.part == 1 for row in rows]


@pytest.mark.parametrize(
    ("article", "chat"),
    [
        pytest.param({}, {}, id="none in the article"),
        pytest.param({"picture_url": PICTURE}, {"pictures": False}, id="turned off"),
        pytest.param(
            {"picture_url": PICTURE}, {"pictures": False, "mail_pictures": True}, id="only in mails"
        ),
    ],
)
async def test_a_digest_without_a_wanted_picture_has_no_preview(
    news, digest, newsroom, article, chat
):
    await news(**article)
    if chat:
        await newsroom.change(Chat, 1, **chat)
    await digest()

    (row,) = await newsroom.all(Delivery)
    assert "preview" not in row.body


async def test_a_rich_digest_and_its_fallback_have_the_picture(news, digest, newsroom):
    await news(picture_url=PICTURE)
    await newsroom.change(Chat, 1, layout=Layout.RICH)
    await digest()

    (row,) = await newsroom.all(Delivery)
    assert row.body["preview"] == PICTURE
    assert row.fallback is not None
    assert row.fallback["preview"] == PICTURE


async def test_leases_are_renewed(
    news, publishing, newsroom, storage, renderer, clock, monkeypatch
):
    await news()
    clock.now = DUE
    lease = timedelta(seconds=0.3)
    monkeypatch.setattr(digests, "LEASE", lease)
    other = Stages(storage, renderer, "them")
    taken_over = []

    async def work_for_longer_than_a_lease(*known):
        begun = (await newsroom.all(Chat))[0].lease_until
        clock.turn(lease * 0.7)
        async with asyncio.timeout(PATIENCE):
            while (await newsroom.all(Chat))[0].lease_until <= begun:  # noqa: ASYNC110 - a row
                await asyncio.sleep(0.01)
        clock.turn(lease * 0.7)
        taken_over.append(await other.digests())
        return await load_digests(*known)

    monkeypatch.setattr(digests, "load_digests", work_for_longer_than_a_lease)

    await publishing.digests()

    assert taken_over == [0]
    assert len(await newsroom.texts()) == 1


async def test_two_feeds_in_either_order_are_one_publisher(digest, newsroom, subscribed, clock):
    query, _ = subscribed
    site = await newsroom.source("Example Times", host="www.times.example")
    section = await newsroom.source("Example Times - World", host="feeds.times.example")
    for first, second in [(site, section), (section, site)]:
        article = await newsroom.article("A headline", query, source_id=first)
        clock.turn(timedelta(minutes=1))
        await newsroom.carries(second, article)

    (text,) = await digest()

    assert "2 stories from 1 publisher" in text
