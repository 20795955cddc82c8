from datetime import UTC, date, datetime, timedelta

import pytest

from bot.publishing.calendar import Plan
from bot.rendering.renderer import Renderer
from bot.subscribers import schedule, settings, watching
from bot.subscribers.errors import NotADate, NotAZone
from bot.subscribers.limits import USUAL_LIMITS
from storage.enums import EmptyDay, Mode
from tests.publishing.stages import Stages


@pytest.fixture
async def chat_id(arrive, storage) -> int:
    chat_id: int = await arrive()
    await watching.subscribe(storage, chat_id, "Taiwan", Mode.BOTH, limits=USUAL_LIMITS)
    return chat_id


async def test_settings_as_they_begin(chat_id, clock, storage):
    now = await settings.get_settings(storage, chat_id)

    assert now.plan == Plan("Asia/Tokyo")
    assert now.zone_guessed
    assert not now.is_paused
    assert now.topics == 1
    assert now.next_at == clock.now + timedelta(hours=11)


async def test_another_zone_moves_the_next_digest_and_is_no_guess(chat_id, clock, storage):
    changed = await settings.set_zone(storage, chat_id, "America/New_York")

    assert not changed.zone_guessed
    assert changed.next_at == clock.now + timedelta(hours=1)
    assert await settings.get_settings(storage, chat_id) == changed


@pytest.mark.parametrize("zone", ["", "Asia/Atlantis", "../etc/passwd", "\0"])
async def test_a_zone_that_is_none_is_refused(chat_id, zone, storage):
    with pytest.raises(NotAZone):
        await settings.set_zone(storage, chat_id, zone)


async def test_an_empty_day_is_told_if_wanted(chat_id, storage):
    assert (
        await settings.set_empty_day(storage, chat_id, EmptyDay.LINE)
    ).empty_day is EmptyDay.LINE
    assert (await settings.get_settings(storage, chat_id)).empty_day is EmptyDay.LINE


async def test_resuming_waits_for_the_next_digest(chat_id, clock, storage):
    paused = await settings.pause(storage, chat_id)
    clock.turn(timedelta(days=5))
    resumed = await settings.resume(storage, chat_id)

    assert paused.is_paused
    assert not resumed.is_paused
    assert resumed.next_at == clock.now + timedelta(hours=11)


async def test_pausing_twice_is_pausing(chat_id, storage):
    await settings.pause(storage, chat_id)

    assert (await settings.pause(storage, chat_id)).is_paused


async def test_a_time_changed_during_a_pause_leaves_it_paused(storage, chat_id):
    await settings.pause(storage, chat_id)

    assert (await schedule.set_time(storage, chat_id, 600)).is_paused


# The clock stands at Monday noon, UTC: 21:00 in Tokyo.
async def test_a_pause_ends_by_itself_on_its_date(storage, chat_id, clock):
    publishing = Stages(storage, Renderer(), "us")

    paused = await settings.pause_until(storage, chat_id, date(2026, 3, 5))
    clock.now = datetime(2026, 3, 4, 14, 59, tzinfo=UTC)
    await publishing.digests()
    still = await settings.get_settings(storage, chat_id)
    clock.now = datetime(2026, 3, 4, 15, tzinfo=UTC)
    await publishing.digests()
    back = await settings.get_settings(storage, chat_id)

    assert (paused.is_paused, paused.paused_until) == (True, date(2026, 3, 5))
    assert paused.next_at == datetime(2026, 3, 4, 23, tzinfo=UTC)
    assert still.is_paused
    assert (back.is_paused, back.paused_until, back.next_at) == (False, None, paused.next_at)


@pytest.mark.parametrize(
    ("days", "until"), [(1, date(2026, 3, 3)), (7, date(2026, 3, 9)), (366, date(2027, 3, 3))]
)
async def test_a_pause_of_some_days_ends_on_a_date(chat_id, days, until, storage):
    assert (await settings.pause_for(storage, chat_id, days)).paused_until == until


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2020, 1, 1), date(2027, 3, 4)])
async def test_a_pause_that_cannot_be_meant_is_refused(chat_id, day, storage):
    with pytest.raises(NotADate):
        await settings.pause_until(storage, chat_id, day)


async def test_the_date_of_a_pause_stays_in_another_zone(chat_id, storage):
    await settings.pause_until(storage, chat_id, date(2026, 3, 5))

    moved = await settings.set_zone(storage, chat_id, "America/New_York")

    assert moved.paused_until == date(2026, 3, 5)
    assert moved.next_at == datetime(2026, 3, 5, 13, tzinfo=UTC)


async def test_pausing_for_good_replaces_a_date_and_so_does_resuming(chat_id, clock, storage):
    await settings.pause_for(storage, chat_id, 1)
    for_good = await settings.pause(storage, chat_id)
    await settings.pause_for(storage, chat_id, 1)
    resumed = await settings.resume(storage, chat_id)

    assert (for_good.is_paused, for_good.paused_until) == (True, None)
    assert (resumed.is_paused, resumed.paused_until) == (False, None)
    assert resumed.next_at == clock.now + timedelta(hours=11)


async def test_what_is_watched_during_a_pause_waits_for_its_end(chat_id, storage):
    await settings.pause_until(storage, chat_id, date(2026, 3, 9))

    await watching.subscribe(storage, chat_id, "Japan", Mode.DIGEST, limits=USUAL_LIMITS)

    assert (await settings.get_settings(storage, chat_id)).next_at == datetime(
        2026, 3, 8, 23, tzinfo=UTC
    )
