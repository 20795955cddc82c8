"""The tables of docs/explanation/scale.md are those of the simulation, and add up."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.simulate.costs import Costs
from benchmarks.simulate.loads import loads
from benchmarks.simulate.sending import day_at
from benchmarks.simulate.shapes import (
    NEWS,
    USERS,
    Scenario,
    alerts_due,
    articles_due,
    digests_due,
)
from benchmarks.simulate.tables import report

PAGE = Path(__file__).parent.parent / "docs/explanation/scale.md"
SCENARIO = Scenario()


def test_the_page_shows_the_tables_of_the_simulation():
    assert report(SCENARIO, Costs.measured()) in PAGE.read_text()


def test_the_shapes_of_a_day_add_up():
    assert sum(NEWS) == pytest.approx(1)
    assert sum(USERS.values()) == pytest.approx(1)
    assert sum(articles_due(SCENARIO)) == pytest.approx(SCENARIO.articles)
    assert sum(digests_due(SCENARIO)) == pytest.approx(SCENARIO.users * SCENARIO.with_digest)


@pytest.mark.parametrize("hours", [1, 3, 6])
def test_a_window_spreads_the_digests_and_loses_none(hours):
    due = digests_due(replace(SCENARIO, window_hours=hours))

    assert sum(due) == pytest.approx(SCENARIO.users * SCENARIO.with_digest)
    assert max(due) <= max(digests_due(SCENARIO))


def test_due_messages_are_sent_or_wait():
    day = day_at(1_000, alerts_due(SCENARIO), digests_due(SCENARIO))

    assert sum(hour.sent for hour in day) == pytest.approx(
        sum(hour.alerts + hour.digests for hour in day)
    )
    assert day[-1].waiting == 0


def test_alerts_are_sent_before_digests_in_an_overload():
    day = day_at(100, [500_000.0] * 24, [100_000.0] * 24)

    assert all(hour.sent == pytest.approx(360_000) for hour in day)
    assert day[-1].waiting == pytest.approx(48 * 240_000)


def test_half_the_users_are_half_the_work_of_sending():
    costs = Costs.measured()

    def busiest(scenario: Scenario) -> float:
        day = day_at(1_000, alerts_due(scenario), digests_due(scenario))
        return max(load.cores["send"] for load in loads(scenario, costs, day))

    half = replace(SCENARIO, users=SCENARIO.users // 2)
    assert busiest(half) == pytest.approx(busiest(SCENARIO) / 2)
