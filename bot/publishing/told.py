"""What an alert tells besides its passage: the lead of its article, or what a follow-up adds."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from bot.publishing.developments import development_of
from bot.publishing.leads import Report, lead_of

_COMPARED: Final = 40  # characters
_ELLIPSIS: Final = "\u2026"


class Told(NamedTuple):
    """A sentence or two. *is_new*: the chat was not alerted to this before."""

    text: str
    is_new: bool = False


def told_by(report: Report, known: Sequence[Report] = ()) -> Told | None:
    """Return what *report* adds to the *known* ones, the newest first; else its lead."""
    if known and (development := development_of(known, [report])):
        return Told(development.text, is_new=True)
    lead = lead_of([report])
    return Told(lead.text) if lead else None


def is_repeated(told: Told, passage: str) -> bool:
    """Return whether the *passage* that matched says the same, so that one of them suffices."""
    passage = passage.strip(f"{_ELLIPSIS} ")
    sentence = told.text.strip(f"{_ELLIPSIS} ")
    return sentence[:_COMPARED] in passage or passage[:_COMPARED] in sentence
