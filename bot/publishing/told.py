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


def beside(told: Told | None, passage: str) -> Told | None:
    """Return what to tell beside the *passage* that matched; None if that says the same."""
    return None if told and _is_repeated(told, passage) else told


def _is_repeated(told: Told, passage: str) -> bool:
    passage = passage.strip(f"{_ELLIPSIS} ")
    sentence = told.text.strip(f"{_ELLIPSIS} ")
    return sentence[:_COMPARED] in passage or passage[:_COMPARED] in sentence
