"""The web server of the feeds: it records every request, and lists how the rules fared."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import quoteattr

from aiohttp import web

from benchmarks.politeness.rules import (
    Feed,
    FeedRequest,
    LoggedRequest,
    Mark,
    Record,
    Response,
    Rule,
    Verdict,
    judge,
)

FEED_TYPE = "application/rss+xml; charset=utf-8"
MAX_VIOLATIONS = 3  # of a rule that are listed


@dataclass
class Recorder:
    """Chooses the responses of all feeds. *sites*: each rule's, such as `http://etag.example`."""

    sites: Mapping[str, Rule]
    clock: Callable[[], datetime]
    _journal: dict[str, list[LoggedRequest]] = field(default_factory=lambda: defaultdict(list))
    _numbers: Counter[tuple[str, str]] = field(default_factory=Counter)

    def respond(self, site: str, path: str, headers: Mapping[str, str]) -> Response:
        """*headers*: their names are in lower case."""
        feed = self._feed(site, path)
        if feed is None:
            return Response(404)
        self._numbers[site, feed.path] += 1
        now, before = self.clock(), self._journal[site]
        request = FeedRequest(
            at=now,
            since_first=now - (before[0].at if before else now),
            number=self._numbers[site, feed.path],
            site=site,
            headers=headers,
        )
        response = feed.respond(request)
        usual = {"Date": format_datetime(now, usegmt=True), "Content-Type": FEED_TYPE}
        headers = usual | dict(response.headers)
        return Response(response.status, response.body, headers, response.closes)

    def record(self, site: str, request: LoggedRequest) -> None:
        self._journal[site].append(request)

    def verdicts(self) -> list[Verdict]:
        now = self.clock()
        return [
            judge(rule, Record(tuple(self._journal[site]), now))
            for site, rule in self.sites.items()
        ]

    def listed(self) -> Sequence[tuple[str, Rule, Feed]]:
        """Return the URL of every listed feed, with its rule."""
        return [
            (site + feed.path, rule, feed)
            for site, rule in self.sites.items()
            for feed in rule.feeds
            if feed.is_listed
        ]

    def _feed(self, site: str, path: str) -> Feed | None:
        """Return the feed of *path* without its query."""
        bare = path.partition("?")[0]
        feeds = self.sites[site].feeds if site in self.sites else ()
        return next((feed for feed in feeds if feed.path.partition("?")[0] == bare), None)


@dataclass(frozen=True, slots=True)
class Server:
    recorder: Recorder

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        site, path = f"http://{request.host}", request.path_qs
        headers = {name.lower(): value for name, value in request.headers.items()}
        at = self.recorder.clock()
        chosen = self.recorder.respond(site, path, headers)
        response = web.Response(
            status=chosen.status, text=chosen.body or None, headers=chosen.headers
        )
        response.force_close()
        if chosen.closes and request.transport:
            request.transport.abort()
        elif request.method != "HEAD":
            await response.prepare(request)
            await response.write_eof()
        until = self.recorder.clock()
        self.recorder.record(
            site, LoggedRequest(at, until, path, chosen.status, request.method, headers)
        )
        return response

    async def respond_with_lists(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve the feeds, an OPML list of them for the reader, and the score so far."""
        if f"http://{request.host}" in self.recorder.sites:
            return await self.respond(request)
        if request.path == "/feeds.opml":
            return web.Response(text=_opml(self.recorder), content_type="text/x-opml")
        return web.Response(text=format_score(self.recorder.verdicts()))


def _opml(recorder: Recorder) -> str:
    outlines = "".join(
        f"<outline type='rss' text={quoteattr(_title(rule, feed))} xmlUrl={quoteattr(url)}/>"
        for url, rule, feed in recorder.listed()
    )
    return f"<opml version='2.0'><head/><body>{outlines}</body></opml>"


def _title(rule: Rule, feed: Feed) -> str:
    """Return the name of the rule, with the interval that the reader's owner is to set."""
    interval = f" (read it every {feed.every_minutes} minutes)" if feed.every_minutes else ""
    return f"{rule.name} {feed.path}{interval}"


def format_score(verdicts: Iterable[Verdict]) -> str:
    verdicts = list(verdicts)
    lines = [line for verdict in verdicts for line in _lines(verdict)]
    marks = Counter(verdict.mark for verdict in verdicts)
    requests = sum(verdict.requests for verdict in verdicts)
    totals = ", ".join(f"{marks[mark]} {mark}" for mark in Mark if marks[mark])
    return "\n".join([*lines, "", f"{totals}; {requests} requests", ""])


def _lines(verdict: Verdict) -> Iterator[str]:
    rule = verdict.rule
    yield f"{verdict.mark:<13} {verdict.requests:>5}  {rule.name:<21} {rule.text}"
    for violation in verdict.violations[:MAX_VIOLATIONS]:
        yield f"{'':21}- {violation}"
    if (more := len(verdict.violations) - MAX_VIOLATIONS) > 0:
        yield f"{'':21}- and {more} more"
