"""Messages that wait for the operator: released, or dropped, which can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks.admin import Drop, HeldPage, Release, Undrop
from bot.chat.handlers.admin.desk import put
from bot.delivery import release
from bot.subscribers.pages import Page, page_number
from storage.enums import DeliveryState

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest

_WAITING = (DeliveryState.HELD, DeliveryState.FAILED)
_PER_PAGE = 4


async def turned(
    _pressed: CallbackQuery, callback_data: HeldPage, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await _show(guest, doors, answers, callback_data.page)


async def released(
    _pressed: CallbackQuery, callback_data: Release, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await release.release(doors.storage, [callback_data.delivery_id], by=guest.person_id)
    await _show(guest, doors, answers)


async def dropped(
    _pressed: CallbackQuery, callback_data: Drop, guest: Guest, doors: Doors, answers: Answers
) -> None:
    given_up = await release.drop(doors.storage, [callback_data.delivery_id], by=guest.person_id)
    await _show(guest, doors, answers, dropped=callback_data if given_up else None)


async def undropped(
    _pressed: CallbackQuery, callback_data: Undrop, guest: Guest, doors: Doors, answers: Answers
) -> None:
    was_refused = callback_data.was is DeliveryState.FAILED
    state = DeliveryState.FAILED if was_refused else DeliveryState.HELD
    await release.undrop(doors.storage, callback_data.delivery_id, state, by=guest.person_id)
    await _show(guest, doors, answers)


async def _show(
    guest: Guest, doors: Doors, answers: Answers, wanted: int = 0, dropped: Drop | None = None
) -> None:
    total = await release.count_deliveries(doors.storage, _WAITING)
    number = page_number(wanted, total, _PER_PAGE)
    listed = await release.list_deliveries(doors.storage, _WAITING, _PER_PAGE, number * _PER_PAGE)
    page = Page(listed, number, total, _PER_PAGE)
    await put(answers, "chat/admin/held.html", page=page, dropped=dropped, now=guest.now)


def make_router() -> Router:
    router = Router(name="held")
    router.callback_query.register(turned, HeldPage.filter())
    router.callback_query.register(released, Release.filter())
    router.callback_query.register(dropped, Drop.filter())
    router.callback_query.register(undropped, Undrop.filter())
    return router
