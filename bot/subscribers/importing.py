"""Importing: what an export asks for joins what the chat has; nothing of that changes.

1. A topic that is watched already stays as it is, also where the export has it otherwise.
2. Zone, times and quiet hours are taken only where the chat has chosen none.
3. Limits hold; what is one too many is reported, and so is what cannot be read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from bot.matching.query import QueryError
from bot.sources.fetch.problems import Problem
from bot.subscribers import mutes, own_sources, subscriptions, topics
from bot.subscribers.digest_schedule import renewed
from bot.subscribers.errors import NoSuchTopic, TooManyTopics, UserError
from bot.subscribers.exports import Export, TopicWish, read_export
from bot.subscribers.limits import Limits
from bot.subscribers.mutes import Duration, TopicSubject
from bot.subscribers.own_sources import AddsFeeds, Followed, Outcome
from bot.subscribers.settings import replan
from bot.subscribers.topic_names import name_for
from bot.subscribers.topics import ChatTopic
from storage.chats import Chat, lock_chat, schedule_of, set_schedule
from storage.db.engine import Storage
from storage.enums import DEFAULT_SCHEDULE, ScheduleTime


class Why(StrEnum):
    """Why something was not taken; the words for it are a template's."""

    UNREADABLE = "unreadable"
    NO_QUERY = "no query"
    TOO_MANY = "too many"
    NO_FEED = "no feed"


@dataclass(frozen=True, slots=True)
class Failed:
    """*problem* says more, where it is known."""

    name: str
    why: Why
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an import, by name. *settings*: whether any were taken."""

    added: Sequence[str] = ()
    known: Sequence[str] = ()
    failed: Sequence[Failed] = ()
    settings: bool = False

    def __add__(self, other: "Report") -> "Report":
        return Report(
            (*self.added, *other.added),
            (*self.known, *other.known),
            (*self.failed, *other.failed),
            self.settings or other.settings,
        )


class Follows(Protocol):
    async def follow(self, chat_id: int, url: str) -> Followed:
        """Let the chat follow the feed at *url*."""


async def import_chat(
    storage: Storage, chat_id: int, data: bytes, *, limits: Limits, adder: AddsFeeds, most: int
) -> Report:
    """Take in the export *data*; NotAnExport if it is none."""
    export = read_export(data)
    report = Report(
        failed=[Failed(name, Why.UNREADABLE) for name in export.unreadable],
        settings=await _settings(storage, chat_id, export),
    )
    for wish in export.topics:
        report += await _topic(storage, chat_id, wish, limits=limits)
    for url in export.sources:
        report += await _source(storage, chat_id, url, adder=adder, most=most)
    return report


async def _topic(storage: Storage, chat_id: int, wish: TopicWish, *, limits: Limits) -> Report:
    name = name_for(wish.name) or name_for(wish.query)
    try:
        saved = await topics.saved_queries(storage, chat_id)
        if await _known(storage, chat_id, wish, saved):
            return Report(known=[name])
        await _add(storage, chat_id, wish, saved, limits=limits)
    except QueryError:
        return Report(failed=[Failed(name, Why.NO_QUERY)])
    except TooManyTopics:
        return Report(failed=[Failed(name, Why.TOO_MANY)])
    return Report(added=[name])


async def _known(storage: Storage, chat_id: int, wish: TopicWish, saved: Mapping[str, str]) -> bool:
    public = await _public(storage, chat_id, wish)
    if public is not None:
        return public.mode is not None
    try:
        await topics.topic_by_query(storage, chat_id, wish.query, saved)
    except NoSuchTopic:
        return False
    return True


async def _public(storage: Storage, chat_id: int, wish: TopicWish) -> ChatTopic | None:
    """Return the topic of the catalogue that is meant, if that still asks the same."""
    if wish.slug is None:
        return None
    try:
        topic = await topics.topic_by_name(storage, chat_id, wish.slug)
    except NoSuchTopic:
        return None
    return topic if topic.typed == wish.query else None


async def _add(
    storage: Storage, chat_id: int, wish: TopicWish, saved: Mapping[str, str], *, limits: Limits
) -> None:
    public = await _public(storage, chat_id, wish)
    if public is not None:
        await subscriptions.subscribe_to_topic(
            storage, chat_id, public.id, wish.mode, limits=limits
        )
        topic_id = public.id
    else:
        watched = await subscriptions.subscribe(
            storage, chat_id, wish.query, wish.mode, saved, limits=limits
        )
        topic_id = watched.topic_id
        if name := name_for(wish.name):
            await subscriptions.rename_topic(storage, chat_id, topic_id, name)
    if wish.is_muted:
        until = wish.muted_until or Duration.FOREVER
        await mutes.mute(storage, chat_id, TopicSubject(topic_id), until)


async def _source(
    storage: Storage, chat_id: int, url: str, *, adder: AddsFeeds, most: int
) -> Report:
    try:
        followed = await own_sources.follow_feed(storage, chat_id, url, adder=adder, most=most)
    except UserError:
        return Report(failed=[Failed(url, Why.TOO_MANY)])
    match followed.outcome:
        case Outcome.FOLLOWED:
            return Report(added=[followed.title or url])
        case Outcome.THERE:
            return Report(known=[followed.title or url])
        case Outcome.REFUSED:
            return Report(failed=[Failed(url, Why.NO_FEED, followed.problem)])


async def _settings(storage: Storage, chat_id: int, export: Export) -> bool:
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        merged = merge_settings(chat, await schedule_of(tx, chat_id), export)
        if merged.slots:
            await set_schedule(tx, chat_id, merged.slots)
        await replan(tx, chat)
    return merged.is_any


class Merged(NamedTuple):
    """*slots* are all of the chat's then; None: as they were."""

    is_any: bool
    slots: tuple[ScheduleTime, ...] | None


def merge_settings(chat: Chat, slots: tuple[ScheduleTime, ...], export: Export) -> Merged:
    """Take over what the chat, whose *slots* these are, has not chosen itself."""
    is_any = False
    if export.zone not in {None, chat.zone} and chat.zone_guessed:
        chat.zone, chat.zone_guessed, is_any = str(export.zone), False, True
    wanted = renewed((), export.times, {}) if export.times else DEFAULT_SCHEDULE
    is_chosen = slots == DEFAULT_SCHEDULE != wanted
    if export.quiet and chat.quiet_hours is None:
        chat.quiet_from, chat.quiet_to = export.quiet.start, export.quiet.end
        is_any = True
    return Merged(is_any or is_chosen, wanted if is_chosen else None)
