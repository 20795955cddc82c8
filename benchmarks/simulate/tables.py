"""The tables of docs/explanation/scale.md."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from math import ceil

from benchmarks.simulate.costs import Costs
from benchmarks.simulate.loads import MOST_BUSY, Load, hits_an_article, kept_gb_a_day, loads
from benchmarks.simulate.sending import Hour, day_at, most_users
from benchmarks.simulate.shapes import Scenario, alerts_due, digests_due
from bot.sources.stories.clustering import MOST_MEMORY, TYPICAL_STORY, WINDOW

FREE, PAID = 27, 1000  # messages a second
_MILLION = 1_000_000
_SIZES = (1, 10, 50)  # millions of queries
_PROCESSES = 4  # with the role match


def report(scenario: Scenario, costs: Costs) -> str:
    alerts, digests = alerts_due(scenario), digests_due(scenario)
    paid = day_at(PAID, alerts, digests)
    work = loads(scenario, costs, paid)
    parts = (
        _paces(scenario, alerts, digests),
        _busiest(paid, work),
        _roles(work),
        _kept(scenario, costs),
        _stories(scenario, costs),
        _indexes(scenario, costs),
    )
    return "\n\n".join(parts)


def _paces(scenario: Scenario, alerts: Sequence[float], digests: Sequence[float]) -> str:
    def rows() -> Iterator[tuple[object, ...]]:
        for pace in (FREE, PAID):
            day = day_at(pace, alerts, digests)
            yield (
                f"{pace:,}",
                _thousands(sum(each.sent for each in day)),
                _thousands(day[-1].waiting),
                f"{max(each.digests_late for each in day):.1f}",
                f"{most_users(pace, alerts, digests) * scenario.users / _MILLION:.2f} million",
            )

    return _table(
        (
            "messages a second",
            "sent in 24 h",
            "waiting after two days",
            "latest digest, h",
            "users served within the hour",
        ),
        rows(),
    )


def _busiest(day: Sequence[Hour], work: Sequence[Load]) -> str:
    """Return the hour in which most rows are written."""
    busiest, load = max(zip(day, work, strict=True), key=lambda pair: pair[1].writes)
    row = (
        f"{busiest.hour:02}:00 UTC",
        _thousands(load.articles),
        _thousands(busiest.alerts),
        _thousands(busiest.digests),
        f"{60 * busiest.digests_late:.0f}",
        f"{sum(load.cores.values()):.1f}",
        f"{load.writes:,.0f}",
    )
    heads = (
        "busiest hour",
        "articles",
        "alerts",
        "digests due",
        "minutes for the hour's digests",
        "processors",
        "rows written a second",
    )
    return _table(heads, [row])


def _roles(work: Sequence[Load]) -> str:
    def rows() -> Iterator[tuple[object, ...]]:
        for role in work[0].cores:
            busiest = max(load.cores[role] for load in work)
            mean = sum(load.cores[role] for load in work) / len(work)
            yield role, f"{mean:.2f}", f"{busiest:.2f}", ceil(busiest / MOST_BUSY)

    heads = ("work", "processors, mean", "in the busiest hour", f"processes {MOST_BUSY:.0%} busy")
    return _table(heads, rows())


def _kept(scenario: Scenario, costs: Costs) -> str:
    rows = [
        (name, f"{one:.1f}", f"{one * scenario.kept_days / 1e3:.2f}")
        for name, one in kept_gb_a_day(scenario, costs).items()
    ]
    rows.append(
        (
            "all",
            f"{sum(kept_gb_a_day(scenario, costs).values()):.1f}",
            f"{sum(kept_gb_a_day(scenario, costs).values()) * scenario.kept_days / 1e3:.2f}",
        )
    )
    return _table(("stored", "GB a day", f"TB in {scenario.kept_days} days"), rows)


def _stories(scenario: Scenario, costs: Costs) -> str:
    """Return how long one process remembers articles, each of which is a story of its own."""
    full = timedelta(seconds=WINDOW) / timedelta(days=1)
    rows = (
        (
            f"{articles / _MILLION:g} million",
            f"{min(24 * full, 24 * MOST_MEMORY / TYPICAL_STORY / articles):.1f}",
            f"{articles * full * costs['remembered_bytes'] / 1e9:.1f}",
        )
        for articles in (scenario.articles / 200, scenario.articles / 50, scenario.articles)
    )
    heads = ("articles a day", "hours in memory", "GB to remember three days")
    return _table(heads, rows)


def _indexes(scenario: Scenario, costs: Costs) -> str:
    def rows() -> Iterator[tuple[object, ...]]:
        for millions in _SIZES:
            queries = millions * _MILLION
            hits = hits_an_article(scenario) * queries / scenario.queries
            dense = costs["hits_a_million"] * millions
            yield (
                f"{millions} million",
                f"{costs.index_gb(queries):.1f}",
                f"{costs.index_gb(queries) * _PROCESSES:.1f}",
                f"{hits:.0f}",
                f"{costs.match_ms(queries, hits) * 1e3:,.0f}",
                f"{costs.match_ms(queries, dense) * 1e3:,.0f}",
            )

    heads = (
        "queries",
        "GB a process",
        f"in {_PROCESSES} processes",
        "hits an article",
        "µs an article",
        "µs with hits as in the benchmark",
    )
    return _table(heads, rows())


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _thousands(number: float) -> str:
    return "0" if number < 1 else f"{number / 1e3:,.0f} k"
