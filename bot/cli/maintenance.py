"""`dateline maintenance`: users read when the bot will be back, and nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import output

if TYPE_CHECKING:
    from storage.pace import Maintenance

app = typer.Typer()


@app.callback(invoke_without_command=True)
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


@app.command("on")
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


@app.command("off")
def end() -> None:
    """End it: users are answered, and what waited is sent."""
    from bot.subscribers import maintenance as service

    is_ended = output.with_storage(service.end)
    typer.echo("Maintenance mode is off." if is_ended else "Maintenance mode was off already.")


def _shown(found: Maintenance) -> str:
    return f"Maintenance mode is on until {found.until.astimezone():%Y-%m-%d %H:%M %Z}."
