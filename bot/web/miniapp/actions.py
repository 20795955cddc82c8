"""The actions of the page; each calls one service that the chat calls too.

The request of an action is a small JSON object, whose fields are read one by one.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bot.mail.codes import read_code
from bot.subscribers import mailboxes, mutes, saved_stories, settings, subscriptions
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.errors import NotAZone
from bot.subscribers.mutes import (
    AlertPublisher,
    Duration,
    EndedMute,
    StorySubject,
    TopicSubject,
)
from bot.subscribers.settings import PicturePlace
from bot.subscribers.timezones import zones_of_place
from storage.enums import DigestMedium, Layout, Mode, MuteKind, Sound, Style
from storage.schedules import QuietHours

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.subscribers.users import CurrentUser
    from bot.web.site import Site

_LARGEST_ROW = 2**63 - 1
_LARGEST_NUMBER = 1_000_000
_MOST_TIMES = 20  # more than a chat may have, so that the service reports its own limit

Choice = TypeVar("Choice", bound=Enum)


class BadActionError(ValueError):
    """The request is one that no page of ours sends."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    fields: Mapping[str, Any]

    @classmethod
    def read(cls, body: bytes) -> ActionRequest:
        """Read a JSON object; reject characters that no database stores (NUL, lone surrogates)."""
        try:
            fields = json.loads(body or b"{}")
            written = json.dumps(fields, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise BadActionError("not JSON") from error
        if not isinstance(fields, dict) or rb"\u0000" in written:
            raise BadActionError("not an object")
        return cls(fields)

    def has(self, name: str) -> bool:
        return self.fields.get(name) is not None

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise BadActionError(name)
        return value

    def number(self, name: str) -> int:
        return _number(self.fields.get(name), _LARGEST_NUMBER)

    def row(self, name: str) -> int:
        return _number(self.fields.get(name), _LARGEST_ROW)

    def flag(self, name: str) -> bool:
        value = self.fields.get(name)
        if not isinstance(value, bool):
            raise BadActionError(name)
        return value

    def one_of(self, name: str, choices: type[Choice]) -> Choice:
        try:
            return choices(self.fields.get(name))
        except ValueError:
            raise BadActionError(name) from None

    def moment(self, name: str) -> datetime:
        """Return an aware time in ISO 8601."""
        try:
            moment = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise BadActionError(name) from None
        if moment.tzinfo is None:
            raise BadActionError(name)
        return moment.astimezone(UTC)

    def each(self, name: str) -> list[ActionRequest]:
        """Return the objects of a short list."""
        value = self.fields.get(name)
        if not isinstance(value, list) or not 0 < len(value) <= _MOST_TIMES:
            raise BadActionError(name)
        if not all(isinstance(one, dict) for one in value):
            raise BadActionError(name)
        return [ActionRequest(one) for one in value]


def _number(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise BadActionError("not a number")
    return value


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The result of an action, for `web/app_parts.html#done`.

    *undo*: the action that undoes this one, with its fields. *replacement*: the topic that replaced
    the changed one.
    """

    done: str = ""
    name: str = ""
    undo: tuple[str, Mapping[str, object]] | None = None
    replacement: int | None = None


_SAVED = ActionResult("saved")


async def subscribe(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Subscribe to a query or a topic, or change the mode of a subscription."""
    storage, limits, chat_id = site.resources.storage, site.resources.limits, user.chat_id
    mode = request.one_of("mode", Mode)
    if request.has("topic"):
        topic_id = request.row("topic")
        subscribed = await subscriptions.subscribe_to_topic(
            storage, chat_id, topic_id, mode, limits=limits
        )
    else:
        query = request.text("query")
        subscribed = await subscriptions.subscribe(storage, chat_id, query, mode, limits=limits)
    return ActionResult("subscribed" if subscribed.is_new else "saved", subscribed.name)


async def rename_topic(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    topic_id, name = request.row("topic"), request.text("name")
    await subscriptions.rename_topic(site.resources.storage, user.chat_id, topic_id, name)
    return _SAVED


async def change_query(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Change the query of a topic; a catalogue topic is replaced by one of the chat's own."""
    storage, chat_id = site.resources.storage, user.chat_id
    topic_id, query = request.row("topic"), request.text("query")
    changed = await subscriptions.change_query(storage, chat_id, topic_id, query)
    return ActionResult("saved", replacement=changed.topic_id)


async def mute_topic(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    topic, duration = TopicSubject(request.row("topic")), request.one_of("for", Duration)
    await mutes.mute(site.resources.storage, user.chat_id, topic, duration)
    return _SAVED


async def unmute_topic(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    await mutes.unmute_topic(site.resources.storage, user.chat_id, request.row("topic"))
    return _SAVED


async def mute_alert(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Mute the story or the publisher of an alert, or get less of the publisher."""
    story_id, what = request.row("story"), request.one_of("what", MuteKind)
    if what is MuteKind.TOPIC:
        raise BadActionError("what")
    subject = StorySubject(story_id) if what is MuteKind.STORY else AlertPublisher(story_id, what)
    duration = Duration.FOREVER if what is not MuteKind.SOURCE else Duration.WEEK
    muted = await mutes.mute(
        site.resources.storage, user.chat_id, subject, duration, alert=story_id
    )
    undo = (end_mute.__name__, {"mute": muted.mute_id, "isUndo": True})
    return ActionResult("less" if what is MuteKind.LESS else "muted", muted.name, undo)


async def end_mute(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    ended = await mutes.end(site.resources.storage, user.chat_id, request.row("mute"))
    if ended is None or request.has("isUndo"):
        return ActionResult()
    until = ended.until.isoformat() if ended.until else None
    return ActionResult(
        "unmuted", undo=(resume_mute.__name__, {"mute": ended.mute_id, "until": until})
    )


async def resume_mute(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    until = request.moment("until") if request.has("until") else None
    ended = EndedMute(request.row("mute"), until)
    await mutes.resume(site.resources.storage, user.chat_id, ended)
    return ActionResult()


async def set_alert_rate(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    number = request.number("number")
    await settings.set_alerts_per_hour(site.resources.storage, user.chat_id, number)
    return _SAVED


async def set_layout(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Change how detailed digests are (*style*), or in which messages they come (*layout*)."""
    storage = site.resources.storage
    if request.has("style"):
        await settings.set_style(storage, user.chat_id, request.one_of("style", Style))
    if request.has("layout"):
        layout = request.one_of("layout", Layout)
        if layout is Layout.REFUSED:
            raise BadActionError("layout")
        await settings.set_layout(storage, user.chat_id, layout)
    return _SAVED


async def set_picture(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    place, is_wanted = request.one_of("place", PicturePlace), request.flag("wanted")
    await settings.set_picture(site.resources.storage, user.chat_id, place, is_wanted=is_wanted)
    return _SAVED


async def set_hashtags(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    is_wanted = request.flag("wanted")
    await settings.set_hashtags(site.resources.storage, user.chat_id, is_wanted=is_wanted)
    return _SAVED


async def set_model(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    await settings.set_model(site.resources.storage, user.chat_id, uses=request.flag("wanted"))
    return _SAVED


async def set_headlines(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    topic_id, wanted = request.row("topic"), request.flag("wanted")
    await subscriptions.set_headlines(site.resources.storage, user.chat_id, topic_id, wanted=wanted)
    return _SAVED


async def set_sound(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    topic_id, sound = request.row("topic"), request.one_of("sound", Sound)
    await subscriptions.set_sound(site.resources.storage, user.chat_id, topic_id, sound)
    return _SAVED


async def remove_saved(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    await saved_stories.unsave(site.resources.storage, user.chat_id, request.row("saved"))
    return _SAVED


async def unsubscribe(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    topic_id = request.row("topic")
    ended = await subscriptions.unsubscribe(site.resources.storage, user.chat_id, topic_id)
    undo = (undo_unsubscribe.__name__, {"topic": ended.topic_id})
    return ActionResult("unsubscribed", ended.name, undo)


async def undo_unsubscribe(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    await subscriptions.undo_unsubscribe(
        site.resources.storage, user.chat_id, request.row("topic"), limits=site.resources.limits
    )
    return ActionResult()


async def set_paused(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    is_paused = request.flag("paused")
    change = settings.pause if is_paused else settings.resume
    await change(site.resources.storage, user.chat_id)
    return ActionResult("paused" if is_paused else "resumed")


async def set_digest_times(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    wanted = [
        WeeklyTime(one.number("minutes"), one.number("weekdays")) for one in request.each("times")
    ]
    await settings.set_times(site.resources.storage, user.chat_id, wanted)
    return _SAVED


async def set_time_zone(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    zones = await asyncio.to_thread(zones_of_place, request.text("place"))
    if not zones:
        raise NotAZone
    await settings.set_zone(site.resources.storage, user.chat_id, zones[0])
    return _SAVED


async def set_quiet_hours(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    hours = None
    if request.has("start"):
        hours = QuietHours(request.number("start"), request.number("end"))
    await settings.set_quiet_hours(site.resources.storage, user.chat_id, hours)
    return _SAVED


async def set_language(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Use a language; "" stands for the language of Telegram's client."""
    code = request.text("language") or None
    changed = await settings.set_language(site.resources.storage, user.chat_id, code)
    if site.app:
        renewing = site.app.renew_menus(user, changed.speaks, code)
        site.resources.background.start(renewing, ("menu", user.user_id))
    return ActionResult()


async def request_confirmation(
    site: Site, user: CurrentUser, request: ActionRequest
) -> ActionResult:
    await mailboxes.request_confirmation(
        site.resources.storage,
        user.chat_id,
        request.text("address"),
        asked_by=user.user_id,
        mailer=site.resources.mailer,
    )
    return ActionResult()


async def confirm_address(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Confirm with the code from the mail; a malformed code counts as a failed try too."""
    code = read_code(request.text("code")) or ""
    await mailboxes.confirm_by_code(site.resources.storage, user.chat_id, code)
    return _SAVED


async def set_digest_medium(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    medium = request.one_of("medium", DigestMedium)
    await settings.set_digest_medium(site.resources.storage, user.chat_id, medium)
    return _SAVED


async def set_email_alerts(site: Site, user: CurrentUser, request: ActionRequest) -> ActionResult:
    wanted = request.flag("wanted")
    await settings.set_email_alerts(site.resources.storage, user.chat_id, wanted=wanted)
    return _SAVED


async def remove_address(site: Site, user: CurrentUser, _request: ActionRequest) -> ActionResult:
    await mailboxes.remove_address(site.resources.storage, user.chat_id)
    return _SAVED


# By name, which is the last part of the address.
ACTIONS: Final[
    Mapping[str, Callable[[Site, CurrentUser, ActionRequest], Awaitable[ActionResult]]]
] = {
    action.__name__: action
    for action in (
        *(subscribe, rename_topic, change_query, mute_topic, unmute_topic, unsubscribe),
        *(undo_unsubscribe, set_paused, set_digest_times, set_time_zone, set_quiet_hours),
        *(set_language, request_confirmation, confirm_address, set_digest_medium),
        *(set_email_alerts, remove_address, mute_alert, end_mute, resume_mute),
        *(set_alert_rate, set_layout, set_picture, set_hashtags, set_model),
        *(set_headlines, set_sound, remove_saved),
    )
}
