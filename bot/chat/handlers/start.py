"""/start: what this is, and the first topic. A link may name a topic: `?start=topic_<slug>`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command, CommandStart

from bot.chat.cards import show_card
from bot.chat.deeplinks import words_in
from bot.chat.permits import READS

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

PREFIX = "topic_"
_WANTED_MOST = 5  # topics of the catalogue on the first message


async def started(_message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    catalogue = await doors.topics.catalogue(guest.chat_id, per_page=_WANTED_MOST)
    await answers.show("chat/start.html", guest=guest, catalogue=catalogue)


async def came_for_a_topic(
    _message: Message, command: CommandObject, guest: Guest, doors: Doors, answers: Answers
) -> None:
    slug = (command.args or "").removeprefix(PREFIX)
    topic = await doors.topics.named(guest.chat_id, slug)
    await show_card(topic.typed, guest, doors, answers, topic)


async def came_with_words(
    _message: Message, command: CommandObject, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await show_card(words_in(command.args or ""), guest, doors, answers)


def make_router() -> Router:
    router = Router(name="start")
    names_a_topic = CommandStart(deep_link=True, magic=F.args.startswith(PREFIX))
    router.message.register(came_for_a_topic, names_a_topic, flags=READS)
    brings_words = CommandStart(deep_link=True, magic=F.args.func(words_in))
    router.message.register(came_with_words, brings_words, flags=READS)
    router.message.register(started, Command("start"), flags=READS)
    return router
