"""`dateline playground`: a Telegram on this machine, alone, for a bot of your own or for tests."""

from __future__ import annotations

from typing import Annotated

import typer


def playground(
    port: Annotated[int | None, typer.Option(help="Default: PLAYGROUND_PORT.")] = None,
    flood: Annotated[str, typer.Option(help="off, normal or strict")] = "normal",
    every: Annotated[
        int, typer.Option(help="Seconds between the newsroom's articles; 0: only by button.")
    ] = 45,
) -> None:
    """Start the playground alone: a Bot API, a chat page and a newsroom."""
    import asyncio
    from contextlib import suppress
    from datetime import timedelta

    from bot.cli.failing import fail
    from bot.logs import configure_logs
    from bot.playground.server import Playground, run_forever
    from bot.settings import load_settings

    def tell(opened: Playground) -> None:
        typer.echo(f"The chat page:  {opened.base_url}/")
        host, mail_port = opened.smtp
        typer.echo(f"The mail page:  {opened.base_url}/mail")
        typer.echo(f"A mail server:  SMTP_HOST={host} SMTP_PORT={mail_port} SMTP_TLS=none")
        typer.echo(f"The Bot API:    BOT_API_URL={opened.base_url} BOT_TOKEN=1:playground")

    settings = load_settings()
    configure_logs(settings.log_format, settings.log_level)
    chosen = settings.playground_port if port is None else port
    pause = timedelta(seconds=every) if every else None
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(run_forever(chosen, flood=flood, newsroom_every=pause, started=tell))
    except OSError as error:
        fail(f"Port {chosen} cannot be had ({error.strerror}); choose another with --port.")
    except ValueError:
        fail(f"--flood takes off, normal or strict, not {flood}.")
