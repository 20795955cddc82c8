"""A chat's settings: zone, language, digests, quiet hours, alerts an hour, pauses, e-mail.

Each change returns the new settings, with those before, and updates the times that depend on them:
when the next digest is due, and when held alerts go out. `setting_undo` undoes a change.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeAlias

from bot.publishing.calendar import Plan, local_date, next_due, start_of
from bot.publishing.rate_limits import LocalQuietHours
from bot.rendering.i18n import LANGUAGES
from bot.subscribers import topics
from bot.subscribers.digest_schedule import (
    MINUTES_A_DAY,
    Schedule,
    WeeklyTime,
    renewed,
    with_another,
    with_days,
    with_most_covered,
    with_only,
    with_time,
    without,
)
from bot.subscribers.errors import (
    NoSuchChat,
    NotADate,
    NotALanguage,
    NotANumber,
    NotATime,
    NotAZone,
)
from bot.subscribers.limits import LONGEST_PAUSE_DAYS, MOST_LISTED
from bot.subscribers.mailboxes import MailboxSeen, active_mailbox, mailbox_seen
from bot.subscribers.timezones import is_zone
from bot.subscribers.topics import ChatTopic
from storage.bundles import release_together
from storage.chats import Chat, lock_chat, schedule_of, set_schedule
from storage.db.engine import Storage, Transaction
from storage.editions import digests_wanted, last_editions
from storage.enums import CLOSED, ChatKind, ChatState, DigestMedium, EmptyDay, Layout, Style
from storage.mailboxes import mailbox_of_chat
from storage.pins import begin_pinning, end_pinning, pin_of
from storage.schedules import EVERY_DAY, MOST_ALERTS_PER_HOUR, QuietHours
from storage.subscriptions import count_subscriptions
from storage.suspension import restore_chat, suspend_chat

_INSTANT = timedelta(microseconds=1)

NewSchedule: TypeAlias = Callable[[Schedule, Mapping[int, date]], Schedule]
"""Returns the schedule after a change; the mapping has the last edition of each number."""


class Setting(StrEnum):
    """A setting, by the letter that stands for it in the data of a button."""

    TIMES = "t"
    ZONE = "z"
    LANGUAGE = "l"
    EMPTY_DAY = "e"
    STYLE = "s"
    LAYOUT = "y"
    PICTURES = "i"
    HASHTAGS = "h"
    QUIET = "q"
    ALERT_RATE = "a"
    PAUSE = "p"
    DIGEST_MEDIUM = "d"
    EMAIL_ALERTS = "m"
    PIN = "n"
    MODEL = "o"


MAIL_SETTINGS = frozenset({Setting.DIGEST_MEDIUM, Setting.EMAIL_ALERTS})


class PicturePlace(StrEnum):
    """Where lead pictures are shown, by the letter that stands for it in the data of a button."""

    DIGESTS = "d"
    ALERTS = "a"
    MAILS = "m"


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """The settings of a chat; `next_at` is None if no topic is in a digest.

    `language`: the code of the chosen language; None: that of the client. `speaks`: the tag of
    the language in use. `paused_until`: the local date on which a pause ends by itself.
    `change`: the change that these settings are the result of.
    """

    plan: Plan
    zone_guessed: bool
    empty_day: EmptyDay
    quiet: QuietHours | None
    alerts_an_hour: int
    is_paused: bool
    paused_until: date | None
    next_at: datetime | None
    topics: int
    mailbox: MailboxSeen
    now: datetime
    language: str | None = None
    speaks: str = ""
    style: Style = Style.STANDARD
    layout: Layout = Layout.CLASSIC
    kind: ChatKind = ChatKind.PRIVATE
    pins: bool = False
    may_not_pin: bool = False
    pictures: frozenset[PicturePlace] = frozenset({PicturePlace.DIGESTS})
    hashtags: bool = False
    uses_model: bool = True
    change: "Change | None" = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one setting; *before*: the settings before it."""

    setting: Setting
    before: ChatSettings
    is_undone: bool = False  # the change undoes a former one


@dataclass(frozen=True, slots=True)
class Managed:
    """The content of the page on which a chat is managed."""

    topics: Sequence[ChatTopic]
    settings: ChatSettings


async def get_settings(storage: Storage, chat_id: int) -> ChatSettings:
    async with storage.reading() as tx:
        return await settings_of(tx, await tx.get_one(Chat, chat_id))


async def change(
    storage: Storage,
    chat_id: int,
    setting: Setting,
    apply: Callable[[Transaction, Chat], Awaitable[None]],
    *,
    is_undone: bool = False,
) -> ChatSettings:
    """Change a *setting* of the chat by *apply*, which gets the chat locked."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        before = await settings_of(tx, chat)
        await apply(tx, chat)
        return replace(await settings_of(tx, chat), change=Change(setting, before, is_undone))


async def set_zone(storage: Storage, chat_id: int, zone: str) -> ChatSettings:
    return await change(storage, chat_id, Setting.ZONE, partial(apply_zone, zone=zone))


async def apply_zone(tx: Transaction, chat: Chat, *, zone: str, is_guessed: bool = False) -> None:
    if not is_zone(zone):
        raise NotAZone
    if chat.resume_at:  # keep the local date of the resumption
        chat.resume_at = start_of(local_date(chat.resume_at, chat.zone), zone)
    chat.zone, chat.zone_guessed = zone, is_guessed
    if chat.quiet_hours:
        await _replan_alerts(tx, chat)
    await replan(tx, chat)


async def set_language(storage: Storage, chat_id: int, code: str | None) -> ChatSettings:
    """Write to the chat in the language *code*; with None, in that of the client."""
    return await change(storage, chat_id, Setting.LANGUAGE, partial(apply_language, code=code))


async def apply_language(_: Transaction, chat: Chat, *, code: str | None) -> None:
    if code is not None and code not in LANGUAGES:
        raise NotALanguage
    chat.chosen_language = code


async def set_empty_day(storage: Storage, chat_id: int, empty_day: EmptyDay) -> ChatSettings:
    apply = partial(apply_empty_day, empty_day=empty_day)
    return await change(storage, chat_id, Setting.EMPTY_DAY, apply)


async def apply_empty_day(_: Transaction, chat: Chat, *, empty_day: EmptyDay) -> None:
    chat.empty_day = empty_day


# Digest times.


async def set_time(
    storage: Storage, chat_id: int, minutes: int, number: int | None = None
) -> ChatSettings:
    """Send the digest *number*, by default the first, at *minutes* after local midnight."""

    def changed(schedule: Schedule, _last: Mapping[int, date]) -> Schedule:
        return with_time(schedule, schedule[0].number if number is None else number, minutes)

    return await _reschedule(storage, chat_id, changed)


async def set_days(storage: Storage, chat_id: int, number: int, weekdays: int) -> ChatSettings:
    return await _reschedule(
        storage, chat_id, lambda schedule, _: with_days(schedule, number, weekdays)
    )


async def set_most_covered(
    storage: Storage, chat_id: int, number: int, *, wanted: bool
) -> ChatSettings:
    """Let the weekly digest *number* list the most covered stories of the week, or what is new."""
    return await _reschedule(
        storage, chat_id, lambda schedule, _: with_most_covered(schedule, number, wanted=wanted)
    )


async def add_time(storage: Storage, chat_id: int, wanted: WeeklyTime) -> ChatSettings:
    return await _reschedule(
        storage, chat_id, lambda schedule, last: with_another(schedule, wanted, last)
    )


async def remove_time(storage: Storage, chat_id: int, number: int) -> ChatSettings:
    return await _reschedule(storage, chat_id, lambda schedule, _: without(schedule, number))


async def set_single_time(storage: Storage, chat_id: int, minutes: int) -> ChatSettings:
    """Send one digest, at *minutes* after local midnight."""
    return await _reschedule(
        storage, chat_id, lambda schedule, last: with_only(schedule, minutes, last)
    )


async def set_times(storage: Storage, chat_id: int, wanted: Sequence[WeeklyTime]) -> ChatSettings:
    """Send digests at these times and no others."""
    return await _reschedule(
        storage, chat_id, lambda schedule, last: renewed(schedule, wanted, last)
    )


async def set_rhythm(storage: Storage, chat_id: int, *, is_weekly: bool) -> ChatSettings:
    """Send one digest a week, on today's weekday, or one a day; at the time of the first digest."""

    async def apply(tx: Transaction, chat: Chat) -> None:
        weekdays = 1 << local_date(tx.now, chat.zone).weekday() if is_weekly else EVERY_DAY
        await apply_schedule(
            tx,
            chat,
            new=lambda schedule, last: renewed(
                schedule, [WeeklyTime(schedule[0].minutes, weekdays)], last
            ),
        )

    return await change(storage, chat_id, Setting.TIMES, apply)


async def _reschedule(storage: Storage, chat_id: int, new: NewSchedule) -> ChatSettings:
    return await change(storage, chat_id, Setting.TIMES, partial(apply_schedule, new=new))


async def apply_schedule(tx: Transaction, chat: Chat, *, new: NewSchedule) -> None:
    last = (await last_editions(tx, chat.id)).days
    await set_schedule(tx, chat.id, new(await schedule_of(tx, chat.id), last))
    await replan(tx, chat)


# Layout.


async def set_style(storage: Storage, chat_id: int, style: Style) -> ChatSettings:
    """Set how detailed the chat's digests are."""
    return await change(storage, chat_id, Setting.STYLE, partial(apply_style, style=style))


async def apply_style(_: Transaction, chat: Chat, *, style: Style) -> None:
    chat.style = style


async def set_layout(storage: Storage, chat_id: int, layout: Layout) -> ChatSettings:
    """Set the layout of digests. Rich is tried again, even if Telegram rejected it before."""
    return await change(storage, chat_id, Setting.LAYOUT, partial(apply_layout, layout=layout))


async def apply_layout(_: Transaction, chat: Chat, *, layout: Layout) -> None:
    chat.layout = layout


async def set_pinning(storage: Storage, chat_id: int, *, wanted: bool) -> ChatSettings:
    """Choose whether the newest digest is pinned; only groups and channels can."""
    return await change(storage, chat_id, Setting.PIN, partial(apply_pinning, wanted=wanted))


async def apply_pinning(tx: Transaction, chat: Chat, *, wanted: bool) -> None:
    if not wanted:
        await end_pinning(tx, chat.id)
    elif chat.kind is not ChatKind.PRIVATE:
        await begin_pinning(tx, chat.id)


# Pictures and hashtags.

_PICTURE_COLUMNS = {
    PicturePlace.DIGESTS: "pictures",
    PicturePlace.ALERTS: "alert_pictures",
    PicturePlace.MAILS: "mail_pictures",
}


async def set_picture(
    storage: Storage, chat_id: int, place: PicturePlace, *, is_wanted: bool
) -> ChatSettings:
    """Show the lead picture of the first story in this place, or stop it."""

    async def apply(_: Transaction, chat: Chat) -> None:
        setattr(chat, _PICTURE_COLUMNS[place], is_wanted)

    return await change(storage, chat_id, Setting.PICTURES, apply)


async def apply_pictures(_: Transaction, chat: Chat, *, places: frozenset[PicturePlace]) -> None:
    for place, column in _PICTURE_COLUMNS.items():
        setattr(chat, column, place in places)


async def set_hashtags(storage: Storage, chat_id: int, *, is_wanted: bool) -> ChatSettings:
    """End alerts with their topics as hashtags, or stop that."""
    apply = partial(apply_hashtags, is_wanted=is_wanted)
    return await change(storage, chat_id, Setting.HASHTAGS, apply)


async def apply_hashtags(_: Transaction, chat: Chat, *, is_wanted: bool) -> None:
    chat.hashtags = is_wanted


def _pictures(chat: Chat) -> frozenset[PicturePlace]:
    return frozenset(place for place, name in _PICTURE_COLUMNS.items() if getattr(chat, name))


async def set_model(storage: Storage, chat_id: int, *, uses: bool) -> ChatSettings:
    """Set whether digests show what a language model makes of stories."""
    return await change(storage, chat_id, Setting.MODEL, partial(apply_model, uses=uses))


async def apply_model(_: Transaction, chat: Chat, *, uses: bool) -> None:
    chat.uses_model = uses


# Quiet hours, and how many alerts an hour.


async def set_quiet_hours(storage: Storage, chat_id: int, hours: QuietHours | None) -> ChatSettings:
    """Hold alerts back during these *hours*; None ends quiet hours and releases held alerts."""
    return await change(storage, chat_id, Setting.QUIET, partial(apply_quiet_hours, hours=hours))


async def apply_quiet_hours(tx: Transaction, chat: Chat, *, hours: QuietHours | None) -> None:
    if hours and not _are_hours(hours):
        raise NotATime
    chat.quiet_from, chat.quiet_to = (hours.start, hours.end) if hours else (None, None)
    await _replan_alerts(tx, chat)


async def set_alerts_per_hour(storage: Storage, chat_id: int, number: int) -> ChatSettings:
    """Send at most *number* single alerts an hour, and bundle the others."""
    apply = partial(apply_alerts_per_hour, number=number)
    return await change(storage, chat_id, Setting.ALERT_RATE, apply)


async def apply_alerts_per_hour(_: Transaction, chat: Chat, *, number: int) -> None:
    if not 1 <= number <= MOST_ALERTS_PER_HOUR:
        raise NotANumber(1, MOST_ALERTS_PER_HOUR)
    chat.alerts_an_hour = number


def _are_hours(hours: QuietHours) -> bool:
    in_a_day = 0 <= hours.start < MINUTES_A_DAY and 0 <= hours.end < MINUTES_A_DAY
    return in_a_day and hours.start != hours.end


# Pauses.


async def pause(storage: Storage, chat_id: int) -> ChatSettings:
    """Send nothing until `resume`."""
    return await change(storage, chat_id, Setting.PAUSE, partial(apply_pause, until=None))


async def pause_for(storage: Storage, chat_id: int, days: int) -> ChatSettings:
    async def apply(tx: Transaction, chat: Chat) -> None:
        until = local_date(tx.now, chat.zone) + timedelta(days=days)
        await apply_pause(tx, chat, until=until)

    return await change(storage, chat_id, Setting.PAUSE, apply)


async def pause_until(storage: Storage, chat_id: int, day: date) -> ChatSettings:
    """Send nothing before the local date *day*; raise NotADate if that is past, or far away."""
    return await change(storage, chat_id, Setting.PAUSE, partial(apply_pause, until=day))


async def resume(storage: Storage, chat_id: int) -> ChatSettings:
    """End the pause. Its stories come with the next digest, not at once."""
    return await change(storage, chat_id, Setting.PAUSE, end_pause)


async def apply_pause(tx: Transaction, chat: Chat, *, until: date | None) -> None:
    """Pause until that local date, or until `resume` for None."""
    today = local_date(tx.now, chat.zone)
    if until and not 0 < (until - today).days <= LONGEST_PAUSE_DAYS:
        raise NotADate
    await suspend_chat(tx, chat.id, ChatState.PAUSED)
    chat.resume_at = start_of(until, chat.zone) if until else None
    await replan(tx, chat)


async def end_pause(tx: Transaction, chat: Chat) -> None:
    await restore_chat(tx, chat.id)
    chat.next_digest_at = None
    await replan(tx, chat)


# Digests and alerts by e-mail


async def set_digest_medium(storage: Storage, chat_id: int, medium: DigestMedium) -> ChatSettings:
    """Send digests by *medium*; raise NoMailbox if no mail can be sent."""
    apply = partial(apply_digest_medium, medium=medium)
    return await change(storage, chat_id, Setting.DIGEST_MEDIUM, apply)


async def set_email_alerts(storage: Storage, chat_id: int, *, wanted: bool) -> ChatSettings:
    """Send alerts by e-mail too, or no longer; raise NoMailbox if no mail can be sent."""
    apply = partial(apply_email_alerts, wanted=wanted)
    return await change(storage, chat_id, Setting.EMAIL_ALERTS, apply)


async def apply_digest_medium(tx: Transaction, chat: Chat, *, medium: DigestMedium) -> None:
    await active_mailbox(tx, chat.id)
    chat.digest_by = medium


async def apply_email_alerts(tx: Transaction, chat: Chat, *, wanted: bool) -> None:
    (await active_mailbox(tx, chat.id)).alerts = wanted


# When the next digest and held alerts are due.


async def replan(tx: Transaction, chat: Chat) -> Plan:
    """Set the time of the chat's next digest; there is none if no subscription asks for it.

    A digest that was due a moment ago is still due. A process that is composing a digest for the
    former time starts again.
    """
    plan = Plan(chat.zone, await schedule_of(tx, chat.id))
    is_wanted = await digests_wanted(tx, [chat.id])
    last = (await last_editions(tx, chat.id)).days if is_wanted else None
    set_next_digest(chat, plan, tx.now, last)
    return plan


def set_next_digest(chat: Chat, plan: Plan, now: datetime, last: Mapping[int, date] | None) -> None:
    """Set the time of the next digest; *last* is as in `next_due`, None for no digest."""
    chat.next_digest_at = None if last is None else next_due(plan, _after(chat, now), last)
    chat.free()


def _after(chat: Chat, now: datetime) -> datetime:
    """Return the time after which the next digest comes."""
    if chat.resume_at:  # not before the pause ends
        return chat.resume_at - _INSTANT
    due = chat.next_digest_at
    return min(now, due - _INSTANT) if due else now


async def _replan_alerts(tx: Transaction, chat: Chat) -> None:
    """Release held alerts at the end of the quiet hours, or at once outside of them."""
    end = LocalQuietHours(chat.zone, chat.quiet_hours).until(tx.now)
    await release_together(tx, chat.id, end or tx.now, is_quiet=end is not None)


async def settings_of(tx: Transaction, chat: Chat) -> ChatSettings:
    is_paused = chat.state is ChatState.PAUSED
    pin = None if chat.kind is ChatKind.PRIVATE else await pin_of(tx, chat.id)
    return ChatSettings(
        plan=Plan(chat.zone, await schedule_of(tx, chat.id)),
        zone_guessed=chat.zone_guessed,
        empty_day=chat.empty_day,
        quiet=chat.quiet_hours,
        alerts_an_hour=chat.alerts_an_hour,
        is_paused=is_paused,
        paused_until=local_date(chat.resume_at, chat.zone) if chat.resume_at else None,
        next_at=chat.next_digest_at,
        topics=await count_subscriptions(tx, chat.id),
        mailbox=mailbox_seen(chat, await mailbox_of_chat(tx, chat.id)),
        now=tx.now,
        language=chat.chosen_language,
        speaks=chat.speaks,
        style=chat.style,
        layout=chat.layout,
        kind=chat.kind,
        pins=pin is not None,
        may_not_pin=pin is not None and pin.refused_at is not None,
        pictures=_pictures(chat),
        hashtags=chat.hashtags,
        uses_model=chat.uses_model,
    )


# The page of the chat, which a link opens.


async def get_managed(storage: Storage, chat_id: int) -> Managed:
    """Return the chat's topics and settings; raise NoSuchChat like `check_manageable`."""
    await check_manageable(storage, chat_id)
    subscribed = await topics.subscribed(storage, chat_id, per_page=MOST_LISTED)
    return Managed(subscribed.items, await get_settings(storage, chat_id))


async def check_manageable(storage: Storage, chat_id: int) -> None:
    """Raise NoSuchChat if the chat was deleted, has no access, or became another chat.

    A link may outlive its chat, so every request by link checks this first.
    """
    async with storage.reading() as tx:
        chat = await tx.get(Chat, chat_id)
        if chat is None or chat.state in (*CLOSED, ChatState.ERASED):
            raise NoSuchChat
