"""Who reads, what they mute, and how they are reached."""

from enum import StrEnum

from storage.words.deliveries import Medium


class Mode(StrEnum):
    INSTANT = "instant"
    DIGEST = "digest"
    BOTH = "both"

    @property
    def alerts(self) -> bool:
        return self is not Mode.DIGEST

    @property
    def digests(self) -> bool:
        return self is not Mode.INSTANT


class MuteKind(StrEnum):
    """What a chat has muted."""

    STORY = "story"  # with all its chapters
    TOPIC = "topic"
    SOURCE = "source"
    LESS = "less"  # of a source: in digests only, unless others tell it too


# These two name a source.
OF_A_SOURCE = (MuteKind.SOURCE, MuteKind.LESS)


class ChatKind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class ChatState(StrEnum):
    """Of Telegram only `ACTIVE` chats are sent to. All but `ERASED` are left again."""

    ACTIVE = "active"
    PAUSED = "paused"
    BLOCKED = "blocked"
    KICKED = "kicked"
    TOPIC_CLOSED = "topic_closed"
    GONE = "gone"  # deleted account, chat not found
    BANNED = "banned"  # by whoever runs the bot
    ERASED = "erased"  # nobody's any more: what it had been sent goes, a few rows at a time

    def holds(self, medium: Medium) -> bool:
        """Whether nothing goes by *medium* to a chat in this state."""
        if medium is Medium.TELEGRAM:
            return self is not ChatState.ACTIVE
        return self in SHUT


# To chats in these nothing goes by any medium.
SHUT = (ChatState.PAUSED, ChatState.BANNED, ChatState.ERASED)


class Reach(StrEnum):
    """How a chat gets its digests."""

    TELEGRAM = "telegram"
    EMAIL = "email"
    BOTH = "both"

    @property
    def mails(self) -> bool:
        return self is not Reach.TELEGRAM

    @property
    def telegrams(self) -> bool:
        return self is not Reach.EMAIL


class MailboxState(StrEnum):
    """Only `ACTIVE` mailboxes get mails; an unconfirmed one gets the confirmation alone."""

    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"
    SUSPENDED = "suspended"  # refused, bounced or complained; the row says why
    UNSUBSCRIBED = "unsubscribed"  # by whoever reads it


class MailTrouble(StrEnum):
    """Why a mailbox is suspended."""

    REFUSED = "refused"  # while the mail was handed over
    BOUNCED = "bounced"  # after it
    COMPLAINED = "complained"  # its reader called a mail unwanted
