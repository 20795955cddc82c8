from datetime import UTC, datetime, timedelta

import pytest

from bot.rendering.renderer import Renderer
from bot.subscribers.errors import NotANumber, NotATime
from bot.subscribers.restraint import Restraint
from bot.subscribers.settings import ChatSettings
from storage.bundles import Bundle
from storage.chats import Chat
from storage.enums import Mode, QuietHours
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages

NIGHT = QuietHours(20 * 60, 7 * 60)  # it is 21:00 in Tokyo
MINUTE = timedelta(minutes=1)


@pytest.fixture
def restraint(storage) -> Restraint:
    return Restraint(storage)


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


async def test_quiet_hours_are_kept_and_given_up(restraint, newsroom, storage):
    chat = await newsroom.chat()

    quiet = await restraint.set_quiet(chat, NIGHT)
    loud = await restraint.set_quiet(chat, None)

    assert quiet.quiet == NIGHT
    assert loud.quiet is None
    assert await ChatSettings(storage).now(chat) == loud


async def test_what_waits_follows_the_quiet_hours(restraint, newsroom, held):
    await restraint.set_quiet(held, QuietHours(20 * 60, 8 * 60))

    assert await release_of(newsroom) == datetime(2026, 3, 2, 23, tzinfo=UTC)


async def test_without_quiet_hours_what_waits_comes_at_once(
    restraint, newsroom, storage, held, clock
):
    await restraint.set_quiet(held, None)
    await Stages(storage, Renderer(), "us").bundles()

    assert "Headline" in (await newsroom.texts())[0]


async def test_what_waits_follows_the_zone(newsroom, storage, held, clock):
    await ChatSettings(storage).set_zone(held, "Asia/Shanghai")

    assert await release_of(newsroom) == datetime(2026, 3, 2, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "hours",
    [QuietHours(0, 1440), QuietHours(-1, 60), QuietHours(60, 60), QuietHours(2**62, 0)],
)
async def test_hours_that_are_none_are_refused(restraint, newsroom, hours):
    with pytest.raises(NotATime):
        await restraint.set_quiet(await newsroom.chat(), hours)


async def test_how_many_alerts_an_hour_is_kept(restraint, newsroom):
    chat = await newsroom.chat()

    assert (await restraint.set_alerts_an_hour(chat, 20)).alerts_an_hour == 20
    assert [row.alerts_an_hour for row in await newsroom.all(Chat)] == [20]


@pytest.mark.parametrize("number", [0, -1, 61, 2**62])
async def test_a_number_that_is_none_is_refused(restraint, newsroom, number):
    with pytest.raises(NotANumber):
        await restraint.set_alerts_an_hour(await newsroom.chat(), number)
