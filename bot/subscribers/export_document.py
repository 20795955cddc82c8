"""The document of `/export`, and a bounded reader for documents that users send.

A parser worker reads it, because a hostile file may be slow to read. This module therefore imports
nothing else of the bot. Validation stops at the first error.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    PlainSerializer,
    ValidationError,
)

from storage import enums
from storage.schedules import MAX_SCHEDULE_TIMES

LARGEST = 1_000_000  # bytes
MOST = 1000  # topics, and as many feeds
MOST_LISTED = 10_000  # mutes and editions
MOST_CHARACTERS = 2000  # of the title or the address of a saved story
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_VALUE = 200  # characters of a wrong part that are shown


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Timestamp: TypeAlias = Annotated[AwareDatetime, PlainSerializer(_written)]
TimeOfDay: TypeAlias = Annotated[str, Field(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$")]
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, populate_by_name=True)


class ExportedHours(_Part):
    start: TimeOfDay = Field(validation_alias="from", serialization_alias="from")
    end: TimeOfDay = Field(validation_alias="to", serialization_alias="to")


class ExportedWords(_Part):
    """The own words of a group or channel in its digests; see `bot.rendering.own_words`."""

    title: str = ""
    intro: str = ""
    end: str = ""


class ExportedSettings(_Part):
    """Only *zone*, *quiet_hours*, *pins* and *words* are imported; the importer checks them."""

    name: str = ""
    language: str = ""
    zone: str | None = None
    zone_guessed: bool = False
    state: str = ""
    resumes_at: Timestamp | None = None
    quiet_hours: ExportedHours | None = None
    alerts_an_hour: int | None = None
    empty_day: str = ""
    style: str = ""
    layout: str = ""
    pictures: bool = True
    mail_pictures: bool = False
    alert_pictures: bool = False
    hashtags: bool = False
    uses_model: bool = True
    digest_by: str = ""
    pins: bool = False
    words: ExportedWords = ExportedWords()
    since: Timestamp | None = None


class ExportedTime(_Part):
    time: TimeOfDay
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=MOST), FailFast()]
    most_covered: bool = False


class ExportedTopic(_Part):
    """*catalogue*: the slug of a catalogue topic. *muted*: True if muted without an end."""

    name: str = ""
    query: str
    mode: enums.Mode
    sound: enums.Sound = enums.Sound.NORMAL
    catalogue: str | None = None
    muted: bool | Timestamp = False
    since: Timestamp | None = None
    headlines: bool = False
    keeps_original: bool = False


class ExportedMute(_Part):
    kind: enums.MuteKind
    name: str
    until: Timestamp | None


class ExportedFeed(_Part):
    url: Annotated[str, Field(pattern=r"^https?://")]
    title: str = ""
    kind: enums.SourceKind = enums.SourceKind.FEED
    description: str = ""
    picture: str = ""


class ExportedLetter(_Part):
    sender: str = ""
    subject: str = ""


class ExportedNewsletter(_Part):
    """A newsletter, whose address is left out: anyone who knows it can write to the chat.

    *held*: letters that wait for the chat, and those that ask to confirm.
    """

    title: str = ""
    senders: tuple[str, ...] = ()
    letters: int = 0
    held: tuple[ExportedLetter, ...] = ()


class ExportedStory(_Part):
    """A saved story; its *url* is empty if it is a letter without a page.

    *letter* then identifies it.
    """

    title: Annotated[str, Field(max_length=MOST_CHARACTERS)] = ""
    url: Annotated[str, Field(pattern=r"^(https?://|$)", max_length=MOST_CHARACTERS)]
    letter: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""
    publisher: Annotated[str, Field(max_length=MOST_CHARACTERS)] = ""
    saved_at: Timestamp


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
    digests: Annotated[
        tuple[ExportedTime, ...], Field(max_length=MAX_SCHEDULE_TIMES), FailFast()
    ] = ()
    topics: Annotated[tuple[ExportedTopic, ...], Field(max_length=MOST), FailFast()] = ()
    mutes: Annotated[tuple[ExportedMute, ...], Field(max_length=MOST_LISTED), FailFast()] = ()
    sources: Annotated[tuple[ExportedFeed, ...], Field(max_length=MOST), FailFast()] = ()
    newsletters: Annotated[tuple[ExportedNewsletter, ...], Field(max_length=MOST), FailFast()] = ()
    saved: Annotated[tuple[ExportedStory, ...], Field(max_length=MOST), FailFast()] = ()
    mailbox: ExportedMailbox | None = None
    editions: Annotated[tuple[ExportedEdition, ...], Field(max_length=MOST_LISTED), FailFast()] = ()


_IDENTITY: Final = {"format", "version"}


class PartError(ValueError):
    """The data is no export, or the *value* of a *part* is wrong."""

    def __init__(self, part: str = "", value: str = "") -> None:
        super().__init__(part)
        self.part, self.value = part, value[:_LONGEST_VALUE]


def read_document(data: bytes) -> ExportDocument:
    """Read an export; raise PartError with the part that cannot be read."""
    if len(data) > LARGEST:
        raise PartError
    try:
        document = ExportDocument.model_validate_json(data.removeprefix(_BYTE_ORDER_MARK))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = first["loc"]
        if not where or where[0] in _IDENTITY:
            raise PartError from error
        value = first["input"]
        is_shown = isinstance(value, str | int | float)
        raise PartError(_path(where), str(value) if is_shown else "") from error
    if not document.model_fields_set >= _IDENTITY:
        raise PartError
    return document


def _path(where: Sequence[int | str]) -> str:
    """Return a path such as `digests[0].time`, without the names of members of a union."""
    path = ""
    for step in where:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier() and step not in {"bool", "datetime"}:
            path += f".{step}" if path else step
    return path


# A worker sends the document in small parts, because a long one would block the event loop.


def to_parts(document: ExportDocument) -> list[dict[str, Any]]:
    """Return a JSON object with the settings and times, then one for each other imported part."""
    chosen = document.model_dump(mode="json", by_alias=True, include={"settings", "digests"})
    topics = [{"topic": topic.model_dump(mode="json")} for topic in document.topics]
    feeds = [{"feed": feed.model_dump(mode="json")} for feed in document.sources]
    stories = [{"story": story.model_dump(mode="json")} for story in document.saved]
    return [chosen, *topics, *feeds, *stories]


ImportedPart: TypeAlias = ExportedTopic | ExportedFeed | ExportedStory


def part_of(fields: Mapping[str, Any]) -> ImportedPart:
    if "story" in fields:
        return ExportedStory.model_validate(fields["story"], strict=False)
    if "topic" in fields:
        return ExportedTopic.model_validate(fields["topic"], strict=False)
    return ExportedFeed.model_validate(fields["feed"], strict=False)


def from_parts(chosen: Mapping[str, Any], parts: Iterable[ImportedPart]) -> ExportDocument:
    parts = tuple(parts)
    return ExportDocument(
        settings=ExportedSettings.model_validate(chosen["settings"], strict=False),
        digests=tuple(
            ExportedTime.model_validate(time, strict=False) for time in chosen["digests"]
        ),
        topics=tuple(part for part in parts if isinstance(part, ExportedTopic)),
        sources=tuple(part for part in parts if isinstance(part, ExportedFeed)),
        saved=tuple(part for part in parts if isinstance(part, ExportedStory)),
    )
