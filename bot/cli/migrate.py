"""`dateline migrate`: bring the database up to this version; `dateline run` does it by itself."""


def migrate() -> None:
    """Bring the database up to date (`dateline run` does this by itself)."""
    import asyncio

    import typer

    from bot.app.databases import database_of
    from bot.cli.failing import fail
    from bot.settings import load_settings
    from storage.schema import SchemaError
    from storage.schema import migrate as bring_up_to_date

    try:
        asyncio.run(bring_up_to_date(database_of(load_settings()).server))
    except SchemaError as error:
        fail(str(error))
    typer.echo("The database is up to date.")
