"""`dateline run`: the bot. Without a token: the playground, and the bot on it."""


def run() -> None:
    """Start the bot; without BOT_TOKEN, in a playground that opens in a browser."""
    import asyncio

    import typer

    from bot.app.run import run_bot
    from bot.logs import LastErrors, configure_logs
    from bot.settings import load_settings

    settings = load_settings()
    errors = LastErrors()
    configure_logs(settings.log_format, settings.log_level, errors)
    asyncio.run(run_bot(settings, announce=typer.echo, errors=errors))
