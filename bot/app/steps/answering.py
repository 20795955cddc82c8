"""Role `chat`, besides the updates: what people are told of long work of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.loops import Loop

if TYPE_CHECKING:
    from aiogram import Bot

    from bot.app.surroundings import Surroundings


def answering_loops(around: Surroundings, bot: Bot) -> list[Loop]:
    """Return the one that tells how far a broadcast is, and the one that adds lists of feeds."""
    from bot.app.resources import limits_for_all, make_own_source_adder
    from bot.chat.lists_told import ListsTold
    from bot.chat.telling import Telling
    from bot.subscribers.adding_lists import AddingLists

    storage, renderer = around.storage, around.renderer
    telling = Telling(bot, renderer, storage)
    adding = AddingLists(
        storage,
        make_own_source_adder(around.tools),
        limits_for_all(around.settings),
        ListsTold(bot, renderer),
        around.owner,
    )
    return [Loop("progress", telling.tell), Loop("list", adding.add_due)]
