"""How an operator sets a source, with what is typed wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.query import QueryError
from bot.subscribers import source_settings
from bot.subscribers.errors import (
    InvalidSelector,
    MarkupInRule,
    NoSuchPublicSource,
    NotALanguageCode,
    NotAnInterval,
    NotAPause,
    NotAZoneName,
    TooManySelectors,
    UserError,
)
from bot.subscribers.source_settings import (
    LONGEST_SOURCE_PAUSE,
    SourceChanges,
    change_settings,
    get_settings,
    pause_source,
    preview_rules,
    read_language,
    read_pause,
    read_zone,
    resume_source,
)
from storage.access import audit_events
from storage.db.engine import Storage
from storage.enums import AuditAction, SourcePriority, SourceState
from storage.sources import change_source
from tests.conftest import MONDAY_NOON
from tests.matching.stored import stored_article, stored_source

URL = "https://paper.example/feed"


@pytest.fixture
async def source_id(storage: Storage) -> int:
    return await stored_source(storage, "Paper")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("3d", MONDAY_NOON + timedelta(days=3), id="duration"),
        pytest.param("2026-12-24", datetime(2026, 12, 24, tzinfo=UTC), id="date"),
        pytest.param("2026-12-24 18:30", datetime(2026, 12, 24, 18, 30, tzinfo=UTC), id="time"),
        pytest.param("2026-12-24T18:30+01:00", datetime(2026, 12, 24, 17, 30, tzinfo=UTC),
                     id="zone"),
    ],
)  # fmt: skip
def test_the_end_of_a_pause_is_a_duration_or_a_time(typed, expected):
    assert read_pause(typed, MONDAY_NOON) == expected


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("soon", id="a word"),
        pytest.param("2020-01-01", id="past"),
        pytest.param("9999-12-31", id="year 9999"),
        pytest.param("99999999999999d", id="overflow"),
        pytest.param("9" * 10_000, id="digits"),
        pytest.param("-3d", id="negative"),
        pytest.param("9999-12-31T23:59-23:59", id="beyond the calendar"),
    ],
)  # fmt: skip
def test_a_pause_ends_within_a_year(typed):
    with pytest.raises(NotAPause):
        read_pause(typed, MONDAY_NOON)


@given(st.text(max_size=40))
def test_any_text_is_the_end_of_a_pause_or_is_refused(typed):
    try:
        until = read_pause(typed, MONDAY_NOON)
    except NotAPause:
        return
    assert MONDAY_NOON < until <= MONDAY_NOON + LONGEST_SOURCE_PAUSE


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("Asia/Taipei", "Asia/Taipei"), (" europe/berlin ", "Europe/Berlin"), ("", "")],
    ids=["name", "other case", "nothing"],
)
def test_a_zone_is_given_by_its_name(typed, expected):
    assert read_zone(typed) == expected


@pytest.mark.parametrize(
    "typed", ["Mars/Olympus", "../../etc/passwd", "x" * 10_000, "<b>"],
    ids=["no place", "a path", "long", "markup"],
)  # fmt: skip
def test_a_zone_that_does_not_exist_is_refused(typed):
    with pytest.raises(NotAZoneName) as refused:
        read_zone(typed)

    assert len(refused.value.typed) <= 80


@pytest.mark.parametrize(("typed", "code"), [("EN", "en"), ("", "")], ids=["code", "nothing"])
def test_a_language_is_given_by_its_code(typed, code):
    assert read_language(typed) == code


def test_an_unknown_language_is_refused():
    with pytest.raises(NotALanguageCode):
        read_language("klingonese")


async def test_all_settings_are_stored_and_cleared(storage: Storage, source_id: int):
    changes = SourceChanges(
        article="#story",
        dropped=[".box", "", ".box", "aside"],
        keep="economy",
        drop="title:sponsored",
        language="en",
        zone="Asia/Taipei",
        priority=SourcePriority.HIGH,
        every="30m",
    )
    done = await change_settings(storage, source_id, changes, by=7)
    nothing = SourceChanges("", (), "", "", "", "", SourcePriority.NORMAL, "")
    cleared = await change_settings(storage, source_id, nothing, by=7)

    rules = done.rules
    assert (rules.article, rules.dropped, rules.language) == ("#story", [".box", "aside"], "en")
    assert (rules.keep_query, rules.drop_query) == ("economy", "title:sponsored")
    assert (done.source.every_seconds, done.source.priority) == (1800, SourcePriority.HIGH)
    assert done.source.has_rules
    assert not cleared.source.has_rules
    assert cleared.source.every_seconds is None
    assert not any(cleared.rules.model_dump(exclude={"source_id"}).values())


async def test_a_change_of_rules_makes_the_next_fetch_read_all_entries(
    storage: Storage, source_id: int
):
    async with storage.writing() as tx:
        await change_source(tx, source_id, {"etag": "x", "fingerprints": b"1"})
    await change_settings(storage, source_id, SourceChanges(every="30m"), by=None)
    kept = (await get_settings(storage, source_id)).source
    await change_settings(storage, source_id, SourceChanges(zone="Asia/Taipei"), by=None)
    read = (await get_settings(storage, source_id)).source

    assert (kept.etag, kept.fingerprints) == ("x", b"1")
    assert (read.etag, read.fingerprints) == (None, b"")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"article": "//a[$b]"}, InvalidSelector, id="selector"),
        pytest.param({"dropped": [f".x{n}" for n in range(99)]}, TooManySelectors, id="too many"),
        pytest.param({"drop": "(sponsored"}, QueryError, id="query"),
        pytest.param({"keep": "the"}, QueryError, id="query of a stop word"),
        pytest.param({"drop": 'author:"<b>Ann</b>"'}, MarkupInRule, id="query with markup"),
        pytest.param({"zone": "Mars/Olympus"}, NotAZoneName, id="zone"),
        pytest.param({"every": "5s"}, NotAnInterval, id="too often"),
        pytest.param({"every": "99999999999999d"}, NotAnInterval, id="never"),
    ],
)
async def test_an_invalid_change_changes_nothing(
    storage: Storage, source_id: int, changes: dict[str, Any], error: type[UserError]
):
    with pytest.raises(error):
        await change_settings(storage, source_id, SourceChanges(language="en", **changes), by=None)

    assert (await get_settings(storage, source_id)).rules.language == ""


async def test_a_source_is_paused_and_resumed(storage: Storage, source_id: int, clock):
    until = clock.now + timedelta(days=1)
    paused = await pause_source(storage, source_id, until, by=7)
    clock.turn(timedelta(hours=1))
    resumed = await resume_source(storage, source_id, by=7)
    async with storage.reading() as tx:
        events = [event.action for event in await audit_events(tx)]

    assert (paused.source.state, paused.source.paused_until) == (SourceState.PAUSED, until)
    assert (resumed.source.state, resumed.source.next_fetch_at) == (SourceState.ACTIVE, clock.now)
    assert events == [AuditAction.SOURCE_RESUMED, AuditAction.SOURCE_PAUSED]


async def test_a_source_that_is_gone_is_neither_paused_nor_resumed(
    storage: Storage, source_id: int
):
    async with storage.writing() as tx:
        await change_source(tx, source_id, {"state": SourceState.GONE})

    paused = await pause_source(storage, source_id, None, by=None)
    resumed = await resume_source(storage, source_id, by=None)

    assert (paused.source.state, resumed.source.state) == (SourceState.GONE, SourceState.GONE)


async def test_a_preview_judges_the_stored_articles(storage: Storage, source_id: int):
    await stored_article(storage, "Sponsored holidays", source_id=source_id)
    await stored_article(storage, "A ferry in the fog", source_id=source_id)

    preview = await preview_rules(storage, source_id, drop="sponsored")

    assert (preview.stored, preview.dropped_count) == (2, 1)
    assert list(preview.dropped) == ["Sponsored holidays"]
    assert list(preview.kept) == ["A ferry in the fog"]


async def test_settings_of_a_removed_source_are_refused(storage: Storage):
    with pytest.raises(NoSuchPublicSource):
        await source_settings.source_at(storage, URL)
    assert await source_settings.find_settings(storage, 99) is None
