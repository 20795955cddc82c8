from datetime import timedelta

import pytest

from bot.publishing.calendar import Plan
from bot.rendering.renderer import Renderer
from bot.subscribers import schedule, settings, watching
from bot.subscribers.errors import NotATime
from bot.subscribers.limits import USUAL_LIMITS
from bot.subscribers.slots import Times
from storage.chats import Chat
from storage.editions import Edition
from storage.enums import Mode, ScheduleTime
from tests.publishing.stages import Stages

# The clock stands at Monday noon, UTC: 21:00 in Tokyo.
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def chat_id(arrive, storage) -> int:
    chat_id: int = await arrive()
    await watching.subscribe(storage, chat_id, "Taiwan", Mode.BOTH, limits=USUAL_LIMITS)
    return chat_id


@pytest.fixture
def publishing(storage) -> Stages:
    return Stages(storage, Renderer(), "us")


async def editions(storage) -> list[tuple[int, int]]:
    """Return the day and slot of each edition."""
    from sqlmodel import col, select

    async with storage.reading() as tx:
        rows = await tx.session.exec(select(Edition).order_by(col(Edition.due_at)))
        return [(row.local_date.day, row.slot) for row in rows]


async def test_another_time_moves_the_next_digest(storage, chat_id, clock):
    changed = await schedule.set_time(storage, chat_id, 22 * 60)

    assert changed.next_at == clock.now + HOUR
    assert changed.plan == Plan("Asia/Tokyo", (ScheduleTime(0, 22 * 60),))
    assert await settings.get_settings(storage, chat_id) == changed


async def test_more_times_make_the_next_digest_come_sooner(chat_id, clock, storage):
    more = await schedule.add_time(storage, chat_id, Times(23 * 60))
    weekly = await schedule.set_days(storage, chat_id, 1, 0b0000010)
    less = await schedule.remove_time(storage, chat_id, 0)

    assert more.next_at == clock.now + 2 * HOUR
    assert weekly.next_at == clock.now + 11 * HOUR
    assert less.plan.slots == (ScheduleTime(1, 23 * 60, 0b0000010),)
    assert less.next_at == clock.now + 26 * HOUR


async def test_all_times_at_once(chat_id, storage):
    changed = await schedule.set_times(storage, chat_id, [Times(480), Times(1110)])

    assert changed.plan.slots == (ScheduleTime(0, 480), ScheduleTime(1, 1110))


@pytest.mark.parametrize("minutes", [-1, 1440, 2**62])
async def test_a_time_that_is_none_is_refused(chat_id, minutes, storage):
    with pytest.raises(NotATime):
        await schedule.set_time(storage, chat_id, minutes)


async def test_a_time_moved_on_after_its_edition_makes_no_second_one_of_the_date(
    publishing, storage, chat_id, clock
):
    await schedule.set_time(storage, chat_id, 22 * 60)
    clock.turn(HOUR)
    await publishing.digests()

    changed = await schedule.set_time(storage, chat_id, 23 * 60)

    assert await editions(storage) == [(2, 0)]
    assert changed.next_at == clock.now + 25 * HOUR


async def test_a_digest_that_is_owed_is_not_lost_by_another_wish(
    publishing, storage, chat_id, clock
):
    await schedule.set_time(storage, chat_id, 22 * 60)
    clock.turn(HOUR + MINUTE)

    owed = await schedule.add_time(storage, chat_id, Times(480))
    await publishing.digests()

    assert owed.next_at == clock.now - MINUTE
    assert await editions(storage) == [(2, 0)]


async def test_a_plan_changed_while_a_digest_is_composed_counts(
    publishing, storage, chat_id, clock
):
    await schedule.set_time(storage, chat_id, 22 * 60)
    clock.turn(HOUR)
    async with storage.writing() as tx:
        chat = await tx.session.get_one(Chat, chat_id)
        chat.owner, chat.lease_until = "us", clock.now + MINUTE
    await schedule.add_time(storage, chat_id, Times(22 * 60 + 30))

    await publishing.digests()

    async with storage.reading() as tx:
        chat = await tx.session.get_one(Chat, chat_id)
    assert chat.next_digest_at == clock.now + timedelta(minutes=30)
    assert await editions(storage) == [(2, 0)]
