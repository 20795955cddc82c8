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
| pictures | the letters of the places, in order: `dm` |
| others that are on or off | `1`, or nothing |
| others | the value |

The settings of a source are undone alike. Typed ones are too long for a button, which holds only a
checksum of the value before; the message shows that value.

| setting of a source | value as text |
|---|---|
| pause | seconds since 1970 at which it ends, `ever`, or nothing; the state if it can't be paused |
| parts to drop | one selector a line |
| interval | `900s`, or nothing |
| others | the value |
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from bot.subscribers import settings, source_settings
from bot.subscribers.digest_schedule import WeeklyTime, renewed
from bot.subscribers.errors import NothingToUndo, UserError
from bot.subscribers.settings import ChatSettings, PicturePlace, Setting
from bot.subscribers.source_settings import FOR_GOOD, SourceChanges, SourceSetting, SourceSettings
from bot.subscribers.text import checksum
from storage.chats import Chat
from storage.db.engine import Storage, Transaction
from storage.enums import DigestMedium, EmptyDay, Layout, SourcePriority, Style
from storage.schedules import QuietHours

_ENDLESS = "+"
_GUESSED = "?"
_ON = "1"


class _Plain(NamedTuple):
    """A setting that is one value. *restore* raises ValueError or UserError for a wrong text."""

    text: Callable[[ChatSettings], str]
    restore: Callable[[Transaction, Chat, str], Awaitable[None]]


_PLAIN: Final[Mapping[Setting, _Plain]] = {
    Setting.LANGUAGE: _Plain(
        lambda chosen: chosen.language or "",
        lambda tx, chat, text: settings.apply_language(tx, chat, code=text or None),
    ),
    Setting.EMPTY_DAY: _Plain(
        lambda chosen: chosen.empty_day,
        lambda tx, chat, text: settings.apply_empty_day(tx, chat, empty_day=EmptyDay(text)),
    ),
    Setting.STYLE: _Plain(
        lambda chosen: chosen.style,
        lambda tx, chat, text: settings.apply_style(tx, chat, style=Style(text)),
    ),
    Setting.LAYOUT: _Plain(
        lambda chosen: chosen.layout,
        lambda tx, chat, text: settings.apply_layout(tx, chat, layout=Layout(text)),
    ),
    Setting.PICTURES: _Plain(
        lambda chosen: "".join(sorted(chosen.pictures)),
        lambda tx, chat, text: settings.apply_pictures(
            tx, chat, places=frozenset(map(PicturePlace, text))
        ),
    ),
    Setting.HASHTAGS: _Plain(
        lambda chosen: _ON if chosen.hashtags else "",
        lambda tx, chat, text: settings.apply_hashtags(tx, chat, is_wanted=text == _ON),
    ),
    Setting.ALERT_RATE: _Plain(
        lambda chosen: str(chosen.alerts_an_hour),
        lambda tx, chat, text: settings.apply_alerts_per_hour(tx, chat, number=int(text)),
    ),
    Setting.DIGEST_MEDIUM: _Plain(
        lambda chosen: chosen.mailbox.reach,
        lambda tx, chat, text: settings.apply_digest_medium(tx, chat, medium=DigestMedium(text)),
    ),
    Setting.EMAIL_ALERTS: _Plain(
        lambda chosen: _ON if chosen.mailbox.alerts else "",
        lambda tx, chat, text: settings.apply_email_alerts(tx, chat, wanted=text == _ON),
    ),
    Setting.PIN: _Plain(
        lambda chosen: _ON if chosen.pins else "",
        lambda tx, chat, text: settings.apply_pinning(tx, chat, wanted=text == _ON),
    ),
    Setting.MODEL: _Plain(
        lambda chosen: _ON if chosen.uses_model else "",
        lambda tx, chat, text: settings.apply_model(tx, chat, uses=text == _ON),
    ),
}


def value_of(chosen: ChatSettings, setting: Setting) -> str:
    """Return the value of the *setting* as text."""
    match setting:
        case Setting.TIMES:
            return ",".join(f"{time.minutes}-{time.weekdays}" for time in chosen.plan.times)
        case Setting.ZONE:
            return (_GUESSED if chosen.zone_guessed else "") + chosen.plan.zone
        case Setting.QUIET:
            return f"{chosen.quiet.start}-{chosen.quiet.end}" if chosen.quiet else ""
        case Setting.PAUSE:
            if chosen.paused_until:
                return chosen.paused_until.isoformat()
            return _ENDLESS if chosen.is_paused else ""
        case _:
            return _PLAIN[setting].text(chosen)


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


async def _restore(tx: Transaction, chat: Chat, setting: Setting, value: str) -> None:
    match setting:
        case Setting.TIMES:
            times = [WeeklyTime(*_pair(time)) for time in value.split(",")]
            await settings.apply_schedule(
                tx, chat, new=lambda schedule, last: renewed(schedule, times, last)
            )
        case Setting.ZONE:
            zone, is_guessed = value.removeprefix(_GUESSED), value.startswith(_GUESSED)
            await settings.apply_zone(tx, chat, zone=zone, is_guessed=is_guessed)
        case Setting.QUIET:
            hours = QuietHours(*_pair(value)) if value else None
            await settings.apply_quiet_hours(tx, chat, hours=hours)
        case Setting.PAUSE if value:
            until = None if value == _ENDLESS else date.fromisoformat(value)
            await settings.apply_pause(tx, chat, until=until)
        case Setting.PAUSE:
            await settings.end_pause(tx, chat)
        case _:
            await _PLAIN[setting].restore(tx, chat, value)


async def undo_of_source(
    storage: Storage,
    source_id: int,
    setting: SourceSetting,
    before: str,
    *,
    after: str,
    by: int | None,
) -> SourceSettings:
    """Restore a setting of a source, as `undo` does one of a chat; *by*: the admin's id."""

    async def apply(tx: Transaction, found: SourceSettings) -> None:
        if checksum(source_settings.value_of(found, setting)) != after:
            raise NothingToUndo
        try:
            await restore_source(tx, found, setting, before, by)
        except (ValueError, OverflowError, UserError) as error:
            raise NothingToUndo from error

    return await source_settings.change(storage, source_id, setting, apply, is_undone=True)


async def restore_source(
    tx: Transaction, found: SourceSettings, setting: SourceSetting, value: str, by: int | None
) -> None:
    """Set a setting of the locked source. Raises ValueError, OverflowError or a UserError.

    Raises NothingToUndo if the *value* is a pause that has passed.
    """
    restored: object = value
    match setting:
        case SourceSetting.PAUSE if not value:
            await source_settings.end_pause(tx, found, by=by)
            return
        case SourceSetting.PAUSE:
            until = None if value == FOR_GOOD else datetime.fromtimestamp(int(value), UTC)
            if until and until <= tx.now:
                raise NothingToUndo
            await source_settings.apply_pause(tx, found, until=until, by=by)
            return
        case SourceSetting.PRIORITY:
            restored = SourcePriority(value)
        case SourceSetting.DROPPED:
            restored = value.splitlines()
    changes = SourceChanges(**{setting.value: restored})  # type: ignore[arg-type]
    await source_settings.apply_changes(tx, found, changes=changes, by=by)


def _pair(value: str) -> tuple[int, int]:
    first, _, second = value.partition("-")
    return int(first), int(second)
