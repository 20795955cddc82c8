"""A link that was typed or forwarded: its feed, those of its site, or its article's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.enums import MessageEntityType
from aiogram.types import Message

from bot.chat.callbacks.typed import FindFeeds, FollowLink
from bot.chat.permits import READS
from bot.chat.progress import Progress
from bot.chat.refused import CardTooOld
from bot.matching.suggest import suggested
from bot.sources.urls import host_of

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.sources.discovery.discover import LookupResult
    from bot.subscribers.arrivals import Guest
    from bot.subscribers.posts import Post


async def look_at(url: str, guest: Guest, doors: Doors, answers: Answers) -> None:
    if source := await doors.own_sources.public(url):
        await answers.show("chat/typed.html#known_source", source=source, now=guest.now)
        return
    progress = await Progress.begin(
        answers, "chat/typed.html#reading_link", host=host_of(url) or url
    )
    await _show(progress, await doors.looking.look(url), guest)


async def suggest(post: Post, answers: Answers) -> None:
    """Offer words of a text that somebody else wrote."""
    words = suggested(post.title, post.text)
    await answers.show("chat/typed.html#keywords", title="", url="", words=words)


async def feeds_wanted(
    pressed: CallbackQuery, callback_data: FindFeeds, guest: Guest, doors: Doors, answers: Answers
) -> None:
    url = link_on(pressed, callback_data.number)
    progress = await Progress.begin(
        answers, "chat/typed.html#reading_link", host=host_of(url) or url
    )
    await _show(progress, await doors.looking.feeds_of(url), guest)


async def _show(progress: Progress, looked: LookupResult, guest: Guest) -> None:
    if looked.text:
        words = suggested(looked.title, looked.text)
        await progress.change(
            "chat/typed.html#keywords", title=looked.title, url=looked.url, words=words
        )
    else:
        await progress.change("chat/typed.html#feeds", looked=looked, guest=guest, now=guest.now)


async def followed(
    pressed: CallbackQuery, callback_data: FollowLink, guest: Guest, doors: Doors, answers: Answers
) -> None:
    url = link_on(pressed, callback_data.number)
    await doors.own_sources.check_room(guest.chat_id, url)
    progress = await _adding(pressed, url, answers)
    done = await doors.own_sources.follow(guest.chat_id, url)
    await progress.change("chat/sources.html#followed", followed=done)


async def given_to_everybody(
    pressed: CallbackQuery, callback_data: FollowLink, guest: Guest, doors: Doors, answers: Answers
) -> None:
    url = link_on(pressed, callback_data.number)
    progress = await _adding(pressed, url, answers)
    addition = await doors.adding.add(url)
    await progress.change("chat/sources.html#added", addition=addition, now=guest.now)


async def _adding(pressed: CallbackQuery, url: str, answers: Answers) -> Progress:
    """Say that it is being read: where nothing else was offered, in the place of the offer."""
    await answers.acknowledge()
    host = host_of(url) or url
    if len(links_on(pressed)) > 1:
        return await Progress.begin(answers, "chat/typed.html#adding_feed", host=host)
    return await Progress.instead(answers, pressed, "chat/typed.html#adding_feed", host=host)


def link_on(pressed: CallbackQuery, number: int) -> str:
    links = links_on(pressed)
    if number >= len(links):
        raise CardTooOld
    return links[number]


def links_on(pressed: CallbackQuery) -> list[str]:
    """Return the links on the pressed message, which our own template put there."""
    message = pressed.message
    if not isinstance(message, Message):
        raise CardTooOld
    return [
        entity.url
        for entity in message.entities or ()
        if entity.type == MessageEntityType.TEXT_LINK and entity.url
    ]


async def is_admin(_pressed: CallbackQuery, guest: Guest) -> bool:
    return guest.is_admin


def make_router() -> Router:
    router = Router(name="links")
    for_everybody = FollowLink.filter(F.everybody)
    router.callback_query.register(given_to_everybody, for_everybody, is_admin)
    router.callback_query.register(followed, FollowLink.filter(~F.everybody))
    router.callback_query.register(feeds_wanted, FindFeeds.filter(), flags=READS)
    return router
