"""Reads what the receiving mail server says about a sender (RFC 8601), and judges senders by it.

Anybody can write an `Authentication-Results` field into a mail. Only that of the operator's own
server counts, which the settings name, and of these only the topmost, because a server writes above
what it received. Without that setting nothing is believed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from tld import get_tld
from tld.utils import Result

from storage.enums import SenderState

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*(dkim|spf|dmarc)\s*=\s*([a-z]{1,20})\b(.*)", re.IGNORECASE | re.DOTALL)
_DOMAIN = re.compile(
    r"(?:header\.d|header\.i|smtp\.mailfrom)\s*=\s*\"?(?:[^\s;\"@]{0,100}@)?([\w.-]{1,253})"
)
_PASS: Final = "pass"  # noqa: S105 - a result


@dataclass(frozen=True, slots=True)
class Authentication:
    """The domains that a letter passed for: of its signature, and of its envelope; "" for none.

    *was_checked*: the server said anything at all.
    """

    dkim: str = ""
    spf: str = ""
    was_checked: bool = False

    @property
    def proof(self) -> str:
        """The proof that the same sender shows again with its next letter; "" if there is none."""
        if self.dkim:
            return f"dkim={self.dkim}"
        return f"spf={self.spf}" if self.spf else ""


def authentication_of(fields: Iterable[str], server: str, sender: str) -> Authentication:
    """Return the results in the topmost of the *fields* that *server* has written.

    If there are several signatures, the one of the *sender*'s domain counts.
    """
    own = next((field for field in fields if server and _server_of(field) == server.lower()), None)
    if own is None:
        return Authentication()
    signed, sent = list[str](), ""
    for part in _without_comments(own).split(";")[1:]:
        result = _RESULT.match(part)
        domain = _DOMAIN.search(result[3]) if result else None
        if result is None or domain is None or result[2].lower() != _PASS:
            continue
        if result[1].lower() == "dkim":
            signed.append(domain[1].lower().strip("."))
        elif result[1].lower() == "spf":
            sent = domain[1].lower().strip(".")
    home = domain_of(sender)
    signed.sort(key=lambda name: site_of(name) != home)
    return Authentication(signed[0] if signed else "", sent, was_checked=True)


def _server_of(field: str) -> str:
    words = _without_comments(field).partition(";")[0].split()
    return words[0].lower() if words else ""


def _without_comments(field: str) -> str:
    return _COMMENT.sub(" ", field)


def domain_of(address: str) -> str:
    """Return the registrable domain of an address; its host if that is none."""
    return site_of(address.rpartition("@")[2].lower())


def site_of(host: str) -> str:
    found = get_tld(host, fix_protocol=True, fail_silently=True, as_object=True)
    return found.fld if isinstance(found, Result) else host


class KnownSender(Protocol):
    @property
    def address(self) -> str: ...
    @property
    def list_id(self) -> str: ...
    @property
    def proof(self) -> str: ...
    @property
    def state(self) -> SenderState: ...


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """The sender of a letter, as it is compared with known ones."""

    address: str
    list_id: str
    authentication: Authentication

    @property
    def proof(self) -> str:
        return self.authentication.proof


class Standing(Enum):
    """The relation of a letter's sender to its newsletter, which decides whether it is stored."""

    FIRST = auto()  # the first letter of a newsletter: its sender is bound to it
    KNOWN = auto()
    OTHER = auto()  # somebody new, or somebody who only claims to be a known sender


def standing(
    sender: SenderFacts, known: Sequence[KnownSender]
) -> tuple[Standing, KnownSender | None]:
    """Return what the letter of *sender* is, and its row among the *known* ones, if it has one.

    An accepted sender may write from another address of its domain if the list is the same, as
    services with many authors do. A sender whose letters were confirmed by the receiving server is
    another one without that. An accepted sender that was never confirmed stays accepted.
    """
    accepted = [each for each in known if each.state is SenderState.ACCEPTED]
    for each in accepted:
        if _is_same(sender, each):
            return Standing.KNOWN, each
    others = (each for each in known if each.state is not SenderState.ACCEPTED)
    same = (each for each in others if (each.address, each.proof) == (sender.address, sender.proof))
    found = next(same, None)
    if found is None and not accepted and not known:
        return Standing.FIRST, None
    return Standing.OTHER, found


def _is_same(sender: SenderFacts, known: KnownSender) -> bool:
    if known.proof and known.proof != sender.proof:
        return False
    if sender.address == known.address:
        return True
    is_list = bool(sender.list_id) and sender.list_id == known.list_id
    return is_list and domain_of(sender.address) == domain_of(known.address)
