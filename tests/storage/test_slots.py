from storage.chats import open_chat
from storage.slots import keep_slots, slots_of, slots_of_each
from storage.words import USUAL_SLOTS, Slot


async def chat_in(unit, telegram_id: int = 7) -> int:
    chat = await open_chat(unit, {"telegram_id": telegram_id, "thread_id": 0})
    return chat.id


async def test_a_chat_that_has_chosen_nothing_has_the_usual_slot(storage):
    async with storage.writing() as unit:
        assert await slots_of(unit, await chat_in(unit)) == USUAL_SLOTS


async def test_slots_are_kept_by_number_and_replaced_as_a_whole(storage):
    async with storage.writing() as unit:
        chat, other = await chat_in(unit), await chat_in(unit, 8)
        await keep_slots(unit, chat, [Slot(2, 600), Slot(0, 480, 0b0000001)])
        await keep_slots(unit, other, [Slot(0, 1)])

        kept = await slots_of(unit, chat)
        await keep_slots(unit, chat, [Slot(2, 660)])

        assert kept == (Slot(0, 480, 0b0000001), Slot(2, 600))
        assert await slots_of(unit, chat) == (Slot(2, 660),)
        assert await slots_of(unit, other) == (Slot(0, 1),)
        assert await slots_of_each(unit, [other, chat]) == {
            chat: (Slot(2, 660),),
            other: (Slot(0, 1),),
        }
