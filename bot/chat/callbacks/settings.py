"""What the buttons of a chat's settings say back."""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.chat.bounds import PageNumber, RowId
from bot.rendering.keyboards import SETTINGS
from bot.subscribers.regions import Region
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


class SettingsAnew(CallbackData, prefix=SETTINGS):
    """As a message of their own."""


class ShowZones(CallbackData, prefix="zones"):
    pass


class ShowRegion(CallbackData, prefix="region"):
    region: Region


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


class ShowLooks(CallbackData, prefix="looks"):
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
