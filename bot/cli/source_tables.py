"""How the sources look in a terminal, all of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.cli.source_words import ago, error, next_poll, unchanged
from storage.enums import FullText, SourceState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from storage.sources import Source


def sources_table(sources: Sequence[Source], now: datetime) -> RenderableType:
    table = Table("Source", "Read", "Next", "Unchanged", "Error", box=None, pad_edge=False)
    for source in sources:
        table.add_row(
            _name(source),
            Text(ago(source.succeeded_at, now), no_wrap=True),
            Text(next_poll(source.state, source.next_fetch_at, now), no_wrap=True),
            unchanged(source),
            Text(error(source, now), style="red"),
        )
    return Group(table, Text(f"\n{_summary(sources)}", style="dim"))


def _name(source: Source) -> Text:
    name = Text(source.title or source.host, overflow="fold")
    if source.full_text is not FullText.AUTO:
        name.append(f", full text {source.full_text}", style="dim")
    name.append(f"\n{source.url}", style="dim")
    return name


def _summary(sources: Sequence[Source]) -> str:
    states = Counter(_state(source) for source in sources)
    count = f"{len(sources)} sources" if len(sources) != 1 else "1 source"
    told = [f"{states[state]} {state}" for state in ("unhealthy", "gone") if states[state]]
    return ", ".join([count, *told]) + "."


def _state(source: Source) -> str:
    if source.state is SourceState.GONE:
        return "gone"
    return "unhealthy" if source.error else "well"
