"""Links: the URLs of our pages in messages, and the signed tokens in these URLs.

- A URL ends in its purpose and a token. Without a public web address there are no links, and
  templates leave them out.
- A token is `<subject>.<last day>.<mac>`, which nobody can guess or change. The subject (row ids,
  dates) is readable. The last day counts days since 1970-01-01; 0 means for ever.
- The mac is the first 128 bits of HMAC-SHA-256 (RFC 2104) over purpose, subject and day, in lower
  case letters and digits that mail programs leave intact. A token is valid for one purpose only.
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
    """The only use of a token; the value begins the path of its pages, if it has any."""

    EDITION = "e"
    MANAGE = "m"
    STORIES = "s"
    UNSUBSCRIBE = "u"
    CONFIRM = "c"
    FEED = "f"
    BOUNCE = "b"
    LETTER = "l"
    RETURN_PATH = "r"  # in the envelope of each mail, where its reader can see it; opens no page
    UPDATES = "telegram"


class BadTokenError(ValueError):
    """The token is not valid."""


class ForgedError(BadTokenError):
    """The token was changed, or signed with another key or for another purpose."""


class ExpiredError(BadTokenError):
    """The token has expired."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and verifies tokens with *key*, 32 random bytes that are the same in all processes."""

    key: bytes = field(repr=False)

    def sign(self, purpose: Purpose, *subject: int | str, last: date | None = None) -> str:
        """Return the token of *subject*, valid through the day *last* (UTC; None for ever).

        The parts of a subject contain no dot and no character that a URL may not contain.
        """
        day = _FOR_EVER if last is None else (last - _EPOCH).days
        signed = ".".join(map(str, (*subject, day)))
        return f"{signed}.{self._mac(purpose, signed)}"

    def verify(self, purpose: Purpose, token: str, now: datetime) -> tuple[str, ...]:
        """Return the parts of the subject. Raises ForgedError or ExpiredError."""
        signed, _, mac = token.rpartition(".")
        if not hmac.compare_digest(_encoded(mac), _encoded(self._mac(purpose, signed))):
            raise ForgedError
        *subject, day = signed.split(".")
        if int(day) != _FOR_EVER and (now.astimezone(UTC).date() - _EPOCH).days > int(day):
            raise ExpiredError
        return tuple(subject)

    def secret(self, purpose: Purpose, name: str) -> str:
        """Return a secret of letters and digits, always the same for the same key and *name*.

        The mac of a token never equals a secret, because a token signs text with a dot and *name*
        has none.
        """
        return self._mac(purpose, name)

    def _mac(self, purpose: Purpose, signed: str) -> str:
        mac = hmac.digest(self.key, _encoded(f"{purpose}.{signed}"), "sha256")[:_MAC_BYTES]
        return b32encode(mac).decode().rstrip("=").lower()


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")  # a URL may contain half a surrogate pair


GOOD_FOR = timedelta(days=90)  # how long a link in a message is valid
WHOLE_DIGEST = 0  # in place of the id of a topic


class FeedKind(StrEnum):
    """A format of published feeds; the value is the extension of the URL."""

    ATOM = "atom"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links below the public web address *base* (`https://news.example.org/path`), if any."""

    base: str | None
    signer: Signer

    def edition(self, chat_id: int, day: date, schedule_number: int, now: datetime) -> str | None:
        """Return the URL of an edition by date and schedule time, because it has no row yet."""
        return self._at(Purpose.EDITION, chat_id, f"{day:%Y%m%d}", schedule_number, last=_last(now))

    def manage(self, chat_id: int, now: datetime) -> str | None:
        """Return a URL that lets anybody change subscriptions; it must not be sent to groups."""
        return self._at(Purpose.MANAGE, chat_id, last=_last(now))

    def stories(self, chat_id: int, now: datetime) -> str | None:
        """Return the URL below which each story that the chat was sent has a page, by its id.

        The page saves and mutes, so it must not be sent to groups. One token serves all stories,
        because a mail with a signature for each would take longer to make.
        """
        return self._at(Purpose.STORIES, chat_id, last=_last(now))

    def unsubscribe(self, mailbox_id: int) -> str | None:
        """Return a URL that is valid for ever, because a mail may be read years later."""
        return self._at(Purpose.UNSUBSCRIBE, mailbox_id)

    def confirm(self, mailbox_id: int, token: str) -> str | None:
        """Return the URL that confirms a mailbox with its own *token*, which has its own expiry."""
        return self._at(Purpose.CONFIRM, mailbox_id, token)

    def bounce(self) -> str | None:
        """Return the URL to which the operator's mail relay posts bounces."""
        return self._at(Purpose.BOUNCE)

    def feed(self, chat_id: int, topic_id: int, version: int, kind: FeedKind) -> str | None:
        """Return the URL of a feed (a topic or `WHOLE_DIGEST`), valid for this *version* only."""
        address = self._at(Purpose.FEED, chat_id, topic_id, version)
        return address and f"{address}.{kind}"

    def letter(self, source_id: int, guid: str) -> str | None:
        """Return the URL of a newsletter's letter, for ever, because it is that of its article."""
        return self._at(Purpose.LETTER, source_id, guid)

    def _at(self, purpose: Purpose, *subject: int | str, last: date | None = None) -> str | None:
        if self.base is None:
            return None
        return f"{self.base}/{purpose}/{self.signer.sign(purpose, *subject, last=last)}"


def _last(now: datetime) -> date:
    return (now + GOOD_FOR).date()
