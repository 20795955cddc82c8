"""Buttons about the topics of a forum, and about groups and channels managed from private chats."""

from aiogram.filters.callback_data import CallbackData

from bot.chat.bounds import PageNumber, RowId


class SiblingTopicsPage(CallbackData, prefix="siblings"):
    page: PageNumber = 0


class MoveHere(CallbackData, prefix="here"):
    """*chat_id*: our row of the thread that has the subscription now."""

    chat_id: RowId
    topic_id: RowId


class Manage(CallbackData, prefix="manage"):
    chat_id: RowId


class StopManaging(CallbackData, prefix="myown"):
    pass


class ShowChannels(CallbackData, prefix="channels"):
    pass


class ChannelsPage(CallbackData, prefix="channelspage"):
    page: PageNumber = 0
