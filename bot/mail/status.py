"""Status codes of mail servers: what a failure says about the mailbox, if anything.

An enhanced status code (RFC 3463, registered by RFC 5248) is `class.subject.detail`. The longest
prefix in the table decides. Where a server gives no such code, its reply code (RFC 5321) stands for
the one that means the same when a recipient is refused.
"""

import re
from enum import Enum, auto
from typing import Final, NamedTuple

from storage.enums import MailboxProblem


class Blame(Enum):
    """The consequence of a failure."""

    CLOSED = auto()  # the mailbox takes no mail: suspend it
    PASSING = auto()  # it may take mail again: count the failure
    SENDER = auto()  # the server distrusts us: notify the operator
    MAIL = auto()  # the mail or the way is at fault: nothing follows for the mailbox


class MailFailure(NamedTuple):
    blame: Blame
    problem: MailboxProblem | None = None  # None: no more is known than that it failed


_TABLE: Final = {
    "4": MailFailure(Blame.PASSING),
    "4.2.2": MailFailure(Blame.PASSING, MailboxProblem.FULL),
    "4.7": MailFailure(Blame.SENDER, MailboxProblem.DISTRUSTED),
    "5": MailFailure(Blame.PASSING),  # what no row names
    "5.1": MailFailure(Blame.CLOSED, MailboxProblem.NO_SUCH_MAILBOX),
    "5.1.7": MailFailure(Blame.SENDER, MailboxProblem.DISTRUSTED),  # the sender's address is wrong
    "5.1.8": MailFailure(Blame.SENDER, MailboxProblem.DISTRUSTED),  # or its domain
    "5.2": MailFailure(Blame.PASSING),  # the mailbox is there
    "5.2.1": MailFailure(Blame.CLOSED, MailboxProblem.DISABLED),
    "5.2.2": MailFailure(Blame.PASSING, MailboxProblem.FULL),
    "5.2.3": MailFailure(Blame.MAIL),  # the mail is longer than this mailbox takes
    "5.3": MailFailure(Blame.MAIL),  # the system of the mailbox
    "5.4": MailFailure(Blame.PASSING),  # no way to it; a domain that is gone says so for ever
    "5.5": MailFailure(Blame.MAIL),  # the protocol
    "5.6": MailFailure(Blame.MAIL),  # the content
    "5.7": MailFailure(Blame.SENDER, MailboxProblem.DISTRUSTED),  # policy
}

# Reply codes to RCPT without an enhanced one. The text of a 554 is mostly about policy.
_BY_REPLY: Final = {
    **dict.fromkeys(("550", "551", "553"), MailFailure(Blame.CLOSED)),
    "552": _TABLE["5.2.2"],
    "554": _TABLE["5.7"],
    "556": _TABLE["5.1"],  # the domain takes no mail (RFC 7504)
}

_CODE = r"[45]\.\d{1,3}\.\d{1,3}"
_STATUS = re.compile(rf"\s*({_CODE})(?!\d)")
_REPLY = re.compile(rf"\s*([45]\d\d)(?:[ -]#?({_CODE})(?!\d))?(?!\d)")


def failure_of(said: str, status: str = "") -> MailFailure:
    """Return what a server means that *said* `550 5.1.1 no such user`.

    *status* is the `Status` field of a delivery report. It decides unless it has no detail (5.0.0).
    """
    reply, code = _read(said)
    if (named := _STATUS.match(status)) and not (named[1].endswith(".0.0") and (code or reply)):
        code = named[1]
    if code:
        return _looked_up(code)
    if reply.startswith("5"):
        return _BY_REPLY.get(reply, _TABLE["5.5"])
    return _TABLE["4"]


def has_status(said: str) -> bool:
    """Whether the words of a server give an enhanced status code."""
    return bool(_read(said)[1])


def _read(said: str) -> tuple[str, str]:
    found = _REPLY.match(said)
    return (found[1], found[2] or "") if found else ("", "")


def _looked_up(code: str) -> MailFailure:
    parts = code.split(".")
    prefixes = (".".join(parts[:length]) for length in (3, 2, 1))
    return next(_TABLE[prefix] for prefix in prefixes if prefix in _TABLE)
