"""Every table, so that whoever needs them all (migrations, tests) imports one module."""

from sqlmodel import SQLModel

from storage.acts import Act
from storage.admins import Admin, AdminCode
from storage.alerts import Alert
from storage.allowances import Allowance
from storage.article_addresses import ArticleAddress
from storage.article_versions import ArticleVersion
from storage.articles import Article
from storage.bans import Ban
from storage.blocks import LearnedBlocks
from storage.broadcasts import Broadcast
from storage.bundles import Bundle
from storage.catalogue import CatalogueEdit
from storage.chats import Chat
from storage.checkpoints import Checkpoint
from storage.columns import Leased
from storage.deliveries import Delivery
from storage.editions import Edition, EditionStory
from storage.entries import Entry
from storage.feed_grants import FeedGrant
from storage.feed_lists import FeedList, FeedListLine
from storage.feedback import Feedback
from storage.folded import Folded
from storage.follows import Unfollowed
from storage.handled import Handled
from storage.hosts import HostPause
from storage.invites import Admission, Guessing, Invite
from storage.leases import Lease
from storage.mailbox_requests import MailboxRequest
from storage.mailboxes import Mailbox
from storage.matches import Match
from storage.mutes import Mute
from storage.outages import Outage
from storage.pace import Pace
from storage.pages import AwaitedPage
from storage.pushes import Push
from storage.queries import Counter, Query
from storage.secrets import Secret
from storage.shares import Share
from storage.slots import DigestSlot
from storage.sources import Follow, Source
from storage.stewards import Steward
from storage.stories import Story
from storage.subscriptions import Subscription
from storage.subscriptions_ended import EndedSubscription
from storage.tallies import Tally
from storage.topics import Topic

METADATA = SQLModel.metadata

TABLES: tuple[type[SQLModel], ...] = (
    Act,
    Admin,
    AdminCode,
    Admission,
    Alert,
    Allowance,
    Article,
    ArticleAddress,
    ArticleVersion,
    AwaitedPage,
    Ban,
    Broadcast,
    Bundle,
    CatalogueEdit,
    Chat,
    Checkpoint,
    Counter,
    Delivery,
    DigestSlot,
    Edition,
    EditionStory,
    EndedSubscription,
    Entry,
    FeedGrant,
    Feedback,
    FeedList,
    FeedListLine,
    Folded,
    Follow,
    Guessing,
    Handled,
    HostPause,
    Invite,
    LearnedBlocks,
    Lease,
    Mailbox,
    MailboxRequest,
    Match,
    Mute,
    Outage,
    Pace,
    Push,
    Query,
    Secret,
    Share,
    Source,
    Steward,
    Story,
    Subscription,
    Tally,
    Topic,
    Unfollowed,
)

LEASED: tuple[type[Leased], ...] = (
    Article,
    AwaitedPage,
    Broadcast,
    Bundle,
    Chat,
    Delivery,
    FeedList,
    Outage,
    Push,
    Source,
    Story,
)
