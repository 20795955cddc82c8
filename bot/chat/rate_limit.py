"""The rate limit of updates: drops those of a user who sends too many.

The limit comes before everything else, so that a dropped update costs no task, no query and no
reply. Each user has a bucket of tokens that fills as time passes. An empty bucket is closed until
it is half full, so that "I'll answer again in 10 seconds" is true; a flood would use up single
tokens at once.

The limit is per user, not per chat: nobody can silence the bot in a group by flooding it, or get a
higher limit by writing in many groups. Service messages (the bot was blocked, a group migrated) are
never dropped, because Telegram sends them once, and our rows would stay wrong. A flood from many
accounts is not stopped, but the number of updates in progress is bounded.
`python -m benchmarks.neighbours messages` measures how long others wait beside a user who floods.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto
from math import ceil, inf
from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, Message
from aiogram.types.update import UpdateTypeLookupError

if TYPE_CHECKING:
    from aiogram.types import TelegramObject, Update

MOST_USERS = 10_000
SECONDS_BETWEEN_TOASTS = 1.0  # for a user who goes on tapping

WAIT_SECONDS = "wait_seconds"
"""The key under which an update over the limit carries the seconds until replies go on."""

_SERVICE_FIELDS = (
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "new_chat_members",
    "left_chat_member",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
)
_DROPPABLE = {
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "inline_query",
    "message_reaction",
    "chosen_inline_result",
}


class Verdict(Enum):
    HANDLE = auto()
    NOTIFY = auto()  # drop the update, and tell the user why
    DROP = auto()


@dataclass(frozen=True, slots=True)
class Rate:
    """Allows *burst* updates in a row, and *per_second* after that."""

    burst: int
    per_second: float


EVERYBODY = Rate(burst=20, per_second=1)
ADMINS = Rate(burst=100, per_second=5)
# Nobody sends a post again, so only a flood is dropped. After the bot was away for a day, Telegram
# delivers the posts of that day at once.
POSTS = Rate(burst=1_000, per_second=1)
# Each typed letter may be an inline query, and nobody reads any answer but the last.
INLINE = Rate(burst=60, per_second=5)
_RATES = {
    "inline_query": INLINE,
    "channel_post": POSTS,
    "edited_channel_post": POSTS,
}


@dataclass(slots=True)
class Bucket:
    """A token bucket; *now* and *updated_at* are seconds of one monotonic clock."""

    rate: Rate
    level: float
    updated_at: float
    is_closed: bool = False
    notified_at: float = -inf

    def take(self, now: float, notify_again_after: float = inf) -> Verdict:
        """Take a token; without one, NOTIFY once per *notify_again_after* seconds, else DROP."""
        gained = max(0.0, now - self.updated_at) * self.rate.per_second
        self.level = min(float(self.rate.burst), self.level + gained)
        self.updated_at = max(self.updated_at, now)
        if self.is_closed and not self.seconds_closed():
            self.is_closed = False
        if not self.is_closed and self.level >= 1:
            self.level -= 1
            return Verdict.HANDLE
        if not self.is_closed:
            self.is_closed, self.notified_at = True, -inf
        if now - self.notified_at < notify_again_after:
            return Verdict.DROP
        self.notified_at = now
        return Verdict.NOTIFY

    def seconds_closed(self) -> int:
        """Return how many seconds a closed bucket stays closed, counted from *updated_at*."""
        return max(0, ceil((self.rate.burst / 2 - self.level) / self.rate.per_second))


@dataclass(slots=True)
class Buckets:
    """The buckets of the *most* users seen last; a user who returns later gets a full one."""

    most: int = MOST_USERS
    _kept: OrderedDict[tuple[int, Rate | None], Bucket] = field(default_factory=OrderedDict)

    def of(self, key: tuple[int, Rate | None], rate: Rate, now: float) -> Bucket:
        """Return the bucket of *key*: a user's or channel's id, and the rate of a special kind."""
        bucket = self._kept.get(key)
        if bucket is None or bucket.rate != rate:
            bucket = self._kept[key] = Bucket(rate, float(rate.burst), now)
        self._kept.move_to_end(key)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return bucket

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(frozen=True, slots=True)
class RateDecision:
    verdict: Verdict
    seconds: int = 0  # until the user is answered again


@dataclass(slots=True)
class RateLimiter:
    """Limits the updates of each user; *admins* of the bot have a higher limit."""

    admins: set[int] = field(default_factory=set)
    everybody: Rate = EVERYBODY
    for_admins: Rate = ADMINS
    buckets: Buckets = field(default_factory=Buckets)

    def decide(self, update: Update, now: float) -> RateDecision:
        """Decide about the next update; *now* is in seconds of a monotonic clock.

        A flood of one member is not announced in the group. Only the member sees a toast.
        """
        try:
            kind = update.event_type
        except UpdateTypeLookupError:  # newer than our aiogram, so no handler takes it
            return RateDecision(Verdict.DROP)
        event = getattr(update, kind)
        user_id = _sender_id(event)
        if not user_id or not may_be_dropped(update):
            return RateDecision(Verdict.HANDLE)
        special = _RATES.get(kind)
        rate = special or self._rate_of(user_id)
        bucket = self.buckets.of((user_id, special), rate, now)
        verdict = bucket.take(now, SECONDS_BETWEEN_TOASTS if kind == "callback_query" else inf)
        if verdict is Verdict.NOTIFY and not _can_be_notified(event):
            return RateDecision(Verdict.DROP)
        return RateDecision(verdict, bucket.seconds_closed())

    def set_admin(self, user_id: int, *, is_admin: bool) -> None:
        """Remember whether the user is an admin now, for their next updates."""
        (self.admins.add if is_admin else self.admins.discard)(user_id)

    def _rate_of(self, user_id: int) -> Rate:
        return self.for_admins if user_id in self.admins else self.everybody


def may_be_dropped(update: Update) -> bool:
    """Return whether a user can send *update* again; aiogram must know its kind."""
    return update.event_type in _DROPPABLE and not is_service_message(update.event)


def is_channel_post(update: Update) -> bool:
    return _RATES.get(update.event_type) is POSTS


def is_service_message(event: TelegramObject) -> bool:
    """Return whether *event* is a message in which Telegram reports a change of the chat."""
    return isinstance(event, Message) and any(
        getattr(event, name) is not None for name in _SERVICE_FIELDS
    )


def _sender_id(event: TelegramObject) -> int:
    """Return the sender, which is a chat for channels and anonymous administrators; 0 for none."""
    sender = getattr(event, "sender_chat", None) or getattr(event, "from_user", None)
    sender = sender or getattr(event, "chat", None)
    return sender.id if sender else 0


def _can_be_notified(event: TelegramObject) -> bool:
    return isinstance(event, CallbackQuery) or (
        isinstance(event, Message) and event.chat.type == "private"
    )
