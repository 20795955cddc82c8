"""What the buttons of `/admin` say back. Only those who run the bot are heard.

Templates call them `admin`, as they call those of everybody `press`.
"""

from aiogram.filters.callback_data import CallbackData

from bot.chat.callbacks import PageNumber, RowId
from storage.words import DeliveryState


class ShowAdmin(CallbackData, prefix="admin"):
    pass


class ActsPage(CallbackData, prefix="acts"):
    page: PageNumber = 0


class HeldPage(CallbackData, prefix="held"):
    page: PageNumber = 0


class Release(CallbackData, prefix="release"):
    delivery_id: RowId


class Drop(CallbackData, prefix="drop"):
    """*was*: what it is again if that is undone."""

    delivery_id: RowId
    was: DeliveryState


class Undrop(CallbackData, prefix="undrop"):
    delivery_id: RowId
    was: DeliveryState


ADMIN_ONLY: tuple[type[CallbackData], ...] = (
    ShowAdmin,
    ActsPage,
    HeldPage,
    Release,
    Drop,
    Undrop,
)
