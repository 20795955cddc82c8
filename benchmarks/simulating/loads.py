"""How much work each role has in an hour, in processors; what the database writes and keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.simulating.costs import Costs
from benchmarks.simulating.sending import Hour
from benchmarks.simulating.shapes import HOURS, World, articles_due

SECONDS = 3600
MOST_BUSY = 0.7  # of a processor, so that a process keeps up with a burst


@dataclass(frozen=True, slots=True)
class Load:
    """Of one hour. *cores* by role, the one that groups apart; *writes* are rows a second."""

    articles: float
    cores: Mapping[str, float]
    writes: float


def loads(world: World, costs: Costs, sent: Sequence[Hour]) -> list[Load]:
    articles = articles_due(world)
    return [_load(world, costs, articles[each.hour], each) for each in sent]


def _load(world: World, costs: Costs, articles: float, hour: Hour) -> Load:
    polls = world.feeds * world.polls_a_feed / HOURS
    hits = hits_an_article(world)
    ms = {
        "poll": polls * costs["poll_ms"] + articles * costs["article_ms"],
        "pages": articles * world.paged * costs["page_ms"],
        "match": articles
        * (costs["group_ms"] + costs["match_rows_ms"] * hits + costs.match_ms(world.queries, hits)),
        "publish": (hour.alerts + hour.digests) * costs["edition_ms"],
        "send": hour.sent * costs["message_ms"],
    }
    rows = (
        polls * costs["poll_rows"]
        + articles * (costs["article_rows"] + hits)
        + (hour.alerts + hour.digests) * costs["edition_rows"]
        + hour.sent * costs["message_rows"]
    )
    return Load(articles, {name: one / 1e3 / SECONDS for name, one in ms.items()}, rows / SECONDS)


def hits_an_article(world: World) -> float:
    return world.queries * world.hits_a_day / world.articles


def kept_gb_a_day(world: World, costs: Costs) -> Mapping[str, float]:
    messages = world.users * (world.alerts_a_user + world.with_digest)
    return {
        "articles": world.articles * costs["article_bytes"] / 1e9,
        "matches": world.queries * world.hits_a_day * costs["match_bytes"] / 1e9,
        "messages": messages * costs["message_bytes"] / 1e9,
    }
