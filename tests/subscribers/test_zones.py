from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers.places import ALSO_CALLED, BETWEEN_HOURS, OFFERED, SPOKEN_IN
from bot.subscribers.regions import CITIES, Region
from bot.subscribers.zones import guess_zone, is_zone, zone_named, zone_of_place
from tests.conftest import MONDAY_NOON


@pytest.mark.parametrize(
    ("language", "zone"),
    [
        ("ja", "Asia/Tokyo"),
        ("en", "UTC"),
        ("en-GB", "Europe/London"),
        ("en_US", "America/New_York"),
        ("zh-Hant-HK", "Asia/Hong_Kong"),
        ("zh-hans", "Asia/Shanghai"),
        ("de-LU", "Europe/Berlin"),
        ("tlh", "UTC"),
        ("", "UTC"),
    ],
)
def test_a_zone_is_guessed_from_the_language(language, zone):
    assert guess_zone(language) == zone


@given(st.text(max_size=20))
def test_any_tag_gives_a_zone_that_exists(language):
    assert is_zone(guess_zone(language))


def test_every_zone_we_name_exists():
    named = {*SPOKEN_IN.values(), *ALSO_CALLED.values(), *BETWEEN_HOURS.values(), *OFFERED}

    assert [zone for zone in named if not is_zone(zone)] == []


@given(st.integers(-12, 14))
def test_an_offset_names_a_zone_that_many_hours_east(hours):
    offset = MONDAY_NOON.astimezone(ZoneInfo(zone_named(f"UTC{hours:+}") or "")).utcoffset()

    assert offset is not None
    assert offset.total_seconds() == hours * 3600


@pytest.mark.parametrize("minutes", [m for m in BETWEEN_HOURS if m != 630])
def test_an_offset_between_hours_names_a_zone_that_has_it(minutes):
    sign, (hours, rest) = "+" if minutes > 0 else "-", divmod(abs(minutes), 60)
    zone = ZoneInfo(zone_named(f"UTC{sign}{hours}:{rest:02}") or "")
    offset = MONDAY_NOON.replace(month=7 if minutes > 700 else 3).astimezone(zone).utcoffset()

    assert offset is not None
    assert offset.total_seconds() == minutes * 60


@pytest.mark.parametrize("region", Region)
def test_a_region_has_some_cities_from_west_to_east(region):
    offsets = [
        MONDAY_NOON.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for zone in CITIES[region]
    ]

    assert all(is_zone(zone) for zone in CITIES[region])
    assert len(offsets) <= 24
    assert offsets == sorted(offsets)


def test_a_city_stands_in_one_region():
    every = [zone for zones in CITIES.values() for zone in zones]

    assert len(every) == len(set(every))


def test_every_city_that_is_guessed_can_be_typed():
    for zone in SPOKEN_IN.values():
        assert zone_of_place(zone.rpartition("/")[2]) is not None


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        pytest.param("Москва", "Europe/Moscow", id="Russian"),
        pytest.param("طوكيو", "Asia/Tokyo", id="Arabic"),
        pytest.param("東京", "Asia/Tokyo", id="Japanese"),
        pytest.param("Ciudad de México", "America/Mexico_City", id="Spanish"),
        pytest.param("нью-йорк", "America/New_York", id="small letters"),
        pytest.param("TP Hồ Chí Minh", "Asia/Ho_Chi_Minh", id="a zone that was renamed"),
    ],
)
def test_a_city_can_be_typed_as_it_is_called_in_any_language_that_is_spoken(typed, zone):
    assert zone_of_place(typed) == zone
