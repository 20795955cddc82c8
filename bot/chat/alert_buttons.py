"""What the buttons under an alert say back; it is named by its story.

Whose alert it is decides who presses: a story that the chat was not alerted to is refused.
"""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.chat.bounds import RowId
from bot.rendering.keyboards import ALERT

Days = Annotated[int, Field(ge=0, le=7)]


class Wish(StrEnum):
    """As templates name them in `on_alert`."""

    MENU = "menu"
    BACK = "back"
    LIKE = "like"
    LESS = "less"
    STORY = "story"
    SOURCE = "source"
    TOPIC = "topic"


class OnAlert(CallbackData, prefix=ALERT):
    """*days*: how long what is muted stays so."""

    wish: Wish
    story_id: RowId
    topic_id: RowId = 0
    days: Days = 0


class UndoMute(CallbackData, prefix="unmute"):
    story_id: RowId
    mute_id: RowId
