"""What can be wrong with a source, and the errors of a fetch, whose type is the policy.

A `ProblemKind` is stored and counted in metrics. Each problem also has a sentence for people, the
part after "it": "is busy just now (503)". So lists, chats and notices can say it of any source.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar


class ProblemKind(StrEnum):
    # No response.
    REFUSED = "refused"
    TOO_BIG = "too_big"
    TIME_OUT = "time_out"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    REDIRECTS = "redirects"
    # A response without the document.
    BUSY = "busy"
    GONE = "gone"
    MISSING = "missing"
    CHALLENGE = "challenge"
    WALL = "wall"
    LOGIN = "login"
    SERVER = "server"
    ODD = "odd"
    # A document that cannot be read.
    HTML = "html"
    EMPTY = "empty"
    KIND = "kind"  # a file that is no feed, page or text, or XML and JSON of another kind
    BROKEN = "broken"
    HEAVY = "heavy"  # takes too long or too much memory
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Problem:
    kind: ProblemKind
    sentence: str

    @property
    def is_failure(self) -> bool:
        """Whether it counts against the source; a busy one only asks for time."""
        return self.kind is not ProblemKind.BUSY

    @property
    def is_final(self) -> bool:
        return self.kind is ProblemKind.GONE


INTERNAL_ERROR = Problem(
    ProblemKind.UNREADABLE, "cannot be taken in, for a reason that the log tells"
)


class FetchError(Exception):
    """There is no response to judge. Its text is a problem's sentence."""

    kind: ClassVar[ProblemKind] = ProblemKind.UNREACHABLE


class AddressRefused(FetchError):  # noqa: N818 - they name what happened, as the health page does
    kind = ProblemKind.REFUSED


class TooBig(FetchError):  # noqa: N818 - see above
    kind = ProblemKind.TOO_BIG


class TimedOut(FetchError):  # noqa: N818 - see above
    kind = ProblemKind.TIME_OUT


class CannotConnect(FetchError):  # noqa: N818 - see above
    kind = ProblemKind.UNREACHABLE


class BadCertificate(FetchError):  # noqa: N818 - see above
    kind = ProblemKind.CERTIFICATE


class TooManyRedirects(FetchError):  # noqa: N818 - see above
    kind = ProblemKind.REDIRECTS


class HostWaits(FetchError):  # noqa: N818 - see above
    """The host asked for a pause, of which *left* remains, so no request was sent."""

    kind = ProblemKind.BUSY

    def __init__(self, left: timedelta) -> None:
        super().__init__("is on a host that asks us to wait")
        self.left = left
