"""What the buttons say back that are about other places: threads of a group, channels, groups."""

from aiogram.filters.callback_data import CallbackData

from bot.chat.bounds import PageNumber, RowId


class HerePage(CallbackData, prefix="beside"):
    page: PageNumber = 0


class MoveHere(CallbackData, prefix="here"):
    """*chat_id*: our row of the thread that watches the topic now."""

    chat_id: RowId
    topic_id: RowId


class Manage(CallbackData, prefix="manage"):
    chat_id: RowId


class StopManaging(CallbackData, prefix="myown"):
    pass


class ShowChannels(CallbackData, prefix="channels"):
    pass


class ChannelsPage(CallbackData, prefix="places"):
    page: PageNumber = 0
