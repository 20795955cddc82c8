"""Commands that observe the bot, `dateline notify-admins` and `dateline maintenance`."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from bot.cli import output
from storage.enums import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from bot.delivery.release import DeliveryListed
    from bot.delivery.trace import ArticleTrace, DeliveryTrace
    from bot.ops.doctor.findings import Finding
    from bot.settings import Settings
    from storage.db.engine import Storage, Transaction
    from storage.maintenance import Maintenance
    from storage.model_texts import ModelText
    from storage.outbox import Delivery
    from storage.stats import Count, Lags


# The doctor, and whether the process is healthy
#
# Exit 0: nothing is worse than a warning; 1: something is unhealthy; 2: wrong settings.

_SIGNS = {"healthy": "✓", "warning": "?", "unhealthy": "✗"}
_HEALTH_SECONDS = 5.0


def doctor(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Use no network: skip Telegram, mail and pages.")
    ] = False,
    config: Annotated[
        bool,
        typer.Option("--config", help="Before the first start: check only the settings."),
    ] = False,
    as_json: output.AsJson = False,
) -> None:
    """Check token, database, machine, sources, mail and pages; change nothing.

    Exit 1 if something is unhealthy; with --config 78, because the bot would not start.
    docs/how-to/doctor.md explains each finding.
    """
    from bot.app.resources import bot_database_of
    from bot.app.stops import CONFIG
    from bot.ops.doctor.findings import is_any_unhealthy
    from bot.settings import load_settings, require_settings_of_service, settings_source

    require_settings_of_service()
    if config:
        head, findings = f"Settings: {settings_source()}", asyncio.run(_found_in_settings())
    else:
        settings = load_settings()
        head = f"Database: {bot_database_of(settings).shown}; settings: {settings_source()}"
        findings = asyncio.run(_found(settings, quick=quick))
    if as_json:
        for finding in findings:
            output.print_json(asdict(finding))
    else:
        typer.echo(head)
        print_findings(findings)
    if is_any_unhealthy(findings):
        raise typer.Exit(CONFIG if config else output.FAILED)


async def _found_in_settings() -> Sequence[Finding]:
    """Return what is wrong with the settings; only valid ones are compared with the machine."""
    from bot.ops.doctor.checks import make_settings_checks, run_checks
    from bot.ops.doctor.configuration import judge_wrong
    from bot.settings import load_settings, origins, wrong_settings

    if wrong := wrong_settings():
        places = {} if not wrong[0].name else origins()
        return [judge_wrong(each, places.get(each.name)) for each in wrong]
    return await run_checks(make_settings_checks(load_settings()))


async def _found(settings: Settings, *, quick: bool) -> Sequence[Finding]:
    from bot.ops.doctor.checks import make_checks, run_checks

    return await run_checks(make_checks(settings, quick=quick))


def print_findings(findings: Sequence[Finding]) -> None:
    width = max((len(finding.subject) for finding in findings), default=0)
    for finding in findings:
        advice = f" {finding.remedy} [{finding.code}]" if finding.remedy else ""
        sign = _SIGNS[finding.health]
        typer.echo(f"{sign} {finding.subject:<{width}}  {finding.sentence}{advice}")
    count = Counter(str(finding.health) for finding in findings)
    counts = [f"{count[health]} {health}" for health in _SIGNS if count[health]]
    typer.echo(f"\n{', '.join(counts)}.")


config_app = typer.Typer(help="Show the settings in use.", no_args_is_help=True)


@config_app.command("show")
def show_config(*, as_json: output.AsJson = False) -> None:
    """Show each setting, its value without secrets, and where it comes from."""
    from bot.settings import load_settings, origins, shown_value

    settings = load_settings()
    rows = [
        {
            "name": name,
            "value": shown_value(settings, name),
            "origin": origin.kind,
            "place": origin.place,
        }
        for name, origin in origins().items()
    ]
    columns: dict[str, Callable[[dict[str, str]], object]] = {
        "Setting": itemgetter("name"),
        "Value": itemgetter("value"),
        "From": lambda row: f"{row['origin']} {row['place']}".rstrip(),
    }
    output.show(rows, columns, as_json=as_json, empty="")


def health() -> None:
    """Ask the bot on this machine whether it is healthy, for containers and scripts.

    It asks /healthz at WEB_HOST:WEB_PORT. Exit 1 if the bot is unhealthy.
    """
    import http.client
    import json

    from bot.ops.health import LOOPBACK
    from bot.settings import load_settings

    settings = load_settings()
    host = LOOPBACK.get(settings.web_host, settings.web_host)
    connection = http.client.HTTPConnection(host, settings.web_port, timeout=_HEALTH_SECONDS)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        status = str(json.load(response)["status"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        typer.echo(f"no healthy answer from {host}:{settings.web_port} ({error})", err=True)
        raise typer.Exit(1) from None
    finally:
        connection.close()
    typer.echo(status)
    if response.status != http.client.OK:
        raise typer.Exit(1)


# Messages to the admins


def notify_admins(
    words: Annotated[str, typer.Argument(metavar="TEXT", help="What the admins read.")],
) -> None:
    """Send TEXT to all admins in their private chats with the bot, for scripts that failed.

    Example: dateline backup --keep 7 backups || dateline notify-admins "The backup failed"
    """
    from bot.app.resources import make_renderer
    from bot.settings import load_settings
    from bot.subscribers.admin import notify_admins as notify

    settings = load_settings()
    renderer = make_renderer(settings.templates_dir, lambda line: typer.echo(line, err=True))
    count = output.with_storage(
        lambda storage: notify(storage, words, renderer=renderer, admins=settings.admin_ids)
    )
    if not count:
        output.fail("No admin has a private chat with the bot yet.", output.FAILED)
    typer.echo(f"The bot sends it to {count} {'admin' if count == 1 else 'admins'}.")


# Statistics

_TOPICS = 10
_MB = 1024 * 1024
_LARGE = _MB // 10  # smaller tables get no line
_WORDS = {
    "topics": {"True": "of the catalogue", "False": "users' own"},
    "queries": {"True": "in use", "False": "unused"},
}

Counted = dict[str, Any]


def stats(
    *,
    days: Annotated[int, typer.Option(min=1, max=90, help="How many days to look back.")] = 7,
    as_json: output.AsOneJson = False,
) -> None:
    """Count chats, topics, sources, articles, alerts, digests and deliveries.

    Example: dateline stats --days 30
    """
    from bot.app.stops import needing_the_database

    with needing_the_database():
        found = output.with_transaction(lambda tx: _counted(tx, days), read_only=True)
    if as_json:
        output.print_json(_document(found))
        return
    output.print_database()
    for line in _lines(found, days):
        typer.echo(line)


async def _counted(tx: Transaction, days: int) -> Counted:
    from storage.stats import (
        articles_a_day,
        lags,
        most_subscribed,
        recent_totals,
        table_sizes,
        totals,
    )

    return {
        "now": await totals(tx),
        "lately": await recent_totals(tx, tx.now - timedelta(days=days)),
        "articles_a_day": await articles_a_day(tx, days),
        "lags": await lags(tx),
        "most_subscribed": await most_subscribed(tx, _TOPICS),
        "bytes": await table_sizes(tx),
    }


def _document(found: Counted) -> Counted:
    lags: Lags = found["lags"]
    return {
        "now": {name: _listed(counts) for name, counts in found["now"].items()},
        "lately": {name: _listed(counts) for name, counts in found["lately"].items()},
        "lag_seconds": {step: lag.total_seconds() for step, lag in lags._asdict().items()},
        **{name: _listed(found[name]) for name in ("articles_a_day", "most_subscribed", "bytes")},
    }


def _listed(counts: Sequence[Count]) -> list[dict[str, Any]]:
    return [
        {"what": list(count.what), "count": count.number, "at_least": count.is_least}
        for count in counts
    ]


def _lines(found: Counted, days: int) -> Iterator[str]:
    yield "There are"
    for name, counts in found["now"].items():
        yield _line(name, counts)
    yield f"\nIn the last {days} days" if days > 1 else "\nIn the last 24 hours"
    for name, counts in found["lately"].items():
        yield _line(name, counts)
    yield "\nArticles a day (UTC)"
    yield from _table(found["articles_a_day"])
    yield "\nLag"
    for step, lag in found["lags"]._asdict().items():
        yield f"  {step:<14}{lag.total_seconds():,.0f} s"
    if found["most_subscribed"]:
        yield "\nCatalogue topics with the most subscribers (chats)"
        yield from _table(found["most_subscribed"])
    if large := [count for count in found["bytes"] if count.number >= _LARGE]:
        yield "\nSize (MB, with indexes)"
        for count in large:
            yield f"  {count.number / _MB:>12,.1f}  {count.what[0]}"


def _line(name: str, counts: Sequence[Count]) -> str:
    parts = [f"{_number(each)} {_words(name, each)}".rstrip() for each in counts]
    return f"  {name:<14}{', '.join(parts) or 0}"


def _words(name: str, count: Count) -> str:
    words = _WORDS.get(name, {})
    return " ".join(words.get(word, word) for word in count.what)


def _number(count: Count) -> str:
    return f"{'at least ' if count.is_least else ''}{count.number:,}"


def _table(counts: Sequence[Count]) -> Iterator[str]:
    for count in counts:
        yield f"  {_number(count):>12}  {count.what[0]}"


# The trace of an article

_ARTICLE = typer.Argument(
    metavar="ARTICLE|URL", help="The id of an article, or one of its addresses.", show_default=False
)
_DELIVERY = typer.Option(
    help="Follow this delivery back to the articles that it reports.", show_default=False
)


def trace(
    article: Annotated[str | None, _ARTICLE] = None,
    delivery: Annotated[int | None, _DELIVERY] = None,
) -> None:
    """Show where an article went, from its sources to its messages, with times.

    Example: dateline trace https://news.example/story
    """
    from bot.delivery.trace import trace_delivery

    if (article is None) == (delivery is None):
        output.fail("Name an article by its id or address, or say --delivery ID.")
    if delivery is not None:
        of_delivery = output.with_storage(lambda storage: trace_delivery(storage, delivery))
        if of_delivery is None:
            output.fail(f"There is no delivery {delivery} in {output.database_shown()}.")
        output.print_database()
        output.console().print(_delivery_shown(of_delivery))
        if len(of_delivery.articles) != 1:
            return
        article = str(of_delivery.articles[0].id)
    named = article or ""
    of_article = output.with_storage(lambda storage: _trace_article(storage, named))
    if of_article is None:
        where = output.database_shown()
        output.fail(f"There is no article {article} in {where}; it may have been deleted.")
    if delivery is None:
        output.print_database()
    output.console().print(_article_shown(of_article))


async def _trace_article(storage: Storage, article: str) -> ArticleTrace | None:
    from bot.delivery.trace import trace_article, trace_url
    from bot.sources.drafts import url_hash

    if article.isascii() and article.isdigit():
        return await trace_article(storage, int(article))
    return await trace_url(storage, url_hash(article))


class TracedEvent(NamedTuple):
    at: datetime
    what: str
    detail: str


def _article_shown(trace: ArticleTrace) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from bot.delivery.trace import MOST

    article = trace.article
    events = sorted(_events(trace), key=lambda event: event.at)
    columns: dict[str, Callable[[TracedEvent], object]] = {
        "When (UTC)": lambda event: f"{event.at:%Y-%m-%d %H:%M:%S}",
        "After": lambda event: f"{(event.at - events[0].at).total_seconds():.1f} s",
        "What": attrgetter("what"),
        "Details": attrgetter("detail"),
    }
    table = output.plain_table(events, columns)
    head = [Text(article.title, style="bold"), Text(article.url, style="dim", overflow="fold")]
    left = max(len(trace.alerts), len(trace.editions)) == MOST
    more = [Text(f"Only the first {MOST} alerts and digests are shown.")] if left else []
    return Group(*head, table, *more, Text(trace.progress))


def _delivery_shown(trace: DeliveryTrace) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    row = trace.delivery
    columns: dict[str, Callable[[Delivery], object]] = {
        "Delivery": attrgetter("id"),
        "Of": attrgetter("decision"),
        "Chat": attrgetter("chat_id"),
        "Made (UTC)": lambda row: f"{row.created_at:%Y-%m-%d %H:%M:%S}",
        "State": _state,
    }
    table = output.plain_table([row], columns)
    reported = [
        Text(f"{article.id}  {article.title}", overflow="fold") for article in trace.articles
    ]
    if not reported:
        return Group(table, Text("It reports no article."))
    return Group(table, Text(f"It reports {len(reported)}:"), *reported, Text(""))


def _model_text_shown(text: ModelText) -> str:
    """Return what a language model made of the story in one language, and what was dropped."""
    if text.made_at is None:
        return f"{text.language}: wanted, not made yet; {text.failures} calls failed"
    parts = [f"{len(text.translations)} translated", f"{len(text.summary)} sentences"]
    parts += [f"{kind} dropped ({reason})" for kind, reason in text.dropped]
    return f"{text.language}, {text.tokens} tokens: {', '.join(parts)}"


def _events(trace: ArticleTrace) -> Iterator[TracedEvent]:
    article, matches = trace.article, trace.matches
    for source in trace.sources:
        yield TracedEvent(
            source.first_seen_at, "entry", f"source {source.source_id}, {source.host}"
        )
    quiet = ", old when it was found" if article.quiet else ""
    yield TracedEvent(
        article.stored_at, "article", f"article {article.id}, story {article.story_id}{quiet}"
    )
    for text in trace.model_texts:
        yield TracedEvent(text.made_at or text.wanted_at, "model", _model_text_shown(text))
    if article.revised_at:
        yield TracedEvent(article.revised_at, "revised", f"version {article.version}")
    if matches.first_at and matches.queries:
        yield TracedEvent(matches.first_at, "matched", f"queries: {matches.queries}")
    for alert in trace.alerts:
        bundle = f", held for bundle {alert.bundle_id}" if alert.bundle_id else ""
        yield TracedEvent(alert.made_at, "alert", f"alert {alert.id}, chat {alert.chat_id}{bundle}")
    for edition in trace.editions:
        yield TracedEvent(
            edition.made_at, "digest", f"edition {edition.id}, chat {edition.chat_id}"
        )
    for row in trace.deliveries:
        yield TracedEvent(
            row.created_at, "message", f"delivery {row.id}, {row.decision}, chat {row.chat_id}"
        )
        if row.sent_at or row.state is not DeliveryState.PENDING:
            yield TracedEvent(
                row.sent_at or row.created_at, row.state, f"delivery {row.id}, {_state(row)}"
            )


def _state(row: Delivery) -> str:
    tries = f", {row.attempts} {'try' if row.attempts == 1 else 'tries'}" if row.attempts else ""
    if row.sent_at:
        took = (row.sent_at - row.created_at).total_seconds()
        return f"{row.state} {row.sent_at:%Y-%m-%d %H:%M:%S}, {took:.1f} s after it was made{tries}"
    error = f": {row.last_error}" if row.last_error else ""
    return f"{row.state}, due {row.due_at:%Y-%m-%d %H:%M:%S}{tries}{error}"


# Deliveries that wait for the operator

deliveries_app = typer.Typer()

_WAITING = [DeliveryState.HELD, DeliveryState.FAILED]


@deliveries_app.callback(invoke_without_command=True)
def deliveries(
    context: typer.Context,
    *,
    state: Annotated[
        list[DeliveryState], typer.Option(metavar="STATE", help="Which states to show.")
    ] = _WAITING,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 100,
    as_json: output.AsJson = False,
) -> None:
    """Show deliveries that are held or failed; `release` sends them again.

    Example: dateline deliveries --state held
    """
    from bot.delivery.release import list_deliveries

    if context.invoked_subcommand:
        return
    columns: dict[str, Callable[[DeliveryListed], object]] = {
        "ID": attrgetter("id"),
        "Kind": attrgetter("kind"),
        "State": attrgetter("state"),
        "Chat": lambda row: row.chat_name or row.chat,
        "Made (UTC)": attrgetter("created_at"),
        "Tries": attrgetter("attempts"),
        "Error": attrgetter("error"),
        "Begins": attrgetter("begins"),
    }
    listed = output.with_storage(lambda storage: list_deliveries(storage, state, limit))
    output.show(listed, columns, as_json=as_json, empty=f"No delivery is {' or '.join(state)}.")


@deliveries_app.command()
def release(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID…")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All held and failed ones.")] = False,
) -> None:
    """Send held or failed deliveries again: those with these ids, or all of them.

    Example: dateline deliveries release 17 18
    """
    from bot.delivery.release import release_stuck

    if bool(ids) == everything:
        output.fail("Name the deliveries to release, or say --all.")
    wanted = None if everything else ids
    count = output.with_storage(lambda storage: release_stuck(storage, wanted))
    typer.echo(f"Released {count} {'delivery' if count == 1 else 'deliveries'}.")
    if ids and count < len(set(ids)):
        output.fail("The others are neither held nor failed.")


maintenance_app = typer.Typer()


@maintenance_app.callback(invoke_without_command=True)
def maintenance(context: typer.Context, *, as_json: output.AsOneJson = False) -> None:
    """Tell users when the bot will be back, and send nothing until then. Alone, it shows whether.

    Example: dateline maintenance on --until 10:00
    """
    from bot.subscribers.maintenance import current

    if context.invoked_subcommand:
        return
    found = output.with_storage(current, read_only=True)
    if as_json:
        until, message = (found.until, found.message) if found else (None, "")
        output.print_json({"on": found is not None, "until": until, "message": message})
        return
    output.print_database()
    typer.echo(_shown(found) if found else "Maintenance mode is off.")


@maintenance_app.command("on")
def begin(
    *,
    until: Annotated[
        str, typer.Option(metavar="TIME", help="10:00 on this machine, or an ISO 8601 timestamp.")
    ],
    message: Annotated[
        str, typer.Option(metavar="TEXT", help="What users read below the sentence.")
    ] = "",
) -> None:
    """Begin, or change when it ends: users get one sentence, and nothing is sent.

    Example: dateline maintenance on --until 10:00 --message "The server gets a new disk."
    """
    from bot.subscribers import maintenance as service

    try:
        begun = output.with_storage(lambda storage: service.begin(storage, until, message))
    except service.BadMaintenanceError as error:
        output.fail(str(error))
    typer.echo(f"{_shown(begun)} dateline maintenance off ends it earlier.")


@maintenance_app.command("off")
def end() -> None:
    """End it: users are answered, and what waited is sent."""
    from bot.subscribers import maintenance as service

    is_ended = output.with_storage(service.end)
    typer.echo("Maintenance mode is off." if is_ended else "Maintenance mode was off already.")


def _shown(found: Maintenance) -> str:
    return f"Maintenance mode is on until {found.until.astimezone():%Y-%m-%d %H:%M %Z}."
