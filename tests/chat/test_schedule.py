"""Several digests a day, some of them weekly, by buttons and by typing."""

import pytest

from tests.chat.conftest import labels


@pytest.fixture
async def times(ann):
    await ann.says("Taiwan", "Both")
    return await ann.says("/settings", "Change time")


async def test_a_second_digest_is_added_changed_and_removed(ann, times):
    more = await ann.presses(times, "Add a digest")
    both = await ann.presses(more, "18:00")
    evening = await ann.presses(both, "18:00 · every day")
    later = await ann.presses(evening, "20:00")
    alone = await ann.presses(later, "08:00 · every day", "Remove")

    assert more["text"].startswith("Your digest comes every day at 08:00 Tokyo time.")
    assert both["text"].startswith("Your digests come every day at 08:00 and 18:00 Tokyo time.")
    assert evening["text"].startswith("This digest comes every day at 18:00.")
    assert "every day at 08:00 and 20:00 Tokyo time" in later["text"]
    assert alone["text"] == "When should your digest come (Tokyo time)?"
    assert "✓ 20:00" in labels(alone)
    assert "Remove" not in labels(await ann.presses(alone, "Add a digest"))


async def test_a_digest_is_made_weekly_and_daily_again(ann, times):
    days = await ann.presses(times, "Which days")
    weekly = await ann.presses(days, "Mon")
    twice = await ann.presses(weekly, "Thu")
    once = await ann.presses(twice, "✓ Mon")
    daily = await ann.presses(once, "✓ Thu")

    assert "This digest comes every day at 08:00." in days["text"]
    assert "This digest comes every Monday at 08:00." in weekly["text"]
    assert "This digest comes every Monday and Thursday at 08:00." in twice["text"]
    assert "This digest comes every Thursday at 08:00." in once["text"]
    assert "✓ Every day" in labels(daily)


async def test_settings_show_the_date_of_a_distant_digest(ann, times):
    settings = await ann.presses(times, "Which days", "Mon", "‹ Settings")

    assert "Digest: every Monday at 08:00 Tokyo time" in settings["text"]
    assert "The next one comes on Monday, 9 March, at 08:00." in settings["text"]


async def test_a_fifth_digest_is_refused(ann, times):
    old = await ann.presses(times, "Add a digest")
    full = await ann.says("/settings", "Change time")
    for hour in ("09:00", "10:00", "12:00"):
        full = await ann.presses(full, "Add a digest", hour)

    said = await ann.presses_quietly(old, "15:00")

    assert said.startswith("A day can have 4 digests at most.")
    assert "Add a digest" not in labels(full)


async def test_the_button_of_a_removed_digest_reports_the_removal(ann, times):
    old = await ann.presses(times, "Add a digest", "18:00", "18:00 · every day")
    await ann.says("/settings", "Change time", "18:00 · every day", "Remove")

    assert "button" in await ann.presses_quietly(old, "20:00")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        pytest.param("8 and 18:30", "every day at 08:00 and 18:30 Tokyo time", id="twice a day"),
        pytest.param(
            "8:00, Mondays 9:00",
            "every day at 08:00 and every Monday at 09:00 Tokyo time",
            id="and a weekly one",
        ),
        pytest.param("weekdays 7", "Monday to Friday at 07:00 Tokyo time", id="on some days"),
    ],
)
async def test_all_times_are_set_by_typing(ann, times, typed, shown):
    question = await ann.presses(times, "Another time")

    assert f"Digest: {shown}" in (await ann.replies(question, typed))["text"]


async def test_a_typed_time_keeps_the_day_of_a_weekly_digest(ann, times):
    question = await ann.presses(times, "Which days", "Mon", "‹ Times", "Another time")

    changed = await ann.replies(question, "9")

    assert "Digest: every Monday at 09:00 Tokyo time" in changed["text"]


async def test_times_typed_without_a_question_are_offered(ann, times):
    offer = await ann.says("8:00 and 18:30, Sat 10:00")

    settings = await ann.presses(offer, "Yes, then")

    asked = "every day at 08:00 and 18:30 and every Saturday at 10:00 Tokyo time"
    assert offer["text"] == f"Send your digests {asked}, and at no other time?"
    assert f"Digest: {asked}" in settings["text"]


async def test_too_many_typed_times_are_refused(ann):
    refused = await ann.says("8:00, 9:00, 10:00, 11:00, 12:00")

    assert refused["text"].startswith("A day can have 4 digests at most.")


async def test_a_typed_time_is_offered_as_addition_or_replacement(ann, times):
    both = await ann.presses(times, "Add a digest", "19:00")
    only = await ann.says("7:15", "Only at 07:15")

    assert "every day at 08:00 and 19:00 Tokyo time" in both["text"]
    assert "Digest: every day at 07:15 Tokyo time" in only["text"]
