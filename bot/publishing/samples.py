"""Made-up news to look at templates with; its words are ours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.matching.query import parse
from bot.matching.snippet import Snippet, snippet, spans
from bot.publishing.bundles import Bundled
from bot.publishing.calendar import Plan
from bot.publishing.excerpts import LENGTHS
from bot.publishing.pages import Edition
from bot.publishing.selection import CAPS, Hit, Story, Topic, choose
from bot.publishing.trends import Trend
from storage.enums import Style

NOW = datetime(2026, 11, 17, 23, 0, tzinfo=UTC)
PLAN = Plan("Asia/Tokyo")
TIES = Topic(1, "Cross-strait ties")
CONSUL = Topic(2, '"consul-general"')
TAIWAN = Topic(3, "台湾")
QUERIES = {TIES.id: 'taiwan OR envoy OR "travel advice"', CONSUL.id: '"consul-general"'}

_WIRE, _TIMES, _DAILY = "Example Wire", "Example Times", "Daily Sample"


@dataclass(frozen=True, slots=True)
class _Sample:
    title: str
    text: str
    publishers: tuple[str, ...]
    hours_ago: int
    topics: tuple[Topic, ...] = (TIES,)
    alerted: bool = False


_SAMPLES = (
    _Sample(
        title="Envoy flies in for talks on disputed remark",
        text="The envoy is expected to say that the position on Taiwan has not changed. "
        "Talks begin in the afternoon and may go on for two days.",
        publishers=(_WIRE, _TIMES, _DAILY),
        hours_ago=5,
    ),
    _Sample(
        title="Airlines waive fees after travel advice",
        text="Three carriers let passengers move their flights for free. "
        "The travel advice, given on Friday, covers the whole of the holiday season.",
        publishers=(_WIRE,),
        hours_ago=9,
    ),
    _Sample(
        title="Harbour town cancels a concert of its Taiwan partner city",
        text="The hall had sold every seat. Tickets for the Taiwan evening will be paid back.",
        publishers=(_DAILY,),
        hours_ago=11,
    ),
    _Sample(
        title="New consuls-general named for three cities",
        text="Each consul-general takes office in spring; one of them worked as an envoy before.",
        publishers=(_TIMES,),
        hours_ago=14,
        topics=(TIES, CONSUL),
    ),
    _Sample(
        title="Ministry asks consul-general to explain post",
        text="The consul-general in the western city was called in on Monday over a post that "
        "lawmakers of three parties had called a threat.",
        publishers=(_WIRE, _TIMES, _DAILY),
        hours_ago=20,
        topics=(CONSUL,),
        alerted=True,
    ),
)
ALERTED = len(_SAMPLES) - 1


def sample_story(number: int) -> Story:
    sample = _SAMPLES[number]
    return Story(
        id=number,
        article_id=number,
        title=sample.title,
        url=f"https://news.example.org/{number + 1}",
        publishers=sample.publishers,
        news_at=NOW - timedelta(hours=sample.hours_ago),
        hits=tuple(Hit(topic.id, frozenset({topic.name})) for topic in sample.topics),
        alerted=sample.alerted,
    )


def sample_snippet(number: int, style: Style = Style.STANDARD) -> Snippet:
    sample = _SAMPLES[number]
    queries = [parse(QUERIES[topic.id]) for topic in sample.topics]
    found = [span for query in queries for span in spans(query, sample.title, sample.text)]
    limit = LENGTHS[style]
    return snippet(sample.text if limit else "", found, limit)


def sample_bundle() -> list[Bundled]:
    return [Bundled(sample_story(number), _SAMPLES[number].topics) for number in range(4)]


def sample_edition(style: Style = Style.STANDARD) -> Edition:
    """Return the digest of Wednesday, 18 November, in Tokyo."""
    stories = [sample_story(number) for number in range(len(_SAMPLES))]
    return Edition(
        choice=choose([TIES, CONSUL], stories, CAPS[style]),
        snippets={story.id: sample_snippet(story.id, style) for story in stories},
        plan=PLAN,
        topics=2,
        subscribed=(TIES, CONSUL),
        since=NOW - timedelta(days=1),
        now=NOW,
        day=date(2026, 11, 18),
        style=style,
        trends={TIES.id: Trend((1, 0, 2, 1, 0, 1, 2, 1, 0, 2, 1, 3, 2, 5))},
    )
