"""How a source fares, in the few words of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sources.durations import span
from storage.words import SourceState

if TYPE_CHECKING:
    from datetime import datetime

    from storage.sources import Source


def ago(moment: datetime | None, now: datetime) -> str:
    return f"{span(now - moment)} ago" if moment else "never"


def next_poll(source: Source, now: datetime) -> str:
    if source.state is not SourceState.ACTIVE:
        return "no more" if source.state is SourceState.GONE else "none for now"
    return f"in {span(source.next_fetch_at - now)}" if source.next_fetch_at > now else "now"


def unchanged(source: Source) -> str:
    """The share of its answers that said that nothing is new."""
    return f"{source.unchanged / source.fetches:.0%}" if source.fetches else ""


def trouble(source: Source, now: datetime) -> str:
    if not source.trouble:
        return ""
    since = f", for {span(now - source.trouble_since)}" if source.trouble_since else ""
    return f"{source.trouble_text or source.trouble}{since}"
