"""Buttons of `/admin`; they work for admins only."""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.chat.bounds import PageNumber, RowId
from bot.rendering.keyboards import FEEDBACK
from bot.subscribers.invites import CODE
from bot.subscribers.limits import Limited
from storage.enums import Audience, DeliveryState


class ShowAdmin(CallbackData, prefix="admin"):
    pass


class ActivityPage(CallbackData, prefix="activity"):
    page: PageNumber = 0


class StuckPage(CallbackData, prefix="stuck"):
    page: PageNumber = 0


class Release(CallbackData, prefix="release"):
    delivery_id: RowId


class Drop(CallbackData, prefix="drop"):
    """*was*: the state that *Undo* restores."""

    delivery_id: RowId
    was: DeliveryState


class Undrop(CallbackData, prefix="undrop"):
    delivery_id: RowId
    was: DeliveryState


class InvitesPage(CallbackData, prefix="invites"):
    page: PageNumber = 0


class DraftInvite(CallbackData, prefix="newinvite"):
    """For *uses* users, valid for *days*; nothing is made yet."""

    uses: Annotated[int, Field(ge=1, le=10_000)] = 1
    days: Annotated[int, Field(ge=1, le=366)] = 7


class MakeInvite(CallbackData, prefix="invite"):
    """*invite_code*: its own, so that it is made once, however often the button is tapped."""

    uses: Annotated[int, Field(ge=1, le=10_000)]
    days: Annotated[int, Field(ge=1, le=366)]
    invite_code: Annotated[str, Field(pattern=f"^{CODE}$")]


class EndInvite(CallbackData, prefix="uninvite"):
    invite_id: RowId


class ChatsPage(CallbackData, prefix="chats"):
    page: PageNumber = 0


class OpenChat(CallbackData, prefix="chat"):
    chat_id: RowId


class BanChat(CallbackData, prefix="ban"):
    chat_id: RowId


class AllowChat(CallbackData, prefix="allow"):
    chat_id: RowId


class ShowLimits(CallbackData, prefix="limits"):
    chat_id: RowId


class SetLimit(CallbackData, prefix="limit"):
    """*number*: -1 lets the chat have what all may."""

    chat_id: RowId
    kind: Limited
    number: Annotated[int, Field(ge=-1, le=1000)]


class NewBroadcast(CallbackData, prefix="newcast"):
    pass


class ChooseAudience(CallbackData, prefix="castto"):
    """*language*: "" for any."""

    number: RowId
    audience: Audience
    language: Annotated[str, Field(pattern=r"^[a-z]{0,8}$")] = ""


class SendBroadcast(CallbackData, prefix="cast"):
    number: RowId


class DiscardBroadcast(CallbackData, prefix="uncast"):
    number: RowId


class StopBroadcast(CallbackData, prefix="stopcast"):
    number: RowId


class AnswerFeedback(CallbackData, prefix=FEEDBACK):
    feedback_id: RowId


class CatalogueAction(StrEnum):
    """What a question asks for; the commands have the same names."""

    ADD = "add"
    RENAME = "rename"
    QUERY = "query"


class EditCatalogue(CallbackData, prefix="catadmin"):
    page: PageNumber = 0


class EditTopic(CallbackData, prefix="edit"):
    topic_id: RowId


class MoveTopic(CallbackData, prefix="move"):
    """*steps* down, or up where that is negative."""

    topic_id: RowId
    steps: Annotated[int, Field(ge=-1, le=1)]


class AskForTopic(CallbackData, prefix="askcat"):
    what: CatalogueAction
    topic_id: RowId = 0


class RetireTopic(CallbackData, prefix="retire"):
    topic_id: RowId
    sure: bool = False


class ChangeQuery(CallbackData, prefix="setquery"):
    """To the query that the message shows."""

    topic_id: RowId


class AddTopic(CallbackData, prefix="addtopic"):
    """With the name and the query that the message shows."""


ADMIN_ONLY: tuple[type[CallbackData], ...] = (
    ShowAdmin,
    AnswerFeedback,
    ActivityPage,
    StuckPage,
    Release,
    Drop,
    Undrop,
    InvitesPage,
    DraftInvite,
    MakeInvite,
    EndInvite,
    ChatsPage,
    OpenChat,
    BanChat,
    AllowChat,
    ShowLimits,
    SetLimit,
    NewBroadcast,
    ChooseAudience,
    SendBroadcast,
    DiscardBroadcast,
    StopBroadcast,
    EditCatalogue,
    EditTopic,
    MoveTopic,
    AskForTopic,
    RetireTopic,
    ChangeQuery,
    AddTopic,
)
