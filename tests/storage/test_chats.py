from storage.chats import open_chat, schedule_of, schedules_of, set_schedule
from storage.schedules import DEFAULT_SCHEDULE, ScheduleTime


async def chat_in(tx, telegram_id: int = 7) -> int:
    chat = await open_chat(tx, {"telegram_id": telegram_id, "thread_id": 0})
    return chat.id


async def test_a_chat_that_has_chosen_nothing_has_the_default_schedule(storage):
    async with storage.writing() as tx:
        assert await schedule_of(tx, await chat_in(tx)) == DEFAULT_SCHEDULE


async def test_schedule_times_are_kept_by_number_and_replaced_as_a_whole(storage):
    async with storage.writing() as tx:
        chat, other = await chat_in(tx), await chat_in(tx, 8)
        await set_schedule(tx, chat, [ScheduleTime(2, 600), ScheduleTime(0, 480, 0b0000001)])
        await set_schedule(tx, other, [ScheduleTime(0, 1)])

        kept = await schedule_of(tx, chat)
        await set_schedule(tx, chat, [ScheduleTime(2, 660)])

        assert kept == (ScheduleTime(0, 480, 0b0000001), ScheduleTime(2, 600))
        assert await schedule_of(tx, chat) == (ScheduleTime(2, 660),)
        assert await schedule_of(tx, other) == (ScheduleTime(0, 1),)
        assert await schedules_of(tx, [other, chat]) == {
            chat: (ScheduleTime(2, 660),),
            other: (ScheduleTime(0, 1),),
        }
