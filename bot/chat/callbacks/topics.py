"""What the buttons of one topic say back."""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.chat.bounds import PageNumber, RowId


class OfTopic(StrEnum):
    """What a topic can be given by typing it."""

    WORDS = "words"
    NAME = "name"


class UndoStop(CallbackData, prefix="unstop"):
    topic_id: RowId


class PauseTopic(CallbackData, prefix="hush"):
    topic_id: RowId
    is_paused: bool


class ShowMuting(CallbackData, prefix="muting"):
    topic_id: RowId


class MuteTopic(CallbackData, prefix="mute"):
    """*days* 0: until it is lifted."""

    topic_id: RowId
    days: Annotated[int, Field(ge=0, le=7)]


class UnmuteTopic(CallbackData, prefix="unmutetopic"):
    topic_id: RowId


class AskOfTopic(CallbackData, prefix="change"):
    """What of a topic is to be typed anew."""

    topic_id: RowId
    what: OfTopic


class UseWords(CallbackData, prefix="use"):
    """The words are those that the message shows first."""

    topic_id: RowId


class TrendsPage(CallbackData, prefix="trends"):
    page: PageNumber = 0


class ShowTrend(CallbackData, prefix="trend"):
    topic_id: RowId


class WhereFrom(CallbackData, prefix="from"):
    topic_id: RowId


class OpenOutlet(CallbackData, prefix="outlet"):
    """Who told the article; *topic_id* is where one came from."""

    topic_id: RowId
    source_id: RowId
    article_id: RowId


class MuteOutlet(OpenOutlet, prefix="muteoutlet"):
    """*days* 0: less of it, as long as that is not lifted."""

    days: Annotated[int, Field(ge=0, le=7)]


class UnmuteOutlet(OpenOutlet, prefix="unmuteoutlet"):
    pass
