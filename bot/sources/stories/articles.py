"""An article as it is compared with others."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Told:
    """What an article tells, by whom and when; *story_id* is its own, or the one found before.

    *outlets* are keys of whoever carries it: each has one seat in a story. *text* is folded.
    *names* are what its outlets call themselves. *readers* are the chats that alone can see it,
    because they follow its source; None: it is public. *number* is the article's own.
    """

    story_id: int
    at: float  # seconds since 1970 from which it counts as news
    outlets: frozenset[str]
    title: str
    lead: str = ""
    text: str = ""
    names: tuple[str, ...] = ()
    readers: frozenset[int] | None = None
    number: int = 0

    @property
    def bare(self) -> "Told":
        """The same without its words."""
        return replace(self, title="", lead="", text="", names=())
