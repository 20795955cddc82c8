"""Quiet hours, the limit of alerts an hour, and pauses that end by themselves."""

import pytest

from tests.chat.conftest import labels


@pytest.fixture
async def settings(ann):
    await ann.says("Taiwan", "Both")
    return await ann.says("/settings")


async def test_quiet_hours_are_turned_on_and_off(ann, settings):
    page = await ann.presses(settings, "Quiet at night")
    quiet = await ann.presses(page, "22:00–07:00")
    again = await ann.presses(quiet, "Quiet hours")
    loud = await ann.presses(again, "No quiet hours")

    assert page["text"].startswith("When should I be quiet (Tokyo time)?")
    assert "No quiet hours" not in labels(page)
    assert "Quiet from 22:00 to 07:00: alerts wait, and come together at 07:00." in quiet["text"]
    assert "✓ 22:00–07:00" in labels(again)
    assert "Quiet from" not in loud["text"]


async def test_a_new_alert_offers_quiet_nights(ann):
    subscribed = await ann.says("Taiwan", "Alert me")

    page = await ann.presses(subscribed, "Quiet at night")

    assert "When should I be quiet" in page["text"]
    assert "Change time" not in labels(subscribed)


async def test_quiet_hours_are_set_by_typing(ann, settings):
    question = await ann.presses(settings, "Quiet at night", "Other hours")

    again = await ann.replies(question, "at night")
    changed = await ann.replies(again, "11 pm to 6")

    assert again["text"].startswith("I can't read that as hours.")
    assert "Quiet from 23:00 to 06:00" in changed["text"]


@pytest.mark.parametrize("typed", ["quiet 22-7", "22:00-07:00"])
async def test_hours_typed_without_a_question_are_offered(ann, typed):
    offer = await ann.says(typed)
    settings = await ann.presses(offer, "Yes, be quiet")

    assert offer["text"].startswith("Stay quiet from 22:00 to 07:00?")
    assert "Quiet from 22:00 to 07:00" in settings["text"]


async def test_the_alert_limit_is_chosen_or_typed(ann, settings):
    page = await ann.presses(settings, "Alerts per hour")
    few = await ann.presses(page, "Few: 2")
    question = await ann.presses(few, "Alerts per hour", "Another number")
    again = await ann.replies(question, "lots")
    refused = await ann.replies(again, "99")
    one = await ann.replies(again, "1")

    assert "Up to 6 alerts an hour come one by one" in page["text"]
    assert "Alerts: up to 2 an hour one by one, more in one message." in few["text"]
    assert again["text"] == "That's not a number. Type one from 1 to 60."
    assert refused["text"] == "It can be 1 to 60 an hour."
    assert "Alerts: up to 1 an hour by itself, more in one message." in one["text"]


async def test_a_pause_until_a_date_ends_by_itself(ann, settings):
    paused = await ann.presses(settings, "Pause everything")
    week = await ann.presses(paused, "For a week")
    question = await ann.presses(week, "Until a date")
    again = await ann.replies(question, "some day")
    dated = await ann.replies(again, "1 June")
    resumed = await ann.presses(dated, "Resume")

    assert paused["text"].splitlines()[2].startswith("Paused. You'll get nothing until you resume")
    assert "Paused until Monday, 9 March. I resume by myself then" in week["text"]
    assert "The next one comes on Monday, 9 March, at 08:00." in week["text"]
    assert again["text"].startswith("I can't read that as a date.")
    assert "Paused until Monday, 1 June." in dated["text"]
    assert "Paused" not in resumed["text"]


async def test_a_past_date_is_refused(ann, settings):
    question = await ann.presses(settings, "Pause everything", "Until a date")

    refused = await ann.replies(question, "2020-01-01")

    assert refused["text"] == "A pause can end tomorrow at the earliest, and within a year."


async def test_stop_offers_a_pause_that_ends_by_itself(ann, settings):
    assert "Paused until tomorrow." in (await ann.says("/stop", "Until tomorrow"))["text"]
