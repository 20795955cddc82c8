"""Status codes of mail servers, and who is to blame for a failure.

An enhanced status code (RFC 3463, registered by RFC 5248) is `class.subject.detail`. The longest
prefix in the table decides. Without such a code, the reply code (RFC 5321) is translated into the
one that means the same for a refused recipient.
"""

import re
from enum import Enum, auto
from typing import Final, NamedTuple

from storage.enums import MailboxProblem


class Blame(Enum):
    """The culprit of a failure, which decides its consequence."""

    CLOSED = auto()  # the mailbox takes no mail: suspend it
    PASSING = auto()  # it may take mail again: count the failure
    SENDER = auto()  # the server distrusts us: notify the operator
    MAIL = auto()  # the mail or its transport: no consequence for the mailbox


class MailFailure(NamedTuple):
    blame: Blame
    problem: MailboxProblem | None = None  # None: the reason is unknown


_TABLE: Final = {
    "4": MailFailure(Blame.PASSING),
    "4.2.2": MailFailure(Blame.PASSING, MailboxProblem.FULL),
    "4.7": MailFailure(Blame.SENDER, MailboxProblem.DISTRUSTED),
    "5": MailFailure(Blame.PASSING),  # any that has no row of its own
    "5.1": MailFailure(Blame.CLOSED, MailboxProblem.NO_SUCH_MAILBOX),
    "5.1.7": MailFailure(Blame.SENDER, MailboxProblem.DISTRUSTED),  # the sender's address is wrong
    "5.1.8": MailFailure(Blame.SENDER, MailboxProblem.DISTRUSTED),  # or its domain
    "5.2": MailFailure(Blame.PASSING),  # the mailbox exists
    "5.2.1": MailFailure(Blame.CLOSED, MailboxProblem.DISABLED),
    "5.2.2": MailFailure(Blame.PASSING, MailboxProblem.FULL),
    "5.2.3": MailFailure(Blame.MAIL),  # the mail is too long for this mailbox
    "5.3": MailFailure(Blame.MAIL),  # the system of the mailbox
    "5.4": MailFailure(Blame.PASSING),  # no route; counted, because the domain may be gone
    "5.5": MailFailure(Blame.MAIL),  # the protocol
    "5.6": MailFailure(Blame.MAIL),  # the content
    "5.7": MailFailure(Blame.SENDER, MailboxProblem.DISTRUSTED),  # policy
}

# Replies to RCPT without an enhanced code. A 554 is mostly about policy.
_BY_REPLY: Final = {
    **dict.fromkeys(("550", "551", "553"), MailFailure(Blame.CLOSED)),
    "552": _TABLE["5.2.2"],
    "554": _TABLE["5.7"],
    "556": _TABLE["5.1"],  # the domain takes no mail (RFC 7504)
}

_CODE = r"[45]\.\d{1,3}\.\d{1,3}"
_STATUS = re.compile(rf"\s*({_CODE})(?!\d)")
_REPLY = re.compile(rf"\s*([45]\d\d)(?:[ -]#?({_CODE})(?!\d))?(?!\d)")


def failure_of(words: str, status: str = "") -> MailFailure:
    """Return the meaning of a server's *words*, such as `550 5.1.1 no such user`.

    *status* is the `Status` field of a delivery report. It decides unless it has no detail (5.0.0).
    """
    reply, code = codes_in(words)
    if (field := _STATUS.match(status)) and not (field[1].endswith(".0.0") and (code or reply)):
        code = field[1]
    if code:
        return _failure_by_code(code)
    if reply.startswith("5"):
        return _BY_REPLY.get(reply, _TABLE["5.5"])
    return _TABLE["4"]


def has_status(words: str) -> bool:
    """Return whether the words of a server have an enhanced status code."""
    return bool(codes_in(words)[1])


def codes_in(words: str) -> tuple[str, str]:
    """Return the reply code and the enhanced code at the start of *words*, "" for an absent one."""
    codes = _REPLY.match(words)
    return (codes[1], codes[2] or "") if codes else ("", "")


def _failure_by_code(code: str) -> MailFailure:
    parts = code.split(".")
    prefixes = (".".join(parts[:length]) for length in (3, 2, 1))
    return next(_TABLE[prefix] for prefix in prefixes if prefix in _TABLE)
