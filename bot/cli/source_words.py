"""How a source fares, in the few words of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sources.fetch.problems import ProblemKind
from bot.sources.fetch.schedule import format_duration
from storage.enums import SourceState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from bot.sources.feeds.model import Unreadable
    from bot.sources.fetch.problems import Problem
    from storage.sources import Source

_LATER = "It is asked again later by itself."
_ANOTHER = "dateline sources find SITE looks for the feeds of a site."
_KNOCK = "Ask the site to let feeds through; CONTACT_URL tells it who asks. " + _ANOTHER
_ADVICE = {
    ProblemKind.REFUSED: (
        "What is read: http and https on their usual ports, without a password. "
        "Your own network is open once ALLOWED_NETWORKS names it."
    ),
    ProblemKind.UNREACHABLE: "Look at the host's name. " + _LATER,
    ProblemKind.TIME_OUT: _LATER,
    ProblemKind.BUSY: _LATER,
    ProblemKind.SERVER: _LATER,
    ProblemKind.CHALLENGE: _KNOCK,
    ProblemKind.WALL: _KNOCK,
}


def advice(kind: ProblemKind) -> str:
    """Return what the operator may do about it."""
    return _ADVICE.get(kind, _ANOTHER)


def ago(moment: datetime | None, now: datetime) -> str:
    return f"{format_duration(now - moment)} ago" if moment else "never"


def next_poll(state: SourceState, at: datetime, now: datetime) -> str:
    if state is not SourceState.ACTIVE:
        return "no more" if state is SourceState.GONE else "none for now"
    return f"in {format_duration(at - now)}" if at > now else "now"


def unchanged(source: Source) -> str:
    """The share of its answers that said that nothing is new."""
    return f"{source.unchanged / source.fetches:.0%}" if source.fetches else ""


def error(source: Source, now: datetime) -> str:
    if not source.error:
        return ""
    sentence = sentence_for(source.error, source.error_detail)
    if not source.error_since:
        return sentence
    return f"{sentence}, for {format_duration(now - source.error_since)}"


def why_unreadable(error: Unreadable) -> str:
    from bot.sources.files import NotFetched

    return f"It {sentence_of(error.problem)}." if isinstance(error, NotFetched) else str(error)


def sentence_of(problem: Problem) -> str:
    return sentence_for(problem.code, problem.detail)


def sentence_for(code: str, detail: Mapping[str, Any] | None) -> str:
    """Return what a source does, in English, as it follows "it"."""
    from bot.rendering.renderer import Renderer

    return Renderer().line("problem.txt", code=code, detail=detail or {})
