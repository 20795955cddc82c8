"""Messages that wait for the operator: released, or dropped, which can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat.callbacks.admin import Drop, HeldPage, Release, Undrop
from bot.chat.handlers.admin.desk import put
from bot.delivery import release
from bot.subscribers.paging import Page, page_number
from storage.enums import DeliveryState

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context


_WAITING = (DeliveryState.HELD, DeliveryState.FAILED)
_PER_PAGE = 4


async def turned(_pressed: CallbackQuery, callback_data: HeldPage, context: Context) -> None:
    await _show(context, callback_data.page)


async def released(_pressed: CallbackQuery, callback_data: Release, context: Context) -> None:
    await release.release(context.storage, [callback_data.delivery_id], by=context.user.user_id)
    await _show(context)


async def dropped(_pressed: CallbackQuery, callback_data: Drop, context: Context) -> None:
    given_up = await release.drop(
        context.storage, [callback_data.delivery_id], by=context.user.user_id
    )
    await _show(context, dropped=callback_data if given_up else None)


async def undropped(_pressed: CallbackQuery, callback_data: Undrop, context: Context) -> None:
    was_refused = callback_data.was is DeliveryState.FAILED
    state = DeliveryState.FAILED if was_refused else DeliveryState.HELD
    await release.undrop(context.storage, callback_data.delivery_id, state, by=context.user.user_id)
    await _show(context)


async def _show(context: Context, wanted: int = 0, dropped: Drop | None = None) -> None:
    total = await release.count_deliveries(context.storage, _WAITING)
    number = page_number(wanted, total, _PER_PAGE)
    listed = await release.list_deliveries(context.storage, _WAITING, _PER_PAGE, number * _PER_PAGE)
    page = Page(listed, number, total, _PER_PAGE)
    await put(context, "chat/admin/held.html", page=page, dropped=dropped, now=context.user.now)


def make_router() -> Router:
    router = Router(name="held")
    router.callback_query.register(turned, HeldPage.filter())
    router.callback_query.register(released, Release.filter())
    router.callback_query.register(dropped, Drop.filter())
    router.callback_query.register(undropped, Undrop.filter())
    return router
