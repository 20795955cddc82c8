"""The addresses of our pages that stand in messages, and the signed tokens in them.

- An address is a token behind its purpose. Without a public address there are no links, and the
  renderer leaves them out.
- A token is `<subject>.<last day>.<mac>`, which nobody can guess or change. The subject (row ids,
  dates) can be read. The last day counts days since 1970-01-01; 0 means for ever.
- The mac is the first 128 bits of HMAC-SHA-256 (RFC 2104) over purpose, subject and day, in letters
  that mail programs neither cut nor change the case of. A token is good for one purpose only.
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

_MAC_BYTES = 16
_EPOCH = date(1970, 1, 1)
_FOR_EVER = 0


class Purpose(StrEnum):
    """The one use of a token; the value begins the path of its pages, if it has any."""

    EDITION = "e"
    MANAGE = "m"
    UNSUBSCRIBE = "u"
    CONFIRM = "c"
    FEED = "f"
    BOUNCE = "b"
    RETURN_PATH = "r"  # in the envelope of each mail, where its reader sees it; opens no page
    UPDATES = "telegram"


class BadTokenError(ValueError):
    """The token opens nothing."""


class ForgedError(BadTokenError):
    """It was not signed with this key, or for another purpose, or was changed."""


class ExpiredError(BadTokenError):
    """It was good once."""


@dataclass(frozen=True, slots=True)
class Signer:
    """*key*: 32 random bytes, the same in all processes."""

    key: bytes = field(repr=False)

    def sign(self, purpose: Purpose, *subject: int | str, last: date | None = None) -> str:
        """Return the token of *subject*, good up to the day *last* (UTC); None: for ever.

        A subject's parts hold no dot, and nothing that an address must not.
        """
        day = _FOR_EVER if last is None else (last - _EPOCH).days
        signed = ".".join(map(str, (*subject, day)))
        return f"{signed}.{self._mac(purpose, signed)}"

    def verify(self, purpose: Purpose, token: str, now: datetime) -> tuple[str, ...]:
        """Return the parts of the subject; ForgedError or ExpiredError where it opens nothing."""
        signed, _, mac = token.rpartition(".")
        if not hmac.compare_digest(_encoded(mac), _encoded(self._mac(purpose, signed))):
            raise ForgedError
        *subject, day = signed.split(".")
        if int(day) != _FOR_EVER and (now.astimezone(UTC).date() - _EPOCH).days > int(day):
            raise ExpiredError
        return tuple(subject)

    def secret(self, purpose: Purpose, name: str) -> str:
        """Return letters and digits that only those with the key know, the same each time.

        No token is a secret: what a token signs has a dot in it, and *name* has none.
        """
        return self._mac(purpose, name)

    def _mac(self, purpose: Purpose, signed: str) -> str:
        mac = hmac.digest(self.key, _encoded(f"{purpose}.{signed}"), "sha256")[:_MAC_BYTES]
        return b32encode(mac).decode().rstrip("=").lower()


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")  # an address may hold half a character


# How long an address that stands in a message is good.
GOOD_FOR = timedelta(days=90)
WHOLE_DIGEST = 0  # in place of a topic


class FeedKind(StrEnum):
    """A format of the feeds that we give; the value ends the address."""

    ATOM = "atom"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Links:
    """*base* is where the world reaches our pages (`https://news.example.org/path`), if it does."""

    base: str | None
    signer: Signer

    def edition(self, chat_id: int, day: date, schedule_number: int, now: datetime) -> str | None:
        """The edition of a local date and schedule time: both are known before its row is made."""
        return self._at(Purpose.EDITION, chat_id, f"{day:%Y%m%d}", schedule_number, last=_last(now))

    def manage(self, chat_id: int, now: datetime) -> str | None:
        """It lets its holder change subscriptions, so it belongs in no message that is shared."""
        return self._at(Purpose.MANAGE, chat_id, last=_last(now))

    def unsubscribe(self, mailbox_id: int) -> str | None:
        """Good for ever: a mail may be read years later."""
        return self._at(Purpose.UNSUBSCRIBE, mailbox_id)

    def confirm(self, mailbox_id: int, token: str) -> str | None:
        """*token* is the mailbox's own, which says itself how long it is good."""
        return self._at(Purpose.CONFIRM, mailbox_id, token)

    def bounce(self) -> str | None:
        """Where a mail relay of the operator's posts what came back."""
        return self._at(Purpose.BOUNCE)

    def feed(self, chat_id: int, topic_id: int, version: int, kind: FeedKind) -> str | None:
        """The feed of a topic, or `WHOLE_DIGEST`; good as long as the chat is at *version*."""
        address = self._at(Purpose.FEED, chat_id, topic_id, version)
        return address and f"{address}.{kind}"

    def _at(self, purpose: Purpose, *subject: int | str, last: date | None = None) -> str | None:
        if self.base is None:
            return None
        return f"{self.base}/{purpose}/{self.signer.sign(purpose, *subject, last=last)}"


def _last(now: datetime) -> date:
    return (now + GOOD_FOR).date()
