from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers.places import ALSO_CALLED, BETWEEN_HOURS, OFFERED, SPOKEN_IN
from bot.subscribers.zones import guess_zone, is_zone, zone_named, zones_to_offer
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


def test_ones_own_zone_is_always_offered():
    assert zones_to_offer("Asia/Tokyo") == OFFERED
    assert zones_to_offer("Africa/Lagos")[0] == "Africa/Lagos"
