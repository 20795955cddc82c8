import json
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds.dates import feed_date
from bot.sources.feeds.places import clock_of, place_of
from bot.sources.pages.dates import page_date

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        pytest.param("2026-03-02T12:00:00Z", "", NOON, id="ISO, UTC"),
        pytest.param("2026-03-02T21:00:00+0900", "", NOON, id="ISO, an offset without a colon"),
        pytest.param("2026-03-02 12:00", "", NOON, id="ISO, no zone is UTC"),
        pytest.param("2026-03-02T12:00:00.1234567Z", "", NOON, id="ISO, seven decimals"),
        pytest.param("2026-03-02", "", date(2026, 3, 2), id="ISO, a date stays a date"),
        pytest.param("2026-03", "", None, id="ISO, a month is no date"),
        pytest.param("2026/03/02 12:00:00", "", NOON, id="slashes, year first"),
        pytest.param("Mon, 02 Mar 2026 21:00:00 JST", "", NOON, id="Japanese time"),
        pytest.param("Mon, 02 Mar 2026 13:00 CET", "", NOON, id="no seconds"),
        pytest.param("Mon, 02 Mar 2026 17:30:00 IST", "en", NOON, id="Indian time"),
        pytest.param("Mon, 02 Mar 2026 14:00:00 IST", "he", NOON, id="Israel time in Hebrew"),
        pytest.param("Mon, 02 Mar 2026 13:00:00 IST", "en-IE", NOON, id="Irish time"),
        pytest.param("Mon, 02 Mar 2026 22:00:00 EST", "en-AU", NOON, id="Eastern Australia"),
        pytest.param("Mon, 02 Mar 2026 20:00:00 PST", "en-PH", NOON, id="Philippine time"),
        pytest.param("Mon, 02 Mar 2026 20:00:00 CST", "zh-TW", NOON, id="China time in Chinese"),
        pytest.param("Mon, 02 Mar 2026 06:00:00 CST", "en-US", NOON, id="Central time in English"),
        pytest.param("Mon, 02 Mar 2026 02:00:00 HST", "", NOON, id="Hawaii"),
        pytest.param("Mon, 02 Mar 2026 21:00:00 +0900 (JST)", "", NOON, id="offset and name"),
        pytest.param("Fri, 02 Mar 2026 12:00:00 GMT", "", NOON, id="the wrong weekday"),
        pytest.param("2 March 26 12:00 UT", "", NOON, id="a year of two digits"),
        pytest.param("March 2, 2026 12:00 PM", "", NOON, id="month first, noon"),
        pytest.param("March 2, 2026 8:00 p.m. +0800", "", NOON, id="month first, evening"),
        pytest.param("Mon Mar  2 12:00:00 UTC 2026", "", NOON, id="as C writes it"),
        pytest.param("1772452800", "", NOON, id="Unix time"),
        pytest.param("1772452800000", "", NOON, id="Unix time in milliseconds"),
        pytest.param("Mo, 02 Mär 2026 13:00:00 +0100", "de", NOON, id="German names"),
        pytest.param("Пн, 02 мар 2026 15:00:00 +0300", "ru", NOON, id="Russian names"),
        pytest.param("lun., 02 mars 2026 12:00:00 GMT", "fr", NOON, id="French names"),
        pytest.param("2 juin 2026", "fr", date(2026, 6, 2), id="June in French"),
        pytest.param("2 juil. 2026", "fr", date(2026, 7, 2), id="July in French"),
        pytest.param("Mon, 02 Mar 2026 12.00.00 GMT", "", NOON, id="a clock with dots"),
        pytest.param("Mon, 02 Mar 2026 07:00 ET", "", NOON, id="Eastern time"),
        pytest.param(
            "Mon, 02 Mar 2026 12:00:00 GMT+0000 (Coordinated Universal Time)",
            "",
            NOON,
            id="as JavaScript writes it",
        ),
        pytest.param("Monday, March 2, 2026 - 12:00", "", NOON, id="a dash before the clock"),
        pytest.param("02.03.2026 12:00", "", NOON, id="numbers with dots"),
        pytest.param("3/2/2026 12:00:00 PM", "", NOON, id="American numbers"),
        pytest.param("3/2/2026 12:00:00", "", None, id="numbers that could be either"),
        pytest.param("20260302T120000Z", "", NOON, id="ISO without signs"),
        pytest.param("20260302120000", "", NOON, id="nothing but digits"),
        pytest.param("0000-00-00 00:00:00", "", None, id="zeros"),
        pytest.param("31 Feb 2026 12:00 GMT", "", None, id="a day that is not"),
        pytest.param("yesterday", "", None, id="a word"),
        pytest.param("", "", None, id="nothing"),
    ],
)
def test_a_feed_date_is_read(text, language, expected):
    assert feed_date(text, language) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        pytest.param("2 mars 2026", "", date(2026, 3, 2), id="French, no hint"),
        pytest.param("2 mars 2026", "en", date(2026, 3, 2), id="French with a wrong hint"),
        pytest.param("Published on 2 March 2026 at 12:00", "en", NOON, id="in a sentence"),
        pytest.param("2026年3月2日(月) 午後0時00分", "ja", NOON, id="Japanese, afternoon"),
        pytest.param("令和8年3月2日", "ja", date(2026, 3, 2), id="a Japanese era"),
        pytest.param("令和元年5月1日", "ja", date(2019, 5, 1), id="the first year of an era"),
        pytest.param("民國115年3月2日", "zh", date(2026, 3, 2), id="the Republic's years"),
        pytest.param("2 มีนาคม พ.ศ. 2569", "th", date(2026, 3, 2), id="a Buddhist year"),
        pytest.param("۱۱ اسفند ۱۴۰۴", "fa", date(2026, 3, 2), id="the Persian calendar"),
        pytest.param("02/03/2026", "en-GB", date(2026, 3, 2), id="day first in Britain"),
        pytest.param("03/02/2026", "en", date(2026, 3, 2), id="month first in America"),
        pytest.param("02/03/2026", "", None, id="numbers that could be either"),
        pytest.param("25/03/2026", "", date(2026, 3, 25), id="numbers that could not"),
        pytest.param("02.03.2026, 12:00 Uhr", "de", NOON, id="German with a time"),
        pytest.param("2026. 3. 2. 오후 12:00", "ko", NOON, id="Korean with dots"),
        pytest.param("3 hours ago", "en", None, id="relative"),
        pytest.param("March 2026", "en", None, id="without a day"),
        pytest.param("Tokyo 2020: 17 medals", "en", None, id="numbers that are no date"),
    ],
)
def test_a_page_date_is_read(text, language, expected):
    assert page_date(text, language) == expected


BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "place", "clock"),
    [
        pytest.param("2026年3月2日 21時00分", "ja", TOKYO, id="Japanese"),
        pytest.param("Montag, 2. März 2026, 13:00 Uhr", "de", BERLIN, id="a word that is no zone"),
        pytest.param("02.03.2026 13:00 Uhr", "de-DE", BERLIN, id="German numbers"),
        pytest.param("2026-03-02 13:00", "de", BERLIN, id="ISO"),
        pytest.param("03/02/2026 9:00 PM", "en-US", TOKYO, id="American numbers, evening"),
        pytest.param("Published Mon 2 Mar 2026 13:00 IST, by Ann", "en-IE", TOKYO, id="Irish time"),
        pytest.param("Updated on Mon, 02 Mar 2026 21:00 +09:00", "en", BERLIN, id="an offset"),
        pytest.param("2 March 2026 at 12:00 GMT", "en", TOKYO, id="a zone counts before the clock"),
    ],
)
def test_a_time_without_a_zone_is_read_in_the_time_zone_of_the_place(text, place, clock):
    assert page_date(text, place, clock) == NOON


def test_a_day_is_a_day_by_any_clock():
    assert page_date("Datum: 02.Mär.26", "de", TOKYO) == date(2026, 3, 2)


@pytest.mark.parametrize("language", ["la", "eo", "gsw", "xx"])
def test_a_language_that_no_table_knows_hides_no_date(language):
    assert page_date("2 March 2026, posted by Ann", language) == date(2026, 3, 2)


@given(st.text(max_size=70))
def test_any_text_is_a_date_or_none(text):
    assert feed_date(text) is None or isinstance(feed_date(text), date)


@given(st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0)))
def test_an_iso_time_is_read_back(moment):
    assert feed_date(moment.isoformat()) == moment


@given(
    st.sampled_from(["2026-03-02", "2024-02-29", "2026-02-29", "0000-01-01", "0001-01-01"]),
    st.sampled_from(["12:00:00", "23:59:60", "24:00:00", "24:00:01", "25:00:00", "00:60:00"]),
    st.sampled_from(["Z", "+00:00", "-00:00", "+09:00", "-23:59", "+24:00", "+05:99", "+99:00"]),
)
def test_dates_that_python_reads_mean_the_same_here(day, clock, zone):
    assert feed_date(f"{day}T{clock}{zone}") == feed_date(f"{day} {clock} {zone}")


def test_the_corpus_of_dates_is_read_right(corpus):
    rows = json.loads((corpus / "crafted/dates.json").read_text(encoding="utf-8"))

    wrong = [row for row in rows if _read(row) != _wanted(row)]

    assert wrong == []


def _read(row: dict[str, Any]) -> date | None:
    for_pages = row["kind"] in {"page", "ambig", "partial", "relative"}
    found = (page_date if for_pages else feed_date)(row["text"], row["lang"])
    if found is None or isinstance(found, datetime):
        return found
    return datetime.combine(found, time(), UTC)


def _wanted(row: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(row["utc"]).replace(tzinfo=UTC) if row["utc"] else None


@pytest.mark.parametrize(
    ("tag", "host", "place"),
    [
        pytest.param("en-GB", "ex.org", "en-GB", id="the tag's country"),
        pytest.param("en_gb", "", "en-GB", id="as Open Graph writes it"),
        pytest.param("zh-Hant-TW", "ex.com", "zh-TW", id="a script in between"),
        pytest.param("en-US", "www.ex.co.uk", "en-GB", id="the host's country counts first"),
        pytest.param(None, "ex.in", "-IN", id="no language"),
        pytest.param("ja", "ex.com", "ja", id="no country"),
        pytest.param("en", "ex.io", "en", id="a country whose name is bought for its letters"),
        pytest.param("de", "ex.eu", "de", id="no country's name"),
        pytest.param("?", "127.0.0.1", "", id="nothing"),
    ],
)
def test_a_place_is_a_language_and_a_country(tag, host, place):
    assert place_of(tag, host) == place


@pytest.mark.parametrize(
    ("place", "clock"),
    [
        pytest.param("ja", "Asia/Tokyo", id="a language of one clock"),
        pytest.param("en-IN", "Asia/Kolkata", id="a country of one clock"),
        pytest.param("de-CH", "Europe/Zurich", id="the country counts before the language"),
        pytest.param("en-US", None, id="a country of many"),
        pytest.param("en", None, id="a language of many"),
        pytest.param("de-US", None, id="a language abroad"),
        pytest.param("", None, id="nowhere"),
    ],
)
def test_a_clock_is_known_where_there_is_one(place, clock):
    assert clock_of(place) == (clock and ZoneInfo(clock))
