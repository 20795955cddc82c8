"""Links: the addresses under which people reach our pages from a message.

Each is a sealed token behind its purpose. Without a public address there are none, and whoever
renders leaves them out.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.rendering.seals import Purpose, Seal

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
    seal: Seal

    def edition(self, chat_id: int, day: date, slot: int, now: datetime) -> str | None:
        """The edition of a local date and slot: they are known before its row is made."""
        return self._at(
            Purpose.EDITION,
            self.seal.put(Purpose.EDITION, chat_id, f"{day:%Y%m%d}", slot, last=_last(now)),
        )

    def manage(self, chat_id: int, now: datetime) -> str | None:
        """Who has it may change what the chat watches: it belongs in no message that is shared."""
        return self._at(Purpose.MANAGE, self.seal.put(Purpose.MANAGE, chat_id, last=_last(now)))

    def unsubscribe(self, mailbox_id: int) -> str | None:
        """Good for ever: a mail may be read years later."""
        return self._at(Purpose.UNSUBSCRIBE, self.seal.put(Purpose.UNSUBSCRIBE, mailbox_id))

    def confirm(self, mailbox_id: int, token: str) -> str | None:
        """*token* is the mailbox's own, which says itself how long it is good."""
        return self._at(Purpose.CONFIRM, self.seal.put(Purpose.CONFIRM, mailbox_id, token))

    def bounce(self) -> str | None:
        """Where a mail relay of the operator's posts what came back."""
        return self._at(Purpose.BOUNCE, self.seal.put(Purpose.BOUNCE))

    def feed(self, chat_id: int, topic_id: int, version: int, kind: FeedKind) -> str | None:
        """The feed of a topic, or `WHOLE_DIGEST`; good as long as the chat is at *version*."""
        token = self.seal.put(Purpose.FEED, chat_id, topic_id, version)
        return self._at(Purpose.FEED, f"{token}.{kind}")

    def _at(self, purpose: Purpose, rest: str) -> str | None:
        return None if self.base is None else f"{self.base}/{purpose}/{rest}"


def _last(now: datetime) -> date:
    return (now + GOOD_FOR).date()
