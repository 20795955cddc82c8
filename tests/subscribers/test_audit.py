from datetime import timedelta

from bot.subscribers import audit
from storage.chats import open_chat
from storage.enums import AuditAction


async def test_activity_is_listed_newest_first_with_names(storage):
    async with storage.writing() as tx:
        await open_chat(tx, {"telegram_id": 8, "thread_id": 0, "name": "Bob"})
    await audit.record(storage, 7, AuditAction.SOURCE_ADDED, "https://news.example", articles=3)
    await audit.record(storage, None, AuditAction.SOURCE_REMOVED, "https://news.example")
    await audit.record(storage, 8, AuditAction.BANNED, 8)

    page = await audit.activity_page(storage)

    assert [(event.by, event.action, event.subject) for event in page.items] == [
        ("Bob", AuditAction.BANNED, "Bob"),
        ("", AuditAction.SOURCE_REMOVED, "https://news.example"),
        ("7", AuditAction.SOURCE_ADDED, "https://news.example"),
    ]
    assert (await audit.newest_events(storage, 3))[2].details == {"articles": 3}


async def test_an_event_is_kept_for_a_year(storage, clock):
    await audit.record(storage, 7, AuditAction.SOURCE_ADDED, "old")
    clock.turn(timedelta(days=366))

    await audit.record(storage, 7, AuditAction.SOURCE_ADDED, "new")

    assert [event.subject for event in await audit.newest_events(storage, 10)] == ["new"]


async def test_a_subject_of_any_length_is_cut_to_its_column(storage):
    await audit.record(storage, 7, AuditAction.SOURCE_ADDED, "x" * 5000)

    assert len((await audit.newest_events(storage, 1))[0].subject) == 200
