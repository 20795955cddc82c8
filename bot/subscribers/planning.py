"""When a chat's next digest and held alerts come, after what they depend on has changed."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from bot.publishing.calendar import Plan, next_due
from bot.publishing.rate_limits import LocalQuietHours
from storage.bundles import release_together
from storage.chats import Chat, schedule_of
from storage.db.engine import Transaction
from storage.editions import last_editions
from storage.subscriptions import wants_digest

_INSTANT = timedelta(microseconds=1)


async def replan(tx: Transaction, chat: Chat) -> Plan:
    """Set the chat's next moment in this transaction; none where no subscription asks for a digest.

    A digest that is owed since a moment ago is owed still. Whoever composes one by the old plan at
    this moment is to begin anew.
    """
    chat_id = chat.id
    await tx.session.flush()
    plan = Plan(chat.zone, await schedule_of(tx, chat_id))
    is_wanted = await wants_digest(tx, chat_id)
    set_next(chat, plan, tx.now, (await last_editions(tx, chat_id)).days if is_wanted else None)
    tx.session.add(chat)
    await tx.session.flush()
    return plan


def set_next(chat: Chat, plan: Plan, now: datetime, last: Mapping[int, date] | None) -> None:
    """Do so where what it depends on is known: *last* is as in `next_due`, None for no digest."""
    chat.next_digest_at = None if last is None else next_due(plan, _after(chat, now), last)
    chat.free()


async def rehold(tx: Transaction, chat: Chat) -> None:
    """Let what waits be told when the chat's quiet hours end as they are, or else now."""
    end = LocalQuietHours(chat.zone, chat.quiet_hours).until(tx.now)
    await release_together(tx, chat.id, end or tx.now, is_quiet=end is not None)


def _after(chat: Chat, now: datetime) -> datetime:
    """Return after which moment the next digest comes."""
    if chat.resume_at:  # not before the pause is over
        return chat.resume_at - _INSTANT
    owed = chat.next_digest_at
    return min(now, owed - _INSTANT) if owed else now
