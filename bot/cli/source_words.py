"""How a source fares, in the few words of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sources.durations import span
from bot.sources.getting.troubles import Trouble
from storage.enums import SourceState

if TYPE_CHECKING:
    from datetime import datetime

    from storage.sources import Source

_LATER = "It is asked again later by itself."
_ANOTHER = "dateline sources find SITE looks for the feeds of a site."
_KNOCK = "Ask the site to let feeds through; CONTACT_URL tells it who asks. " + _ANOTHER
_ADVICE = {
    Trouble.REFUSED: (
        "What is read: http and https on their usual ports, without a password. "
        "Your own network is open once ALLOWED_NETWORKS names it."
    ),
    Trouble.UNREACHABLE: "Look at the host's name. " + _LATER,
    Trouble.TIME_OUT: _LATER,
    Trouble.BUSY: _LATER,
    Trouble.SERVER: _LATER,
    Trouble.CHALLENGE: _KNOCK,
    Trouble.WALL: _KNOCK,
}


def advice(trouble: Trouble) -> str:
    """What whoever runs the bot may do about it."""
    return _ADVICE.get(trouble, _ANOTHER)


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
