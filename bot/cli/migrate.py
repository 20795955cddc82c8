"""`dateline migrate`: bring the database up to this version; `dateline run` does it by itself."""


def migrate() -> None:
    """Bring the database up to date (`dateline run` does this by itself)."""
    import asyncio

    import typer

    from bot.settings import load_settings
    from storage.schema import migrate as bring_up_to_date

    asyncio.run(bring_up_to_date(load_settings().database_url.get_secret_value()))
    typer.echo("The database is up to date.")
