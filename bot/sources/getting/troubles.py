"""The words for what ails a source; each is stored, counted in metrics and has its sentence.

A sentence is what follows "it": "is busy just now (503)". So lists, chats and notices can say it of
any source.
"""

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    # No answer.
    REFUSED = "refused"
    TOO_BIG = "too_big"
    TIME_OUT = "time_out"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    REDIRECTS = "redirects"
    # An answer that is none.
    BUSY = "busy"
    GONE = "gone"
    MISSING = "missing"
    CHALLENGE = "challenge"
    WALL = "wall"
    LOGIN = "login"
    SERVER = "server"
    ODD = "odd"
    # An answer that cannot be read.
    HTML = "html"
    EMPTY = "empty"
    KIND = "kind"  # a file that is no feed, page or text, or XML and JSON of another kind
    BROKEN = "broken"
    HEAVY = "heavy"  # takes too long or too much memory
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Problem:
    trouble: Trouble
    sentence: str

    @property
    def is_failure(self) -> bool:
        """Whether it counts against the source; one that is busy only asks for time."""
        return self.trouble is not Trouble.BUSY

    @property
    def is_final(self) -> bool:
        return self.trouble is Trouble.GONE


OUR_FAULT = Problem(Trouble.UNREADABLE, "cannot be taken in, for a reason that the log tells")
