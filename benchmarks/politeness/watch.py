"""Chooses the answers of all feeds, and remembers who asked for what, and when."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from benchmarks.politeness.rules import Asked, Feed, Record, Reply, Rule, Verdict, Visit, judged

FEED_TYPE = "application/rss+xml; charset=utf-8"


@dataclass
class Watch:
    """*sites*: where each rule's feeds are, such as `http://etag.example`."""

    sites: Mapping[str, Rule]
    clock: Callable[[], datetime]
    _journal: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    _numbers: Counter[tuple[str, str]] = field(default_factory=Counter)

    def answer(self, site: str, path: str, headers: Mapping[str, str]) -> Reply:
        """Return what *path* of *site* answers now; header names are in lower case."""
        feed = self._feed(site, path)
        if feed is None:
            return Reply(404)
        self._numbers[site, feed.path] += 1
        now, before = self.clock(), self._journal[site]
        visit = Visit(
            at=now,
            since=now - (before[0].at if before else now),
            number=self._numbers[site, feed.path],
            base=site,
            headers=headers,
        )
        reply = feed.answer(visit)
        stamps = {"Date": format_datetime(now, usegmt=True), "Content-Type": FEED_TYPE}
        return Reply(reply.status, reply.body, stamps | dict(reply.headers), reply.hangs_up)

    def note(self, site: str, asked: Asked) -> None:
        self._journal[site].append(asked)

    def verdicts(self) -> list[Verdict]:
        now = self.clock()
        return [
            judged(rule, Record(tuple(self._journal[site]), now))
            for site, rule in self.sites.items()
        ]

    def listed(self) -> Sequence[tuple[str, Rule, Feed]]:
        """Return the address of every feed that a reader is told of, with its rule."""
        return [
            (site + feed.path, rule, feed)
            for site, rule in self.sites.items()
            for feed in rule.feeds
            if feed.listed
        ]

    def _feed(self, site: str, path: str) -> Feed | None:
        """A question mark and what follows it lead to the same feed."""
        bare = path.partition("?")[0]
        feeds = self.sites[site].feeds if site in self.sites else ()
        return next((feed for feed in feeds if feed.path.partition("?")[0] == bare), None)
