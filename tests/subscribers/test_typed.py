import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers.typed import Asked, Clock, Link, Words, Zone, read_typed
from bot.subscribers.zones import available_zones, is_zone

ANYTHING = st.text(max_size=40)
MAYBE_ASKED = st.sampled_from([None, *Asked])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Taiwan", Words("Taiwan")),
        ("  two \n words ", Words("two words")),
        ("07:30", Clock(450)),
        ("7:30 PM", Clock(19 * 60 + 30)),
        ("12:00 am", Clock(0)),
        ("12:00 p.m.", Clock(720)),
        ("24:00", Words("24:00")),
        ("13:00 pm", Words("13:00 pm")),
        ("7:5", Words("7:5")),
        ("8", Words("8")),
        ("Asia/Tokyo", Zone("Asia/Tokyo")),
        ("america/new york", Zone("America/New_York")),
        ("UTC+9", Zone("Etc/GMT-9")),
        ("utc −3", Zone("Etc/GMT+3")),
        ("GMT+0", Zone("UTC")),
        ("UTC+5:30", Zone("Asia/Kolkata")),
        ("UTC+1:15", Words("UTC+1:15")),
        ("UTC+15", Words("UTC+15")),
        ("Tokyo", Words("Tokyo")),
        ("GMT", Words("GMT")),
        ("and/or", Words("and/or")),
        ("https://example.org/feed.xml", Link("https://example.org/feed.xml")),
        ("see https://example.org", Words("see https://example.org")),
        ("http://", Words("http://")),
        ("\u202edrow", Words("drow")),
    ],
)
def test_what_was_typed_is_what_it_can_only_be(text, read):
    assert read_typed(text) == read


@pytest.mark.parametrize(
    ("text", "asked", "read"),
    [
        ("8", Asked.TIME, Clock(480)),
        ("8 pm", Asked.TIME, Clock(20 * 60)),
        ("19h", Asked.TIME, Clock(19 * 60)),
        ("19時5分", Asked.TIME, Clock(19 * 60 + 5)),
        ("99", Asked.TIME, Words("99")),
        ("Tokyo", Asked.ZONE, Zone("Asia/Tokyo")),
        ("new_york", Asked.ZONE, Zone("America/New_York")),
        ("St. Petersburg", Asked.ZONE, Zone("Europe/Moscow")),
        ("東京", Asked.ZONE, Zone("Asia/Tokyo")),
        ("jst", Asked.ZONE, Zone("Asia/Tokyo")),
        ("Atlantis", Asked.ZONE, Words("Atlantis")),
    ],
)
def test_an_answer_is_read_generously(text, asked, read):
    assert read_typed(text, asked) == read


@given(ANYTHING, MAYBE_ASKED)
def test_anything_can_be_read_and_is_within_bounds(text, asked):
    match read_typed(text, asked):
        case Clock(minutes):
            assert 0 <= minutes < 24 * 60
        case Zone(name):
            assert is_zone(name)
        case Link(url):
            assert url.lower().startswith("http")
        case Words(words):
            assert words == " ".join(words.split())


@given(st.integers(0, 23), st.integers(0, 59))
def test_every_clock_time_is_read_back(hour, minute):
    assert read_typed(f"{hour}:{minute:02}") == Clock(hour * 60 + minute)


@given(st.sampled_from(sorted(zone for zone in available_zones() if zone.count("/") == 1)))
def test_every_zone_can_be_typed(zone):
    if not zone.startswith("Etc/"):
        assert read_typed(zone.lower().replace("_", " ")) == Zone(zone)
