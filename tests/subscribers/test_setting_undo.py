"""Undoing changes of settings: the exact value before, and never over a newer change."""

from datetime import date, timedelta
from functools import partial

import pytest

from bot.subscribers import setting_undo, settings, source_settings
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.errors import NothingToUndo
from bot.subscribers.setting_undo import value_of
from bot.subscribers.settings import ChatSettings, PicturePlace, Setting
from bot.subscribers.source_settings import SourceSetting, SourceSettings
from bot.subscribers.source_settings import value_of as value_of_source
from bot.subscribers.text import checksum
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatKind, EmptyDay, Layout, SourcePriority, SourceState, Style
from storage.schedules import QuietHours
from storage.sources import change_source
from tests.conftest import MONDAY_NOON
from tests.matching.stored import stored_source
from tests.subscribers.conftest import subscribe


@pytest.fixture
async def chat_id(arrive, storage) -> int:
    chat_id: int = await arrive()
    await subscribe(storage, chat_id, "Taiwan")
    return chat_id


async def undo(storage: Storage, chat_id: int, changed: ChatSettings) -> ChatSettings:
    assert changed.change
    setting, before = changed.change.setting, changed.change.before
    after = checksum(value_of(changed, setting))
    return await setting_undo.undo(
        storage, chat_id, setting, value_of(before, setting), after=after
    )


async def set_hashtags(storage: Storage, chat_id: int, value: bool) -> ChatSettings:
    return await settings.set_hashtags(storage, chat_id, is_wanted=value)


async def set_model(storage: Storage, chat_id: int, value: bool) -> ChatSettings:
    return await settings.set_model(storage, chat_id, uses=value)


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (settings.set_times, [WeeklyTime(450, 3), WeeklyTime(1140)]),
        (settings.set_zone, "Europe/Paris"),
        (settings.set_language, "de"),
        (settings.set_empty_day, EmptyDay.LINE),
        (settings.set_style, Style.FULL),
        (settings.set_layout, Layout.RICH),
        (partial(settings.set_picture, is_wanted=True), PicturePlace.MAILS),
        (partial(settings.set_picture, is_wanted=False), PicturePlace.DIGESTS),
        (set_hashtags, True),
        (set_model, False),
        (settings.set_quiet_hours, QuietHours(1380, 360)),
        (settings.set_alerts_per_hour, 9),
        (settings.pause_for, 3),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
async def test_the_settings_before_are_restored_exactly(storage, chat_id, change, value):
    before = await settings.get_settings(storage, chat_id)
    changed = await change(storage, chat_id, value)

    restored = await undo(storage, chat_id, changed)

    assert changed != before == restored
    with pytest.raises(NothingToUndo):
        await undo(storage, chat_id, changed)


@pytest.mark.parametrize("wanted", [True, False], ids=["begun", "ended"])
async def test_the_pinning_of_a_channel_is_undone(storage, chat_id, wanted):
    async with storage.writing() as tx:
        (await tx.get_one(Chat, chat_id)).kind = ChatKind.CHANNEL
    await settings.set_pinning(storage, chat_id, wanted=not wanted)
    changed = await settings.set_pinning(storage, chat_id, wanted=wanted)

    restored = await undo(storage, chat_id, changed)

    assert (changed.pins, restored.pins) == (wanted, not wanted)


async def test_the_end_of_a_pause_is_undone(storage, chat_id):
    paused = await settings.pause_until(storage, chat_id, date(2026, 3, 5))
    resumed = await settings.resume(storage, chat_id)

    assert await undo(storage, chat_id, resumed) == paused


async def test_a_pause_whose_end_has_passed_is_not_restored(storage, chat_id, clock):
    await settings.pause_for(storage, chat_id, 1)
    resumed = await settings.resume(storage, chat_id)
    clock.turn(timedelta(days=3))

    with pytest.raises(NothingToUndo):
        await undo(storage, chat_id, resumed)
    assert not (await settings.get_settings(storage, chat_id)).is_paused


async def test_a_newer_change_is_kept(storage, chat_id):
    first = await settings.set_zone(storage, chat_id, "Europe/Paris")
    await settings.set_zone(storage, chat_id, "Europe/Berlin")

    with pytest.raises(NothingToUndo):
        await undo(storage, chat_id, first)
    assert (await settings.get_settings(storage, chat_id)).plan.zone == "Europe/Berlin"


async def test_a_change_of_another_setting_does_not_matter(storage, chat_id):
    changed = await settings.set_quiet_hours(storage, chat_id, QuietHours(1380, 360))
    await settings.set_zone(storage, chat_id, "Europe/Paris")

    restored = await undo(storage, chat_id, changed)

    assert restored.quiet is None
    assert value_of(restored, Setting.ZONE) == "Europe/Paris"


# Settings of a source.


@pytest.fixture
async def source_id(storage: Storage) -> int:
    return await stored_source(storage, "Paper")


async def undo_of_source(storage: Storage, changed: SourceSettings) -> SourceSettings:
    made = changed.change
    assert made
    return await setting_undo.undo_of_source(
        storage, changed.source.id, made.setting, made.before, after=checksum(made.after), by=7
    )


@pytest.mark.parametrize(
    ("setting", "first", "second"),
    [
        (SourceSetting.ARTICLE, "#story", ""),
        (SourceSetting.DROPPED, [".box", "aside"], [".box"]),
        (SourceSetting.KEEP, "economy", "economy OR trade"),
        (SourceSetting.DROP, "title:sponsored", ""),
        (SourceSetting.LANGUAGE, "de", "fr"),
        (SourceSetting.ZONE, "Asia/Taipei", "Europe/Paris"),
        (SourceSetting.PRIORITY, SourcePriority.HIGH, SourcePriority.LOW),
        (SourceSetting.EVERY, "15m", ""),
    ],
    ids=lambda one: one if isinstance(one, SourceSetting) else "",
)
async def test_a_setting_of_a_source_is_undone_once(storage, source_id, setting, first, second):
    set_to = partial(source_settings.change_setting, storage, source_id, setting, by=7)
    chosen = await set_to(first)
    changed = await set_to(second)

    restored = await undo_of_source(storage, changed)

    assert changed.change != chosen.change
    assert value_of_source(restored, setting) == value_of_source(chosen, setting)
    with pytest.raises(NothingToUndo):
        await undo_of_source(storage, changed)


async def test_an_older_change_of_a_source_is_not_undone(storage, source_id):
    set_to = partial(source_settings.change_setting, storage, source_id, by=7)
    older = await set_to(SourceSetting.KEEP, "economy")
    await set_to(SourceSetting.KEEP, "trade")

    with pytest.raises(NothingToUndo):
        await undo_of_source(storage, older)

    assert (await source_settings.get_settings(storage, source_id)).rules.keep_query == "trade"


async def test_a_pause_of_a_source_that_has_passed_does_not_come_back(storage, source_id, clock):
    until = MONDAY_NOON + timedelta(days=1)
    await source_settings.pause_source(storage, source_id, until, by=7)
    resumed = await source_settings.resume_source(storage, source_id, by=7)
    paused = await undo_of_source(storage, resumed)
    resumed = await source_settings.resume_source(storage, source_id, by=7)
    clock.turn(timedelta(days=1))

    with pytest.raises(NothingToUndo):
        await undo_of_source(storage, resumed)

    assert paused.source.paused_until == until


async def test_the_pause_of_a_source_that_is_gone_is_not_undone(storage, source_id):
    paused = await source_settings.pause_source(storage, source_id, None, by=7)
    async with storage.writing() as tx:
        await change_source(tx, source_id, {"state": SourceState.GONE})

    with pytest.raises(NothingToUndo):
        await undo_of_source(storage, paused)
