"""Holding back: which chats are not told something now, and the bundles in which it waits."""

from collections.abc import Collection

from bot.publishing.rate_limits import DAY, HOUR, LocalQuietHours, postpone
from storage.bundles import open_bundles, sent_recently
from storage.chats import alert_quotas, lock_chats
from storage.db.engine import Transaction


async def hold_back(tx: Transaction, chat_ids: Collection[int], a_day: int = 0) -> dict[int, int]:
    """Return, by chat, the bundle that an alert of now waits in; no chat that is told at once.

    *a_day*: how many alerts a day a chat may have of whom nothing else was said, 0 for no limit.
    The chats are locked, so that of two processes each sees what the other has told them.
    """
    if not chat_ids:
        return {}
    chats = await lock_chats(tx, chat_ids)
    told = await sent_recently(tx, chat_ids, tx.now - HOUR)
    most = dict.fromkeys(chat_ids, a_day) | await alert_quotas(tx, chat_ids)
    limited = [chat_id for chat_id, number in most.items() if number]
    if limited:
        told |= await sent_recently(tx, limited, tx.now - DAY)
    holds = {}
    for chat in chats:
        ours, quiet = told[chat.chat_id], LocalQuietHours(chat.zone, chat.quiet_hours)
        hold = postpone(
            ours.moments,
            tx.now,
            chat.alerts_an_hour,
            quiet,
            ours.waiting,
            most[chat.chat_id],
        )
        if hold:
            holds[chat.chat_id] = (hold.release_at, hold.is_quiet)
    return await open_bundles(tx, holds)
