"""Every table, for migrations and tests, which need them all."""

from sqlmodel import SQLModel

from storage.access import Admin, AdminCode, Admission, AuditEvent, Invite, Secret, WrongGuesses
from storage.alerts import Alert
from storage.articles import Article, ArticleAddress, Folded
from storage.broadcasts import Broadcast
from storage.bundles import Bundle
from storage.chats import Chat, ChatAdmin, DigestTime, PublishedFeed, Quota
from storage.db.leases import Lease
from storage.db.sql import Leased
from storage.editions import Edition, EditionStory
from storage.entries import Entry
from storage.feedback import Feedback
from storage.feeds_followed import FeedImport, FeedImportLine, Unfollowed
from storage.mailboxes import Mailbox, MailboxRequest
from storage.mutes import Mute
from storage.outages import Outage
from storage.outbox import Delivery
from storage.pace import Pace
from storage.queries import ChangeNumber, Match, Query
from storage.sources import AwaitedPage, BoilerplateBlocks, Follow, HostPause, Source
from storage.stories import Story
from storage.subscriptions import CatalogueChange, EndedSubscription, Subscription
from storage.suspension import Ban
from storage.topics import Share, Topic
from storage.updates import ProcessedUpdate
from storage.usage import Usage
from storage.websub import PushSubscription

METADATA = SQLModel.metadata

TABLES: tuple[type[SQLModel], ...] = (
    AuditEvent,
    Admin,
    AdminCode,
    Admission,
    Alert,
    Quota,
    Article,
    ArticleAddress,
    AwaitedPage,
    Ban,
    Broadcast,
    Bundle,
    CatalogueChange,
    Chat,
    ChangeNumber,
    Delivery,
    DigestTime,
    Edition,
    EditionStory,
    EndedSubscription,
    Entry,
    PublishedFeed,
    Feedback,
    FeedImport,
    FeedImportLine,
    Folded,
    Follow,
    WrongGuesses,
    ProcessedUpdate,
    HostPause,
    Invite,
    BoilerplateBlocks,
    Lease,
    Mailbox,
    MailboxRequest,
    Match,
    Mute,
    Outage,
    Pace,
    PushSubscription,
    Query,
    Secret,
    Share,
    Source,
    ChatAdmin,
    Story,
    Subscription,
    Topic,
    Unfollowed,
    Usage,
)

LEASED: tuple[type[Leased], ...] = (
    Article,
    AwaitedPage,
    Broadcast,
    Bundle,
    Chat,
    Delivery,
    FeedImport,
    Outage,
    PushSubscription,
    Source,
    Story,
)
