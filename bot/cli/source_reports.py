"""Showing sources: to people as tables, to programs as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from bot.cli.checkup_table import checkup_report
from bot.cli.source_json import checkup_json, source_json
from bot.cli.source_tables import sources_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.sources.administration import Checkup
    from storage.sources import Source


def show_sources(sources: Sequence[Source], now: datetime, *, as_json: bool) -> None:
    if as_json:
        for source in sources:
            typer.echo(json.dumps(source_json(source), ensure_ascii=False))
    elif sources:
        Console().print(sources_table(sources, now))
    else:
        typer.echo("No sources yet. Try: dateline sources add --starter")


def show_checkup(checkup: Checkup, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(checkup_json(checkup), ensure_ascii=False))
    else:
        Console().print(checkup_report(checkup))
