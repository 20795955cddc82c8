"""The `dateline` command, as it begins: alone with `run`, or with all its subcommands."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bot.cli.run import run


def new_app() -> typer.Typer:
    """Return the command with `run` alone; the others are added in `bot.cli.commands`."""
    app = typer.Typer(
        name="dateline",
        help="Reads the news and tells each chat only what it asked for.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(dateline)
    app.command()(run)
    return app


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    from importlib.metadata import version

    if wanted:
        typer.echo(f"dateline {version('dateline')}")
        raise typer.Exit


_VERSION = typer.Option(
    "--version", callback=_show_version, is_eager=True, help="Show the version and end."
)


def dateline(*, version: Annotated[bool, _VERSION] = False) -> None:
    del version  # it has been shown


def _import_structlog() -> None:
    """Import it without rich, which it would take to show tracebacks: ours are text by then.

    With what rich needs in its turn that is 4 MB of each process.
    """
    if "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]  # so that its import fails
        import structlog  # noqa: F401 - it is what all others get

        del sys.modules["rich"]


def main() -> None:
    """Run the command; what cannot be is one sentence and exit 2.

    What it makes is for its own user alone, whatever it was started with: the database holds the
    key of all links, and a log of SQLite has the mode of its database.
    """
    os.umask(0o077)
    _import_structlog()
    from bot.app.stops import StopError
    from bot.cli.failing import fail
    from bot.settings import WrongSettingError

    try:
        _app_for(sys.argv[1:])()
    except (StopError, WrongSettingError) as error:
        fail(str(error))


def _app_for(arguments: list[str]) -> typer.Typer:
    """Return what knows the command that is asked for.

    Who runs the bot stays for months, in many a process, and takes 1.5 MB less without the rest.
    """
    if arguments[:1] == ["run"]:
        return new_app()
    from bot.cli.commands import app

    return app
