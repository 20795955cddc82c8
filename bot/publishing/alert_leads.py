"""The sentence above the passage of an alert: the lead of its article, or what a follow-up adds."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from bot.publishing.developments import development_of
from bot.publishing.leads import ReportText, lead_of

_COMPARED: Final = 40  # characters
_ELLIPSIS: Final = "\u2026"


class AlertLead(NamedTuple):
    """A sentence or two. *is_new*: the chat was not alerted to this before."""

    text: str
    is_new: bool = False


def alert_lead(report: ReportText, known: Sequence[ReportText] = ()) -> AlertLead | None:
    """Return what *report* adds to the *known* ones, the newest first; else its lead."""
    if known and (development := development_of(known, [report])):
        return AlertLead(development.text, is_new=True)
    found = lead_of([report])
    return AlertLead(found.text) if found else None


def unless_repeated(lead: AlertLead | None, passage: str) -> AlertLead | None:
    """Return the lead to show above the *passage* that matched; None if that says the same."""
    return None if lead and _is_repeated(lead, passage) else lead


def _is_repeated(lead: AlertLead, passage: str) -> bool:
    passage = passage.strip(f"{_ELLIPSIS} ")
    sentence = lead.text.strip(f"{_ELLIPSIS} ")
    return sentence[:_COMPARED] in passage or passage[:_COMPARED] in sentence
