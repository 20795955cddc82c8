"""Bundles: alerts that wait for the end of quiet hours or of a rate limit."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import select

from bot.publishing import alerts
from storage.bundles import Bundle, release_together
from storage.chats import Chat, Quota, lock_chat
from storage.enums import ChatKind, ChatState, DeliveryKind, DeliveryState, EmptyDay, Mode
from storage.outbox import Delivery
from storage.stories import Story
from storage.subscriptions import Subscription
from storage.suspension import restore_chat, suspend_chat
from tests.publishing.failing_renderer import FailingRenderer
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages

pytestmark = pytest.mark.slow

# The clock stands at Monday noon, UTC: 21:00 in Tokyo.
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MORNING = datetime(2026, 3, 2, 22, tzinfo=UTC)  # 07:00 in Tokyo
DIGEST_DUE = MORNING + HOUR
ROOM = datetime(2026, 3, 2, 13, 15, tzinfo=UTC)  # a quarter after an hour has passed
FERRY = "A ferry with 120 passengers sank off Luzon on Monday. Two captains had words about it."
LATER = (
    "Rescuers said on Tuesday that 31 people had died in the sinking off Luzon. "
    "The owner of the ferry, Maria Santos, was arrested at the airport of Manila. "
    + "Nobody was surprised. " * 20
    + "Words failed her."
)
NIGHT = {"quiet_from": 20 * 60, "quiet_to": 7 * 60}


@pytest.fixture
async def subscribed(newsroom, clock):
    """Return a chat with a limit of two alerts an hour, its query, and a source."""
    source, query = await newsroom.source(), await newsroom.query("words")
    chat = await newsroom.reader(query, name="My words", alerts_an_hour=2)
    clock.turn(MINUTE)
    return chat, query, source


@pytest.fixture
def report(publishing, newsroom, subscribed, clock):
    """Return a function that publishes stories a minute apart: `await report("One", "Two")`."""
    _, query, source = subscribed

    async def sent(*titles: str) -> None:
        for title in titles:
            await newsroom.article(title, query, source_id=source)
            await publishing.alerts()
            clock.turn(MINUTE)

    return sent


@pytest.fixture
def release(publishing, newsroom, clock):
    """Return a function that sends the bundles due at a time, and returns the outbox's texts."""

    async def texts(at):
        clock.now = at
        await publishing.bundles()
        return await newsroom.texts()

    return texts


async def test_alerts_beyond_the_limit_wait_together(report, publishing, newsroom, clock):
    await report("One", "Two", "Three", "Four")
    early = await publishing.bundles()
    clock.now = ROOM

    released = await publishing.bundles()

    (bundle,) = await newsroom.all(Bundle)
    (delivery,) = await newsroom.all(Delivery, kind=DeliveryKind.BUNDLE)
    assert (early, released) == (0, 1)
    assert (bundle.release_at, bundle.released_at, bundle.owner) == (clock.now, clock.now, None)
    assert (delivery.bundle_id, delivery.part) == (1, 1)
    assert [alert.bundle_id for alert in await newsroom.alerts()] == [None, None, 1, 1]
    assert delivery.body["text"] == (
        "2 stories on My words\n\n"
        "• Four · Example Wire · 21:04\nWords on Four.\n\n"
        "• Three · Example Wire · 21:03\nWords on Three."
    )


async def test_a_bundle_of_one_story_is_an_ordinary_alert(release, report, newsroom):
    await report("One", "Two", "Three")
    await release(ROOM)

    _, second, alone = await newsroom.all(Delivery)
    labels = [[button["text"] for button in row] for row in alone.body["keyboard"]]
    assert alone.kind is DeliveryKind.BUNDLE
    assert alone.body["text"].startswith("My words · Three\nWords on Three.\nExample Wire · ")
    assert labels == [[button["text"] for button in row] for row in second.body["keyboard"]]


@pytest.mark.parametrize("titles", [["Three"], ["Three", "Four"]], ids=["one", "two"])
async def test_a_bundle_in_a_channel_has_no_buttons(release, report, newsroom, titles):
    await newsroom.change(Chat, 1, kind=ChatKind.CHANNEL)
    await report("One", "Two", *titles)
    await release(ROOM)

    bundle = (await newsroom.all(Delivery))[-1]
    assert bundle.kind is DeliveryKind.BUNDLE
    assert bundle.body["keyboard"] == []


async def test_alerts_in_quiet_hours_wait_for_the_morning(release, report, newsroom, subscribed):
    await newsroom.change(Chat, subscribed[0], **NIGHT)
    await report("One", "Two")

    (text,) = await release(MORNING)

    assert text.startswith(
        "During your quiet hours · 2 stories\n\nMy words\n\n• Two · Example Wire · Mon"
    )


async def test_alerts_after_a_bundle_are_sent_at_once_again(release, report, newsroom):
    await report("One", "Two", "Three")
    await release(ROOM)

    await report("Four", "Five")

    texts = await newsroom.texts()
    assert len(texts) == 4
    assert "Four" in texts[3]
    assert [alert.bundle_id for alert in await newsroom.alerts()][3:] == [None, 2]


async def test_a_bundle_names_every_publisher_so_far(
    release, report, publishing, newsroom, subscribed
):
    await newsroom.change(Chat, subscribed[0], **NIGHT)
    await report("One")
    await newsroom.reported_by("Kyodo", 1)
    await publishing.edits()
    await release(MORNING)
    await newsroom.grows(1)
    await publishing.edits()

    (text,) = await newsroom.texts()
    assert text.endswith(" · also Kyodo")


async def test_each_story_is_listed_under_its_first_topic(
    release, publishing, newsroom, subscribed, clock
):
    chat, query, source = subscribed
    other, gone = await newsroom.query("harbour"), await newsroom.query("gone")
    await newsroom.subscribe(chat, other, "Other", Mode.INSTANT)
    await newsroom.subscribe(chat, gone, "Gone", Mode.INSTANT)
    await newsroom.change(Chat, chat, **NIGHT)
    clock.turn(MINUTE)
    await newsroom.article("Both", query, other, source_id=source)
    await newsroom.article("Second", other, source_id=source)
    await newsroom.article("Third", gone, source_id=source)
    await publishing.alerts()
    async with newsroom.storage.writing() as tx:
        await tx.delete(await tx.get_one(Subscription, 3))

    (text,) = await release(MORNING)

    assert text.startswith("During your quiet hours · 2 stories")
    assert "My words\n\n• Both" in text
    assert "Also in Other" in text
    assert "Other\n\n• Second" in text
    assert "Third" not in text


async def test_two_processes_send_a_bundle_once(
    report, publishing, storage, renderer, newsroom, clock
):
    await report("One", "Two", "Three")
    clock.turn(2 * HOUR)
    other = Stages(storage, renderer, "them")

    done = await asyncio.gather(publishing.bundles(), other.bundles())

    assert sum(done) == 1
    assert len(await newsroom.texts()) == 3


async def test_two_processes_keep_the_limit(newsroom, storage, renderer, subscribed):
    _, query, source = subscribed
    for number in range(6):
        await newsroom.article(f"Story {number}", query, source_id=source)
    processes = [Stages(storage, renderer, owner) for owner in ("us", "them")]

    await asyncio.gather(*(process.alerts(limit=3) for process in processes))

    assert len(await newsroom.texts()) == 2
    assert len(await newsroom.alerts()) == 6
    assert len(await newsroom.all(Bundle)) == 1


async def test_a_crash_neither_loses_nor_repeats_a_bundle(
    report, publishing, newsroom, storage, clock
):
    await report("One", "Two", "Three")
    clock.turn(2 * HOUR)

    with pytest.raises(SystemExit):
        await Stages(storage, FailingRenderer(word="Three", error=SystemExit), "crashed").bundles()
    clock.turn(2 * MINUTE)
    await publishing.bundles()
    await publishing.bundles()

    assert [text.count("My words · Three") for text in await newsroom.texts()] == [0, 0, 1]


@pytest.mark.parametrize(
    ("away", "state"),
    [
        pytest.param(2 * HOUR, DeliveryState.PENDING, id="not for long: sent"),
        pytest.param(9 * HOUR, DeliveryState.EXPIRED, id="for long: no news any more"),
    ],
)
async def test_a_bundle_waits_for_its_chat(
    report, publishing, newsroom, storage, subscribed, clock, away, state
):
    await report("One", "Two", "Three")
    async with storage.writing() as tx:
        await suspend_chat(tx, subscribed[0], ChatState.PAUSED)
    clock.turn(away)
    nothing = await publishing.bundles()
    async with storage.writing() as tx:
        await restore_chat(tx, subscribed[0])

    await publishing.bundles()

    assert nothing == 0
    assert [row.state for row in await newsroom.all(Delivery, kind=DeliveryKind.BUNDLE)] == [state]


@pytest.mark.parametrize(
    ("state", "line"),
    [
        pytest.param(DeliveryState.SENT, "Alerted earlier:\n• One", id="sent"),
        pytest.param(None, "• One · Example Wire", id="waits still"),
        pytest.param(DeliveryState.EXPIRED, "• One · Example Wire", id="expired"),
    ],
)
async def test_a_digest_counts_what_a_bundle_sent_as_alerted(
    report, publishing, newsroom, subscribed, clock, state, line
):
    await newsroom.change(Chat, subscribed[0], **NIGHT, empty_day=EmptyDay.LINE)
    await newsroom.change(Subscription, 1, mode=Mode.BOTH)
    await report("One")
    if state:
        clock.now = MORNING
        await publishing.bundles()
        await newsroom.change(Delivery, 1, state=state)
    await newsroom.change(Chat, subscribed[0], next_digest_at=MORNING + HOUR)
    clock.now = MORNING + HOUR

    await publishing.digests()

    assert line in (await newsroom.texts())[-1]


async def test_a_bundle_leaves_out_what_a_digest_listed(
    report, release, publishing, newsroom, subscribed, clock
):
    clock.now = DIGEST_DUE - 4 * MINUTE
    await newsroom.change(Chat, subscribed[0], next_digest_at=DIGEST_DUE)
    await newsroom.change(Subscription, 1, mode=Mode.BOTH)
    await report("One", "Two", "Three", "Four")
    await publishing.digests()
    await report("Five")

    texts = await release(DIGEST_DUE + 2 * HOUR)

    assert "• Three" in texts[2].partition("Alerted earlier")[0]
    assert texts[3].startswith("My words · Five\n")
    dropped = [alert.dropped for alert in await newsroom.alerts()]
    assert dropped == [False, False, True, True, False]


async def test_a_bundle_lists_a_story_of_a_digest_that_never_arrived(
    report, release, publishing, newsroom, subscribed, clock
):
    clock.now = DIGEST_DUE - 3 * MINUTE
    await newsroom.change(Chat, subscribed[0], next_digest_at=DIGEST_DUE)
    await newsroom.change(Subscription, 1, mode=Mode.BOTH)
    await report("One", "Two", "Three")
    await publishing.digests()
    await newsroom.change(Delivery, 3, state=DeliveryState.FAILED)

    assert "My words · Three" in (await release(DIGEST_DUE + 2 * HOUR))[-1]


async def test_a_story_that_a_bundle_left_out_is_news_to_the_next_digest(
    report, release, publishing, newsroom, subscribed, clock
):
    await newsroom.change(Chat, subscribed[0], **NIGHT)
    await newsroom.change(Subscription, 1, mode=Mode.BOTH)
    await report("One")
    await newsroom.mute_topic(subscribed[0], 1)
    assert await release(MORNING) == []
    await newsroom.unmute_topic(subscribed[0], 1)
    await newsroom.change(Chat, subscribed[0], next_digest_at=DIGEST_DUE)
    clock.now = DIGEST_DUE

    await publishing.digests()

    (text,) = await newsroom.texts()
    assert "• One" in text
    assert "Alerted earlier" not in text


async def test_the_most_widely_covered_story_of_a_bundle_comes_first(
    report, release, newsroom, subscribed
):
    await newsroom.change(Chat, subscribed[0], **NIGHT)
    await report("One", "Two", "Three")
    await newsroom.reported_by("Kyodo", 1)

    (text,) = await release(MORNING)

    titles = [line.split(" · ")[0] for line in text.splitlines() if line.startswith("• ")]
    assert titles == ["• One", "• Three", "• Two"]


async def cover(newsroom: Newsroom, article: int, publishers: int) -> None:
    """Let further publishers report the story of the article, up to so many."""
    for name in range(2, publishers + 1):
        source = await newsroom.source(f"Paper {article}-{name}")
        other = await newsroom.article(f"Report {name}", source_id=source)
        await newsroom.joins(other, story_id=article)


@pytest.mark.parametrize(("publishers", "is_sent"), [(3, False), (4, True)])
async def test_a_widely_covered_story_is_sent_beyond_the_limit(
    report, publishing, newsroom, subscribed, publishers, is_sent
):
    _, query, source = subscribed
    await report("One", "Two", "Three")
    article = await newsroom.article("Earthquake", query, source_id=source)
    await cover(newsroom, article, publishers)

    await publishing.alerts()

    assert ("Earthquake" in (await newsroom.texts())[-1]) is is_sent


@pytest.mark.parametrize(("publishers", "is_sent"), [(3, False), (4, True)])
async def test_a_waiting_alert_is_sent_once_its_story_is_widely_covered(
    report, publishing, newsroom, publishers, is_sent
):
    await report("One", "Two", "Three", "Earthquake")
    await cover(newsroom, 4, publishers)

    for _ in range(2):
        await publishing.edits()
        await publishing.bundles()

    texts = await newsroom.texts()
    assert [text.count("My words · Earthquake") for text in texts] == [0, 0] + [1] * is_sent
    assert not any("Three" in text for text in texts)


async def test_a_widely_covered_story_waits_for_the_end_of_quiet_hours(
    report, publishing, newsroom, subscribed
):
    await newsroom.change(Chat, subscribed[0], **NIGHT)
    await report("Earthquake")
    await cover(newsroom, 1, 5)

    await publishing.edits()
    await publishing.bundles()

    assert await newsroom.texts() == []


async def test_a_widely_covered_story_does_not_break_the_daily_limit(
    report, publishing, newsroom, subscribed, storage
):
    _, query, source = subscribed
    async with storage.writing() as tx:
        await tx.add(Quota(chat_id=subscribed[0], alerts=2))
    await report("One", "Two", "Three")
    article = await newsroom.article("Earthquake", query, source_id=source)
    await cover(newsroom, article, 5)
    await cover(newsroom, 3, 5)

    await publishing.alerts()
    await publishing.edits()
    await publishing.bundles()

    assert len(await newsroom.texts()) == 2


async def test_only_the_first_stories_of_a_bundle_have_an_excerpt(report, release, monkeypatch):
    monkeypatch.setattr("bot.publishing.bundles.MOST_EXCERPTS", 1)
    await report("One", "Two", "Three", "Four")

    text = (await release(ROOM))[-1]

    assert "Words on Four." in text
    assert "Words on Three." not in text


async def test_a_late_bundle_waits_for_the_morning(
    release, report, publishing, newsroom, subscribed, clock
):
    await report("One", "Two", "Three")
    await newsroom.change(Chat, subscribed[0], **NIGHT)
    clock.now = MORNING - 2 * HOUR
    at_night = await publishing.bundles(), len(await newsroom.texts())
    await release(MORNING)

    assert at_night == (1, 2)
    assert (await newsroom.texts())[2].startswith("My words · Three\n")


async def test_waiting_bundles_are_released_as_one(
    report, publishing, newsroom, storage, subscribed
):
    await report("One", "Two", "Three")
    await newsroom.change(Chat, subscribed[0], **NIGHT)
    await report("Four")
    assert len(await newsroom.all(Bundle)) == 2
    async with storage.writing() as tx:
        await lock_chat(tx, subscribed[0])
        await release_together(tx, subscribed[0], tx.now, is_quiet=False)
    await newsroom.change(Chat, subscribed[0], quiet_from=None, quiet_to=None)

    await publishing.bundles()

    assert len(await newsroom.all(Bundle)) == 1
    assert (await newsroom.texts())[-1].startswith("2 stories on My words")


async def test_a_released_bundle_takes_no_more_alerts(report, newsroom, storage, subscribed):
    await report("One", "Two", "Three")
    async with storage.writing() as tx:
        bundle = await tx.one(select(Bundle))
        bundle.released_at = tx.now

    await report("Four")

    assert "Four" in (await newsroom.texts())[-1]


async def test_alerts_of_many_chats_are_postponed_page_by_page(
    publishing, newsroom, clock, monkeypatch
):
    monkeypatch.setattr(alerts, "TOPICS_PER_PAGE", 2)
    source, query = await newsroom.source(), await newsroom.query("words")
    for number in range(5):
        await newsroom.reader(query, number, **(NIGHT if number % 2 else {}))
    clock.turn(MINUTE)
    await newsroom.article("A headline", query, source_id=source)

    await publishing.alerts()

    assert [alert.bundle_id is None for alert in await newsroom.alerts()] == [
        True, False, True, False, True,
    ]  # fmt: skip
    assert len(await newsroom.texts()) == 3


async def test_a_bundle_counts_the_stories_that_it_does_not_list(report, release, monkeypatch):
    monkeypatch.setattr("bot.publishing.bundles.MOST_LISTED", 2)
    await report("One", "Two", "Three", "Four", "Five", "Six")

    text = (await release(ROOM))[-1]

    assert text.startswith("4 stories on My words\n")
    assert "Six" in text
    assert "Four" not in text
    assert text.endswith("+2 more")


async def test_a_long_bundle_shows_five_stories_and_folds_the_others(report, release, newsroom):
    titles = [f"Story {number}" for number in range(1, 11)]
    await report(*titles)

    await release(ROOM)

    message = (await newsroom.all(Delivery))[-1].body
    (fold,) = [each for each in message["entities"] if each["type"] == "expandable_blockquote"]
    start, length = fold["offset"], fold["length"]
    folded, shown = message["text"][start : start + length], message["text"][:start]
    assert re.findall(r"Story \d+", folded) == [f"Story {number}" for number in (5, 4, 3)]
    assert re.findall(r"• (Story \d+)", shown) == [f"Story {number}" for number in range(10, 5, -1)]
    assert "Words on" not in folded


async def test_a_bundle_of_six_stories_folds_none(report, release, newsroom):
    await report(*(f"Story {number}" for number in range(1, 9)))

    await release(ROOM)

    message = (await newsroom.all(Delivery))[-1].body
    assert message["text"].count("• Story") == 6


async def test_a_bundle_tells_what_a_follow_up_adds(
    report, release, newsroom, subscribed, publishing
):
    _, query, source = subscribed
    await newsroom.article("Ferry sinks off Luzon", query, source_id=source, text=FERRY)
    await publishing.alerts()
    await report("Other", "Another")
    story = await newsroom.article("Owner of ferry arrested", query, source_id=source, text=LATER)
    await newsroom.change(Story, story, continues_id=1)
    await publishing.alerts()

    text = (await release(ROOM))[-1]

    assert "Update: Owner of ferry arrested" in text
    assert "\nNew: " in text
    assert "Words failed her." in text


async def test_alerts_beyond_the_daily_limit_wait(
    report, publishing, newsroom, subscribed, storage, clock
):
    async with storage.writing() as tx:
        await tx.add(Quota(chat_id=subscribed[0], alerts=2))
    await report("One", "Two")
    clock.turn(2 * HOUR)  # the hourly limit allows alerts again, the daily one does not
    await report("Three", "Four")

    (bundle,) = await newsroom.all(Bundle)
    clock.now = bundle.release_at

    assert bundle.release_at == datetime(2026, 3, 3, 12, 15, tzinfo=UTC)
    assert [alert.bundle_id for alert in await newsroom.alerts()] == [None, None, 1, 1]
    assert await publishing.bundles() == 1


async def test_a_chat_may_have_its_own_daily_limit(newsroom, subscribed, storage, renderer, clock):
    chat, query, source = subscribed
    limited = Stages(storage, renderer, a_day=1)

    async def send(title: str) -> list[bool]:
        """Return the chat's alerts that were sent at once."""
        await newsroom.article(title, query, source_id=source)
        await limited.alerts()
        clock.turn(MINUTE)
        return [alert.bundle_id is None for alert in await newsroom.alerts()]

    assert [await send("One"), await send("Two")] == [[True], [True, False]]
    async with storage.writing() as tx:
        await tx.add(Quota(chat_id=chat, alerts=0))
        await tx.change(delete(Bundle))  # otherwise later alerts would join it
    assert await send("Three") == [True, True]
