from datetime import timedelta

from bot.subscribers.audit import Audit
from storage.words import Deed


async def test_acts_are_told_from_the_newest_with_who_did_them(storage):
    audit = Audit(storage)
    await audit.note(7, Deed.SOURCE_ADDED, "https://news.example", articles=3)
    await audit.note(None, Deed.SOURCE_REMOVED, "https://news.example")

    page = await audit.page()

    assert [(act.person_id, act.deed) for act in page.items] == [
        (None, Deed.SOURCE_REMOVED),
        (7, Deed.SOURCE_ADDED),
    ]
    assert page.items[1].details == {"articles": 3}


async def test_an_act_is_kept_for_a_year(storage, clock):
    audit = Audit(storage)
    await audit.note(7, Deed.SOURCE_ADDED, "old")
    clock.turn(timedelta(days=366))

    await audit.note(7, Deed.SOURCE_ADDED, "new")

    assert [act.subject for act in await audit.newest(10)] == ["new"]


async def test_a_subject_of_any_length_is_cut_to_its_column(storage):
    await Audit(storage).note(7, Deed.SOURCE_ADDED, "x" * 5000)

    assert len((await Audit(storage).newest(1))[0].subject) == 200
