from datetime import UTC, datetime, timedelta

import pytest

from bot.rendering.renderer import Renderer
from bot.subscribers import restraint, settings
from bot.subscribers.errors import NotANumber, NotATime
from storage.bundles import Bundle
from storage.chats import Chat
from storage.enums import Mode, QuietHours
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages

NIGHT = QuietHours(20 * 60, 7 * 60)  # it is 21:00 in Tokyo
MINUTE = timedelta(minutes=1)


@pytest.fixture
def newsroom(storage) -> Newsroom:
    return Newsroom(storage)


@pytest.fixture
async def held(storage, newsroom, clock) -> int:
    """Return a chat for which an alert waits for the night to end."""
    chat: int = await newsroom.chat(quiet_from=NIGHT.start, quiet_to=NIGHT.end)
    query = await newsroom.query("words")
    await newsroom.subscribe(chat, query, "Words", Mode.INSTANT)
    clock.turn(MINUTE)
    await newsroom.article("Headline", query, source_id=await newsroom.source())
    await Stages(storage, Renderer(), "us").alerts()
    return chat


async def release_of(newsroom: Newsroom) -> datetime:
    (bundle,) = await newsroom.all(Bundle)
    return bundle.release_at


async def test_quiet_hours_are_kept_and_given_up(newsroom, storage):
    chat = await newsroom.chat()

    quiet = await restraint.set_quiet_hours(storage, chat, NIGHT)
    loud = await restraint.set_quiet_hours(storage, chat, None)

    assert quiet.quiet == NIGHT
    assert loud.quiet is None
    assert await settings.get_settings(storage, chat) == loud


async def test_what_waits_follows_the_quiet_hours(newsroom, held, storage):
    await restraint.set_quiet_hours(storage, held, QuietHours(20 * 60, 8 * 60))

    assert await release_of(newsroom) == datetime(2026, 3, 2, 23, tzinfo=UTC)


async def test_without_quiet_hours_what_waits_comes_at_once(newsroom, storage, held, clock):
    await restraint.set_quiet_hours(storage, held, None)
    await Stages(storage, Renderer(), "us").bundles()

    assert "Headline" in (await newsroom.texts())[0]


async def test_what_waits_follows_the_zone(newsroom, storage, held, clock):
    await settings.set_zone(storage, held, "Asia/Shanghai")

    assert await release_of(newsroom) == datetime(2026, 3, 2, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "hours",
    [QuietHours(0, 1440), QuietHours(-1, 60), QuietHours(60, 60), QuietHours(2**62, 0)],
)
async def test_hours_that_are_none_are_refused(newsroom, hours, storage):
    with pytest.raises(NotATime):
        await restraint.set_quiet_hours(storage, await newsroom.chat(), hours)


async def test_how_many_alerts_an_hour_is_kept(newsroom, storage):
    chat = await newsroom.chat()

    assert (await restraint.set_alerts_per_hour(storage, chat, 20)).alerts_an_hour == 20
    assert [row.alerts_an_hour for row in await newsroom.all(Chat)] == [20]


@pytest.mark.parametrize("number", [0, -1, 61, 2**62])
async def test_a_number_that_is_none_is_refused(newsroom, number, storage):
    with pytest.raises(NotANumber):
        await restraint.set_alerts_per_hour(storage, await newsroom.chat(), number)
