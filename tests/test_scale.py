"""What the documentation says of scale is what the simulation prints, and that adds up."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.simulating.costs import Costs
from benchmarks.simulating.loads import loads
from benchmarks.simulating.sending import day_at
from benchmarks.simulating.shapes import (
    NEWS,
    PEOPLE,
    World,
    alerts_due,
    articles_due,
    digests_due,
)
from benchmarks.simulating.tables import report

PAGE = Path(__file__).parent.parent / "docs/explanation/scale.md"
WORLD = World()


def test_the_page_shows_what_the_simulation_prints():
    assert report(WORLD, Costs.measured()) in PAGE.read_text()


def test_the_shapes_of_a_day_hold_all_of_it():
    assert sum(NEWS) == pytest.approx(1)
    assert sum(PEOPLE.values()) == pytest.approx(1)
    assert sum(articles_due(WORLD)) == pytest.approx(WORLD.articles)
    assert sum(digests_due(WORLD)) == pytest.approx(WORLD.users * WORLD.with_digest)


@pytest.mark.parametrize("hours", [1, 3, 6])
def test_a_window_spreads_the_digests_and_loses_none(hours):
    due = digests_due(replace(WORLD, window_hours=hours))

    assert sum(due) == pytest.approx(WORLD.users * WORLD.with_digest)
    assert max(due) <= max(digests_due(WORLD))


def test_what_is_due_is_sent_or_waits():
    day = day_at(1_000, alerts_due(WORLD), digests_due(WORLD))

    assert sum(hour.sent for hour in day) == pytest.approx(
        sum(hour.alerts + hour.digests for hour in day)
    )
    assert day[-1].waiting == 0


def test_alerts_go_before_digests_when_there_is_too_much():
    day = day_at(100, [500_000.0] * 24, [100_000.0] * 24)

    assert all(hour.sent == pytest.approx(360_000) for hour in day)
    assert day[-1].waiting == pytest.approx(48 * 240_000)


def test_half_the_users_are_half_the_work_of_sending():
    costs = Costs.measured()

    def busiest(world: World) -> float:
        day = day_at(1_000, alerts_due(world), digests_due(world))
        return max(load.cores["send"] for load in loads(world, costs, day))

    half = replace(WORLD, users=WORLD.users // 2)
    assert busiest(half) == pytest.approx(busiest(WORLD) / 2)
