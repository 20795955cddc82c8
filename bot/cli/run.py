"""`dateline run`, which starts the bot, and `dateline playground`, which runs without a bot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.playground.state.flood import FloodMode

if TYPE_CHECKING:
    from bot.playground.server import Playground

_ROLES = typer.Option(
    help="What this process does, separated by commas: chat,poll,match,publish,send,web. By "
    "default everything, or ROLES. On PostgreSQL, several processes may share the work.",
    show_default=False,
)


def run(roles: Annotated[str | None, _ROLES] = None) -> None:
    """Start the bot; without BOT_TOKEN, in a playground to try in a browser.

    Example: dateline run --roles chat,web
    """
    import asyncio

    from bot.app.memory import postpone_collection, share_arena

    share_arena()
    postpone_collection()
    from bot.app.run import run_bot
    from bot.ops.error_reports import error_reports
    from bot.ops.logs import LastErrors, configure_logs, json_line, writes_json
    from bot.settings import given_names, load_settings, unknown_names

    settings = load_settings() if roles is None else load_settings(roles=roles)
    for unknown in unknown_names(given_names()):
        typer.echo(f"{unknown.sentence} {unknown.hint}".rstrip(), err=True)
    errors = LastErrors()
    dsn = settings.errors_url.get_secret_value() if settings.errors_url else None
    with error_reports(dsn) as report:
        configure_logs(settings.log_format, settings.log_level, errors, report)
        as_json = writes_json(settings.log_format)
        announce = (lambda sentence: typer.echo(json_line(sentence))) if as_json else typer.echo
        asyncio.run(run_bot(settings, announce=announce, errors=errors))


def playground(
    port: Annotated[int | None, typer.Option(help="By default, PLAYGROUND_PORT.")] = None,
    flood: Annotated[FloodMode, typer.Option(help="Strictness of rate limits.")] = FloodMode.NORMAL,
    every: Annotated[
        int, typer.Option(help="Seconds between new articles; 0: only by the button.")
    ] = 45,
    latency: Annotated[float, typer.Option(help="Seconds that each call takes.")] = 0,
    longest_pause: Annotated[
        float, typer.Option(help="Seconds between two calls of a webhook that fails, at most.")
    ] = 60,
) -> None:
    """Start only the playground: a Bot API, a chat page and a newsroom, to develop bots with.

    Example: dateline playground --port 8081 --every 10
    """
    import asyncio
    from contextlib import suppress
    from datetime import timedelta

    from bot.cli.output import fail
    from bot.ops.logs import configure_logs
    from bot.playground.server import run_forever
    from bot.settings import load_settings

    settings = load_settings()
    configure_logs(settings.log_format, settings.log_level)
    port = settings.playground_port if port is None else port
    running = run_forever(
        port,
        flood=flood,
        newsroom_every=timedelta(seconds=every) if every else None,
        latency=latency,
        longest_pause=longest_pause,
        started=_announce,
    )
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(running)
    except OSError as error:
        fail(f"Cannot listen on port {port} ({error.strerror}); choose another with --port.")


def _announce(opened: Playground) -> None:
    host, mail_port = opened.smtp
    typer.echo(f"The chat page:  {opened.base_url}/")
    typer.echo(f"The mail page:  {opened.base_url}/mail")
    typer.echo(f"A mail server:  SMTP_HOST={host} SMTP_PORT={mail_port} SMTP_TLS=none")
    typer.echo(f"The Bot API:    BOT_API_URL={opened.base_url} BOT_TOKEN=1:playground")
