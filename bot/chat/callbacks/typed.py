"""What the buttons under what somebody typed or sent say back, and those of a chat's own sources.

A link is too long for a button: it is read from the message, by its number there.
"""

from aiogram.filters.callback_data import CallbackData

from bot.chat.bounds import LinkNumber, PageNumber, RowId


class FollowLink(CallbackData, prefix="follow"):
    """*everybody*: as the operator's source; only those who run the bot are heard then."""

    number: LinkNumber = 0
    everybody: bool = False


class FindFeeds(CallbackData, prefix="findfeeds"):
    number: LinkNumber = 0


class OwnSourcesPage(CallbackData, prefix="own"):
    page: PageNumber = 0


class OpenOwnSource(CallbackData, prefix="ownsource"):
    source_id: RowId


class Unfollow(CallbackData, prefix="unfollow"):
    source_id: RowId


class FollowAgain(CallbackData, prefix="refollow"):
    source_id: RowId


class AddList(CallbackData, prefix="addlist"):
    list_id: RowId
