"""Holding back: which chats are not told something now, and the bundles in which it waits."""

from collections.abc import Collection

from bot.publishing.governor import HOUR, decide
from bot.publishing.quiet import Quiet
from storage.bundles import open_bundles, told_lately
from storage.chats import hold_still
from storage.engine import Unit


async def hold_back(unit: Unit, chat_ids: Collection[int]) -> dict[int, int]:
    """Return, by chat, the bundle that an alert of now waits in; no chat that is told at once.

    The chats are locked, so that of two processes each sees what the other has told them.
    """
    if not chat_ids:
        return {}
    chats = await hold_still(unit, chat_ids)
    told = await told_lately(unit, chat_ids, unit.now - HOUR)
    holds = {}
    for chat in chats:
        ours, quiet = told[chat.chat_id], Quiet(chat.zone, chat.quiet_hours)
        hold = decide(ours.moments, unit.now, chat.alerts_an_hour, quiet, ours.waiting)
        if hold:
            holds[chat.chat_id] = (hold.release_at, hold.is_quiet)
    return await open_bundles(unit, holds)
