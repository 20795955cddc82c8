from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers import input_times
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.input import AskedInput as Asked
from bot.subscribers.input import (
    Clock,
    Day,
    Hours,
    Keywords,
    Nonsense,
    Number,
    Timetable,
    Zone,
    read_typed,
)
from bot.subscribers.posts import Post, PostLink
from bot.subscribers.timezones import available_zones, is_zone
from storage.schedules import EVERY_DAY, QuietHours

ANYTHING = st.text(max_size=40)
TIME_WORDS = [
    "8", "8:00", "18:30", "23:59", "24:00", "pm", "and", ",", "-", "to", "on", "every", "mon",
    "Tuesdays", "weekdays", "quiet", "31.12.", "June", "until",
]  # fmt: skip
ABOUT_TIME = st.lists(st.sampled_from(TIME_WORDS), max_size=8).map(" ".join)
MONDAY, WEEKDAYS, TODAY = 0b0000001, 0b0011111, date(2026, 3, 2)  # a Monday
MAYBE_ASKED = st.sampled_from([None, *Asked])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Taiwan", Keywords("Taiwan")),
        ("  two \n words ", Keywords("two words")),
        ("07:30", Clock(450)),
        ("7:30 PM", Clock(19 * 60 + 30)),
        ("12:00 am", Clock(0)),
        ("12:00 p.m.", Clock(720)),
        ("24:00", Keywords("24:00")),
        ("13:00 pm", Keywords("13:00 pm")),
        ("7:5", Keywords("7:5")),
        ("8:99", Keywords("8:99")),
        ("8", Clock(480)),
        ("8.30", Clock(510)),
        ("24", Keywords("24")),
        ("8.3", Keywords("8.3")),
        ("2026", Keywords("2026")),
        ("8 stories", Keywords("8 stories")),
        ("Asia/Tokyo", Zone("Asia/Tokyo")),
        ("america/new york", Zone("America/New_York")),
        ("UTC+9", Zone("Etc/GMT-9")),
        ("utc −3", Zone("Etc/GMT+3")),
        ("GMT+0", Zone("UTC")),
        ("UTC+5:30", Zone("Asia/Kolkata")),
        ("UTC+1:15", Keywords("UTC+1:15")),
        ("UTC+15", Keywords("UTC+15")),
        ("at 7:30", Clock(450)),
        ("8:00 and 18:30", Timetable((WeeklyTime(480), WeeklyTime(1110)))),
        ("Mondays 9:00", Timetable((WeeklyTime(540, MONDAY),))),
        (
            "7:30 on weekdays, Sat 10:00",
            Timetable((WeeklyTime(450, WEEKDAYS), WeeklyTime(600, 1 << 5))),
        ),
        ("Mon, Wed and Fri at 8:00", Timetable((WeeklyTime(480, 0b0010101),))),
        ("8:00 Mon, Wed", Timetable((WeeklyTime(480, 0b0000101),))),
        ("Mondays 9:00 and 18:30", Timetable((WeeklyTime(540, MONDAY), WeeklyTime(1110, MONDAY)))),
        ("Sat-Mon 8:00", Timetable((WeeklyTime(480, 0b1100001),))),
        ("8 and 18", Keywords("8 and 18")),
        ("Monday", Keywords("Monday")),
        ("8:00 and Taiwan", Keywords("8:00 and Taiwan")),
        ("22:00-07:00", Hours(QuietHours(1320, 420))),
        ("22:00 – 7:00", Hours(QuietHours(1320, 420))),
        ("quiet 22-7", Hours(QuietHours(1320, 420))),
        ("quiet hours from 10 pm to 7 am", Hours(QuietHours(1320, 420))),
        ("quiet", Keywords("quiet")),
        ("quiet 7-7", Keywords("quiet 7-7")),
        ("22-7", Keywords("22-7")),
        ("Tokyo", Keywords("Tokyo")),
        ("GMT", Keywords("GMT")),
        ("and/or", Keywords("and/or")),
        ("https://example.org/feed.xml", PostLink("https://example.org/feed.xml")),
        ("see https://example.org.", PostLink("https://example.org")),
        ("Taiwan OR https://example.org", Keywords("Taiwan OR https://example.org")),
        ("at 7", Clock(420)),
        ("19h30", Clock(19 * 60 + 30)),
        ("7.30 pm", Clock(19 * 60 + 30)),
        ("7 pm", Clock(19 * 60)),
        ("7.30 and 8.30", Keywords("7.30 and 8.30")),
        ("午後7時", Clock(19 * 60)),
        ("午前7時半", Clock(450)),
        ("下午3点15分", Clock(15 * 60 + 15)),
        ("오후 7시 30분", Clock(19 * 60 + 30)),
        ("午後13時", Keywords("午後13時")),
        ("🙂🙂", Nonsense()),
        ("?!", Nonsense()),
        ("http://evil.example\\@outlet.example/story", Nonsense()),
        ("https://outlet.example@evil.example/story", Nonsense()),
        ("", Nonsense()),
        ("the", Nonsense()),
        ("word " * 100, Post("", " ".join(["word"] * 100))),
        (f"Ferry sinks\n{'It sank. ' * 40}", Post("Ferry sinks", " ".join(["It sank."] * 40))),
        ("word " * 100 + "OR not", Keywords("word " * 100 + "OR not")),
        ("http://", Keywords("http://")),
        ("\u202edrow", Keywords("drow")),
    ],
)
def test_unasked_text_is_a_setting_only_if_it_can_be_nothing_else(text, read):
    assert read_typed(text) == read


@pytest.mark.parametrize(
    ("text", "asked", "read"),
    [
        ("8", Asked.QUERY, Keywords("8")),
        ("UTC+9", Asked.QUERY, Keywords("UTC+9")),
        ("https://example.org/feed.xml", Asked.QUERY, PostLink("https://example.org/feed.xml")),
        ("8", Asked.TIME, Clock(480)),
        ("8 pm", Asked.TIME, Clock(20 * 60)),
        ("19h", Asked.TIME, Clock(19 * 60)),
        ("19時5分", Asked.TIME, Clock(19 * 60 + 5)),
        ("99", Asked.TIME, Keywords("99")),
        ("8 and 18:30", Asked.TIME, Timetable((WeeklyTime(480), WeeklyTime(1110)))),
        (
            "every day at 8, Mondays 9",
            Asked.TIME,
            Timetable((WeeklyTime(480), WeeklyTime(540, MONDAY))),
        ),
        ("22-7", Asked.TIME, Keywords("22-7")),
        ("22-7", Asked.QUIET, Hours(QuietHours(1320, 420))),
        ("10 pm until 7 am", Asked.QUIET, Hours(QuietHours(1320, 420))),
        ("8", Asked.QUIET, Keywords("8")),
        ("12", Asked.NUMBER, Number(12)),
        ("many", Asked.NUMBER, Keywords("many")),
        ("2026-06-01", Asked.DATE, Day(date(2026, 6, 1))),
        ("until 1 June", Asked.DATE, Day(date(2026, 6, 1))),
        ("June 1st, 2027", Asked.DATE, Day(date(2027, 6, 1))),
        ("1. Feb", Asked.DATE, Day(date(2027, 2, 1))),
        ("31.12.", Asked.DATE, Day(date(2026, 12, 31))),
        ("Tuesday, 1 December", Asked.DATE, Day(date(2026, 12, 1))),
        ("29 February", Asked.DATE, Day(date(2028, 2, 29))),
        ("tomorrow", Asked.DATE, Day(date(2026, 3, 3))),
        ("Monday", Asked.DATE, Day(date(2026, 3, 9))),
        ("next thurs", Asked.DATE, Day(date(2026, 3, 5))),
        ("10 days", Asked.DATE, Day(date(2026, 3, 12))),
        ("a week", Asked.DATE, Day(date(2026, 3, 9))),
        ("30 February", Asked.DATE, Keywords("30 February")),
        ("8:00", Asked.DATE, Keywords("8:00")),
        ("Tokyo", Asked.ZONE, Zone("Asia/Tokyo")),
        ("new_york", Asked.ZONE, Zone("America/New_York")),
        ("St. Petersburg", Asked.ZONE, Zone("Europe/Moscow")),
        ("東京", Asked.ZONE, Zone("Asia/Tokyo")),
        ("jst", Asked.ZONE, Zone("Asia/Tokyo")),
        ("Narnia", Asked.ZONE, Keywords("Narnia")),
    ],
)
def test_an_answer_is_read_generously(text, asked, read):
    assert read_typed(text, asked, TODAY) == read


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1 June " * 6, id="more than a date can be"),
        pytest.param("1/6", id="June or January"),
        pytest.param("2026-06-01", id="a date of digits"),
        pytest.param("6月10日", id="a date that dateparser misreads"),
        pytest.param("Monday", id="a weekday"),
    ],
)
def test_dateparser_reads_only_texts_that_need_it(text, monkeypatch):
    without_it = read_typed(text, Asked.DATE, TODAY)
    monkeypatch.setattr(input_times, "_date_parser", None)

    assert read_typed(text, Asked.DATE, TODAY) == without_it


@given(ANYTHING | ABOUT_TIME, MAYBE_ASKED)
def test_anything_can_be_read_and_is_within_bounds(text, asked):
    match read_typed(text, asked, TODAY):
        case Timetable(times):
            assert times
            assert all(0 <= one.minutes < 1440 and 0 < one.weekdays <= EVERY_DAY for one in times)
        case Hours(hours):
            assert 0 <= hours.start < 1440
            assert 0 <= hours.end < 1440
            assert hours.start != hours.end
        case Clock(minutes):
            assert 0 <= minutes < 24 * 60
        case Zone(name):
            assert is_zone(name)
        case PostLink(url):
            assert url.lower().startswith("http")
        case Keywords(words):
            assert words == " ".join(words.split())


@given(st.integers(0, 23), st.integers(0, 59))
def test_every_clock_time_is_read_back(hour, minute):
    assert read_typed(f"{hour}:{minute:02}") == Clock(hour * 60 + minute)


@given(st.sampled_from(sorted(zone for zone in available_zones() if zone.count("/") == 1)))
def test_every_zone_can_be_typed(zone):
    if not zone.startswith("Etc/"):
        assert read_typed(zone.lower().replace("_", " ")) == Zone(zone)


@given(st.dates(TODAY + timedelta(days=1), TODAY + timedelta(days=360)))
def test_every_date_of_the_coming_year_is_read_back(day):
    for written in (f"{day:%Y-%m-%d}", f"{day:%d %B}", f"{day:%B} {day.day}", f"{day:%d.%m.}"):
        assert read_typed(written, Asked.DATE, TODAY) == Day(day)
