"""What is on its way, by what medium, and how far it is."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple


class Medium(StrEnum):
    TELEGRAM = "telegram"
    EMAIL = "email"


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
    """How far a delivery is; `storage.states` says which may follow which."""

    PENDING = "pending"  # due now or later
    QUEUED = "queued"  # behind another one of its chat
    SUSPENDED = "suspended"  # its chat or mailbox gets nothing for now
    CLAIMED = "claimed"
    SENDING = "sending"  # the intent to call is committed
    SENT = "sent"
    UNKNOWN = "unknown"  # it may have arrived
    HELD = "held"  # waits for the operator
    FAILED = "failed"
    EXPIRED = "expired"
    DROPPED = "dropped"  # an edit that came too late, or given up by the operator

    @property
    def is_blocking(self) -> bool:
        """Whether it holds back those behind it in the same chat."""
        return self in _BLOCKING


_BLOCKING = frozenset(
    {
        DeliveryState.PENDING,
        DeliveryState.QUEUED,
        DeliveryState.CLAIMED,
        DeliveryState.SENDING,
        DeliveryState.UNKNOWN,
    }
)
# A message in one of these has not arrived and is not on its way: it is held back, or given up.
NOT_ARRIVED = (
    DeliveryState.SUSPENDED,
    DeliveryState.HELD,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.DROPPED,
)


# Who reads, what they mute, and how they are reached.


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
SOURCE_MUTES = (MuteKind.SOURCE, MuteKind.LESS)


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
    BANNED = "banned"  # by the operator
    NO_ACCESS = "no_access"  # its user may no longer use the bot
    ERASED = "erased"  # nobody's any more: what it had been sent goes, a few rows at a time

    @property
    def media_held(self) -> tuple[Medium, ...]:
        """By what nothing goes to a chat in this state."""
        if self is ChatState.ACTIVE:
            return ()
        return tuple(Medium) if self in SENT_NOTHING else (Medium.TELEGRAM,)


# The bot serves nothing to chats in these, neither messages nor pages; access alone ends them.
CLOSED = (ChatState.BANNED, ChatState.NO_ACCESS)
# To chats in these nothing goes by any medium.
SENT_NOTHING = (ChatState.PAUSED, *CLOSED, ChatState.ERASED)


class DigestMedium(StrEnum):
    """How a chat gets its digests."""

    TELEGRAM = "telegram"
    EMAIL = "email"
    BOTH = "both"

    @property
    def mails(self) -> bool:
        return self is not DigestMedium.TELEGRAM

    @property
    def telegrams(self) -> bool:
        return self is not DigestMedium.EMAIL


class MailboxState(StrEnum):
    """Only `ACTIVE` mailboxes get mails; an unconfirmed one gets the confirmation alone."""

    UNCONFIRMED = "unconfirmed"
    UNREACHABLE = "unreachable"  # the confirmation could not be delivered; the row says why
    ACTIVE = "active"
    SUSPENDED = "suspended"  # mail was refused, or came back; the row says why
    UNSUBSCRIBED = "unsubscribed"  # by its reader


class MailboxProblem(StrEnum):
    """Why a mailbox is suspended or unreachable."""

    NO_SUCH_MAILBOX = "no_such_mailbox"
    DISABLED = "disabled"
    FULL = "full"
    DISTRUSTED = "distrusted"  # its server takes no mail from us
    EXPIRED = "expired"  # the confirmation was not handed over in time
    COMPLAINED = "complained"  # its reader called a mail unwanted
    REFUSED = "refused"  # for another reason, while the mail was handed over
    BOUNCED = "bounced"  # for another reason, after it


# What is read, and how far its articles have come.


class SourceKind(StrEnum):
    FEED = "feed"
    PAGE = "page"
    SITEMAP = "sitemap"
    SEARCH = "search"  # a feed that a search service makes for a query


class SourceState(StrEnum):
    ACTIVE = "active"
    GONE = "gone"  # answered 410: read no more until a person says so
    RETIRED = "retired"  # a search for what nobody watches any more


class UsageKind(StrEnum):
    """The resources that an account can use up; see `bot.budgets`."""

    REQUESTS = "requests"
    WAITING = "waiting"  # milliseconds, for hosts that respond
    BYTES = "bytes"  # received
    ENTRIES = "entries"  # new ones of its own feeds, a long one counts several times
    PAGES = "pages"  # of their articles
    MATCHES = "matches"
    ADDITIONS = "additions"  # feeds followed, also those that are unfollowed again
    SEARCHES = "searches"


class FullText(StrEnum):
    """Whether the page of each new entry is read for its text."""

    AUTO = "auto"  # where the source gives only a taste of it
    ALWAYS = "always"
    NEVER = "never"


class ArticleStage(StrEnum):
    """How far an article has come; each step takes it one further.

    Its story is final once it is grouped, so what is to be matched again goes back to that stage.
    """

    STORED = "stored"
    GROUPED = "grouped"
    MATCHED = "matched"
    PUBLISHED = "published"


class Notification(StrEnum):
    """What there is anew for a step to work on."""

    QUERIES = "queries"
    ARTICLES = "articles"
    STORIES = "stories"  # articles that have found their story
    PAGES = "pages"
    MATCHES = "matches"
    DELIVERIES = "deliveries"


# When digests come and what they look like.


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

EIGHT_AM = 8 * 60

MAX_SCHEDULE_TIMES = 4


@dataclass(frozen=True, slots=True)
class ScheduleTime:
    """When a digest comes: *minutes* after local midnight, on the *weekdays* whose bit is set.

    Bit 0 is Monday; at least one is set. *number* is 0 to 3, and names it in the keys of editions.
    """

    number: int = 0
    minutes: int = EIGHT_AM
    weekdays: int = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.weekdays & EVERY_DAY:
            raise ValueError("a schedule time without a weekday is never due")

    @property
    def is_weekly(self) -> bool:
        return self.weekdays.bit_count() == 1

    def has(self, day: date) -> bool:
        return bool(self.weekdays >> day.weekday() & 1)


# Those of a chat that has chosen none.
DEFAULT_SCHEDULE = (ScheduleTime(),)

DEFAULT_ALERTS_PER_HOUR = 6
MOST_ALERTS_PER_HOUR = 60  # also of a Telegram chat with all its threads


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From *start* to *end*, minutes after local midnight; over midnight where it ends earlier."""

    start: int
    end: int

    @property
    def nights(self) -> int:
        """How many midnights there are between: none or one."""
        return int(self.end <= self.start)


# What admins do, and what is counted for them.


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


class AuditAction(StrEnum):
    """What admins do, as the list of their acts calls it."""

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


# What a database says of itself, for how it is.


class DatabaseProblem(StrEnum):
    """Why a database cannot be used: each has another remedy."""

    UNREACHABLE = "unreachable"  # no server answers
    LOGIN = "login"  # the server knows no such user, or another password
    MISSING = "missing"  # the server has no such database
    STANDBY = "standby"  # no server of those named takes writes
    BUSY = "busy"  # another program holds the lock
    CROWDED = "crowded"  # others have all connections of the server
    FULL = "full"  # the disk
    FORBIDDEN = "forbidden"  # this user may not open the file, or list its folder
    READ_ONLY = "read-only"  # the file
    NO_DATABASE = "no-database"  # the file is something else
    DAMAGED = "damaged"
    DISK = "disk"  # reading or writing fails

    @property
    def may_mend_itself(self) -> bool:
        """Whether the same start may succeed later although nobody changes anything here."""
        return self in _MAY_MEND_THEMSELVES


_MAY_MEND_THEMSELVES: Final = frozenset(
    {
        DatabaseProblem.UNREACHABLE,
        DatabaseProblem.MISSING,
        DatabaseProblem.STANDBY,
        DatabaseProblem.BUSY,
        DatabaseProblem.CROWDED,
        DatabaseProblem.FULL,
    }
)


class Unusable(NamedTuple):
    """Why a database cannot be used, or not be written to; *message*: in its own words."""

    problem: DatabaseProblem
    message: str


@dataclass(frozen=True, slots=True)
class SqliteFacts:
    """*integrity* is "ok", what is wrong, or "" where the time did not suffice to look."""

    journal: str
    integrity: str
    has_full_text: bool


@dataclass(frozen=True, slots=True)
class PostgresqlFacts:
    oldest: timedelta  # how long the longest transaction has been open
    has_autovacuum: bool
    connections: int
    most_connections: int
    is_pooled: bool  # another program stands between, and gives each transaction another session


@dataclass(frozen=True, slots=True)
class Condition:
    """*pending* migrations lie between its *revision* and ours, None: that is none of ours.

    *unwritable* says why nothing can be written, None: something can; *ahead* how far this host's
    clock is before its.
    """

    version: tuple[int, ...]
    revision: str | None
    pending: int | None
    unwritable: Unusable | None
    size: int
    ahead: timedelta
    own: SqliteFacts | PostgresqlFacts


# Keys: what is decided twice is stored once, and what comes twice is done once.


@dataclass(frozen=True, slots=True)
class UpdateRef:
    """An update of Telegram's, which may come twice. Its id is the bot's own."""

    bot_id: int
    update_id: int


FEEDBACK_NOTICE = "feedback"  # what admins are sent of it
