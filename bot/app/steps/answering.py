"""Role `chat`, besides the updates: progress of long work, reported to users."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.loops import Loop

if TYPE_CHECKING:
    from aiogram import Bot

    from bot.app.surroundings import Surroundings


def answering_loops(around: Surroundings, bot: Bot) -> list[Loop]:
    """Return the one that reports the progress of broadcasts, and the one that adds feed lists."""
    from bot.app.resources import limits_for_all, make_own_source_adder
    from bot.chat.handlers.admin_broadcasts import report_progress
    from bot.chat.progress import FeedListReports
    from bot.subscribers.feed_lists import FeedListStage

    storage, renderer = around.storage, around.renderer
    progress = partial(report_progress, bot, renderer, storage)
    adding = FeedListStage(
        storage,
        make_own_source_adder(around.tools),
        limits_for_all(around.settings),
        FeedListReports(bot, renderer).report,
        around.owner,
    )
    return [Loop("progress", progress), Loop("list", adding.run_once)]
