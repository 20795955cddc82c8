"""The output of `dateline sources`: lists, found feeds, added sources, checks of a source."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.cli.articles import sentence_for, sentence_of
from bot.cli.output import console, plain_table, print_json, show
from bot.cli.source_access import access_json, access_lines
from bot.sources.decide import MOVED_AFTER
from bot.sources.discovery.add import AddOutcome
from bot.sources.feeds.model import SelectorProblem, sort_time
from bot.sources.fetch.problems import ProblemCode, ProblemKind
from bot.sources.fetch.response import problem_of
from bot.sources.fetch.schedule import format_duration
from bot.sources.hosts import shown_host
from storage.enums import FullText, SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from bot.sources.administration import CheckedPage, Checkup
    from bot.sources.discovery.add import Addition
    from bot.sources.discovery.discover import DiscoveryResult, FoundFeed
    from bot.sources.discovery.links import FeedLink
    from bot.sources.feeds.model import Document, Item
    from bot.sources.fetch.problems import Problem
    from bot.sources.fetch.response import Response
    from bot.subscribers.source_settings import RulesPreview, SourceSettings
    from storage.sources import Source

_LATER = "It is fetched again later by itself."
_ANOTHER = "dateline sources find SITE looks for the feeds of a site."
_ASK_THE_SITE = "Ask the site to let feeds through; CONTACT_URL tells it who asks. " + _ANOTHER
_ADVICE = {
    ProblemKind.REFUSED: (
        "Sources must be http or https, on the usual ports and without a password. "
        "ALLOWED_NETWORKS opens your own network."
    ),
    ProblemKind.UNREACHABLE: "Check the host's name. " + _LATER,
    ProblemKind.TIME_OUT: _LATER,
    ProblemKind.BUSY: _LATER,
    ProblemKind.SERVER: _LATER,
    ProblemKind.LOGIN: (
        "dateline sources set URL --login USER sets a login; --help lists token, cookie, headers "
        "and proxy. docs/how-to/sources.md shows each."
    ),
    ProblemKind.CHALLENGE: _ASK_THE_SITE,
    ProblemKind.WALL: _ASK_THE_SITE,
}
_SHOW_PROXY = "dateline sources show URL names the proxy; dateline sources set URL sets another."
_PROXY_LOGIN = (
    "Write scheme://user:password@host:port into a file: "
    "dateline sources set URL --proxy-file FILE."
)
_ADVICE_ON_CODE = {
    ProblemCode.LOGIN_REFUSED: (
        "Set it again, because it may have changed or expired: dateline sources set URL --help."
    ),
    ProblemCode.LOGIN_UNSUPPORTED: (
        "Ask the site for a token, or for an address that has the key in it."
    ),
    ProblemCode.LOGIN_PAGE: (
        "Sign in with a browser and copy the header Cookie into a file: "
        "dateline sources set URL --cookie-file FILE."
    ),
    ProblemCode.LOGIN_UNREADABLE: (
        "Put the former SECRETS_KEY back, or set the login again: dateline sources set URL --help."
    ),
    ProblemCode.PROXY_UNREACHABLE: _SHOW_PROXY,
    ProblemCode.PROXY_FAILED: _SHOW_PROXY,
    ProblemCode.PROXY_INVALID: _SHOW_PROXY,
    ProblemCode.PROXY_TLS_FAILED: _SHOW_PROXY,
    ProblemCode.PROXY_NO_TUNNEL: (
        "Let the proxy allow CONNECT to this address, or use a SOCKS5 proxy. " + _SHOW_PROXY
    ),
    ProblemCode.PROXY_INSIDE: "Put the network of the proxy into ALLOWED_NETWORKS.",
    ProblemCode.PROXY_LOGIN_REQUIRED: _PROXY_LOGIN,
    ProblemCode.PROXY_LOGIN_REFUSED: _PROXY_LOGIN,
}

_STYLES = {
    AddOutcome.ADDED: "green",
    AddOutcome.THERE: "dim",
    AddOutcome.SEVERAL: "yellow",
    AddOutcome.REFUSED: "red",
}
_ORDER = list(_STYLES)
_FINE = frozenset({AddOutcome.ADDED, AddOutcome.THERE})
_SHOWN_IN_FULL = 30
_MOST_UNREAD = 20
_SILENT = timedelta(days=60)
_HOW_TO_ADD = Text("\nTo add one: dateline sources add ADDRESS")

NO_PROBLEMS: Final[Mapping[int, str]] = MappingProxyType({})
_IN_JSON = (
    "url", "title", "host", "kind", "state", "public", "own_network", "folder", "full_text",
    "every_seconds", "priority", "paused_until", "has_rules", "fetches", "unchanged", "failures",
    "error", "error_detail", "error_since",
    "last_error", "last_error_detail", "last_error_at", "moved_to", "hub", "created_at",
    "fetched_at", "succeeded_at", "next_fetch_at", "newest_at", "pushed_until",
)  # fmt: skip


def show_sources(
    sources: Sequence[Source],
    now: datetime,
    selectors: Mapping[int, str] = NO_PROBLEMS,
    *,
    as_json: bool,
) -> None:
    """Print all sources with their states, and count the unhealthy ones.

    *selectors*: the ids of sources whose selectors have a problem, with the problem.
    """

    def problem(source: Source) -> Text:
        error = Text(_error(source, now), style="red")
        found = selectors.get(source.id)
        about = f"selectors: {_selector_sentence(found)}" if found else ""
        return Text("\n").join(filter(None, (error, Text(about, style="yellow"))))

    columns = {
        "Source": _name,
        "Read": lambda source: Text(_ago(source.succeeded_at, now), no_wrap=True),
        "Next": lambda source: Text(_next_of(source, now), no_wrap=True),
        "Unchanged": _unchanged,
        "Error": problem,
    }
    empty = "No sources yet. Try: dateline sources add --starter"

    def to_json(source: Source) -> dict[str, Any]:
        return source_json(source) | {"selector_problem": selectors.get(source.id)}

    show(sources, columns, as_json=as_json, empty=empty, to_json=to_json)
    if sources and not as_json:
        console().print(Text(f"\n{_summary(sources)}", style="dim"))


def _name(source: Source) -> Text:
    name = Text(source.title or shown_host(source.host))
    if source.full_text is not FullText.AUTO:
        name.append(f", full text {source.full_text}", style="dim")
    name.append(f"\n{source.url}", style="dim")
    return name


def _summary(sources: Sequence[Source]) -> str:
    states = Counter(_state(source) for source in sources)
    count = f"{len(sources)} sources" if len(sources) != 1 else "1 source"
    unhealthy = [
        f"{states[state]} {state}" for state in ("unhealthy", "gone", "paused") if states[state]
    ]
    return ", ".join([count, *unhealthy]) + "."


def _state(source: Source) -> str:
    if source.state in {SourceState.GONE, SourceState.PAUSED}:
        return source.state.value
    return "unhealthy" if source.error else "healthy"


def source_json(source: Source) -> dict[str, Any]:
    """Return the columns of *source* for JSON; timestamps are in UTC."""
    sentence = sentence_for(source.error, source.error_detail) if source.error else None
    share = round(source.unchanged / source.fetches, 3) if source.fetches else None
    columns = {name: getattr(source, name) for name in _IN_JSON}
    return columns | {"unchanged_share": share, "problem": sentence}


def show_found(found: DiscoveryResult, *, as_json: bool) -> bool:
    """Print the feeds of a site; return whether there is one."""
    if as_json:
        for feed in found.feeds:
            print_json(feed.to_json())
        for link in found.unread:
            print_json(link.to_json())
    elif found.feeds or found.unread:
        console().print(choice(found.feeds, found.unread, datetime.now(UTC)), _HOW_TO_ADD)
    if not found.feeds and not found.unread:
        typer.secho(_why_nothing(found), err=True, fg="red")
    return bool(found.feeds)


def _why_nothing(found: DiscoveryResult) -> str:
    if found.result.problem and not found.is_page:
        return f"It {sentence_of(found.result.problem)}."
    if found.is_page:
        return "This site has no feed: it names none, and the usual addresses have none."
    return "This is neither a feed nor a page."


def addition_report(additions: Sequence[Addition], now: datetime) -> list[RenderableType]:
    """Return the outcomes and their counts; a long list has only those that need attention."""
    few = len(additions) <= _SHOWN_IN_FULL
    shown = [each for each in additions if few or each.outcome not in _FINE]
    counts = Counter(each.outcome for each in additions)
    counted = [f"{counts[outcome]} {outcome}" for outcome in _ORDER if counts[outcome]]
    table = [additions_table(shown)] if shown else []
    summary = [] if len(additions) == 1 else [Text(f"\n{', '.join(counted)}.", style="bold")]
    return [*table, *choices(additions, now), *summary]


def additions_table(additions: Iterable[Addition]) -> Table:
    rows = sorted(additions, key=lambda each: _ORDER.index(each.outcome))
    columns: dict[str, Callable[[Addition], object]] = {
        "Source": _name_of_addition,
        "Outcome": lambda each: Text(each.outcome, style=_STYLES[each.outcome]),
        "Details": _note,
    }
    return plain_table(rows, columns)


def _name_of_addition(addition: Addition) -> Text:
    name = Text(addition.title or addition.url)
    if addition.title and addition.outcome not in _FINE:
        name.append(f"\n{addition.url}", style="dim")
    return name


def choices(additions: Iterable[Addition], now: datetime) -> list[RenderableType]:
    """Return the feeds of each address that has several, for the operator to choose from."""
    several = [each for each in additions if each.outcome is AddOutcome.SEVERAL]
    groups = [
        Group(
            Text(f"\n{each.url} has {len(each.choice) + len(each.unread)} feeds to choose from:"),
            choice(each.choice, each.unread, now),
        )
        for each in several
    ]
    return [*groups, _HOW_TO_ADD] if groups else []


def choice(feeds: Iterable[FoundFeed], unread: Sequence[FeedLink], now: datetime) -> Group:
    """Return two lines for a feed, so that its address can be copied from its own line."""
    lines = [line for feed in feeds for line in (_about(feed, now), _address(feed.url))]
    if unread:
        lines.append(Text("\nNot looked at:", style="dim"))
        lines += [_address(link.url, link.name) for link in unread[:_MOST_UNREAD]]
    if len(unread) > _MOST_UNREAD:
        lines.append(Text(f"  and {len(unread) - _MOST_UNREAD} more", style="dim"))
    return Group(*lines)


def _about(feed: FoundFeed, now: datetime) -> Text:
    entries = "1 entry" if feed.entries == 1 else f"{feed.entries} entries"
    about = Text.assemble("\n", (feed.title or "(no title)", "bold"), f" · {entries} · ")
    about.append(*_newest(feed.newest, now))
    return about.append(f" · {feed.where}", style="dim")


def _address(url: str, name: str = "") -> Text:
    address = Text(f"  {url}", no_wrap=True, overflow="ignore")
    return address.append(f"  {name}", style="dim") if name else address


def _note(addition: Addition) -> str:
    if addition.outcome is AddOutcome.SEVERAL:
        return f"has {len(addition.choice) + len(addition.unread)} feeds to choose from"
    if addition.problem:
        return sentence_of(addition.problem)
    found = f"by its feed {addition.url}" if addition.found_at else ""
    new = f"{addition.articles} new" if addition.articles else ""
    return "; ".join(filter(None, (new, found)))


def _newest(newest: datetime | date | None, now: datetime) -> tuple[str, str]:
    """Return the age of the newest entry, and a style that marks silent feeds."""
    if newest is None:
        return "no dates", "yellow"
    day = newest.date() if isinstance(newest, datetime) else newest
    style = "yellow" if now.date() - day > _SILENT else ""
    if isinstance(newest, datetime) and timedelta() <= now - newest:
        return f"newest {format_duration(now - newest)} ago", style
    return f"newest of {day:%Y-%m-%d}", style


def advice(problem: Problem) -> str:
    """Return the remedy for the operator."""
    return _ADVICE_ON_CODE.get(problem.code) or _ADVICE.get(problem.kind, _ANOTHER)


def _ago(time: datetime | None, now: datetime) -> str:
    return f"{format_duration(now - time)} ago" if time else "never"


def _next(state: SourceState, due_at: datetime, now: datetime) -> str:
    if state is SourceState.PASSIVE:
        return "not needed: posts come by themselves"
    if state is not SourceState.ACTIVE:
        return "no more" if state is SourceState.GONE else "none for now"
    return f"in {format_duration(due_at - now)}" if due_at > now else "now"


def _next_of(source: Source, now: datetime) -> str:
    if source.state is not SourceState.PAUSED:
        return _next(source.state, source.next_fetch_at, now)
    until = source.paused_until
    return f"paused until {until:%Y-%m-%d %H:%M}" if until else "paused"


def _unchanged(source: Source) -> str:
    """Return the share of responses that changed nothing."""
    return f"{source.unchanged / source.fetches:.0%}" if source.fetches else ""


def _error(source: Source, now: datetime) -> str:
    if not source.error:
        return ""
    sentence = sentence_for(source.error, source.error_detail)
    if not source.error_since:
        return sentence
    return f"{sentence}, for {format_duration(now - source.error_since)}"


# The check of one source

NEWEST = 3
NEWEST_IN_JSON = 5
LONG = 400  # characters; an entry with this much text needs no page

Rows = list[tuple[str, str]]


def checkup_report(checkup: Checkup) -> RenderableType:
    parts: list[RenderableType] = [_verdict(checkup)]
    for heading, rows in _sections(checkup):
        if filled := [row for row in rows if row[1]]:
            parts += [Text(f"\n{heading}", style="bold"), Padding.indent(_grid(filled), 2)]
    return Group(*parts)


def _verdict(checkup: Checkup) -> Text:
    if problem := checkup.result.problem:
        sentence = Text(f"It {sentence_of(problem)}.", style="bold red")
        return Text("\n").join([sentence, Text(advice(problem))])
    document = checkup.result.document
    return Text(_headline(document, checkup) if document else "", style="bold green")


def _headline(document: Document, checkup: Checkup) -> str:
    if not document.kind.is_list:
        return f"A {document.kind} with one article. For feeds: dateline sources find {checkup.url}"
    count = len(document.items)
    entries = "one entry" if count == 1 else f"{count} entries" if count else "no entries yet"
    newest = max((item for item in document.items if item.published), key=sort_time, default=None)
    return f"A {document.kind} with {entries}{_age(newest, checkup.now)}."


def _age(newest: Item | None, now: datetime) -> str:
    if newest is None:
        return ""
    if isinstance(newest.published, datetime):
        return f", the newest {format_duration(now - newest.published)} old"
    return f", the newest of {newest.published}"


def _grid(rows: Rows) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(value, overflow="fold"))
    return table


def _sections(checkup: Checkup) -> Iterator[tuple[str, Rows]]:
    result = checkup.result
    if result.response is not None:
        yield "Response", _response(result.response, checkup.url)
    if result.document is not None:
        yield "Contents", _contents(result.document, checkup.charset)
    if checkup.source is not None or result.problem is None:
        yield "Plan", _plan(checkup)
    yield "Login and headers", access_lines(checkup.access)
    if checkup.page is not None:
        yield "Selectors", _page_rows(checkup.page)
    if result.response is not None:
        yield "Rules", [("Address", _address_rule(result.own_network))]
    yield "Here", _row(checkup.source, checkup.now)


def _response(response: Response, url: str) -> Rows:
    size = f", {len(response.body):,} bytes" if response.body else ""
    headers = ("cache-control", "expires", "age", "retry-after", "server")
    return [
        ("Status", f"{response.status} {response.content_type}{size}"),
        ("From", response.url if response.url != url else ""),
        ("Moved for good to", response.moved_permanently_to or ""),
        ("ETag", response.etag or ""),
        ("Last-Modified", response.last_modified or ""),
        (
            "Validators",
            "" if _has_validators(response) else "none, so it comes whole each time",
        ),
        *((name.title(), response.headers.get(name, "")) for name in headers),
    ]


def _has_validators(response: Response) -> bool:
    return bool(response.etag or response.last_modified) or problem_of(response) is not None


def _contents(document: Document, charset: str) -> Rows:
    items = document.items
    dated = sum(item.published is not None for item in items)
    long = sum(len(item.text) >= LONG for item in items)
    newest = sorted(items, key=sort_time, reverse=True)[:NEWEST]
    return [
        ("Read as", str(document.kind)),
        ("Title", document.title),
        ("Language", document.language),
        ("Charset", charset),
        ("Entries", f"{len(items)}, {dated} with a date, {long} with {LONG} characters or more"),
        ("Left out", _left_out(document.left_out)),
        *zip(("Newest", "", ""), map(_item_line, newest), strict=False),
    ]


def _left_out(count: int) -> str:
    entries = "one older entry" if count == 1 else f"{count:,} older entries"
    return f"{entries}: more than a document may have" if count else ""


def _item_line(item: Item) -> str:
    published = item.published
    has_time = isinstance(published, datetime)
    date = f"{published:%Y-%m-%d %H:%M}" if has_time else str(published or "no date")
    return f"{date}  {item.title or item.url}"


def _plan(checkup: Checkup) -> Rows:
    document, problem = checkup.result.document, checkup.result.problem
    pace = document.pace if document else None
    hours, days = (pace.skip_hours, pace.skip_days) if pace else ((), ())
    skips = [f"hours {_numbers(hours)} UTC"] if hours else []
    skips += [f"days {_numbers(days)} (Monday is 0)"] if days else []
    if problem is not None and problem.is_final:
        return [("Next poll", "none: it is gone")]
    return [
        ("Next poll", _next_poll(checkup)),
        ("Interval", f"{format_duration(checkup.interval)} after it: {checkup.why}"),
        ("Skips", ", ".join(skips)),
        ("Hub", checkup.hub),
    ]


def _next_poll(checkup: Checkup) -> str:
    """Return the next poll as the list shows it, because a check does not change it."""
    state = checkup.source.state if checkup.source else SourceState.ACTIVE
    if checkup.source and state is SourceState.PAUSED:
        return _next_of(checkup.source, checkup.now)
    words = _next(state, checkup.next_fetch_at, checkup.now)
    at = f"{words} ({checkup.next_fetch_at:%Y-%m-%d %H:%M} UTC)"
    return at if checkup.source else f"{at}, if it were added now"


def _numbers(numbers: Sequence[int] | frozenset[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _address_rule(own_network: bool) -> str:  # noqa: FBT001 - its one argument
    if own_network:
        return "in your own network: only you may add it"
    return "on the public Internet"


def _row(source: Source | None, now: datetime) -> Rows:
    if source is None:
        return [("Source", "not one of our sources")]
    times = "once" if source.fetches == 1 else f"{source.fetches} times"
    share = f", {_unchanged(source)} unchanged" if source.fetches else ""
    return [
        ("Source", f"since {source.created_at:%Y-%m-%d}, {source.state}"),
        ("Last read", _ago(source.succeeded_at, now)),
        ("Asked", f"{times}{share}"),
        ("Moving", _moving(source)),
        ("Error", _error(source, now)),
        ("Last error", _last_error(source, now)),
    ]


_SHOWN_OF_PAGE = 600  # characters
_SELECTOR_PROBLEMS = {
    SelectorProblem.SELECTS_NOTHING: "they find nothing on this page, so it is read as usual",
    SelectorProblem.TOO_SLOW: "they take too long on this page, so it is read as usual",
}


def _selector_sentence(problem: str) -> str:
    """Return the sentence about the last page; one of a newer version is unknown."""
    known = problem in set(SelectorProblem)
    sentence = _SELECTOR_PROBLEMS[SelectorProblem(problem)] if known else "they were not used"
    return sentence.replace("this", "the last")


def _page_rows(page: CheckedPage) -> Rows:
    return [
        ("Page", page.url),
        ("Article", page.rules.article),
        *(("Dropped", selector) for selector in page.rules.dropped),
        ("Problem", _SELECTOR_PROBLEMS[page.problem] if page.problem else ""),
        ("Before", _beginning(page.before)),
        ("After", _beginning(page.after)),
    ]


def _beginning(text: str) -> str:
    """Return the first characters of *text*, and its length."""
    if not text:
        return "no text"
    cut = " …" * (len(text) > _SHOWN_OF_PAGE)
    return f"{len(text):,} characters:\n{text[:_SHOWN_OF_PAGE]}{cut}"


def settings_report(settings: SourceSettings) -> RenderableType:
    """Return everything that is set for a source."""
    source, rules, week = settings.source, settings.rules, settings.week
    every = timedelta(seconds=source.every_seconds) if source.every_seconds else None
    dropped = f"{week.dropped} of {week.shown} entries this week" if week.shown else ""
    rows: Rows = [
        ("Next poll", _next_of(source, settings.now)),
        ("Interval", format_duration(every) if every else "as the source suggests"),
        ("Priority", source.priority.value),
        ("Language", rules.language),
        ("Zone of dates", rules.zone),
        ("Keep", rules.keep_query),
        ("Drop", rules.drop_query),
        ("Dropped", dropped),
        ("Article", rules.article),
        *(("Not the article", selector) for selector in rules.dropped),
        ("Selectors", _selector_sentence(rules.problem) if rules.problem else ""),
    ]
    heading = Text(f"{source.title or shown_host(source.host)}\n{source.url}", style="bold")
    return Group(heading, Padding.indent(_grid([row for row in rows if row[1]]), 2))


def preview_report(preview: RulesPreview) -> RenderableType:
    """Return what rules would do to the stored articles of a source."""
    stored, dropped = preview.stored, preview.dropped_count
    lines = [f"Of the last {stored} stored articles, the rules would drop {dropped}."]
    lines += [f"  dropped  {title}" for title in preview.dropped]
    lines += [f"  kept     {title}" for title in preview.kept]
    return Text("\n".join(lines))


def _moving(source: Source) -> str:
    if not source.moved_to:
        return ""
    return f"to {source.moved_to}, seen {source.moved_seen} of {MOVED_AFTER} times"


def _last_error(source: Source, now: datetime) -> str:
    if source.error or not source.last_error:
        return ""
    sentence = sentence_for(source.last_error, source.last_error_detail)
    return f"{sentence}, {_ago(source.last_error_at, now)}"


def checkup_json(checkup: Checkup) -> dict[str, Any]:
    result = checkup.result
    return {
        "url": checkup.url,
        "access": access_json(checkup.access),
        "ok": result.problem is None,
        "problem": _problem_json(result.problem),
        "response": _response_json(result.response) if result.response else None,
        "document": _document_json(result.document, checkup.charset) if result.document else None,
        "plan": {
            "next_fetch_at": checkup.next_fetch_at,
            "interval_seconds": round(checkup.interval.total_seconds()),
            "why": checkup.why,
        },
        "hub": checkup.hub or None,
        "page": _page_json(checkup.page) if checkup.page else None,
        "own_network": result.own_network,
        "source": source_json(checkup.source) if checkup.source else None,
    }


def _page_json(page: CheckedPage) -> dict[str, Any]:
    return {
        "url": page.url,
        "article": page.rules.article,
        "dropped": list(page.rules.dropped),
        "problem": page.problem,
        "before": page.before,
        "after": page.after,
    }


def _problem_json(problem: Problem | None) -> dict[str, Any] | None:
    if problem is None:
        return None
    return {
        "error": problem.code,
        "error_detail": dict(problem.detail),
        "sentence": sentence_of(problem),
    }


def _response_json(response: Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "url": response.url,
        "moved_permanently_to": response.moved_permanently_to,
        "bytes": len(response.body),
        "etag": response.etag,
        "last_modified": response.last_modified,
        "headers": dict(response.headers),
    }


def _document_json(document: Document, charset: str) -> dict[str, Any]:
    newest = sorted(document.items, key=sort_time, reverse=True)[:NEWEST_IN_JSON]
    return {
        "kind": document.kind,
        "title": document.title,
        "language": document.language,
        "charset": charset,
        "entries": len(document.items),
        "left_out": document.left_out,
        "dated": sum(item.published is not None for item in document.items),
        "newest": [
            {"title": item.title, "url": item.url, "published": item.published} for item in newest
        ],
    }
