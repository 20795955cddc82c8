"""A chat's export: all that it has as one document, which the same chat or another can import.

`docs/reference/export.md` describes the document. `version` changes when an older reader would
misunderstand it; new fields leave the version alone, and unknown fields are ignored.

What is imported joins what the chat has; nothing of that changes:

1. A topic that the chat subscribes to stays as it is, even if the export has it otherwise.
2. Zone, times and quiet hours are taken only where the chat has chosen none.
3. Limits hold; the report names what is one too many, and what cannot be read as a query.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from bot.matching.query import QueryError
from bot.sources.discovery.opml import Outline, write_opml
from bot.subscribers import mutes, subscriptions, topics
from bot.subscribers.digest_schedule import WeeklyTime, renewed
from bot.subscribers.errors import NoSuchTopic, NotAnExport, TooManyTopics
from bot.subscribers.limits import Limits
from bot.subscribers.mutes import Duration, TopicSubject
from bot.subscribers.settings import replan
from bot.subscribers.timezones import is_zone
from bot.subscribers.topic_names import name_for
from bot.subscribers.topics import ChatTopic
from storage import enums
from storage.chats import Chat, lock_chat, schedule_of, set_schedule
from storage.db.engine import Storage, Transaction
from storage.mailboxes import Mailbox, mailbox_of
from storage.mutes import mutes_of, topics_muted
from storage.sources import Source
from storage.users import all_editions, all_followed, all_subscriptions

LARGEST = 1_000_000  # bytes
_MOST = 1000  # topics, and as many feeds
_MOST_LISTED = 10_000  # mutes and editions
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("no time zone")
    return name


Timestamp: TypeAlias = Annotated[AwareDatetime, PlainSerializer(_written)]
TimeOfDay: TypeAlias = Annotated[str, Field(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$")]
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, populate_by_name=True)


class ExportedHours(_Part):
    start: TimeOfDay = Field(validation_alias="from", serialization_alias="from")
    end: TimeOfDay = Field(validation_alias="to", serialization_alias="to")


class ExportedSettings(_Part):
    """Only *zone* and *quiet_hours* are imported."""

    name: str = ""
    language: str = ""
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    zone_guessed: bool = False
    state: str = ""
    resumes_at: Timestamp | None = None
    quiet_hours: ExportedHours | None = None
    alerts_an_hour: int | None = None
    empty_day: str = ""
    style: str = ""
    layout: str = ""
    digest_by: str = ""
    since: Timestamp | None = None


class ExportedTime(_Part):
    time: TimeOfDay
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)]


class ExportedTopic(_Part):
    """*catalogue*: its name in links, if it is in the catalogue. *muted*: True if until unmuted."""

    name: str = ""
    query: str
    mode: enums.Mode
    catalogue: str | None = None
    muted: bool | Timestamp = False
    since: Timestamp | None = None


class ExportedMute(_Part):
    kind: enums.MuteKind
    name: str
    until: Timestamp | None


class ExportedFeed(_Part):
    url: Annotated[str, Field(pattern=r"^https?://")]
    title: str = ""
    kind: enums.SourceKind = enums.SourceKind.FEED


class ExportedMailbox(_Part):
    address: str
    state: str
    alerts: bool = False
    since: Timestamp | None = None


class ExportedEdition(_Part):
    date: date
    schedule_number: int
    made_at: Timestamp
    stories: int


class ExportDocument(_Part):
    format: Literal["dateline-export"] = "dateline-export"
    version: Literal[1] = 1
    exported_at: Timestamp | None = None
    settings: ExportedSettings = ExportedSettings()
    digests: Annotated[tuple[ExportedTime, ...], Field(max_length=enums.MAX_SCHEDULE_TIMES)] = ()
    topics: Annotated[tuple[ExportedTopic, ...], Field(max_length=_MOST)] = ()
    mutes: tuple[ExportedMute, ...] = ()
    sources: Annotated[tuple[ExportedFeed, ...], Field(max_length=_MOST)] = ()
    mailbox: ExportedMailbox | None = None
    editions: tuple[ExportedEdition, ...] = ()


_IDENTITY: Final = {"format", "version"}


@dataclass(frozen=True, slots=True)
class Export:
    """Two files; *opml* is None if the chat follows no feed of its own."""

    document: bytes
    opml: bytes | None


async def export_chat(storage: Storage, chat_id: int, title: str) -> Export:
    """*title*: of the list of feeds."""
    async with storage.reading() as tx:
        chat = await tx.session.get_one(Chat, chat_id)
        feeds = await all_followed(tx, chat_id)
        document = await _document(tx, chat, feeds)
    written = document.model_dump_json(indent=2, by_alias=True).encode()
    return Export(written, _opml(feeds, title) if feeds else None)


async def _document(tx: Transaction, chat: Chat, feeds: Iterable[Source]) -> ExportDocument:
    chat_id, muted = chat.id, await topics_muted(tx, chat.id)
    mutes = await mutes_of(tx, chat_id, offset=0, limit=_MOST_LISTED)
    mailbox = await mailbox_of(tx, chat_id)
    return ExportDocument(
        exported_at=tx.now,
        settings=_settings(chat),
        digests=tuple(
            ExportedTime(time=_clock(one.minutes), weekdays=_day_names(one.weekdays))
            for one in await schedule_of(tx, chat_id)
        ),
        topics=tuple(
            ExportedTopic(
                name=topic.name,
                query=topic.typed,
                mode=subscription.mode,
                catalogue=topic.slug,
                muted=(muted[topic.id] or True) if topic.id in muted else False,
                since=subscription.created_at,
            )
            for topic, subscription in await all_subscriptions(tx, chat_id)
        ),
        mutes=tuple(
            ExportedMute(kind=mute.kind, name=mute.name, until=mute.until)
            for mute in mutes
            if mute.kind is not enums.MuteKind.TOPIC
        ),
        sources=tuple(
            # What is stored is given as it is; only what comes in is checked.
            ExportedFeed.model_construct(url=one.url, title=one.title, kind=one.kind)
            for one in feeds
        ),
        mailbox=_mailbox(mailbox) if mailbox else None,
        editions=tuple(
            ExportedEdition(
                date=edition.local_date,
                schedule_number=edition.schedule_number,
                made_at=edition.made_at,
                stories=edition.stories,
            )
            for edition in await all_editions(tx, chat_id, _MOST_LISTED)
        ),
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
    return tuple(name for bit, name in enumerate(_DAYS) if weekdays >> bit & 1)


def _opml(feeds: Iterable[Source], title: str) -> bytes:
    outlines = [
        Outline(
            feed.url,
            feed.title,
            folder=tuple(feed.folder),
            is_page=feed.kind is enums.SourceKind.PAGE,
        )
        for feed in feeds
    ]
    return write_opml(outlines, title)


# Importing


class Reason(StrEnum):
    """Why a topic was not taken; a template has the sentence."""

    NO_QUERY = "no query"
    TOO_MANY = "too many"


@dataclass(frozen=True, slots=True)
class Failed:
    name: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import, by name. *settings*: whether any were taken.

    *feeds* are not followed yet: each must be read first, which takes its time.
    """

    added: Sequence[str] = ()
    known: Sequence[str] = ()
    failed: Sequence[Failed] = ()
    settings: bool = False
    feeds: Sequence[str] = ()


def read_document(data: bytes) -> ExportDocument:
    """Read an export; raise NotAnExport, which names the part that cannot be read."""
    if len(data) > LARGEST:
        raise NotAnExport
    try:
        document = ExportDocument.model_validate_json(data.removeprefix(_BYTE_ORDER_MARK))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = first["loc"]
        if not where or where[0] in _IDENTITY:
            raise NotAnExport from error
        value = first["input"]
        is_shown = isinstance(value, str | int | float)
        raise NotAnExport(_path(where), str(value) if is_shown else "") from error
    if not document.model_fields_set >= _IDENTITY:
        raise NotAnExport
    return document


def _path(where: Sequence[int | str]) -> str:
    """Return `digests[0].time`; what only names a member of a union is left out."""
    path = ""
    for step in where:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier() and step not in {"bool", "datetime"}:
            path += f".{step}" if path else step
    return path


async def import_chat(storage: Storage, chat_id: int, data: bytes, *, limits: Limits) -> Imported:
    """Let the chat have what the export *data* asks for; raise NotAnExport."""
    document = read_document(data)
    has_settings = await _import_settings(storage, chat_id, document)
    added: list[str] = []
    known: list[str] = []
    failed: list[Failed] = []
    for topic in document.topics:
        name = name_for(topic.name) or name_for(topic.query)
        try:
            is_new = await _import_topic(storage, chat_id, topic, limits=limits)
        except QueryError:
            failed.append(Failed(name, Reason.NO_QUERY))
        except TooManyTopics:
            failed.append(Failed(name, Reason.TOO_MANY))
        else:
            (added if is_new else known).append(name)
    feeds = tuple(feed.url for feed in document.sources)
    return Imported(tuple(added), tuple(known), tuple(failed), has_settings, feeds)


async def _import_topic(
    storage: Storage, chat_id: int, topic: ExportedTopic, *, limits: Limits
) -> bool:
    """Subscribe to the topic; False if the chat does so already."""
    saved = await topics.saved_queries(storage, chat_id)
    public = await _catalogue_topic(storage, chat_id, topic)
    if public:
        if public.mode is not None:
            return False
        topic_id = public.id
        await subscriptions.subscribe_to_topic(
            storage, chat_id, topic_id, topic.mode, limits=limits
        )
    else:
        if await _is_subscribed(storage, chat_id, topic.query, saved):
            return False
        subscribed = await subscriptions.subscribe(
            storage, chat_id, topic.query, topic.mode, saved, limits=limits
        )
        topic_id = subscribed.topic_id
        if name := name_for(topic.name):
            await subscriptions.rename_topic(storage, chat_id, topic_id, name)
    if topic.muted:
        until = Duration.FOREVER if topic.muted is True else topic.muted
        await mutes.mute(storage, chat_id, TopicSubject(topic_id), until)
    return True


async def _catalogue_topic(
    storage: Storage, chat_id: int, topic: ExportedTopic
) -> ChatTopic | None:
    """Return the catalogue's topic that is meant, if it still has the same query."""
    if topic.catalogue is None:
        return None
    try:
        found = await topics.topic_by_name(storage, chat_id, topic.catalogue)
    except NoSuchTopic:
        return None
    return found if found.typed == topic.query else None


async def _is_subscribed(
    storage: Storage, chat_id: int, query: str, saved: Mapping[str, str]
) -> bool:
    try:
        await topics.topic_by_query(storage, chat_id, query, saved)
    except NoSuchTopic:
        return False
    return True


async def _import_settings(storage: Storage, chat_id: int, document: ExportDocument) -> bool:
    """Take what the chat has not chosen itself; return whether there was any."""
    zone, quiet = document.settings.zone, document.settings.quiet_hours
    wanted = renewed((), list(map(_times, document.digests)), {}) or enums.DEFAULT_SCHEDULE
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        takes_zone = zone is not None and zone != chat.zone and chat.zone_guessed
        if zone and takes_zone:
            chat.zone, chat.zone_guessed = zone, False
        hours = quiet and enums.QuietHours(_minutes(quiet.start), _minutes(quiet.end))
        takes_hours = hours and hours.start != hours.end and chat.quiet_hours is None
        if hours and takes_hours:
            chat.quiet_from, chat.quiet_to = hours.start, hours.end
        takes_times = await schedule_of(tx, chat_id) == enums.DEFAULT_SCHEDULE != wanted
        if takes_times:
            await set_schedule(tx, chat_id, wanted)
        await replan(tx, chat)
    return bool(takes_zone or takes_hours or takes_times)


def _times(one: ExportedTime) -> WeeklyTime:
    return WeeklyTime(_minutes(one.time), sum(1 << _DAYS.index(day) for day in set(one.weekdays)))
