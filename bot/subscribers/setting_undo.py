"""Undoing the change of a setting, from nothing but the data of a button.

The button holds the value before the change, as text, and a checksum of the value after it. Undo
restores the former only while the setting still has the latter, so that it never overwrites a newer
change.

| setting | value as text |
|---|---|
| times | minutes after midnight and weekdays (bits) of each digest: `480-127,540-1` |
| zone | the IANA name, with `?` before it if the zone was guessed |
| language | our code of the chosen language, or nothing |
| quiet hours | minutes after midnight: `1320-420`, or nothing |
| pause | the local date on which it ends, `+` for no end, or nothing |
| alerts by e-mail | `yes`, or nothing |
| pictures | the letters of the places, in order: `dm` |
| hashtags | `1`, or nothing |
| the language model | 1 or 0 |
| others | the value |
"""

from datetime import date

from bot.subscribers import settings
from bot.subscribers.digest_schedule import WeeklyTime, renewed
from bot.subscribers.errors import NothingToUndo, UserError
from bot.subscribers.settings import ChatSettings, PicturePlace, Setting
from bot.subscribers.text import checksum
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.enums import DigestMedium, EmptyDay, Layout, Style
from storage.schedules import QuietHours

_ENDLESS = "+"
_GUESSED = "?"
_YES = "yes"


def value_of(chosen: ChatSettings, setting: Setting) -> str:  # noqa: C901, PLR0911 - kinds
    """Return the value of the *setting* as text."""
    match setting:
        case Setting.TIMES:
            return ",".join(f"{time.minutes}-{time.weekdays}" for time in chosen.plan.times)
        case Setting.ZONE:
            return (_GUESSED if chosen.zone_guessed else "") + chosen.plan.zone
        case Setting.LANGUAGE:
            return chosen.language or ""
        case Setting.EMPTY_DAY:
            return chosen.empty_day
        case Setting.STYLE:
            return chosen.style
        case Setting.LAYOUT:
            return chosen.layout
        case Setting.HASHTAGS:
            return "1" if chosen.hashtags else ""
        case Setting.PICTURES:
            return "".join(sorted(chosen.pictures))
        case Setting.QUIET:
            return f"{chosen.quiet.start}-{chosen.quiet.end}" if chosen.quiet else ""
        case Setting.ALERT_RATE:
            return str(chosen.alerts_an_hour)
        case Setting.PIN:
            return str(int(chosen.pins))
        case Setting.PAUSE:
            if chosen.paused_until:
                return chosen.paused_until.isoformat()
            return _ENDLESS if chosen.is_paused else ""
        case Setting.DIGEST_MEDIUM:
            return chosen.mailbox.reach
        case Setting.EMAIL_ALERTS:
            return _YES if chosen.mailbox.alerts else ""
        case Setting.MODEL:
            return str(int(chosen.uses_model))


async def undo(
    storage: Storage, chat_id: int, setting: Setting, before: str, *, after: str
) -> ChatSettings:
    """Restore the value *before*; raise NothingToUndo unless *after* is the checksum of the value.

    A value that can no longer be set, such as a pause until yesterday, is nothing to undo either.
    """

    async def apply(tx: Transaction, chat: Chat) -> None:
        value = value_of(await settings.settings_of(tx, chat), setting)
        if checksum(value) != after:
            raise NothingToUndo
        try:
            await _restore(tx, chat, setting, before)
        except (ValueError, UserError) as error:
            raise NothingToUndo from error

    return await settings.change(storage, chat_id, setting, apply, is_undone=True)


async def _restore(  # noqa: C901 - kinds
    tx: Transaction, chat: Chat, setting: Setting, value: str
) -> None:
    match setting:
        case Setting.TIMES:
            times = [WeeklyTime(*_pair(time)) for time in value.split(",")]
            await settings.apply_schedule(
                tx, chat, new=lambda schedule, last: renewed(schedule, times, last)
            )
        case Setting.ZONE:
            zone, is_guessed = value.removeprefix(_GUESSED), value.startswith(_GUESSED)
            await settings.apply_zone(tx, chat, zone=zone, is_guessed=is_guessed)
        case Setting.LANGUAGE:
            await settings.apply_language(tx, chat, code=value or None)
        case Setting.EMPTY_DAY:
            await settings.apply_empty_day(tx, chat, empty_day=EmptyDay(value))
        case Setting.STYLE:
            await settings.apply_style(tx, chat, style=Style(value))
        case Setting.LAYOUT:
            await settings.apply_layout(tx, chat, layout=Layout(value))
        case Setting.HASHTAGS:
            await settings.apply_hashtags(tx, chat, is_wanted=bool(value))
        case Setting.PICTURES:
            places = frozenset(map(PicturePlace, value))
            await settings.apply_pictures(tx, chat, places=places)
        case Setting.QUIET:
            hours = QuietHours(*_pair(value)) if value else None
            await settings.apply_quiet_hours(tx, chat, hours=hours)
        case Setting.ALERT_RATE:
            await settings.apply_alerts_per_hour(tx, chat, number=int(value))
        case Setting.PIN:
            await settings.apply_pinning(tx, chat, wanted=value == "1")
        case Setting.MODEL:
            await settings.apply_model(tx, chat, uses=value == "1")
        case Setting.PAUSE if value:
            until = None if value == _ENDLESS else date.fromisoformat(value)
            await settings.apply_pause(tx, chat, until=until)
        case Setting.PAUSE:
            await settings.end_pause(tx, chat)
        case Setting.DIGEST_MEDIUM:
            await settings.apply_digest_medium(tx, chat, medium=DigestMedium(value))
        case Setting.EMAIL_ALERTS:
            await settings.apply_email_alerts(tx, chat, wanted=value == _YES)


def _pair(value: str) -> tuple[int, int]:
    first, _, second = value.partition("-")
    return int(first), int(second)
