"""What buttons say back: at most 64 bytes, and all that a handler needs, so that old ones work.

Templates build them from these classes (`press.Stop(topic_id=1).pack()`). What a chat sends may
be made by hand: types bound the numbers, use cases check whose topic it is.

Words go into the data where they fit, so that such a button works for ever; longer ones are read
from the message, as long as Telegram still knows it.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.chat.bounds import PageNumber, RowId, SlotNumber
from bot.chat.callbacks_topics import *  # noqa: F403 - templates call all of them `press`
from bot.chat.callbacks_typed import (
    AddList,
    FindFeeds,
    FollowAgain,
    FollowLink,
    OpenOwnSource,
    OwnSourcesPage,
    Unfollow,
)
from bot.chat.callbacks_words import turn_search, with_words
from bot.rendering.buttons import ALL, SETTINGS, TOPICS
from bot.subscribers.regions import Region
from bot.subscribers.slots import Times
from storage.words import EmptyDay, Layout, Mode, Reach, Style

# What stands elsewhere, for the templates' sake.
__all__ = [
    "AddList", "FindFeeds", "FollowAgain", "FollowLink", "OpenOwnSource", "OwnSourcesPage",
    "PageNumber", "RowId", "SlotNumber", "Unfollow", "turn_search",
]  # fmt: skip


class Question(StrEnum):
    """What a button asks to be typed."""

    WORDS = "words"
    TIME = "time"
    ZONE = "zone"
    QUIET = "quiet"
    DATE = "date"
    NUMBER = "number"


class TopicsPage(CallbackData, prefix="topics"):
    page: PageNumber = 0


class TopicsAnew(CallbackData, prefix=TOPICS):
    """As a message of its own."""

    page: PageNumber = 0


class CataloguePage(CallbackData, prefix="catalogue"):
    page: PageNumber = 0


class OpenTopic(CallbackData, prefix="topic"):
    topic_id: RowId


class ShareTopic(CallbackData, prefix="share"):
    topic_id: RowId


class ShowCard(CallbackData, prefix="card"):
    topic_id: RowId


class Watch(CallbackData, prefix="watch"):
    topic_id: RowId
    mode: Mode


class WatchWords(CallbackData, prefix="words", sep="|"):
    mode: Mode
    words: str = ""  # "": those that the message shows


class SetMode(CallbackData, prefix="mode"):
    topic_id: RowId
    mode: Mode


class Stop(CallbackData, prefix="stop"):
    topic_id: RowId


class TryWords(CallbackData, prefix="try", sep="|"):
    words: str = ""  # "": those that the message shows


class Dismiss(CallbackData, prefix="dismiss"):
    pass


class Ask(CallbackData, prefix="ask"):
    question: Question


class ShowSettings(CallbackData, prefix="settings"):
    pass


class SettingsAnew(CallbackData, prefix=SETTINGS):
    """As a message of their own."""


class ShowTimes(CallbackData, prefix="times"):
    pass


class ShowZones(CallbackData, prefix="zones"):
    pass


class ShowRegion(CallbackData, prefix="region"):
    region: Region


class SetTime(CallbackData, prefix="time"):
    """Of the one digest; where there are several, of the first."""

    minutes: RowId


class SetOnlyTime(CallbackData, prefix="only"):
    minutes: RowId


class AddTime(CallbackData, prefix="also"):
    minutes: RowId


class SetTimes(CallbackData, prefix="timetable", sep="|"):
    """*times*: minutes after midnight and weekdays as bits of each, `480-127,540-1`."""

    times: Annotated[str, Field(pattern=r"^\d{1,4}-\d{1,3}(,\d{1,4}-\d{1,3}){0,3}$")]


class MoreTimes(CallbackData, prefix="more"):
    pass


class ShowSlot(CallbackData, prefix="slot"):
    number: SlotNumber


class SetSlotTime(CallbackData, prefix="slottime"):
    number: SlotNumber
    minutes: RowId


class ShowDays(CallbackData, prefix="days"):
    number: SlotNumber


class SetDays(CallbackData, prefix="setdays"):
    number: SlotNumber
    weekdays: RowId  # as bits; bit 0 is Monday


class RemoveSlot(CallbackData, prefix="unslot"):
    number: SlotNumber


class ShowQuiet(CallbackData, prefix="quiet"):
    pass


class SetQuiet(CallbackData, prefix="setquiet"):
    """Both are minutes after midnight; both the same: no quiet hours."""

    start: RowId
    end: RowId


class ShowVolume(CallbackData, prefix="volume"):
    pass


class SetVolume(CallbackData, prefix="setvolume"):
    number: RowId


class ShowLanguages(CallbackData, prefix="languages"):
    pass


class SetLanguage(CallbackData, prefix="language"):
    """*code*: "" for whatever the client speaks."""

    code: Annotated[str, Field(max_length=16)] = ""


class SetZone(CallbackData, prefix="zone"):
    name: str


class SetEmptyDay(CallbackData, prefix="empty"):
    empty_day: EmptyDay


class Pause(CallbackData, prefix="pause"):
    pass


class PauseFor(CallbackData, prefix="pausefor"):
    days: Annotated[int, Field(ge=1, le=1000)]


class Resume(CallbackData, prefix="resume"):
    pass


class DigestNow(CallbackData, prefix="digest"):
    pass


class ShowAll(CallbackData, prefix=ALL):
    """*day* is the edition's local date as 20261118; 0 is the digest so far."""

    day: Annotated[int, Field(ge=0, le=99991231)]
    slot: Annotated[int, Field(ge=0, lt=100)]
    topic_id: RowId


class ShowLooks(CallbackData, prefix="looks"):
    pass


class SetStyle(CallbackData, prefix="style"):
    style: Style


class SetLayout(CallbackData, prefix="layout"):
    layout: Layout


class ShowEmail(CallbackData, prefix="email"):
    pass


class SetReach(CallbackData, prefix="reach"):
    reach: Reach


class SetMailAlerts(CallbackData, prefix="mailalerts"):
    wanted: bool


class RemoveAddress(CallbackData, prefix="nomail"):
    pass


class Erase(CallbackData, prefix="erase"):
    pass


class FeedsPage(CallbackData, prefix="feeds"):
    page: PageNumber = 0


class RenewFeeds(CallbackData, prefix="renewfeeds"):
    pass


class CloseFeeds(CallbackData, prefix="nofeeds"):
    pass


class MutesPage(CallbackData, prefix="mutes"):
    page: PageNumber = 0


class LiftMute(CallbackData, prefix="lift"):
    mute_id: RowId
    page: PageNumber = 0


class SourcesPage(CallbackData, prefix="sources"):
    page: PageNumber = 0


class OpenSource(CallbackData, prefix="source"):
    source_id: RowId


class RemoveSource(CallbackData, prefix="unsource"):
    source_id: RowId


def watch_words(words: str, mode: str) -> str:
    """Return the data of a button that watches *words*."""
    return with_words(WatchWords(mode=Mode(mode), words=words))


def try_words(words: str) -> str:
    """Return the data of a button that looks *words* up."""
    return with_words(TryWords(words=words))


def set_times(times: Iterable[Times]) -> str:
    """Return the data of a button that lets digests come at *times*, four at most."""
    packed = ",".join(f"{one.minutes}-{one.weekdays}" for one in times)
    return SetTimes(times=packed).pack()


def times_in(data: SetTimes) -> list[Times]:
    pairs = (one.split("-") for one in data.times.split(","))
    return [Times(int(minutes), int(weekdays)) for minutes, weekdays in pairs]
