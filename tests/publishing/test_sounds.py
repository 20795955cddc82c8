"""Silent and loud alerts, their pictures and hashtags, and bursts that become one list."""

from datetime import timedelta

import pytest

from storage.bundles import Bundle
from storage.enums import DeliveryKind, Mode, MuteKind, Sound
from storage.mutes import MuteSubject, store_mute
from storage.outbox import Delivery
from storage.stories import Story
from storage.subscriptions import Subscription

MINUTE = timedelta(minutes=1)
PICTURE = "https://wire.example/crane.jpg"
NIGHT = {"quiet_from": 20 * 60, "quiet_to": 7 * 60}  # the clock stands at 21:00 in Tokyo


@pytest.fixture
async def source(newsroom) -> int:
    return int(await newsroom.source())


@pytest.fixture
async def query(newsroom) -> int:
    return int(await newsroom.query("words"))


@pytest.fixture
def alerted(newsroom, source, query, publishing, clock):
    """Return a function that stores articles a minute later, and sends alerts about them."""

    async def publish(*titles, queries=None, **more):
        clock.turn(MINUTE)
        for title in titles:
            await newsroom.article(title, *(queries or (query,)), source_id=source, **more)
        await publishing.alerts()

    return publish


async def silent(newsroom) -> list[bool]:
    return [row.silent for row in await newsroom.all(Delivery)]


@pytest.mark.parametrize(
    ("sound", "is_silent"),
    [(Sound.NORMAL, False), (Sound.SILENT, True), (Sound.LOUD, False)],
)
async def test_an_alert_has_the_sound_of_its_topic(alerted, newsroom, query, sound, is_silent):
    await newsroom.reader(query)
    await newsroom.change(Subscription, 1, sound=sound)

    await alerted("A headline")

    assert await silent(newsroom) == [is_silent]


async def test_an_alert_of_a_silent_and_another_topic_makes_a_sound(alerted, newsroom, query):
    chat = await newsroom.reader(query)
    other = await newsroom.query("headline")
    await newsroom.subscribe(chat, other, "Other", Mode.INSTANT)
    await newsroom.change(Subscription, 1, sound=Sound.SILENT)

    await alerted("A headline", queries=(query, other))

    assert await silent(newsroom) == [False]


async def test_alerts_of_a_silent_publisher_make_no_sound(
    alerted, newsroom, query, source, storage
):
    chat = await newsroom.reader(query)
    async with storage.writing() as tx:
        await store_mute(tx, chat, MuteSubject(MuteKind.SILENT, source), None)

    await alerted("A headline")

    assert await silent(newsroom) == [True]


async def test_alerts_of_a_loud_topic_come_in_quiet_hours(alerted, newsroom, query):
    await newsroom.reader(query, **NIGHT)
    await alerted("One")
    await newsroom.change(Subscription, 1, sound=Sound.LOUD)

    await alerted("Two")

    (row,) = await newsroom.all(Delivery)
    assert "Two" in row.body["text"]
    assert len(await newsroom.all(Bundle)) == 1


async def test_a_bundle_of_silent_topics_makes_no_sound(
    alerted, newsroom, query, publishing, clock
):
    await newsroom.reader(query, **NIGHT)
    await newsroom.change(Subscription, 1, sound=Sound.SILENT)
    await alerted("One", "Two")

    clock.turn(timedelta(hours=12))
    await publishing.bundles()

    assert await silent(newsroom) == [True]


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_an_alert_shows_the_picture_if_the_chat_wants_it(alerted, newsroom, query, is_wanted):
    await newsroom.reader(query, alert_pictures=is_wanted)

    await alerted("A headline", picture_url=PICTURE)

    (row,) = await newsroom.all(Delivery)
    assert row.body.get("preview") == (PICTURE if is_wanted else None)


async def test_an_alert_ends_with_hashtags_if_the_chat_wants_them(alerted, newsroom, query):
    await newsroom.reader(query, name="Central banks", hashtags=True)
    await newsroom.reader(query, name="Central banks", telegram_id=8)

    await alerted("A headline")

    first, second = [row.body["text"] for row in await newsroom.all(Delivery)]
    assert first.endswith("\n\n#CentralBanks")
    assert "#" not in second


async def test_a_burst_of_one_topic_becomes_a_list(alerted, newsroom, query, publishing, clock):
    await newsroom.reader(query, name="Taiwan", alerts_an_hour=20)
    await alerted("Headline 0")
    for number in range(1, 10):
        clock.turn(timedelta(seconds=10))
        await newsroom.article(f"Headline {number}", query, source_id=1)
        await publishing.alerts()

    clock.turn(5 * MINUTE)
    await publishing.bundles()

    rows = await newsroom.all(Delivery)
    assert [row.kind for row in rows] == [DeliveryKind.ALERT] * 4 + [DeliveryKind.BUNDLE]
    assert rows[-1].body["text"].startswith("6 stories on Taiwan\n")


async def test_alerts_of_several_topics_are_no_burst(newsroom, source, publishing, clock):
    chat = await newsroom.chat(alerts_an_hour=20)
    clock.turn(MINUTE)
    for number in range(3):
        query = await newsroom.query(f"words{number}")
        await newsroom.subscribe(chat, query, f"Topic {number}", Mode.INSTANT)
    clock.turn(MINUTE)
    for number in range(6):
        await newsroom.article(f"Headline {number}", 1 + number % 3, source_id=source)
    await publishing.alerts()

    assert len(await newsroom.all(Delivery)) == 6


FERRY = (
    "A ferry with 120 passengers sank off the coast of Luzon on Monday after words were "
    "exchanged between two captains about the weather."
)
LATER = (
    "Rescuers said on Tuesday that 31 people had died in the sinking. "
    "The owner of the ferry, Maria Santos, was arrested at the airport of Manila. Words failed her."
)


async def test_an_alert_tells_the_lead_above_the_passage(alerted, newsroom, storage):
    query = await newsroom.query("captains")
    await newsroom.reader(query, name="Captains")
    lead = "A bank in Osaka said on Monday that it would close forty branches by the spring."
    text = f"{lead} " + "Nobody was surprised. " * 20 + "Two captains of industry objected to it."

    await alerted("Osaka bank to close branches", queries=(query,), text=text)

    (row,) = await newsroom.all(Delivery)
    told, passage = row.body["text"].index(lead), row.body["text"].index("Two captains")
    assert told < passage


async def test_a_lead_that_matched_is_shown_once(alerted, newsroom, query):
    await newsroom.reader(query)

    await alerted("Ferry sinks off Luzon", text=FERRY)

    (row,) = await newsroom.all(Delivery)
    assert row.body["text"].count("A ferry with 120 passengers") == 1


async def test_a_follow_up_tells_what_it_adds(alerted, newsroom, query, publishing, clock):
    await newsroom.reader(query)
    await alerted("Ferry sinks off Luzon", text=FERRY)
    clock.turn(MINUTE)
    later = await newsroom.article("Owner of ferry arrested", query, source_id=1, text=LATER)
    await newsroom.change(Story, later, continues_id=1)
    await publishing.alerts()

    first, second = [row.body["text"] for row in await newsroom.all(Delivery)]
    assert "New:" not in first
    assert "New: " in second


async def test_an_edit_keeps_what_a_follow_up_told(alerted, newsroom, query, publishing, clock):
    await newsroom.reader(query)
    await alerted("Ferry sinks off Luzon", text=FERRY)
    clock.turn(MINUTE)
    later = await newsroom.article("Owner of ferry arrested", query, source_id=1, text=LATER)
    await newsroom.change(Story, later, continues_id=1)
    await publishing.alerts()
    other = await newsroom.source("Example Times")
    await newsroom.carries(other, later)
    await newsroom.grows(later)
    await publishing.edits()

    *_, second, edit = [row.body["text"] for row in await newsroom.all(Delivery)]
    assert "also Example Times" in edit
    assert second.split("\n")[1].startswith("New: ")
    assert edit.split("\n")[1] == second.split("\n")[1]
