"""What a request says and does not say."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from benchmarks.politeness.rules import CALM, Feed, Record, Rule, at_least, plain

QUIET_AFTER_ADDING = timedelta(minutes=15)
QUERY = "/feed.xml?b=2&a=1&when=always"
UNASKED = ("cookie", "referer", "authorization", "from", "origin")
REFRESHING = ("pragma", "cache-control")


def _one_get(record: Record) -> Iterator[str]:
    first = record.asked[0]
    for one in record.asked[1:]:
        if one.at - first.at < QUIET_AFTER_ADDING:
            yield f"a second request, {one.method} {one.path}, {one.at - first.at} after the first"
    yield from (f"{one.method} {one.path}" for one in record.asked if one.method != "GET")


def _never_sends(*names: str) -> Callable[[Record], Iterator[str]]:
    def complaints(record: Record) -> Iterator[str]:
        for one in record.asked:
            yield from (f"{name}: {one.headers[name]}" for name in names if name in one.headers)

    return complaints


def _as_given(record: Record) -> Iterator[str]:
    yield from (f"asked for {one.path}" for one in record.asked if one.path != QUERY)


def _says_who_it_is(record: Record) -> Iterator[str]:
    names = {one.headers.get("user-agent", "") for one in record.asked}
    yield from (f"goes by {len(names)} names" for _ in names if len(names) > 1)
    for name in names:
        if "http://" not in name and "https://" not in name and "@" not in name:
            yield f"its User-Agent says nobody to write to: {name!r}"


def _takes_gzip(record: Record) -> Iterator[str]:
    for one in record.asked:
        if "gzip" not in one.headers.get("accept-encoding", ""):
            yield "wants everything uncompressed"


def _of_a_restart() -> tuple[Feed, ...]:
    calm = plain(Cache_Control="max-age=21600")
    return tuple(Feed(calm, path=f"/{number}.xml") for number in range(4))


def _no_storm(record: Record) -> Iterator[str]:
    for path in dict.fromkeys(one.path for one in record.asked):
        yield from at_least(record, timedelta(hours=6), path)


def _calm(**headers: str) -> tuple[Feed, ...]:
    return (Feed(plain(Cache_Control=CALM["Cache-Control"], **headers)),)


RULES = (
    Rule("one-get", "adding a feed takes one GET, nothing else is looked for", _calm(), _one_get),
    Rule(
        "no-cookies",
        "no cookies, no Referer, no name of a person",
        _calm(Set_Cookie="id=1; Path=/; Max-Age=999999"),
        _never_sends(*UNASKED),
    ),
    Rule("no-refresh", "no header asks caches to look again", _calm(), _never_sends(*REFRESHING)),
    Rule(
        "as-given",
        "the address is asked as it was given, without a cache-buster",
        (Feed(plain(Cache_Control=CALM["Cache-Control"]), path=QUERY),),
        _as_given,
    ),
    Rule("user-agent", "one User-Agent, with an address to write to", _calm(), _says_who_it_is),
    Rule("compressed", "gzip is taken", _calm(), _takes_gzip),
    Rule(
        "restart",
        "a restart asks for nothing sooner (try some)",
        _of_a_restart(),
        _no_storm,
        fewest=8,
    ),
)
