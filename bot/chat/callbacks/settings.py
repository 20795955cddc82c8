"""What the buttons of a chat's settings say back."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.chat.bounds import PageNumber, RowId, ScheduleNumber
from bot.rendering.keyboards import SETTINGS
from bot.subscribers.digest_schedule import WeeklyTime
from storage.enums import DigestMedium, EmptyDay, Layout, Style


class Question(StrEnum):
    """What is to be typed; a value is part of what stands in a database for an hour."""

    QUERY = "query"
    TIME = "time"
    ZONE = "zone"
    QUIET = "quiet"
    DATE = "date"
    NUMBER = "number"
    TOPIC_QUERY = "topic_query"
    TOPIC_NAME = "topic_name"
    FEEDBACK = "feedback"
    FEEDBACK_REPLY = "feedback_reply"
    BROADCAST = "broadcast"
    NEW_CATALOGUE_TOPIC = "new_catalogue_topic"
    CATALOGUE_NAME = "catalogue_name"
    CATALOGUE_QUERY = "catalogue_query"


class Ask(CallbackData, prefix="ask"):
    """Asks what needs no subject; see `ASKED_BY_BUTTON`."""

    question: Question


class CancelQuestion(CallbackData, prefix="cancel"):
    """Under each question; a reply to it is recognised by this."""

    question: Question
    subject: RowId = 0


class ShowSettings(CallbackData, prefix="settings"):
    pass


class SendSettings(CallbackData, prefix=SETTINGS):
    """In a new message."""


class ShowZone(CallbackData, prefix="zones"):
    pass


class AskLocation(CallbackData, prefix="asklocation"):
    pass


class ShowQuiet(CallbackData, prefix="quiet"):
    pass


class SetQuiet(CallbackData, prefix="setquiet"):
    """Both are minutes after midnight; both the same: no quiet hours."""

    start: RowId
    end: RowId


class ShowAlertRate(CallbackData, prefix="rate"):
    pass


class SetAlertRate(CallbackData, prefix="setrate"):
    number: RowId


class ShowLanguages(CallbackData, prefix="languages"):
    pass


class SetLanguage(CallbackData, prefix="language"):
    """*code*: "" for the language of the client."""

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


class ShowLayout(CallbackData, prefix="digestlayout"):
    pass


class SetStyle(CallbackData, prefix="style"):
    style: Style


class SetLayout(CallbackData, prefix="layout"):
    layout: Layout


class ShowEmail(CallbackData, prefix="email"):
    pass


class SetReach(CallbackData, prefix="reach"):
    reach: DigestMedium


class SetMailAlerts(CallbackData, prefix="mailalerts"):
    wanted: bool


class RemoveAddress(CallbackData, prefix="nomail"):
    pass


class Erase(CallbackData, prefix="erase"):
    """*asked_at*: in Unix seconds; the button works for a day."""

    asked_at: RowId = 0


class KeepData(CallbackData, prefix="keep"):
    """Nothing is deleted, and the question goes."""


class FeedsPage(CallbackData, prefix="feeds"):
    page: PageNumber = 0


class RenewFeeds(CallbackData, prefix="renewfeeds"):
    pass


class CloseFeeds(CallbackData, prefix="nofeeds"):
    pass


class MutesPage(CallbackData, prefix="mutes"):
    page: PageNumber = 0


class Unmute(CallbackData, prefix="lift"):
    mute_id: RowId
    page: PageNumber = 0


# The times of digests.


class ShowTimes(CallbackData, prefix="times"):
    pass


class SetTime(CallbackData, prefix="time"):
    """Of the only digest; where there are several, of the first."""

    minutes: RowId


class SetOnlyTime(CallbackData, prefix="only"):
    minutes: RowId


class AddTime(CallbackData, prefix="also"):
    minutes: RowId


class SetTimes(CallbackData, prefix="timetable", sep="|"):
    """*times*: minutes after midnight and weekdays as bits of each, `480-127,540-1`."""

    times: Annotated[str, Field(pattern=r"^\d{1,4}-\d{1,3}(,\d{1,4}-\d{1,3}){0,3}$")]


class ShowMoreTimes(CallbackData, prefix="more"):
    pass


class ShowScheduleTime(CallbackData, prefix="digesttime"):
    number: ScheduleNumber


class SetScheduleTime(CallbackData, prefix="setdigesttime"):
    number: ScheduleNumber
    minutes: RowId


class ShowDays(CallbackData, prefix="days"):
    number: ScheduleNumber


class SetDays(CallbackData, prefix="setdays"):
    number: ScheduleNumber
    weekdays: RowId  # as bits; bit 0 is Monday


class RemoveScheduleTime(CallbackData, prefix="nodigesttime"):
    number: ScheduleNumber


def set_times(times: Iterable[WeeklyTime]) -> str:
    """Return the data of a button that sets the *times* of digests, four at most."""
    packed = ",".join(f"{one.minutes}-{one.weekdays}" for one in times)
    return SetTimes(times=packed).pack()


def times_in(data: SetTimes) -> list[WeeklyTime]:
    pairs = (one.split("-") for one in data.times.split(","))
    return [WeeklyTime(int(minutes), int(weekdays)) for minutes, weekdays in pairs]
