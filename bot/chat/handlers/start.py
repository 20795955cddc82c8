"""/start: what this is, and the first topic. A link may bring one, as `?start=topic_<slug>`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command, CommandStart

from bot.chat.cards import show_card
from bot.chat.menu import label_menu_button
from bot.chat.permits import READS
from bot.rendering.i18n import ENGLISH
from bot.subscribers.starting import LinkedShare, LinkedTopic, LinkedWords, read_start
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_WANTED_MOST = 5  # topics of the catalogue on the first message


async def started(_message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    if guest.is_admin:  # perhaps the first, or of the settings and only here now
        await doors.feedback.pass_on()
    wanted = await doors.topics.wanted_most(guest.chat_id, _WANTED_MOST)
    watched = (await doors.topics.watched(guest.chat_id, per_page=1)).total
    await answers.show("chat/start.html", guest=guest, catalogue=wanted, watched=watched)
    if guest.kind is ChatKind.PRIVATE and answers.renderer.language is not ENGLISH:
        await label_menu_button(answers.bot, guest.person_id, answers.renderer, doors.app_url)


async def came_by_a_link(
    message: Message, command: CommandObject, guest: Guest, doors: Doors, answers: Answers
) -> None:
    match read_start(command.args or ""):
        case LinkedTopic(name):
            topic = await doors.topics.named(guest.chat_id, name)
            await show_card(topic.typed, guest, doors, answers, topic)
        case LinkedWords(typed):
            await show_card(typed, guest, doors, answers)
        case LinkedShare(token):
            await show_card(await doors.sharing.words(token), guest, doors, answers)
        case None:
            await started(message, guest, doors, answers)


def make_router() -> Router:
    router = Router(name="start")
    router.message.register(came_by_a_link, CommandStart(deep_link=True), flags=READS)
    router.message.register(started, Command("start"), flags=READS)
    return router
