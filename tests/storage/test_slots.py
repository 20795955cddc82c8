from alembic import command
from sqlalchemy import Connection, text

from storage.chats import open_chat
from storage.migrating import migrations
from storage.slots import keep_slots, slots_of, slots_of_each
from storage.words import USUAL_SLOTS, Slot
from tests.storage.test_schema import run_on

BEFORE_SLOTS = "0019"


async def chat_in(unit, telegram_id: int = 7) -> int:
    chat = await open_chat(unit, {"telegram_id": telegram_id, "thread_id": 0})
    return chat.id or 0


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


async def test_a_time_from_before_there_were_slots_is_the_first_one(sqlite_url):
    def chosen_before(connection: Connection) -> None:
        command.downgrade(migrations(connection), BEFORE_SLOTS)
        for number, (minutes, weekdays) in enumerate([(480, 127), (600, 127), (480, 1)], 1):
            connection.execute(
                text(
                    "INSERT INTO chat (id, telegram_id, thread_id, kind, name, language, state,"
                    " state_since, created_at, zone, zone_guessed, digest_minutes,"
                    " digest_weekdays, empty_day) VALUES (:id, :id, 0, 'private', '', 'en',"
                    " 'active', '2026-03-02', '2026-03-02', 'UTC', true, :minutes, :weekdays,"
                    " 'skip')"
                ),
                {"id": number, "minutes": minutes, "weekdays": weekdays},
            )
        command.upgrade(migrations(connection), "head")

    def rows(connection: Connection) -> list[tuple[int, ...]]:
        return [tuple(row) for row in connection.execute(text("SELECT * FROM slot"))]

    await run_on(sqlite_url, chosen_before)

    assert await run_on(sqlite_url, rows) == [(2, 0, 600, 127), (3, 0, 480, 1)]
