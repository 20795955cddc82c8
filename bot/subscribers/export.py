"""A chat's export: its data as one document, which the same chat or another can import.

`docs/reference/export.md` describes the document. `version` changes when an older reader would
misunderstand it; new fields leave the version alone, and unknown fields are ignored.

An import adds to the chat and changes nothing that it has:

1. A topic that the chat subscribes to stays as it is, even if the export differs.
2. Zone, times and quiet hours are taken only if the chat has chosen none.
3. Limits hold; the report names the topics beyond them, and those without a valid query.
4. It can be undone as a whole: what it added goes, except what was changed since.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from bot.matching.backfill import backfill
from bot.matching.query import ParsedQuery, QueryError, is_readable, parse_among
from bot.matching.query.canonical import shown
from bot.matching.query.fields import folded_name
from bot.slices import Slices, in_turns
from bot.sources.discovery.opml import Outline, write_opml
from bot.subscribers import subscriptions, topics
from bot.subscribers.digest_schedule import WeeklyTime, renewed
from bot.subscribers.digest_words import checked, put_words
from bot.subscribers.errors import ListIsAdded, NotAnExport, NothingToUndo, UserError
from bot.subscribers.export_document import (
    DAYS,
    MOST_LISTED,
    ExportDocument,
    ExportedEdition,
    ExportedFeed,
    ExportedHours,
    ExportedLetter,
    ExportedMailbox,
    ExportedMute,
    ExportedNewsletter,
    ExportedSettings,
    ExportedStory,
    ExportedTime,
    ExportedTopic,
    ExportedWords,
    PartError,
    Weekday,
)
from bot.subscribers.limits import MOST_SAVED, Limits, limits_of
from bot.subscribers.saved_stories import import_saved
from bot.subscribers.settings import apply_quiet_hours, apply_zone, replan
from bot.subscribers.text import checksum
from bot.subscribers.timezones import is_zone
from bot.subscribers.topics import name_for
from storage import enums
from storage.chats import (
    Chat,
    lock_account,
    lock_chat,
    schedule_of,
    set_schedule,
    words_of_each,
)
from storage.db.engine import Storage, Transaction
from storage.editions import editions_to_export
from storage.feeds_followed import (
    has_running_import,
    sources_followed,
    sources_imported,
    unfollow,
)
from storage.mailboxes import Mailbox, mailbox_of_chat
from storage.mutes import MuteSubject, mutes_of, store_mute, topics_muted
from storage.newsletters import newsletters_of_chat, urls_held
from storage.pins import begin_pinning, pin_of
from storage.saved_stories import saved_stories
from storage.schedules import DEFAULT_SCHEDULE, QuietHours
from storage.sources import Source
from storage.subscriptions import (
    begin_subscription,
    count_subscriptions_of_account,
    end_subscription,
    subscribed_topic,
    subscription_to,
    subscriptions_imported,
    subscriptions_of,
)
from storage.topics import Topic, topic_named


@dataclass(frozen=True, slots=True)
class Export:
    """The files of an export; *opml* is None if the chat follows no feed of its own."""

    document: bytes
    opml: bytes | None


async def export_chat(storage: Storage, chat_id: int, title: str) -> Export:
    """Return the chat's export; *title* is that of the list of feeds."""
    async with storage.reading() as tx:
        chat = await tx.get_one(Chat, chat_id)
        feeds = await sources_followed(tx, chat_id)
        document = await _document(tx, chat, feeds)
    written = document.model_dump_json(indent=2, by_alias=True).encode()
    # No feed reader can follow what is delivered to this bot.
    listed = [feed for feed in feeds if not feed.kind.is_delivered]
    return Export(written, _opml(listed, title) if listed else None)


async def _document(tx: Transaction, chat: Chat, feeds: Iterable[Source]) -> ExportDocument:
    chat_id = chat.id
    mutes = await mutes_of(tx, chat_id, offset=0, limit=MOST_LISTED)
    mailbox = await mailbox_of_chat(tx, chat_id)
    words = (await words_of_each(tx, [chat_id])).get(chat_id, {})
    return ExportDocument(
        exported_at=tx.now,
        settings=_settings(chat).model_copy(
            update={
                "pins": await pin_of(tx, chat_id) is not None,
                "words": ExportedWords(**{part.value: text for part, text in words.items()}),
            }
        ),
        digests=tuple(
            ExportedTime(
                time=_clock(time.minutes),
                weekdays=_day_names(time.weekdays),
                most_covered=time.most_covered,
            )
            for time in await schedule_of(tx, chat_id)
        ),
        topics=await _topics(tx, chat_id),
        mutes=tuple(
            ExportedMute(kind=mute.kind, name=mute.name, until=mute.until)
            for mute in mutes
            if mute.kind is not enums.MuteKind.TOPIC
        ),
        sources=tuple(
            # Unvalidated, because only input is checked, never stored data.
            ExportedFeed.model_construct(
                url=feed.url,
                title=feed.title,
                kind=feed.kind,
                description=feed.description,
                picture=feed.picture,
            )
            for feed in feeds
            if feed.kind is not enums.SourceKind.NEWSLETTER
        ),
        newsletters=await _newsletters(tx, chat_id),
        saved=await _saved(tx, chat_id),
        mailbox=_mailbox(mailbox) if mailbox else None,
        editions=tuple(
            ExportedEdition(
                date=edition.local_date,
                schedule_number=edition.schedule_number,
                made_at=edition.made_at,
                stories=edition.stories,
            )
            for edition in await editions_to_export(tx, chat_id, MOST_LISTED)
        ),
    )


async def _topics(tx: Transaction, chat_id: int) -> tuple[ExportedTopic, ...]:
    muted = await topics_muted(tx, chat_id)
    return tuple(
        ExportedTopic(
            name=topic.name,
            query=topic.typed,
            mode=subscription.mode,
            sound=subscription.sound,
            catalogue=topic.slug,
            muted=(muted[topic.id] or True) if topic.id in muted else False,
            since=subscription.created_at,
            headlines=subscription.headlines,
            keeps_original=subscription.keeps_original,
        )
        for topic, subscription in await subscriptions_of(tx, chat_id)
    )


async def _saved(tx: Transaction, chat_id: int) -> tuple[ExportedStory, ...]:
    return tuple(
        ExportedStory.model_construct(
            title=story.title,
            url=story.url,
            letter="" if story.url else story.url_hash,
            publisher=story.publisher,
            saved_at=story.saved_at,
        )
        for story in await saved_stories(tx, chat_id, limit=MOST_SAVED)
    )


async def _newsletters(tx: Transaction, chat_id: int) -> tuple[ExportedNewsletter, ...]:
    held = defaultdict[int, list[ExportedLetter]](list)
    for sender, subject, _ in await urls_held(tx, chat_id):
        letter = ExportedLetter.model_construct(sender=sender.address, subject=subject)
        held[sender.source_id].append(letter)
    rows = await newsletters_of_chat(tx, chat_id)
    for asked in (each for row in rows for each in row.confirmations):
        letter = ExportedLetter.model_construct(sender=asked.sender, subject=asked.subject)
        held[asked.source_id].append(letter)
    return tuple(
        ExportedNewsletter.model_construct(
            title=row.source.title,
            senders=tuple(sender.address for sender in row.senders),
            letters=row.newsletter.letters,
            held=tuple(held[row.source.id]),
        )
        for row in rows
    )


def _settings(chat: Chat) -> ExportedSettings:
    quiet = chat.quiet_hours
    return ExportedSettings(
        name=chat.name,
        language=chat.language,
        zone=chat.zone,
        zone_guessed=chat.zone_guessed,
        state=chat.state,
        resumes_at=chat.resume_at,
        quiet_hours=(
            ExportedHours(start=_clock(quiet.start), end=_clock(quiet.end)) if quiet else None
        ),
        alerts_an_hour=chat.alerts_an_hour,
        empty_day=chat.empty_day,
        style=chat.style,
        layout=chat.layout,
        pictures=chat.pictures,
        mail_pictures=chat.mail_pictures,
        alert_pictures=chat.alert_pictures,
        hashtags=chat.hashtags,
        uses_model=chat.uses_model,
        digest_by=chat.digest_by,
        since=chat.created_at,
    )


def _mailbox(mailbox: Mailbox) -> ExportedMailbox:
    return ExportedMailbox(
        address=mailbox.address,
        state=mailbox.state,
        alerts=mailbox.alerts,
        since=mailbox.created_at,
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _day_names(weekdays: int) -> tuple[Weekday, ...]:
    return tuple(name for bit, name in enumerate(DAYS) if weekdays >> bit & 1)


def _opml(feeds: Iterable[Source], title: str) -> bytes:
    outlines = [
        Outline(
            feed.url,
            feed.title,
            folder=tuple(feed.folder),
            is_page=feed.kind in {enums.SourceKind.PAGE, enums.SourceKind.CHANNEL},
        )
        for feed in feeds
    ]
    return write_opml(outlines, title)


# Importing


class ReadsExports(Protocol):
    """Reads an export from a user where a slow file cannot delay anything else."""

    async def export(self, data: bytes, /) -> ExportDocument: ...


async def read_export(data: bytes, *, reader: ReadsExports) -> ExportDocument:
    """Read an export; raise NotAnExport with the part that cannot be read."""
    try:
        return await reader.export(data)
    except PartError as error:
        raise NotAnExport(error.part, error.value) from error


class Reason(StrEnum):
    """Why a topic was not taken; a template has the sentence."""

    NO_QUERY = "no query"
    TOO_MANY = "too many"


@dataclass(frozen=True, slots=True)
class Failed:
    name: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class TakenSettings:
    """Undoes the settings that an import took, which the chat had not chosen before.

    *zone*: the guessed zone before it; "" if no zone was taken. *after*: the checksum of the
    settings after the import. Quiet hours had been off and digest times those of a new chat.
    """

    zone: str
    has_hours: bool
    has_times: bool
    after: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The names of imported topics. *settings*: those taken, if any.

    *saved* counts the saved stories that are new. *feeds* are not followed yet, because each must
    be read first.
    """

    added: Sequence[str] = ()
    known: Sequence[str] = ()
    failed: Sequence[Failed] = ()
    settings: TakenSettings | None = None
    saved: int = 0
    feeds: Sequence[str] = ()


AT_ONCE = 5  # topics in a transaction, so that others can write in between


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A topic of the document; *query* is None if it could not be parsed."""

    topic: ExportedTopic
    name: str
    typed: str = ""
    query: ParsedQuery | None = None


async def import_chat(
    storage: Storage,
    chat_id: int,
    document: ExportDocument,
    *,
    limits: Limits,
    import_id: int | None = None,
) -> Imported:
    """Add the topics and settings of *document*; raise NotAnExport for an unknown zone.

    *import_id* marks the new subscriptions, so that `undo_import` finds them.
    """
    if document.settings.zone is not None and not is_zone(document.settings.zone):
        raise NotAnExport("settings.zone", document.settings.zone)
    taken = await _import_settings(storage, chat_id, document)
    saved = await topics.saved_queries(storage, chat_id)
    names = {folded_name(name): typed for name, typed in saved.items()}
    added: list[str] = []
    known: list[str] = []
    failed: list[Failed] = []
    for start in range(0, len(document.topics), AT_ONCE):
        batch = await in_turns(_read(document.topics[start : start + AT_ONCE], names))
        outcomes = await _import_topics(storage, chat_id, batch, limits=limits, import_id=import_id)
        for wanted, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Reason):
                failed.append(Failed(wanted.name, outcome))
            else:
                (added if outcome else known).append(wanted.name)
                names[folded_name(wanted.name)] = wanted.typed
    async with storage.writing() as tx:
        await lock_chat(tx, chat_id)
        new_stories = await import_saved(tx, chat_id, document.saved)
    feeds = tuple(feed.url for feed in document.sources)
    return Imported(tuple(added), tuple(known), tuple(failed), taken, new_stories, feeds)


def _read(topics: Iterable[ExportedTopic], names: Mapping[str, str]) -> Slices[list[_Wanted]]:
    """Parse the queries; replace each `#name` by the query of that topic in *names*."""
    wanted = []
    for topic in topics:
        name = name_for(topic.name) or name_for(topic.query)
        try:
            query = parse_among(topic.query, names)
        except QueryError:
            wanted.append(_Wanted(topic, name))
        else:
            typed = topic.query if is_readable(topic.query) else shown(query)
            wanted.append(_Wanted(topic, name, typed, query))
        yield
    return wanted


async def _import_topics(
    storage: Storage,
    chat_id: int,
    batch: Iterable[_Wanted],
    *,
    limits: Limits,
    import_id: int | None,
) -> list[bool | Reason]:
    """Subscribe to the topics in one transaction; return whether each is new, or why it failed."""
    outcomes: list[bool | Reason] = []
    new: list[tuple[int, ParsedQuery]] = []
    async with storage.writing() as tx:
        chat = await lock_account(tx, chat_id)
        most = (await limits_of(tx, chat_id, limits)).topics
        left = most - await count_subscriptions_of_account(tx, chat_id)
        for wanted in batch:
            if wanted.query is None:
                outcomes.append(Reason.NO_QUERY)
                continue
            topic = await _catalogue_topic(tx, wanted.topic)
            subscribed = await subscribed_topic(tx, chat_id, wanted.query.canonical)
            if subscribed or (topic and await subscription_to(tx, chat_id, topic.id)):
                outcomes.append(False)
            elif left <= 0:
                outcomes.append(Reason.TOO_MANY)
            else:
                topic = topic or await _own_topic(tx, chat_id, wanted, wanted.query)
                mode, sound = wanted.topic.mode, wanted.topic.sound
                begun = await begin_subscription(
                    tx, chat_id, topic.id, mode, sound, import_id=import_id
                )
                begun.headlines = wanted.topic.headlines
                begun.keeps_original = wanted.topic.keeps_original
                await _mute(tx, chat_id, topic.id, wanted.topic)
                outcomes.append(True)
                left -= 1
                if wanted.topic.mode.digests:
                    new.append((topic.query_id, wanted.query))
        if True in outcomes:
            await replan(tx, chat)
    for query_id, query in new:
        since = tx.now - subscriptions.FIRST_REACH
        await backfill(storage, query_id, query, since, chat_id=chat_id)
    return outcomes


async def _own_topic(tx: Transaction, chat_id: int, wanted: _Wanted, query: ParsedQuery) -> Topic:
    topic = await subscriptions.own_topic(tx, chat_id, query, wanted.typed)
    topic.name = name_for(wanted.topic.name) or topic.name
    return topic


async def _mute(tx: Transaction, chat_id: int, topic_id: int, topic: ExportedTopic) -> None:
    if topic.muted:
        until = None if topic.muted is True else topic.muted
        await store_mute(tx, chat_id, MuteSubject(enums.MuteKind.TOPIC, topic_id), until)


async def _catalogue_topic(tx: Transaction, topic: ExportedTopic) -> Topic | None:
    """Return the catalogue topic that was exported, if it still has the same query."""
    if topic.catalogue is None:
        return None
    public = await topic_named(tx, topic.catalogue)
    return public if public and public.typed == topic.query else None


async def _import_settings(
    storage: Storage, chat_id: int, document: ExportDocument
) -> TakenSettings | None:
    """Take the settings that the chat has not chosen itself; return how to undo that."""
    zone, quiet = document.settings.zone, document.settings.quiet_hours
    covered = {_weekly_time(time) for time in document.digests if time.most_covered}
    times = renewed((), list(map(_weekly_time, document.digests)), {}) or DEFAULT_SCHEDULE
    wanted = tuple(
        replace(time, most_covered=WeeklyTime(time.minutes, time.weekdays) in covered)
        for time in times
    )
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        before = chat.zone
        takes_zone = zone is not None and zone != chat.zone and chat.zone_guessed
        if zone and takes_zone:
            chat.zone, chat.zone_guessed = zone, False
        hours = quiet and QuietHours(_minutes(quiet.start), _minutes(quiet.end))
        takes_hours = hours and hours.start != hours.end and chat.quiet_hours is None
        if hours and takes_hours:
            chat.quiet_from, chat.quiet_to = hours.start, hours.end
        takes_times = await schedule_of(tx, chat_id) == DEFAULT_SCHEDULE != wanted
        if takes_times:
            await set_schedule(tx, chat_id, wanted)
        await _import_looks(tx, chat, document.settings)
        await replan(tx, chat)
        if not (takes_zone or takes_hours or takes_times):
            return None
        after = await taken_checksum(tx, chat)
    return TakenSettings(before if takes_zone else "", bool(takes_hours), takes_times, after)


async def taken_checksum(tx: Transaction, chat: Chat) -> str:
    """Return the checksum of the settings that an import may take."""
    quiet, schedule = chat.quiet_hours, await schedule_of(tx, chat.id)
    times = [(time.minutes, time.weekdays) for time in schedule]
    return checksum(f"{chat.zone} {chat.zone_guessed} {quiet} {times}")


@dataclass(frozen=True, slots=True)
class UndoneImport:
    """How many topics and feeds of the import are gone, and whether its settings are."""

    topics: int
    feeds: int
    settings: bool


async def undo_import(
    storage: Storage, chat_id: int, import_id: int, taken: TakenSettings | None
) -> UndoneImport:
    """Remove exactly what an import added; keep what was changed since.

    Raises ListIsAdded while its feeds are still being added, and NothingToUndo if nothing of it is
    left.
    """
    async with storage.writing() as tx:
        chat = await lock_account(tx, chat_id)
        if await has_running_import(tx, chat_id):
            raise ListIsAdded
        ended = await subscriptions_imported(tx, chat_id, import_id)
        feeds = await sources_imported(tx, chat_id, import_id)
        has_settings = taken is not None and taken.after == await taken_checksum(tx, chat)
        if not (ended or feeds or has_settings):
            raise NothingToUndo
        for subscription in ended:
            await end_subscription(tx, subscription)
        for source_id in feeds:
            await unfollow(tx, chat_id, source_id)
        if taken and has_settings:
            await _restore(tx, chat, taken)
        await replan(tx, chat)
    return UndoneImport(len(ended), len(feeds), has_settings)


async def _restore(tx: Transaction, chat: Chat, taken: TakenSettings) -> None:
    if taken.zone:
        await apply_zone(tx, chat, zone=taken.zone, is_guessed=True)
    if taken.has_hours:
        await apply_quiet_hours(tx, chat, hours=None)
    if taken.has_times:
        await set_schedule(tx, chat.id, DEFAULT_SCHEDULE)


async def _import_looks(tx: Transaction, chat: Chat, settings: ExportedSettings) -> None:
    """Take the pins and own words of a group or channel that has none of its own."""
    if chat.kind is enums.ChatKind.PRIVATE:
        return
    if settings.pins:
        await begin_pinning(tx, chat.id)
    own = (await words_of_each(tx, [chat.id])).get(chat.id, {})
    for part in enums.WordsPart:
        with suppress(UserError):  # text that no digest can have
            text = checked(part, getattr(settings.words, part))
            if part not in own:
                await put_words(tx, chat.id, part, text)


def _weekly_time(exported: ExportedTime) -> WeeklyTime:
    weekdays = sum(1 << DAYS.index(day) for day in set(exported.weekdays))
    return WeeklyTime(_minutes(exported.time), weekdays)
