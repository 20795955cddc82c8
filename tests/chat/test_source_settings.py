"""The page of a source, as an admin uses it."""

from typing import Any

import pytest
from sqlalchemy import update

from storage.sources import Source
from tests.chat.conftest import Talk, buttons, labels
from tests.chat.pressings import press


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
    assert "The article is:" not in cleared["text"]


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


@pytest.mark.parametrize(
    ("button", "first", "second", "shown"),
    [
        pytest.param("Language", "de", "fr", "Language: de", id="language"),
        pytest.param("Time zone", "Asia/Taipei", "Europe/Paris", "Asia/Taipei", id="zone"),
        pytest.param("The article", "#story > p", "main", "is: #story > p", id="article"),
        pytest.param("Parts to drop", ".box\naside", "nav", "Not the article: aside", id="parts"),
    ],
)
async def test_a_typed_setting_is_undone_once(
    admin: Talk, opened: dict[str, Any], button: str, first: str, second: str, shown: str
):
    async def set_to(value: str) -> dict[str, Any]:
        page = await admin.presses(await admin.says("/sources"), "1")
        if button not in labels(page):
            page = await admin.presses(page, "Parts of a page ▸")
        await admin.presses(page, button)
        return await admin.says(value)

    await set_to(first)
    changed = await set_to(second)
    undone = await admin.presses(changed, "Undo")
    text, buttons = undone["text"], labels(undone)

    assert shown in text
    assert "Before:" not in text
    assert "Undo" not in buttons


async def test_a_change_is_not_undone_over_a_newer_one(admin, opened):
    menu = await admin.presses(opened, "Priority ▸")
    low = await admin.presses(menu, "Low")
    page = await admin.presses(await admin.says("/sources"), "1")
    newer = await admin.presses(await admin.presses(page, "Priority ▸"), "High")

    toast = await admin.presses_quietly(low, "Undo")
    restored = await admin.presses(newer, "Undo")

    assert toast.startswith("There is nothing left to undo")
    assert "Priority: low" in restored["text"]


async def test_a_rule_that_was_cleared_comes_back(admin, opened):
    await admin.presses(await admin.presses(opened, "Keep and drop ▸"), "Drop …")
    saved = await admin.presses(await admin.says("title:sponsored"), "Save")
    cleared = await admin.presses(await admin.presses(saved, "Keep and drop ▸"), "Drop nothing")
    restored = await admin.presses(cleared, "Undo")

    assert "Drop: title:sponsored" in restored["text"]


async def test_a_pause_and_its_end_are_undone(admin, opened):
    paused = await admin.presses(await admin.presses(opened, "Pause ▸"), "For a week")
    resumed = await admin.presses(paused, "Resume")
    again = (await admin.presses(resumed, "Undo"))["text"]

    assert "paused, resumes in 1 wk" in again


async def test_a_user_who_is_no_admin_undoes_nothing(house, admin, opened):
    await admin.presses(opened, "Language")
    undo = dict(buttons(await admin.says("de")))["Undo"]
    stranger = house.talk("Eve").who.id

    await house.feed(press(stranger, undo))
    page = await admin.presses(await admin.says("/sources"), "1")

    assert "Language: de" in page["text"]


async def test_an_interval_of_seconds_is_not_shown_in_minutes(admin, opened, one_storage):
    async with one_storage.writing() as tx:
        await tx.change(update(Source).values(every_seconds=5))

    page = await admin.presses(await admin.says("/sources"), "1")

    assert "Read every" not in page["text"]
