from datetime import UTC, date, datetime, timedelta

import pytest

from bot.rendering import filters
from bot.rendering.i18n import LANGUAGES

NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)  # 14:00 in Tokyo
TODAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        pytest.param(
            datetime(2026, 11, 18, 0, 12, tzinfo=UTC),
            '<tg-time unix="1794960720" format="t">09:12</tg-time>',
            id="today: the time",
        ),
        pytest.param(
            datetime(2026, 11, 17, 0, 12, tzinfo=UTC),
            '<tg-time unix="1794874320" format="wt">Tue 09:12</tg-time>',
            id="this week: the day too",
        ),
        pytest.param(
            datetime(2026, 11, 1, 0, 12, tzinfo=UTC),
            '<tg-time unix="1793491920" format="dt">1 Nov 09:12</tg-time>',
            id="earlier: the date",
        ),
        pytest.param(date(2026, 11, 17), "17 Nov", id="a date without a time stays a date"),
    ],
)
def test_the_time_of_news_is_shown(moment, shown):
    assert filters.when(moment, "Asia/Tokyo", TODAY, "en_GB") == shown


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        pytest.param(timedelta(seconds=2), "1 min ago", id="just now"),
        pytest.param(timedelta(minutes=59), "59 min ago", id="minutes"),
        pytest.param(timedelta(hours=5, minutes=10), "5 hr ago", id="hours"),
        pytest.param(timedelta(days=2), "Mon", id="days: which"),
        pytest.param(timedelta(days=20), "29 Oct", id="weeks: the date"),
        pytest.param(-timedelta(hours=1), "1 min ago", id="a clock that is ahead"),
    ],
)
def test_past_times_are_shown_as_ago(passed, shown):
    assert filters.ago(NOW - passed, NOW, "en_GB") == shown


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        pytest.param(timedelta(seconds=5), "in 1 min", id="at once"),
        pytest.param(timedelta(seconds=-5), "in 1 min", id="overdue"),
        pytest.param(timedelta(minutes=15), "in 15 min", id="minutes"),
        pytest.param(timedelta(hours=24), "in 1 day", id="a day"),
    ],
)
def test_future_times_are_shown_as_in(left, shown):
    assert filters.ahead(NOW + left, NOW, "en_GB") == shown


@pytest.mark.parametrize("locale", [one.locale for one in LANGUAGES.values()])
@pytest.mark.parametrize("hours", [0, 1, 5, 23, 30])
def test_every_language_says_in_words_how_long_ago_and_how_far_ahead(locale, hours):
    span = timedelta(hours=hours, minutes=3)

    said = filters.ago(NOW - span, NOW, locale), filters.ahead(NOW + span, NOW, locale)

    assert not any(text.startswith(("-", "+")) for text in said)


@pytest.mark.parametrize(
    ("text", "ranges", "html"),
    [
        pytest.param("a <b> c", [(2, 5)], "a <b>&lt;b&gt;</b> c", id="what is marked is escaped"),
        pytest.param("a & b", [], "a &amp; b", id="nothing marked"),
        pytest.param("ab cd", [(0, 2), (3, 5)], "<b>ab</b> <b>cd</b>", id="two words"),
    ],
)
def test_words_are_marked_in_bold(text, ranges, html):
    assert filters.bold(text, ranges) == html


def test_dates_follow_the_language():
    assert filters.day_and_month(TODAY, "en_GB") == "18 November"
    assert filters.day_and_month(TODAY, "ja") == "11月18日"
    assert filters.weekday(TODAY, "de") == "Mittwoch"


def test_minutes_and_zones_are_shown_as_clocks_and_cities():
    assert filters.clock(8 * 60) == "08:00"
    assert filters.city("America/New_York", "en_GB") == "New York"
    assert filters.city("America/New_York", "ja") == "ニューヨーク"
    assert filters.city("America/Argentina/Buenos_Aires", "fr") == "Buenos Aires"
    assert filters.city("Asia/Kolkata", "ru") == "Калькутта"  # CLDR uses its old name
    assert filters.city("Etc/UTC", "ru") == "UTC"


def test_one_moment_is_another_time_in_each_zone():
    noon, today = datetime(2026, 3, 2, 12, tzinfo=UTC), date(2026, 3, 2)

    shown = [filters.when(noon, zone, today, "en_GB") for zone in ("Asia/Tokyo", "UTC")]

    assert ["21:00" in shown[0], "12:00" in shown[1]] == [True, True]


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("en_GB", "a, b, c"),
        ("ja", "a、b、c"),
        ("ar", "\u2068a\u2069 و\u2068b\u2069 و\u2068c\u2069"),
    ],
)
def test_names_are_joined_with_commas_of_the_language(locale, shown):
    assert filters.joined(["a", "b", "c"], locale) == shown
    assert filters.joined(["a"], locale).strip("\u2068\u2069") == "a"
    assert filters.joined([], locale) == ""


def test_names_in_a_right_to_left_list_are_isolated():
    names = ["Example Wire", "Daily Sample"]

    assert filters.joined(names, "en_GB") == "Example Wire, Daily Sample"
    assert filters.joined(names, "ar") == "\u2068Example Wire\u2069 و\u2068Daily Sample\u2069"
