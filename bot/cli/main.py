"""The `dateline` command and its subcommands."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.access import app as access
from bot.cli.audit import audit
from bot.cli.backup import backup, restore
from bot.cli.catalogue import app as catalogue
from bot.cli.deliveries import app as deliveries
from bot.cli.doctor import doctor
from bot.cli.health import health
from bot.cli.invites import app as invites
from bot.cli.match import MINUS_IS_NO_OPTION, match
from bot.cli.migrate import migrate
from bot.cli.migrate_storage import migrate_storage
from bot.cli.people import export_people, import_people
from bot.cli.playground import playground
from bot.cli.preview import preview
from bot.cli.read import read
from bot.cli.run import run
from bot.cli.sources import sources
from bot.cli.stats import stats
from bot.cli.trace import trace

app = typer.Typer(
    name="dateline",
    help="Reads the news and tells each chat only what it asked for.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    from importlib.metadata import version

    if wanted:
        typer.echo(f"dateline {version('dateline')}")
        raise typer.Exit


_VERSION = typer.Option(
    "--version", callback=_show_version, is_eager=True, help="Show the version and end."
)


@app.callback()
def dateline(*, version: Annotated[bool, _VERSION] = False) -> None:
    del version  # it has been shown


app.command()(run)
app.command()(playground)
app.add_typer(sources)
app.add_typer(deliveries, name="deliveries")
app.add_typer(access, name="access")
app.add_typer(catalogue, name="catalogue")
app.add_typer(invites, name="invites")
app.command()(audit)
app.command()(trace)
app.command()(preview)
app.command()(doctor)
app.command("export")(export_people)
app.command("import")(import_people)
app.command()(health)
app.command()(stats)
app.command()(read)
app.command(context_settings=MINUS_IS_NO_OPTION)(match)
app.command()(migrate)
app.command()(migrate_storage)
app.command()(backup)
app.command()(restore)


def _import_structlog() -> None:
    """Import it without rich, which it would take to show tracebacks: ours are text by then.

    With what rich needs in its turn that is 4 MB of each process.
    """
    import sys

    if "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]  # so that its import fails
        import structlog  # noqa: F401 - it is what all others get

        del sys.modules["rich"]


def main() -> None:
    """Run the command; what cannot be is one sentence and exit 2."""
    _import_structlog()
    from bot.app.stops import StopError
    from bot.cli.failing import fail
    from bot.settings import WrongSettingError

    try:
        app()
    except (StopError, WrongSettingError) as error:
        fail(str(error))
