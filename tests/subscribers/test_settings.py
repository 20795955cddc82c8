from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from bot.publishing.calendar import Plan, local_date
from bot.rendering.renderer import Renderer
from bot.subscribers import settings
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.errors import NotADate, NotANumber, NotATime, NotAZone
from storage.bundles import Bundle
from storage.chats import Chat
from storage.editions import Edition
from storage.enums import EmptyDay, Mode
from storage.schedules import EVERY_DAY, QuietHours, ScheduleTime
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages
from tests.subscribers.conftest import subscribe


@pytest.fixture
async def chat_id(arrive, storage) -> int:
    chat_id: int = await arrive()
    await subscribe(storage, chat_id, "Taiwan")
    return chat_id


async def test_a_new_chat_has_the_default_settings(chat_id, clock, storage):
    now = await settings.get_settings(storage, chat_id)

    assert now.plan == Plan("Asia/Tokyo")
    assert now.zone_guessed
    assert not now.is_paused
    assert now.topics == 1
    assert now.next_at == clock.now + timedelta(hours=11)


async def test_setting_a_zone_moves_the_next_digest_and_ends_the_guess(chat_id, clock, storage):
    changed = await settings.set_zone(storage, chat_id, "America/New_York")

    assert not changed.zone_guessed
    assert changed.next_at == clock.now + timedelta(hours=1)
    assert await settings.get_settings(storage, chat_id) == changed


@pytest.mark.parametrize("zone", ["", "Asia/Atlantis", "../etc/passwd", "\0"])
async def test_an_unknown_zone_is_refused(chat_id, zone, storage):
    with pytest.raises(NotAZone):
        await settings.set_zone(storage, chat_id, zone)


async def test_empty_days_can_be_reported(chat_id, storage):
    assert (
        await settings.set_empty_day(storage, chat_id, EmptyDay.LINE)
    ).empty_day is EmptyDay.LINE
    assert (await settings.get_settings(storage, chat_id)).empty_day is EmptyDay.LINE


async def test_a_weekly_digest_comes_on_the_weekday_of_the_change(chat_id, clock, storage):
    weekly = await settings.set_rhythm(storage, chat_id, is_weekly=True)
    daily = await settings.set_rhythm(storage, chat_id, is_weekly=False)

    today = local_date(clock.now, weekly.plan.zone).weekday()
    assert [(time.minutes, time.weekdays) for time in weekly.plan.times] == [(480, 1 << today)]
    assert [(time.minutes, time.weekdays) for time in daily.plan.times] == [(480, EVERY_DAY)]


async def test_resuming_waits_for_the_next_digest(chat_id, clock, storage):
    paused = await settings.pause(storage, chat_id)
    clock.turn(timedelta(days=5))
    resumed = await settings.resume(storage, chat_id)

    assert paused.is_paused
    assert not resumed.is_paused
    assert resumed.next_at == clock.now + timedelta(hours=11)


async def test_pausing_twice_is_as_pausing_once(chat_id, storage):
    await settings.pause(storage, chat_id)

    assert (await settings.pause(storage, chat_id)).is_paused


async def test_changing_a_time_ends_no_pause(storage, chat_id):
    await settings.pause(storage, chat_id)

    assert (await settings.set_time(storage, chat_id, 600)).is_paused


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
async def test_a_pause_until_an_impossible_date_is_refused(chat_id, day, storage):
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


async def test_a_subscription_made_during_a_pause_waits_for_its_end(chat_id, storage):
    await settings.pause_until(storage, chat_id, date(2026, 3, 9))

    await subscribe(storage, chat_id, "Japan", Mode.DIGEST)

    assert (await settings.get_settings(storage, chat_id)).next_at == datetime(
        2026, 3, 8, 23, tzinfo=UTC
    )


HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def publishing(storage) -> Stages:
    return Stages(storage, Renderer(), "us")


async def editions(storage) -> list[tuple[int, int]]:
    """Return the day and number of each edition."""
    async with storage.reading() as tx:
        rows = await tx.rows(select(Edition).order_by(col(Edition.due_at)))
        return [(row.local_date.day, row.schedule_number) for row in rows]


async def test_another_time_moves_the_next_digest(storage, chat_id, clock):
    changed = await settings.set_time(storage, chat_id, 22 * 60)

    assert changed.next_at == clock.now + HOUR
    assert changed.plan == Plan("Asia/Tokyo", (ScheduleTime(0, 22 * 60),))
    assert await settings.get_settings(storage, chat_id) == changed


async def test_more_times_make_the_next_digest_come_sooner(chat_id, clock, storage):
    more = await settings.add_time(storage, chat_id, WeeklyTime(23 * 60))
    weekly = await settings.set_days(storage, chat_id, 1, 0b0000010)
    less = await settings.remove_time(storage, chat_id, 0)

    assert more.next_at == clock.now + 2 * HOUR
    assert weekly.next_at == clock.now + 11 * HOUR
    assert less.plan.times == (ScheduleTime(1, 23 * 60, 0b0000010),)
    assert less.next_at == clock.now + 26 * HOUR


async def test_all_times_can_be_set_at_once(chat_id, storage):
    changed = await settings.set_times(storage, chat_id, [WeeklyTime(480), WeeklyTime(1110)])

    assert changed.plan.times == (ScheduleTime(0, 480), ScheduleTime(1, 1110))


@pytest.mark.parametrize("minutes", [-1, 1440, 2**62])
async def test_an_invalid_time_is_refused(chat_id, minutes, storage):
    with pytest.raises(NotATime):
        await settings.set_time(storage, chat_id, minutes)


async def test_a_time_moved_after_its_edition_makes_no_second_edition_of_the_day(
    publishing, storage, chat_id, clock
):
    await settings.set_time(storage, chat_id, 22 * 60)
    clock.turn(HOUR)
    await publishing.digests()

    changed = await settings.set_time(storage, chat_id, 23 * 60)

    assert await editions(storage) == [(2, 0)]
    assert changed.next_at == clock.now + 25 * HOUR


async def test_a_due_digest_is_not_lost_by_another_change(publishing, storage, chat_id, clock):
    await settings.set_time(storage, chat_id, 22 * 60)
    clock.turn(HOUR + MINUTE)

    owed = await settings.add_time(storage, chat_id, WeeklyTime(480))
    await publishing.digests()

    assert owed.next_at == clock.now - MINUTE
    assert await editions(storage) == [(2, 0)]


async def test_a_plan_changed_during_a_digest_takes_effect(publishing, storage, chat_id, clock):
    await settings.set_time(storage, chat_id, 22 * 60)
    clock.turn(HOUR)
    async with storage.writing() as tx:
        chat = await tx.get_one(Chat, chat_id)
        chat.owner, chat.lease_until = "us", clock.now + MINUTE
    await settings.add_time(storage, chat_id, WeeklyTime(22 * 60 + 30))

    await publishing.digests()

    async with storage.reading() as tx:
        chat = await tx.get_one(Chat, chat_id)
    assert chat.next_digest_at == clock.now + timedelta(minutes=30)
    assert await editions(storage) == [(2, 0)]


NIGHT = QuietHours(20 * 60, 7 * 60)  # it is 21:00 in Tokyo


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


async def test_quiet_hours_are_set_and_removed(newsroom, storage):
    chat = await newsroom.chat()

    quiet = await settings.set_quiet_hours(storage, chat, NIGHT)
    loud = await settings.set_quiet_hours(storage, chat, None)

    assert quiet.quiet == NIGHT
    assert loud.quiet is None
    assert await settings.get_settings(storage, chat) == loud


async def test_held_alerts_follow_the_quiet_hours(newsroom, held, storage):
    await settings.set_quiet_hours(storage, held, QuietHours(20 * 60, 8 * 60))

    assert await release_of(newsroom) == datetime(2026, 3, 2, 23, tzinfo=UTC)


async def test_held_alerts_are_released_when_quiet_hours_end(newsroom, storage, held, clock):
    await settings.set_quiet_hours(storage, held, None)
    await Stages(storage, Renderer(), "us").bundles()

    assert "Headline" in (await newsroom.texts())[0]


async def test_held_alerts_follow_the_zone(newsroom, storage, held, clock):
    await settings.set_zone(storage, held, "Asia/Shanghai")

    assert await release_of(newsroom) == datetime(2026, 3, 2, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "hours", [QuietHours(0, 1440), QuietHours(-1, 60), QuietHours(60, 60), QuietHours(2**62, 0)]
)
async def test_invalid_quiet_hours_are_refused(newsroom, hours, storage):
    with pytest.raises(NotATime):
        await settings.set_quiet_hours(storage, await newsroom.chat(), hours)


async def test_the_number_of_alerts_an_hour_is_stored(newsroom, storage):
    chat = await newsroom.chat()

    assert (await settings.set_alerts_per_hour(storage, chat, 20)).alerts_an_hour == 20
    assert [row.alerts_an_hour for row in await newsroom.all(Chat)] == [20]


@pytest.mark.parametrize("number", [0, -1, 61, 2**62])
async def test_an_invalid_number_of_alerts_is_refused(newsroom, number, storage):
    with pytest.raises(NotANumber):
        await settings.set_alerts_per_hour(storage, await newsroom.chat(), number)
