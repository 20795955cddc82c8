"""An article as it is compared with others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """What an article tells, by whom and when; *story_id* is its own, or the one found before.

    *outlets* are keys of whoever carries it: each has one seat in a story. *text* is folded.
    *names* are what its outlets call themselves. What is not *public* was added by somebody for
    himself alone.
    """

    story_id: int
    at: float  # seconds since 1970 from which it counts as news
    outlets: frozenset[str]
    title: str
    lead: str = ""
    text: str = ""
    names: tuple[str, ...] = ()
    public: bool = True
