"""The `dateline` command with all its subcommands, in the groups of its help."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from bot.cli import articles, data, mail, newsletters, operate, sources, users
from bot.cli.output import MINUS_IS_NO_OPTION, fail
from bot.cli.preview import preview
from bot.cli.run import playground, run

app = typer.Typer(
    name="dateline",
    help="Reads the news and sends each chat only what it subscribed to.\n\nExample: dateline run",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with the values of variables shows secrets
    add_completion=False,
)

RUN, SOURCES, USERS, OPERATE, DATA = "Run", "Sources", "Users", "Operate", "Data"

app.command(rich_help_panel=RUN)(run)
app.command(rich_help_panel=RUN)(playground)
app.add_typer(sources.app, name="sources", rich_help_panel=SOURCES)
app.add_typer(newsletters.app, name="newsletters", rich_help_panel=SOURCES)
app.command(rich_help_panel=SOURCES)(articles.read)
app.command(rich_help_panel=SOURCES, context_settings=MINUS_IS_NO_OPTION)(articles.match)
app.command(rich_help_panel=SOURCES)(preview)
app.add_typer(users.catalogue_app, name="catalogue", rich_help_panel=USERS)
app.add_typer(users.access_app, name="access", rich_help_panel=USERS)
app.add_typer(users.invites_app, name="invites", rich_help_panel=USERS)
app.command(rich_help_panel=USERS)(users.audit)
app.command(rich_help_panel=OPERATE)(operate.doctor)
app.add_typer(operate.config_app, name="config", rich_help_panel=OPERATE)
app.command(rich_help_panel=OPERATE)(operate.health)
app.command(rich_help_panel=OPERATE)(operate.notify_admins)
app.command(rich_help_panel=OPERATE)(operate.stats)
app.command(rich_help_panel=OPERATE)(operate.trace)
app.add_typer(operate.maintenance_app, name="maintenance", rich_help_panel=OPERATE)
app.add_typer(mail.mail_app, name="mail", rich_help_panel=OPERATE)
app.add_typer(operate.deliveries_app, name="deliveries", rich_help_panel=OPERATE)
app.command(rich_help_panel=DATA)(data.backup)
app.command(rich_help_panel=DATA)(data.restore)
app.command(rich_help_panel=DATA, context_settings=MINUS_IS_NO_OPTION)(data.archive)
app.command("export", rich_help_panel=DATA)(data.export_chats)
app.command("import", rich_help_panel=DATA)(data.import_chats)
app.command(rich_help_panel=DATA)(data.migrate)
app.command(rich_help_panel=DATA)(data.migrate_storage)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    from bot.ops import installed_version

    if wanted:
        typer.echo(f"dateline {installed_version()}")
        raise typer.Exit


_VERSION = typer.Option(
    "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
)


@app.callback()
def dateline(*, version: Annotated[bool, _VERSION] = False) -> None:
    del version  # typer needs the parameter; its callback has printed the version


def main() -> None:
    """Run the command; print one sentence for an error that the operator can mend.

    The exit code is 78 if the operator has to change something first, and 75 if the same command
    may succeed later.

    Only the user who runs the command may read the files that it creates, whatever the umask was:
    the database holds the key that signs all links, and SQLite gives its log the same mode.
    """
    os.umask(0o077)
    from bot.app.stops import CONFIG, StopError
    from bot.settings import WrongSettingError

    try:
        app()
    except StopError as error:
        fail(str(error), error.exit_code)
    except WrongSettingError as error:
        fail(str(error), CONFIG)
