"""What buttons say back: at most 64 bytes, and all that a handler needs, so that old ones work.

Templates build them from these classes (`press.Stop(topic_id=1).pack()`). What a chat sends may
be made by hand: types bound the numbers, use cases check whose topic it is.

Words go into the data where they fit, so that such a button works for ever; longer ones are read
from the message, as long as Telegram still knows it.
"""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.rendering.buttons import ALL, SETTINGS, TOPICS
from storage.words import EmptyDay, Layout, Mode, Style

RowId = Annotated[int, Field(ge=0, lt=2**63)]
PageNumber = Annotated[int, Field(ge=0, lt=1_000_000)]


class Question(StrEnum):
    """What a button asks to be typed."""

    WORDS = "words"
    TIME = "time"
    ZONE = "zone"


class TopicsPage(CallbackData, prefix=TOPICS):
    page: PageNumber = 0


class CataloguePage(CallbackData, prefix="catalogue"):
    page: PageNumber = 0


class OpenTopic(CallbackData, prefix="topic"):
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


class ShowSettings(CallbackData, prefix=SETTINGS):
    pass


class ShowTimes(CallbackData, prefix="times"):
    pass


class ShowZones(CallbackData, prefix="zones"):
    pass


class SetTime(CallbackData, prefix="time"):
    minutes: RowId


class SetZone(CallbackData, prefix="zone"):
    name: str


class SetEmptyDay(CallbackData, prefix="empty"):
    empty_day: EmptyDay


class Pause(CallbackData, prefix="pause"):
    pass


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


class Erase(CallbackData, prefix="erase"):
    pass


class FeedsPage(CallbackData, prefix="feeds"):
    page: PageNumber = 0


class RenewFeeds(CallbackData, prefix="renewfeeds"):
    pass


class CloseFeeds(CallbackData, prefix="nofeeds"):
    pass


class SourcesPage(CallbackData, prefix="sources"):
    page: PageNumber = 0


class OpenSource(CallbackData, prefix="source"):
    source_id: RowId


class RemoveSource(CallbackData, prefix="unsource"):
    source_id: RowId


def watch_words(words: str, mode: str) -> str:
    """Return the data of a button that watches *words*."""
    return _with_words(WatchWords(mode=Mode(mode), words=words))


def try_words(words: str) -> str:
    """Return the data of a button that looks *words* up."""
    return _with_words(TryWords(words=words))


def _with_words(data: WatchWords | TryWords) -> str:
    try:
        return data.pack()
    except ValueError:  # too long, or the separator is among them
        return data.model_copy(update={"words": ""}).pack()
