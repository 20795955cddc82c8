"""Codes and links that confirm an address, and limits on requests for them.

1. A request is valid for 24 hours. The link in the mail or the code in the chat confirms it.
2. The code has six digits, so five wrong tries use it up; the link still works.
3. In 24 hours, the bot sends at most three mails to a mailbox (over all users and spellings of its
   address), five for a user, five for a chat, and a thousand in all. The last hundred are for
   users and chats without a request in that time, because otherwise a few accounts could use up the
   limit for all.

Only hashes are stored. A hash is bound to its chat, so that equal codes differ.
"""

import re
import secrets
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import cache
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import NamedTuple

VALID_FOR = timedelta(hours=24)
MOST_TRIES = 5
MOST_FOR_A_MAILBOX = 3
MOST_BY_AN_ACCOUNT = 5
MOST_IN_ALL = 1000
KEPT_FOR_NEW_ACCOUNTS = 100  # of MOST_IN_ALL

Times = Sequence[datetime]

_CODE = re.compile(r"\d{3}[ \u00a0-]?\d{3}", re.ASCII)


class Limit(Enum):
    """The limit that a request would exceed."""

    MAILBOX = auto()
    ACCOUNT = auto()
    DAY = auto()


class Reached(NamedTuple):
    """A limit, and when it allows one more request."""

    limit: Limit
    until: datetime


@dataclass(frozen=True, slots=True)
class MailRequest:
    """The code and the token in a mail; either confirms its address."""

    code: str
    token: str


def new_request() -> MailRequest:
    return MailRequest(f"{secrets.randbelow(10**6):06}", secrets.token_urlsafe(16))


def read_code(text: str) -> str | None:
    """Return the six digits of *text*, typed with or without a gap; None for any other text."""
    return re.sub(r"\D", "", text) if _CODE.fullmatch(text.strip()) else None


def hash_secret(secret: str, chat_id: int) -> str:
    return sha256(f"{chat_id}:{secret}".encode()).hexdigest()


def is_correct(secret: str, chat_id: int, stored: str | None) -> bool:
    """Compare *secret* with the *stored* hash in constant time; False if none is stored."""
    return stored is not None and compare_digest(hash_secret(secret, chat_id), stored)


def has_expired(asked_at: datetime, now: datetime) -> bool:
    return now - asked_at >= VALID_FOR


def limit_reached(
    by_user: Times, by_chat: Times, for_mailbox: Times, in_all: Times
) -> Reached | None:
    """Return the limit that one more request would exceed; of several, the one that lasts longest.

    Each argument holds the times of the requests in the last 24 hours, the oldest first.
    """
    most_in_all = MOST_IN_ALL - (KEPT_FOR_NEW_ACCOUNTS if by_user or by_chat else 0)
    limits = (
        (Limit.MAILBOX, for_mailbox, MOST_FOR_A_MAILBOX),
        (Limit.ACCOUNT, by_user, MOST_BY_AN_ACCOUNT),
        (Limit.ACCOUNT, by_chat, MOST_BY_AN_ACCOUNT),
        (Limit.DAY, in_all, most_in_all),
    )
    exceeded = [
        Reached(limit, times[-most] + VALID_FOR)
        for limit, times, most in limits
        if len(times) >= most
    ]
    return max(exceeded, key=lambda reached: reached.until, default=None)


class _Rule(NamedTuple):
    """One provider's rule; see `providers.toml`."""

    host: str  # under which the mailbox is counted
    ignored: str = ""
    tags: str = "+"
    has_subdomains: bool = False


def counted_as(address: str) -> str:
    """Return the spelling under which requests for the mailbox of *address* are counted.

    The domain of *address* is in A-labels, as `headers.read_address` returns it.
    """
    name, _, host = address.lower().rpartition("@")
    subdomain, _, parent = host.partition(".")
    if (rule := _rules().get(parent)) and rule.has_subdomains:
        name = subdomain
    else:
        rule = _rules().get(host, _Rule(host))
    # A name that begins with the sign of a tag has no tag.
    base = re.split(f"[{re.escape(rule.tags)}]", name, maxsplit=1)[0] or name
    bare = base.translate(dict.fromkeys(map(ord, rule.ignored)))
    return f"{bare or base}@{rule.host}"


@cache
def _rules() -> dict[str, _Rule]:
    text = Path(__file__).with_name("providers.toml").read_text("utf-8")
    return {
        host: _Rule(
            provider["hosts"][0] if provider.get("same") else host,
            provider.get("ignored", ""),
            provider.get("tags", "+"),
            provider.get("subdomains", False),
        )
        for provider in tomllib.loads(text)["provider"]
        for host in provider["hosts"]
    }
