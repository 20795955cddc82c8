"""The states and kinds of all tables. Pure."""

from enum import StrEnum
from typing import Final


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
        """Lower is sent first, between chats: alerts before digests before broadcasts."""
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
    """The progress of a delivery; `storage.states` has the transitions."""

    PENDING = "pending"  # due now or later
    QUEUED = "queued"  # behind another one of its chat
    SUSPENDED = "suspended"  # its chat or mailbox receives nothing for now
    CLAIMED = "claimed"
    SENDING = "sending"  # the intent to call is committed
    SENT = "sent"
    UNKNOWN = "unknown"  # the message may have arrived
    HELD = "held"  # waits for the operator
    FAILED = "failed"
    EXPIRED = "expired"
    DROPPED = "dropped"  # an edit that came too late, or given up by the operator

    @property
    def is_blocking(self) -> bool:
        """Whether it blocks the deliveries behind it in the same chat."""
        return self in _BLOCKING

    @property
    def is_stuck(self) -> bool:
        """Whether it waits for a decision of the operator."""
        return self in {DeliveryState.HELD, DeliveryState.FAILED}


_BLOCKING = frozenset(
    {
        DeliveryState.PENDING,
        DeliveryState.QUEUED,
        DeliveryState.CLAIMED,
        DeliveryState.SENDING,
        DeliveryState.UNKNOWN,
    }
)
# A message in one of these states has not arrived and is not on its way.
NOT_ARRIVED = (
    DeliveryState.SUSPENDED,
    DeliveryState.HELD,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.DROPPED,
)


# Chats and mailboxes: subscriptions, mutes and how they are reached.


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
    """The kind of subject that a chat has muted."""

    STORY = "story"  # with all its chapters
    TOPIC = "topic"
    SOURCE = "source"
    LESS = "less"  # of a source: in digests only, unless other publishers cover the story too
    SILENT = "silent"  # of a source: its alerts make no sound


# The kinds whose subject is a source.
SOURCE_MUTES = (MuteKind.SOURCE, MuteKind.LESS, MuteKind.SILENT)
# Mutes that hold an alert back.
HOLDING_MUTES = (MuteKind.SOURCE, MuteKind.LESS)


class Sound(StrEnum):
    """How the alerts of a topic arrive."""

    NORMAL = "normal"
    SILENT = "silent"  # without a sound
    LOUD = "loud"  # even in quiet hours


class ChatKind(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class ChatState(StrEnum):
    """Telegram messages are sent only to `ACTIVE` chats. Every state but `ERASED` can end."""

    ACTIVE = "active"
    PAUSED = "paused"
    BLOCKED = "blocked"
    KICKED = "kicked"
    TOPIC_CLOSED = "topic_closed"
    GONE = "gone"  # deleted account, chat not found
    BANNED = "banned"  # by the operator
    NO_ACCESS = "no_access"  # its user may no longer use the bot
    ERASED = "erased"  # its user's data was erased; its rows are being deleted, a few at a time

    @property
    def media_held(self) -> tuple[Medium, ...]:
        """The media by which nothing is sent to a chat in this state."""
        if self is ChatState.ACTIVE:
            return ()
        return tuple(Medium) if self in SENT_NOTHING else (Medium.TELEGRAM,)


# Chats without access: the bot neither answers their messages nor serves their pages. Only
# `storage.suspension.apply_access` ends these states.
CLOSED = (ChatState.BANNED, ChatState.NO_ACCESS)
# Chats that get nothing by any medium.
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
    """Only `ACTIVE` mailboxes get mail; an unconfirmed one gets only its confirmation."""

    UNCONFIRMED = "unconfirmed"
    UNREACHABLE = "unreachable"  # the confirmation could not be delivered; the row says why
    ACTIVE = "active"
    SUSPENDED = "suspended"  # mail was refused or bounced; the row says why
    UNSUBSCRIBED = "unsubscribed"  # by its reader


class MailboxProblem(StrEnum):
    """Why a mailbox is suspended or unreachable."""

    NO_SUCH_MAILBOX = "no_such_mailbox"
    DISABLED = "disabled"
    FULL = "full"
    DISTRUSTED = "distrusted"  # its server accepts no mail from us
    EXPIRED = "expired"  # the confirmation was not handed over in time
    COMPLAINED = "complained"  # its reader reported a mail as spam
    REFUSED = "refused"  # for another reason, while the mail was handed over
    BOUNCED = "bounced"  # for another reason, after the mail was handed over


# Sources, and the stages of their articles.


class SourceKind(StrEnum):
    FEED = "feed"
    PAGE = "page"
    SITEMAP = "sitemap"
    SEARCH = "search"  # a feed that a search service makes for a query
    CHANNEL = "channel"  # a public Telegram channel, read from its web preview
    POSTS = "posts"  # a Telegram channel with the bot as a member
    NEWSLETTER = "newsletter"  # comes by e-mail, to an address of its own

    @property
    def is_delivered(self) -> bool:
        """Whether its entries are delivered to this bot, so that nobody else could fetch them."""
        return self in {SourceKind.POSTS, SourceKind.NEWSLETTER}


class ChannelSharing(StrEnum):
    """The chats that may follow a channel whose posts are delivered to the bot."""

    OWN = "own"  # the administrator who allowed it
    LINK = "link"  # also chats that come by a link, until they are revoked
    EVERYBODY = "everybody"  # set by an admin of the bot


class SourceState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # by an operator, until `paused_until` or for good
    PASSIVE = "passive"  # never fetched: its entries are delivered to the bot
    GONE = "gone"  # responded 410: read no more until a user asks for it
    RETIRED = "retired"  # a search feed whose query has no subscription any more


class SourcePriority(StrEnum):
    """The order in which due sources are claimed; `_CLAIM_CLASS` in `storage.sources` says how."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class SenderState(StrEnum):
    """Whether letters of a sender become entries of the newsletter."""

    ACCEPTED = "accepted"
    WAITING = "waiting"  # for a tap; its letters are held for a while
    REFUSED = "refused"


class UsageKind(StrEnum):
    """The resources that an account has a daily budget of; see `bot.budgets`."""

    REQUESTS = "requests"
    WAITING = "waiting"  # milliseconds, for hosts that respond
    BYTES = "bytes"  # received
    ENTRIES = "entries"  # new entries of the account's feeds; a long one counts several times
    PAGES = "pages"  # of the entries' articles
    MATCHES = "matches"
    ADDITIONS = "additions"  # feeds followed, including feeds unfollowed later
    SEARCHES = "searches"


class FullText(StrEnum):
    """Whether the text of each new entry is read from its page."""

    AUTO = "auto"  # if the source gives only an excerpt
    ALWAYS = "always"
    NEVER = "never"


class ArticleStage(StrEnum):
    """The progress of an article through the pipeline.

    Grouping decides its story for good, so an article to match again goes back to `GROUPED`.
    `MATCHED` is only for articles that may alert somebody; the others are published at once.
    """

    STORED = "stored"
    GROUPED = "grouped"
    MATCHED = "matched"
    PUBLISHED = "published"


class Notification(StrEnum):
    """New work for a stage."""

    QUERIES = "queries"
    ARTICLES = "articles"
    STORIES = "stories"  # articles that have their story
    PAGES = "pages"
    MATCHES = "matches"
    DELIVERIES = "deliveries"


# The looks of digests.


class EmptyDay(StrEnum):
    """The digest of a day without stories."""

    SKIP = "skip"  # none
    LINE = "line"  # a line that says what is quiet
    NEAREST = "nearest"  # the same, and the story nearest to the topics


class WordsPart(StrEnum):
    """The places in a digest for a chat's own words."""

    TITLE = "title"
    INTRO = "intro"
    END = "end"


class Style(StrEnum):
    """How much a digest says about each story, and how many stories it lists."""

    BRIEF = "brief"  # titles only, the fewest
    STANDARD = "standard"
    FULL = "full"  # longer excerpts, the most


class Layout(StrEnum):
    """How Telegram shows a chat its digests."""

    CLASSIC = "classic"  # text and entities, in parts where one message is not enough
    RICH = "rich"  # one message with headings, lists and folds
    REFUSED = "refused"  # Telegram refused rich: classic until the chat chooses rich again


# Actions of admins.


class Audience(StrEnum):
    """The chats that a broadcast goes to."""

    ALL = "all"
    PRIVATE = "private"


class BroadcastState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    STOPPING = "stopping"  # messages that are being sent may still arrive
    STOPPED = "stopped"
    DONE = "done"


class AuditAction(StrEnum):
    """An action of an admin, by its name in the audit log."""

    APPOINTED = "admin"  # became an admin by the printed link
    SOURCE_ADDED = "source add"
    SOURCE_REMOVED = "source remove"
    SOURCE_SET = "source set"
    SOURCE_PAUSED = "source pause"
    SOURCE_RESUMED = "source resume"
    SOURCE_ACCESS_SET = "source access"  # its login, headers or proxy
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
    MAINTENANCE_BEGUN = "maintenance on"
    MAINTENANCE_ENDED = "maintenance off"


# The database.


class DatabaseProblem(StrEnum):
    """Why a database cannot be used. Each problem has a different remedy."""

    UNREACHABLE = "unreachable"  # no server answers
    LOGIN = "login"  # the server knows no such user, or another password
    MISSING = "missing"  # the server has no such database
    STANDBY = "standby"  # no server of those named takes writes
    BUSY = "busy"  # another program holds the lock
    CROWDED = "crowded"  # other clients have all connections of the server
    FULL = "full"  # the disk
    FORBIDDEN = "forbidden"  # this user may not open the file, or list its folder
    READ_ONLY = "read-only"  # the file
    NO_DATABASE = "no-database"  # the file is something else
    DAMAGED = "damaged"
    DISK = "disk"  # reading or writing fails

    @property
    def may_mend_itself(self) -> bool:
        """Whether the bot may start later without any change by the operator on this machine."""
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
