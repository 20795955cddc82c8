"""The words that storage and the rooms share: kinds, states, keys. Standard library only."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class SourceKind(StrEnum):
    FEED = "feed"
    PAGE = "page"
    SITEMAP = "sitemap"
    SEARCH = "search"  # a feed that a search service makes for a query


class SourceState(StrEnum):
    ACTIVE = "active"
    GONE = "gone"  # answered 410: read no more until a person says so
    RETIRED = "retired"  # a search for what nobody watches any more


class FullText(StrEnum):
    """Whether the page of each new entry is read for its text."""

    AUTO = "auto"  # where the source gives only a taste of it
    ALWAYS = "always"
    NEVER = "never"


class Stage(StrEnum):
    """How far an article has come; each step takes it one further.

    Its story is final once it is grouped, so what is to be matched again goes back to that stage.
    """

    STORED = "stored"
    GROUPED = "grouped"
    MATCHED = "matched"
    PUBLISHED = "published"


class Hint(StrEnum):
    """What there is anew for a step to work on."""

    QUERIES = "queries"
    ARTICLES = "articles"
    STORIES = "stories"  # articles that have found their story
    PAGES = "pages"
    MATCHES = "matches"
    DELIVERIES = "deliveries"


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


class Medium(StrEnum):
    TELEGRAM = "telegram"
    EMAIL = "email"


class ChatState(StrEnum):
    """Of Telegram only `ACTIVE` chats are sent to. Each other state is left again, none deletes."""

    ACTIVE = "active"
    PAUSED = "paused"
    BLOCKED = "blocked"
    KICKED = "kicked"
    TOPIC_CLOSED = "topic_closed"
    GONE = "gone"  # deleted account, chat not found
    BANNED = "banned"  # by whoever runs the bot

    def holds(self, medium: Medium) -> bool:
        """Whether nothing goes by *medium* to a chat in this state."""
        if medium is Medium.TELEGRAM:
            return self is not ChatState.ACTIVE
        return self in SHUT


# To chats in these nothing goes by any medium.
SHUT = (ChatState.PAUSED, ChatState.BANNED)


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


class DeliveryKind(StrEnum):
    ALERT = "alert"
    BUNDLE = "bundle"
    EDITION = "edition"
    EDIT = "edit"
    NOTICE = "notice"
    BROADCAST = "broadcast"

    @property
    def priority(self) -> int:
        """Lower goes first, between chats: alerts before digests before everything to everybody."""
        return _PRIORITY[self]


_PRIORITY = {
    DeliveryKind.NOTICE: 0,
    DeliveryKind.ALERT: 1,
    DeliveryKind.BUNDLE: 1,
    DeliveryKind.EDIT: 2,
    DeliveryKind.EDITION: 3,
    DeliveryKind.BROADCAST: 4,
}


class DeliveryState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"  # it may have arrived
    HELD = "held"  # waits for the operator
    FAILED = "failed"
    EXPIRED = "expired"
    DROPPED = "dropped"  # an edit that came too late


# Deliveries in these states hold back those behind them in the same chat.
IN_THE_WAY = (
    DeliveryState.PENDING,
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    DeliveryState.UNKNOWN,
)
# What is in these has not arrived and is not on its way.
NEVER_THERE = (
    DeliveryState.HELD,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.DROPPED,
)


class Audience(StrEnum):
    """Whom the operator speaks to."""

    ALL = "all"
    PRIVATE = "private"


class BroadcastState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    STOPPING = "stopping"  # what is in hand may still arrive
    STOPPED = "stopped"
    DONE = "done"


class Event(StrEnum):
    """What is counted day by day."""

    FLOOD_WAIT = "flood wait"  # Telegram answered 429


class Deed(StrEnum):
    """What those who run the bot do, as the list of their acts calls it."""

    APPOINTED = "admin"  # became an admin by the printed link
    SOURCE_ADDED = "source add"
    SOURCE_REMOVED = "source remove"
    INVITED = "invite"
    UNINVITED = "invite end"
    BANNED = "ban"
    ALLOWED = "allow"
    LIMITED = "limit"
    BROADCAST = "broadcast"
    STOPPED = "broadcast stop"
    TOPIC_ADDED = "topic add"
    TOPIC_RENAMED = "topic rename"
    TOPIC_REWORDED = "topic query"
    TOPIC_MOVED = "topic move"
    TOPIC_RETIRED = "topic retire"
    RELEASED = "release"
    DROPPED = "drop"
    UNDROPPED = "drop undone"


class EmptyDay(StrEnum):
    """What a chat gets on a day without a story."""

    SKIP = "skip"
    LINE = "line"


class Style(StrEnum):
    """How much a digest says of each story, and how many it tells."""

    BRIEF = "brief"  # titles only, the fewest
    STANDARD = "standard"
    FULL = "full"  # longer excerpts, the most


class Layout(StrEnum):
    """How Telegram shows a chat its digests."""

    CLASSIC = "classic"  # text and entities, in parts where one message is not enough
    RICH = "rich"  # one message with headings, lists and folds
    REFUSED = "refused"  # rich was asked for and refused: classic, until it is asked for again


EVERY_DAY = 0b1111111
EIGHT_O_CLOCK = 8 * 60
MOST_SLOTS = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """When a digest comes: *minutes* after local midnight, on the *weekdays* whose bit is set.

    Bit 0 is Monday; at least one is set. *number* is 0 to 3, and names it in the keys of editions.
    """

    number: int = 0
    minutes: int = EIGHT_O_CLOCK
    weekdays: int = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.weekdays & EVERY_DAY:
            raise ValueError("a slot without a weekday is never due")

    @property
    def is_weekly(self) -> bool:
        return self.weekdays.bit_count() == 1

    def has(self, day: date) -> bool:
        return bool(self.weekdays >> day.weekday() & 1)


# Those of a chat that has chosen none.
USUAL_SLOTS = (Slot(),)

USUAL_ALERTS_AN_HOUR = 6


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From *start* to *end*, minutes after local midnight; over midnight where it ends earlier."""

    start: int
    end: int

    @property
    def nights(self) -> int:
        """How many midnights there are between: none or one."""
        return int(self.end <= self.start)


def alert_key(alert_id: int, medium: Medium) -> str:
    return f"alert:{alert_id}:{medium}"


def bundle_key(bundle_id: int, medium: Medium, part: int) -> str:
    return f"bundle:{bundle_id}:{medium}:{part}"


def edition_key(edition_id: int, medium: Medium, part: int) -> str:
    return f"edition:{edition_id}:{medium}:{part}"


def edit_key(delivery_id: int, version: int) -> str:
    return f"edit:{delivery_id}:{version}"


def notice_key(chat_id: int, kind: str, subject: str) -> str:
    return f"notice:{chat_id}:{kind}:{subject}"


def broadcast_key(broadcast_id: int, chat_id: int) -> str:
    return f"broadcast:{broadcast_id}:{chat_id}"
