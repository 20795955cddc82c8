from datetime import timedelta

import pytest

from bot.subscribers.volume import Volume


@pytest.mark.parametrize(
    ("count", "per_day", "every_days"), [(0, 0, 0), (1, 0, 7), (4, 1, 2), (7, 1, 1), (30, 4, 0)]
)
def test_a_weeks_stories_by_day(count, per_day, every_days):
    volume = Volume(count, timedelta(days=7))

    assert (volume.per_day, volume.every_days) == (per_day, every_days)


def test_many_stories_in_no_time_at_all_are_a_flood():
    assert Volume(450, timedelta()).is_flood
    assert not Volume(2, timedelta(days=7)).is_flood
