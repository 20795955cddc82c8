"""The buttons of the settings in every language: a phone shows each label whole."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.chat import callbacks
from bot.publishing.calendar import Plan
from bot.rendering.html import width
from bot.rendering.i18n import LANGUAGES
from bot.rendering.messages import Keyboard
from bot.rendering.renderer import Renderers
from bot.subscribers.settings import Change, Setting
from bot.web.samples import sample_managed
from storage.enums import EmptyDay, Layout, Style
from storage.schedules import QuietHours, ScheduleTime

pytestmark = pytest.mark.slow

WIDEST = {1: 60, 2: 34, 3: 16, 4: 11}  # columns of a label, by the buttons of its row
DAILY, WEEKLY = ScheduleTime(0, 480), ScheduleTime(1, 1320, 0b1000000)
RENDERERS = Renderers()


def keyboards(code: str) -> Iterator[tuple[str, Keyboard]]:
    """Give the buttons of each page of the settings, with the longest of what it may hold."""
    renderer = RENDERERS.of(code)
    plain, paused = (one.settings for one in sample_managed())
    settings = replace(plain, quiet=QuietHours(1320, 420), empty_day=EmptyDay.LINE)
    two = replace(plain, plan=Plan("America/Argentina/Buenos_Aires", (DAILY, WEEKLY)))
    for name, values in (
        ("settings.html", {"settings": settings}),
        ("settings.html", {"settings": replace(plain, empty_day=EmptyDay.SKIP)}),
        ("settings.html", {"settings": paused}),
        ("stop.html", {"settings": paused}),
        ("schedule.html#times", {"settings": plain}),
        ("schedule.html#times", {"settings": two}),
        ("schedule.html#time", {"settings": two, "chosen": WEEKLY}),
        ("schedule.html#more_times", {"settings": plain}),
        ("schedule.html#days", {"settings": two, "chosen": DAILY}),
        ("schedule.html#days", {"settings": two, "chosen": WEEKLY}),
        ("saved.html#saved", {"settings": replace(two, change=Change(Setting.TIMES, plain))}),
        ("timezones.html#zone", {"settings": two, "may_send_location": True}),
        ("quiet.html", {"settings": settings}),
        ("alert_rate.html", {"settings": settings}),
        ("layout.html", {"settings": replace(plain, layout=Layout.RICH)}),
        ("layout.html", {"settings": replace(plain, style=Style.FULL, layout=Layout.REFUSED)}),
        ("language.html", {"languages": list(LANGUAGES.values()), "settings": plain}),
        ("email.html", {"mailbox": settings.mailbox, "settings": None}),
    ):
        yield (
            name,
            renderer.keyboard(
                f"chat/{name}",
                press=callbacks,
                in_group=False,
                unavailable=(),
                has_model=True,
                **values,
            ),
        )


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_label_is_longer_than_a_phone_shows_in_its_row(code):
    cut = [
        (name, button.text)
        for name, keyboard in keyboards(code)
        for row in keyboard
        for button in row
        if width(button.text) > WIDEST.get(len(row), 0)
    ]

    assert cut == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_weekdays_are_abbreviated_four_in_a_row_at_most(code):
    keyboard = dict(keyboards(code))["schedule.html#days"]
    days = keyboard[:2]

    assert [len(row) for row in days] == [4, 3]
    assert all(width(button.text) <= 11 for row in days for button in row)


def test_english_needs_no_other_rows_than_the_templates_have():
    settings = next(keyboard for name, keyboard in keyboards("en") if name == "settings.html")

    assert [len(row) for row in settings] == [3, 3, 3, 1, 2]
