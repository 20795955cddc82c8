"""The load of each role in an hour, in processors, and what the database writes and keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.simulate.costs import Costs
from benchmarks.simulate.sending import Hour
from benchmarks.simulate.shapes import HOURS, Scenario, articles_due

SECONDS = 3600
MOST_BUSY = 0.7  # of a processor, so that a process keeps up with bursts


@dataclass(frozen=True, slots=True)
class Load:
    """One hour: *cores* by role, *writes* in rows a second."""

    articles: float
    cores: Mapping[str, float]
    writes: float


def loads(scenario: Scenario, costs: Costs, sent: Sequence[Hour]) -> list[Load]:
    articles = articles_due(scenario)
    return [_load(scenario, costs, articles[each.hour], each) for each in sent]


def _load(scenario: Scenario, costs: Costs, articles: float, hour: Hour) -> Load:
    polls = scenario.feeds * scenario.polls_a_feed / HOURS
    hits = hits_an_article(scenario)
    ms = {
        "poll": polls * costs["poll_ms"] + articles * costs["article_ms"],
        "pages": articles * scenario.paged * costs["page_ms"],
        "match": articles
        * (
            costs["group_ms"]
            + costs["match_rows_ms"] * hits
            + costs.match_ms(scenario.queries, hits)
        ),
        "publish": (hour.alerts + hour.digests) * costs["edition_ms"],
        "send": hour.sent * costs["message_ms"],
    }
    rows = (
        polls * costs["poll_rows"]
        + articles * (costs["article_rows"] + hits)
        + (hour.alerts + hour.digests) * costs["edition_rows"]
        + hour.sent * costs["message_rows"]
    )
    return Load(articles, {name: cpu / 1e3 / SECONDS for name, cpu in ms.items()}, rows / SECONDS)


def hits_an_article(scenario: Scenario) -> float:
    return scenario.queries * scenario.hits_a_day / scenario.articles


def kept_gb_a_day(scenario: Scenario, costs: Costs) -> Mapping[str, float]:
    messages = scenario.users * (scenario.alerts_a_user + scenario.with_digest)
    return {
        "articles": scenario.articles * costs["article_bytes"] / 1e9,
        "matches": scenario.queries * scenario.hits_a_day * costs["match_bytes"] / 1e9,
        "messages": messages * costs["message_bytes"] / 1e9,
    }
