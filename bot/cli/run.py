"""`dateline run`: the bot. Without a token: the playground, and the bot on it."""

from typing import Annotated

import typer

_ROLES = typer.Option(
    help="What this process does, between commas: chat,poll,match,publish,send,web. All of it, "
    "unless ROLES says otherwise; on PostgreSQL any number of processes may share the work.",
    show_default=False,
)


def run(roles: Annotated[str | None, _ROLES] = None) -> None:
    """Start the bot; without BOT_TOKEN, in a playground that opens in a browser."""
    import asyncio
    import gc

    # What is imported stays; to look through it again and again is a fifth of a start. The
    # collector begins when everything is there (`bot.app.ticking.collect_from_here`).
    gc.disable()
    from bot.app.reporting import reporting
    from bot.app.run import run_bot
    from bot.logs import LastErrors, configure_logs
    from bot.settings import load_settings

    settings = load_settings() if roles is None else load_settings(roles=roles)
    errors = LastErrors()
    dsn = settings.errors_url.get_secret_value() if settings.errors_url else None
    with reporting(dsn) as report:
        configure_logs(settings.log_format, settings.log_level, errors, report)
        asyncio.run(run_bot(settings, announce=typer.echo, errors=errors))
