"""What the buttons of the times of digests say back."""

from collections.abc import Iterable
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from bot.chat.bounds import RowId, SlotNumber
from bot.subscribers.slots import Times


class ShowTimes(CallbackData, prefix="times"):
    pass


class SetTime(CallbackData, prefix="time"):
    """Of the one digest; where there are several, of the first."""

    minutes: RowId


class SetOnlyTime(CallbackData, prefix="only"):
    minutes: RowId


class AddTime(CallbackData, prefix="also"):
    minutes: RowId


class SetTimes(CallbackData, prefix="timetable", sep="|"):
    """*times*: minutes after midnight and weekdays as bits of each, `480-127,540-1`."""

    times: Annotated[str, Field(pattern=r"^\d{1,4}-\d{1,3}(,\d{1,4}-\d{1,3}){0,3}$")]


class MoreTimes(CallbackData, prefix="more"):
    pass


class ShowSlot(CallbackData, prefix="slot"):
    number: SlotNumber


class SetSlotTime(CallbackData, prefix="slottime"):
    number: SlotNumber
    minutes: RowId


class ShowDays(CallbackData, prefix="days"):
    number: SlotNumber


class SetDays(CallbackData, prefix="setdays"):
    number: SlotNumber
    weekdays: RowId  # as bits; bit 0 is Monday


class RemoveSlot(CallbackData, prefix="unslot"):
    number: SlotNumber


def set_times(times: Iterable[Times]) -> str:
    """Return the data of a button that lets digests come at *times*, four at most."""
    packed = ",".join(f"{one.minutes}-{one.weekdays}" for one in times)
    return SetTimes(times=packed).pack()


def times_in(data: SetTimes) -> list[Times]:
    pairs = (one.split("-") for one in data.times.split(","))
    return [Times(int(minutes), int(weekdays)) for minutes, weekdays in pairs]
