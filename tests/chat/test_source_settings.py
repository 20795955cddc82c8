"""The page of a source, as an admin uses it."""

import pytest
from sqlalchemy import update

from storage.sources import Source
from tests.chat.conftest import labels


@pytest.fixture
async def opened(admin, news):
    """Store a source with two articles, and return its page."""
    await news("Sponsored holidays", "A text.")
    await news("A ferry in the fog", "A text.", "https://news.example.org/2")
    return await admin.presses(await admin.says("/sources"), "1")


async def test_a_pause_is_shown_everywhere_and_ended_in_one_tap(admin, opened):
    menu = await admin.presses(opened, "Pause ▸")
    paused = await admin.presses(menu, "For a week")
    shown = paused["text"]
    listed = await admin.presses(paused, "‹ Sources")
    in_list = listed["text"]
    overview = await admin.says("/admin")
    again = await admin.presses(await admin.says("/sources"), "1")
    resumed = await admin.presses(again, "Resume")

    assert "paused, resumes in 1 wk" in shown
    assert "paused, resumes in 1 wk" in in_list
    assert "1 more paused" in overview["text"]
    assert "paused" not in resumed["text"]
    assert "Pause ▸" in labels(resumed)


async def test_a_source_paused_for_good_does_not_say_until_when(admin, opened):
    paused = await admin.presses(await admin.presses(opened, "Pause ▸"), "For good")

    assert "paused" in paused["text"]
    assert "until" not in paused["text"]


async def test_priority_and_interval_are_chosen_by_buttons(admin, opened):
    high = await admin.presses(await admin.presses(opened, "Priority ▸"), "High")
    often = await admin.presses(await admin.presses(high, "Interval ▸"), "30 min")
    menu = await admin.presses(often, "Interval ▸")

    assert "Priority: high" in often["text"]
    assert "Read every 30 min" in often["text"]
    assert "✓ 30 min" in labels(menu)


async def test_a_rule_is_previewed_before_it_is_saved(admin, opened):
    await admin.presses(await admin.presses(opened, "Keep and drop ▸"), "Drop …")
    preview = await admin.says("title:sponsored")
    before = (await admin.presses(await admin.says("/sources"), "1"))["text"]
    saved = await admin.presses(preview, "Save")

    assert "it would have dropped 1." in preview["text"]
    assert "Dropped\n• Sponsored holidays" in preview["text"]
    assert "Kept\n• A ferry in the fog" in preview["text"]
    assert "Drop:" not in before
    assert "Drop: title:sponsored" in saved["text"]


async def test_a_rule_that_is_no_query_is_refused_at_its_place(admin, opened):
    await admin.presses(await admin.presses(opened, "Keep and drop ▸"), "Keep only …")
    refused = await admin.says("(ferry")

    assert "(ferry\n^" in refused["text"]


async def test_a_selector_is_typed_and_cleared(admin, opened):
    await admin.presses(await admin.presses(opened, "Parts of a page ▸"), "The article")
    saved = await admin.says("#story > p")
    text = saved["text"]
    menu = await admin.presses(saved, "Parts of a page ▸")
    cleared = await admin.presses(menu, "Find the article")

    assert "The article is: #story > p" in text
    assert "#story" not in cleared["text"]


async def test_a_refused_selector_is_shown_with_the_place_marked(admin, opened):
    await admin.presses(await admin.presses(opened, "Parts of a page ▸"), "The article")
    refused = await admin.says("//p[re:test(., 'x')]")

    assert "//p[re:test(., 'x')]\n    ^^^" in refused["text"]
    assert "Prefixes such as re: are not allowed." in refused["text"]


async def test_several_parts_to_drop_are_typed_in_lines(admin, opened):
    await admin.presses(await admin.presses(opened, "Parts of a page ▸"), "Parts to drop")
    saved = await admin.says(".box\naside")

    assert "Not the article: .box\nNot the article: aside" in saved["text"]


@pytest.mark.parametrize(
    ("button", "typed", "expected"),
    [
        pytest.param("Language", "de", "Language: de", id="language"),
        pytest.param("Language", "<b>x</b>", "I don't know the language <b>x</b>.", id="markup"),
        pytest.param("Time zone", "Asia/Taipei", "Dates without a zone: Asia/Taipei", id="zone"),
        pytest.param("Time zone", "Mars/Olympus", "I don't know the time zone Mars/Olympus.",
                     id="no zone"),
    ],
)  # fmt: skip
async def test_language_and_zone_are_typed(admin, opened, button, typed, expected):
    await admin.presses(opened, button)
    answer = await admin.says(typed)

    assert expected in answer["text"]


async def test_the_page_of_a_removed_source_says_so_at_each_button(admin, opened):
    kept = await admin.presses(await admin.says("/sources"), "1")
    await admin.presses(opened, "Remove")

    toast = await admin.presses_quietly(kept, "Priority ▸")

    assert toast == "This source is no longer there."


async def test_an_interval_of_seconds_is_not_shown_in_minutes(admin, opened, one_storage):
    async with one_storage.writing() as tx:
        await tx.change(update(Source).values(every_seconds=5))

    page = await admin.presses(await admin.says("/sources"), "1")

    assert "Read every" not in page["text"]
