"""Limits: how much one Telegram chat may have, including all its threads.

The settings hold the default limits; an admin may set others for one chat.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.budgets import USUAL, Budgets, Cost
from bot.sources.payment import charge_account
from bot.subscribers.errors import NoSuchChat, NotANumber, TooManySearches
from storage.access import record_event
from storage.chats import Chat, Quota, quota_of
from storage.db.engine import Storage, Transaction
from storage.enums import AuditAction, UsageKind
from storage.usage import account_of_chat, used_today

MOST_LISTED = 1000  # topics; no chat may have more
MOST_SAVED = 500  # stories of a chat
LONGEST_PAUSE_DAYS = 366
LARGEST = 1000


class Limited(StrEnum):
    """The kinds of limits."""

    TOPICS = "topics"
    FEEDS = "feeds"  # of the chat's own
    ALERTS = "alerts"  # a day; 0 is no limit


@dataclass(frozen=True, slots=True)
class Limits:
    """A number for each of `Limited`. *budgets*: a day; admins cannot change them for one chat."""

    topics: int
    feeds: int
    alerts: int
    budgets: Budgets = USUAL


async def limits_of(tx: Transaction, chat_id: int, usual: Limits) -> Limits:
    """Return the limits of the chat: *usual*, except those that an admin has set for it."""
    return limits_with(await quota_of(tx, chat_id), usual)


def limits_with(quota: Quota, usual: Limits) -> Limits:
    """Return *usual* with the numbers that *quota* replaces."""
    own = {kind: getattr(quota, kind) for kind in Limited}
    return replace(usual, **{kind: number for kind, number in own.items() if number is not None})


async def get_limits(storage: Storage, chat_id: int, *, limits: Limits) -> Limits:
    async with storage.reading() as tx:
        return await limits_of(tx, chat_id, limits)


async def set_limits(
    storage: Storage, chat_id: int, kind: Limited, number: int | None, *, by: int | None = None
) -> None:
    """Set a limit of the chat with our row *chat_id*; None restores the usual number.

    A chat that has more keeps it all. Raises NoSuchChat, and NotANumber if *number* is too large.
    """
    if number is not None and not 0 <= number <= LARGEST:
        raise NotANumber(0, LARGEST)
    async with storage.writing() as tx:
        chat = await tx.get(Chat, chat_id)
        if chat is None:
            raise NoSuchChat
        quota = await quota_of(tx, chat_id)
        if getattr(quota, kind) == number:
            return
        setattr(quota, kind, number)
        await tx.add(quota)
        await record_event(tx, by, AuditAction.LIMITED, chat.telegram_id, **{kind: number})


async def count_search(storage: Storage, chat_id: int, *, limits: Limits) -> None:
    """Count a search for feeds or stories, before it begins.

    Raises TooManySearches if the account has none left today. No lock is needed, because the
    updates of a chat are handled in order.
    """
    async with storage.writing() as tx:
        account = await account_of_chat(tx, chat_id)
        today = (await used_today(tx, [account]))[account]
        if not limits.budgets.left(UsageKind.SEARCHES, today):
            raise TooManySearches(limits.budgets.searches)
        await charge_account(tx, account, Cost(searches=1))
