from datetime import timedelta

import pytest

from bot.publishing.calendar import Plan
from bot.subscribers.refusals import NotAZone
from bot.subscribers.schedule import Schedule
from bot.subscribers.settings import ChatSettings
from storage.words import EmptyDay, Mode


@pytest.fixture
def settings(storage) -> ChatSettings:
    return ChatSettings(storage)


@pytest.fixture
async def chat_id(watching, arrive) -> int:
    chat_id: int = await arrive()
    await watching.watch_words(chat_id, "Taiwan", Mode.BOTH)
    return chat_id


async def test_settings_as_they_begin(settings, chat_id, clock):
    now = await settings.now(chat_id)

    assert now.plan == Plan("Asia/Tokyo")
    assert now.zone_guessed
    assert not now.is_paused
    assert now.topics == 1
    assert now.next_at == clock.now + timedelta(hours=11)


async def test_another_zone_moves_the_next_digest_and_is_no_guess(settings, chat_id, clock):
    changed = await settings.set_zone(chat_id, "America/New_York")

    assert not changed.zone_guessed
    assert changed.next_at == clock.now + timedelta(hours=1)
    assert await settings.now(chat_id) == changed


@pytest.mark.parametrize("zone", ["", "Asia/Atlantis", "../etc/passwd", "\0"])
async def test_a_zone_that_is_none_is_refused(settings, chat_id, zone):
    with pytest.raises(NotAZone):
        await settings.set_zone(chat_id, zone)


async def test_an_empty_day_is_told_if_wanted(settings, chat_id):
    assert (await settings.set_empty_day(chat_id, EmptyDay.LINE)).empty_day is EmptyDay.LINE
    assert (await settings.now(chat_id)).empty_day is EmptyDay.LINE


async def test_resuming_waits_for_the_next_digest(settings, chat_id, clock):
    paused = await settings.pause(chat_id)
    clock.turn(timedelta(days=5))
    resumed = await settings.resume(chat_id)

    assert paused.is_paused
    assert not resumed.is_paused
    assert resumed.next_at == clock.now + timedelta(hours=11)


async def test_pausing_twice_is_pausing(settings, chat_id):
    await settings.pause(chat_id)

    assert (await settings.pause(chat_id)).is_paused


async def test_a_time_changed_during_a_pause_leaves_it_paused(settings, storage, chat_id):
    await settings.pause(chat_id)

    assert (await Schedule(storage).set_time(chat_id, 600)).is_paused
