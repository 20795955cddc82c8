"""Codes and links that confirm an address, and how often an address may be asked.

1. A request is valid for 24 hours. It is answered by the link in the mail or by the code in the
   chat.
2. The code has six digits, so five wrong tries use it up; the link still works.
3. In 24 hours: three mails to an address, no matter who asks; five by a chat; a thousand in all.

Only hashes are stored. A hash is bound to its chat, so that equal codes differ.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from hashlib import sha256
from hmac import compare_digest

HOLDS_FOR = timedelta(hours=24)
MOST_TRIES = 5
MOST_FOR_AN_ADDRESS = 3
MOST_BY_A_CHAT = 5
MOST_IN_ALL = 1000
_CODE = re.compile(r"\d{3}[ \u00a0-]?\d{3}", re.ASCII)


class Limit(Enum):
    """Which limit a request would exceed."""

    ADDRESS = auto()
    CHAT = auto()
    DAY = auto()


@dataclass(frozen=True, slots=True)
class MailRequest:
    """What is sent to an address; either of the two comes back."""

    code: str
    token: str


def new_request() -> MailRequest:
    return MailRequest(f"{secrets.randbelow(10**6):06}", secrets.token_urlsafe(16))


def read_code(text: str) -> str | None:
    """Return the six digits that *text* is, typed with or without a gap."""
    return re.sub(r"\D", "", text) if _CODE.fullmatch(text.strip()) else None


def hash_of(secret: str, chat_id: int) -> str:
    return sha256(f"{chat_id}:{secret}".encode()).hexdigest()


def is_answered(secret: str, chat_id: int, stored: str | None) -> bool:
    """Compare in constant time; nothing answers where nothing is stored."""
    given = hash_of(secret, chat_id)
    return compare_digest(given, stored or "") if stored else False


def is_over(asked_at: datetime, now: datetime) -> bool:
    return now - asked_at >= HOLDS_FOR


def limit_reached(by_chat: int, for_address: int, in_all: int) -> Limit | None:
    """Return which limit one more request would exceed, after so many in 24 hours."""
    if for_address >= MOST_FOR_AN_ADDRESS:
        return Limit.ADDRESS
    if by_chat >= MOST_BY_A_CHAT:
        return Limit.CHAT
    return Limit.DAY if in_all >= MOST_IN_ALL else None
