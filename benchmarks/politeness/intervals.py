"""When to come back: what the feed and its headers ask, within bounds, and its own rhythm."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from email.utils import format_datetime

from benchmarks.politeness.rules import Feed, Record, Reply, Rule, Visit, at_least, at_most, plain
from tests.sources.feeds_made import item, rss

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SLACK = 1.15  # a tenth of jitter, and a minute or two in line
NIGHT = range(8)
WEEKEND = (5, 6)
SYNDICATION = (
    "<sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>daily"
    "</sy:updatePeriod><sy:updateFrequency xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>"
    "4</sy:updateFrequency>"
)


def _never_before(least: timedelta) -> Callable[[Record], Iterable[str]]:
    return lambda record: at_least(record, least)


def _between(least: timedelta, most: timedelta) -> Callable[[Record], Iterable[str]]:
    return lambda record: (*at_least(record, least), *at_most(record, most))


def _expires(hours: int, **headers: str) -> Callable[[Visit], Reply]:
    def answer(visit: Visit) -> Reply:
        until = format_datetime(visit.at + hours * HOUR, usegmt=True)
        return plain(**headers, Expires=until)(visit)

    return answer


def _told_on_304(visit: Visit) -> Reply:
    if visit.number == 1:
        return plain(ETag='"one"')(visit)
    return Reply(304, headers={"ETag": '"one"', "Cache-Control": "max-age=14400"})


def _after_304(record: Record) -> Iterator[str]:
    for before, _after, gap in record.gaps():
        if before.status == 304 and gap < 4 * HOUR:
            yield f"asked again after {gap} (at {before.at})"


def _published_every(gap: timedelta, newest_before: timedelta) -> Callable[[Visit], Reply]:
    """Return a feed whose entries come *gap* apart, the newest so long before the first visit."""

    def answer(visit: Visit) -> Reply:
        begun = visit.at - visit.since - newest_before
        newest = 0 if newest_before else visit.since // gap
        shown = range(newest, newest - 10, -1)
        return Reply(body=rss(item(1000 + number, begun + number * gap) for number in shown))

    return answer


def _for_a_day(answer: Callable[[Visit], Reply]) -> Callable[[Visit], Reply]:
    return lambda visit: answer(visit) if visit.since < DAY else Reply(410)


def _at_five_minutes(record: Record) -> Iterator[str]:
    yield from at_least(record, 5 * MINUTE)
    first_day = record.asked[0].at + DAY
    if record.ended > first_day and len([one for one in record.asked if one.at < first_day]) < 200:
        yield "asked less often than its owner wants, though its headers allow it"


def _skipped(record: Record, is_skipped: Callable[[Record, int], bool]) -> Iterator[str]:
    for at, one in enumerate(record.asked[1:], start=1):  # whoever adds it may ask at any time
        if is_skipped(record, at):
            yield f"asked at {one.at:%A %H:%M}"


def _jittered(record: Record) -> Iterator[str]:
    gaps = [gap for _before, _after, gap in record.gaps()]
    if len({gap // MINUTE for gap in gaps}) < 3:
        yield "asked at equal distances"
    yield from at_least(record, 54 * MINUTE)
    yield from at_most(record, SLACK * HOUR)


RULES = (
    Rule(
        "unknown",
        "where nothing is known, an hour, with a tenth of jitter",
        (Feed(plain()),),
        _jittered,
        fewest=12,
    ),
    Rule("ttl", "ttl", (Feed(plain("<ttl>240</ttl>")),), _between(4 * HOUR, 4 * HOUR * SLACK)),
    Rule(
        "update-period",
        "the syndication module's period",
        (Feed(plain(SYNDICATION)),),
        _between(6 * HOUR, 6 * HOUR * SLACK),
    ),
    Rule(
        "max-age", "max-age", (Feed(plain(Cache_Control="max-age=10800")),), _never_before(3 * HOUR)
    ),
    Rule("expires", "Expires", (Feed(_expires(5)),), _never_before(5 * HOUR)),
    Rule(
        "longest",
        "of several wishes the longest",
        (Feed(_expires(6, Cache_Control="max-age=7200", extra="<ttl>60</ttl>")),),
        _never_before(6 * HOUR),
    ),
    Rule("told-on-304", "headers of a 304 count", (Feed(_told_on_304),), _after_304),
    Rule(
        "year",
        "a year's max-age: once a day all the same",
        (Feed(plain(Cache_Control="public, max-age=31536000")),),
        _between(DAY, DAY * SLACK),
    ),
    Rule(
        "floor",
        "never under fifteen minutes, whatever is allowed",
        (Feed(_for_a_day(plain("<ttl>1</ttl>", Cache_Control="max-age=0"))),),
        _never_before(15 * MINUTE),
    ),
    Rule(
        "skip-hours",
        "skipHours",
        (
            Feed(
                plain(
                    f"<skipHours>{''.join(f'<hour>{hour}</hour>' for hour in NIGHT)}</skipHours>"
                    "<ttl>120</ttl>"
                )
            ),
        ),
        lambda record: _skipped(record, lambda of, at: of.asked[at].at.hour in NIGHT),
        fewest=20,
    ),
    Rule(
        "skip-days",
        "skipDays",
        (Feed(plain("<skipDays><day>Saturday</day><day>Sunday</day></skipDays><ttl>240</ttl>")),),
        lambda record: _skipped(record, lambda of, at: of.asked[at].at.weekday() in WEEKEND),
        fewest=20,
    ),
    Rule(
        "busy",
        "a feed with news every few minutes: every fifteen minutes",
        (Feed(_for_a_day(_published_every(4 * MINUTE, timedelta()))),),
        lambda record: (
            *at_least(record, 15 * MINUTE),
            *(
                ()
                if len(record.asked) > 60 or record.ended < record.asked[0].at + DAY
                else ("too seldom",)
            ),
        ),
        fewest=12,
    ),
    Rule(
        "quiet",
        "a feed that has been silent for long: once a day",
        (Feed(_published_every(9 * DAY, 30 * DAY)),),
        _between(20 * HOUR, DAY * SLACK),
    ),
    Rule(
        "owner",
        "the reader's owner may want five minutes, where the headers allow it",
        (Feed(_for_a_day(plain(Cache_Control="max-age=300")), every_minutes=5),),
        _at_five_minutes,
        fewest=12,
    ),
    Rule(
        "owner-and-headers",
        "the owner's wish is not above the headers",
        (Feed(plain(Cache_Control="max-age=14400"), every_minutes=5),),
        _never_before(4 * HOUR),
    ),
    Rule(
        "retry-after-200",
        "Retry-After counts on a good answer too",
        (Feed(plain(Retry_After="30000")),),
        _never_before(timedelta(seconds=30_000)),
    ),
)
