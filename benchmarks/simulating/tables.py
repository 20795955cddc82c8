"""The tables, as the documentation shows them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from math import ceil

from benchmarks.simulating.costs import Costs
from benchmarks.simulating.loads import MOST_BUSY, Load, hits_an_article, kept_gb_a_day, loads
from benchmarks.simulating.sending import Hour, day_at, most_users
from benchmarks.simulating.shapes import World, alerts_due, digests_due
from bot.sources.stories.clustering import MOST_MEMORY, TYPICAL_STORY, WINDOW

FREE, PAID = 27, 1000  # messages a second
_MILLION = 1_000_000
_SIZES = (1, 10, 50)  # millions of queries
_PROCESSES = 4  # that match


def report(world: World, costs: Costs) -> str:
    alerts, digests = alerts_due(world), digests_due(world)
    paid = day_at(PAID, alerts, digests)
    work = loads(world, costs, paid)
    parts = (
        _paces(world, alerts, digests),
        _hours(paid, work),
        _roles(work),
        _kept(world, costs),
        _stories(world, costs),
        _indexes(world, costs),
    )
    return "\n\n".join(parts)


def _paces(world: World, alerts: Sequence[float], digests: Sequence[float]) -> str:
    def rows() -> Iterator[tuple[object, ...]]:
        for pace in (FREE, PAID):
            day = day_at(pace, alerts, digests)
            yield (
                f"{pace:,}",
                _thousands(sum(each.sent for each in day)),
                _thousands(day[-1].waiting),
                f"{max(each.digests_late for each in day):.1f}",
                f"{most_users(pace, alerts, digests) * world.users / _MILLION:.2f} million",
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


def _hours(day: Sequence[Hour], work: Sequence[Load]) -> str:
    rows = (
        (
            f"{each.hour:02}",
            _thousands(load.articles),
            _thousands(each.alerts),
            _thousands(each.digests),
            _thousands(each.waiting),
            f"{60 * each.digests_late:.0f}",
            f"{sum(load.cores.values()):.1f}",
            f"{load.writes:,.0f}",
        )
        for each, load in zip(day, work, strict=True)
    )
    return _table(
        (
            "UTC",
            "articles",
            "alerts",
            "digests due",
            "waiting",
            "minutes for the hour's digests",
            "processors",
            "rows written a second",
        ),
        rows,
    )


def _roles(work: Sequence[Load]) -> str:
    def rows() -> Iterator[tuple[object, ...]]:
        for role in work[0].cores:
            busiest = max(load.cores[role] for load in work)
            mean = sum(load.cores[role] for load in work) / len(work)
            yield role, f"{mean:.2f}", f"{busiest:.2f}", ceil(busiest / MOST_BUSY)

    heads = ("work", "processors, mean", "in the busiest hour", f"processes {MOST_BUSY:.0%} busy")
    return _table(heads, rows())


def _kept(world: World, costs: Costs) -> str:
    rows = [
        (name, f"{one:.1f}", f"{one * world.kept_days / 1e3:.2f}")
        for name, one in kept_gb_a_day(world, costs).items()
    ]
    rows.append(
        (
            "all",
            f"{sum(kept_gb_a_day(world, costs).values()):.1f}",
            f"{sum(kept_gb_a_day(world, costs).values()) * world.kept_days / 1e3:.2f}",
        )
    )
    return _table(("stored", "GB a day", f"TB in {world.kept_days} days"), rows)


def _stories(world: World, costs: Costs) -> str:
    """For how long one process can remember what there was, where each article is its own story."""
    full = timedelta(seconds=WINDOW) / timedelta(days=1)
    rows = (
        (
            f"{articles / _MILLION:g} million",
            f"{min(24 * full, 24 * MOST_MEMORY / TYPICAL_STORY / articles):.1f}",
            f"{articles * full * costs['remembered_bytes'] / 1e9:.1f}",
        )
        for articles in (world.articles / 200, world.articles / 50, world.articles)
    )
    heads = ("articles a day", "hours in memory", "GB to remember three days")
    return _table(heads, rows)


def _indexes(world: World, costs: Costs) -> str:
    def rows() -> Iterator[tuple[object, ...]]:
        for millions in _SIZES:
            queries = millions * _MILLION
            hits = hits_an_article(world) * queries / world.queries
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
