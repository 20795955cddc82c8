"""What the page may ask for: each action is one service of the chat's; the state follows.

An action's request is a small JSON object, whose fields are read one by one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bot.mail import confirm
from bot.mail.codes import read_code
from bot.subscribers import mutes, settings, subscriptions, topics
from bot.subscribers.digest_schedule import WeeklyTime
from bot.subscribers.errors import NotAZone
from bot.subscribers.mutes import Duration, TopicSubject
from bot.subscribers.timezones import zone_of_place
from storage.enums import DigestMedium, Mode
from storage.schedules import QuietHours

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.subscribers.users import CurrentUser
    from bot.web.miniapp.routes import MiniApp

_LARGEST_ROW = 2**63 - 1
_LARGEST_NUMBER = 1_000_000
_MOST_SLOTS = 20  # beyond what any chat may have, so that the service says so

Choice = TypeVar("Choice", bound=Enum)


class BadActionError(ValueError):
    """It was made by hand: no page of ours sends that."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    fields: Mapping[str, Any]

    @classmethod
    def read(cls, body: bytes) -> ActionRequest:
        """Read an object of JSON without what no database takes: NUL, halves of characters."""
        try:
            fields = json.loads(body or b"{}")
            written = json.dumps(fields, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise BadActionError("no JSON") from error
        if not isinstance(fields, dict) or rb"\u0000" in written:
            raise BadActionError("no object")
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

    def each(self, name: str) -> list[ActionRequest]:
        """Return the objects of a list, a few at most."""
        value = self.fields.get(name)
        if not isinstance(value, list) or not 0 < len(value) <= _MOST_SLOTS:
            raise BadActionError(name)
        if not all(isinstance(one, dict) for one in value):
            raise BadActionError(name)
        return [ActionRequest(one) for one in value]


def _number(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise BadActionError("no number")
    return value


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What `web/app_parts.html#done` says of an action.

    *undo*: the topic that can be subscribed to again; *became*: the one that took the place of the
    one that was changed.
    """

    done: str = ""
    name: str = ""
    undo: int | None = None
    became: int | None = None


_SAVED = ActionResult("saved")


async def subscribe(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Subscribe to a query or a topic, or change how."""
    storage, limits, chat_id = app.resources.storage, app.resources.limits, user.chat_id
    mode = request.one_of("mode", Mode)
    if request.has("topic"):
        topic_id = request.row("topic")
        done = await subscriptions.subscribe_to_topic(
            storage, chat_id, topic_id, mode, limits=limits
        )
    else:
        query, saved = request.text("words"), await topics.saved_queries(storage, chat_id)
        done = await subscriptions.subscribe(storage, chat_id, query, mode, saved, limits=limits)
    return ActionResult("watching" if done.is_new else "saved", done.name)


async def rename(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    topic_id, name = request.row("topic"), request.text("name")
    await subscriptions.rename_topic(app.resources.storage, user.chat_id, topic_id, name)
    return _SAVED


async def change_query(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Give a topic another query; a topic of the chat's own takes the place of the catalogue's."""
    storage, chat_id = app.resources.storage, user.chat_id
    topic_id, query = request.row("topic"), request.text("words")
    saved = await topics.saved_queries(storage, chat_id)
    became = await subscriptions.change_query(storage, chat_id, topic_id, query, saved)
    return ActionResult("saved", became=became)


async def mute_topic(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    topic, duration = TopicSubject(request.row("topic")), request.one_of("for", Duration)
    await mutes.mute(app.resources.storage, user.chat_id, topic, duration)
    return _SAVED


async def unmute_topic(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    await mutes.unmute_topic(app.resources.storage, user.chat_id, request.row("topic"))
    return _SAVED


async def unsubscribe(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    topic_id = request.row("topic")
    stopped = await subscriptions.unsubscribe(app.resources.storage, user.chat_id, topic_id)
    return ActionResult("stopped", stopped.name, undo=stopped.topic_id)


async def undo(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    await subscriptions.undo_unsubscribe(
        app.resources.storage, user.chat_id, request.row("topic"), limits=app.resources.limits
    )
    return ActionResult()


async def pause(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    is_paused = request.flag("paused")
    change = settings.pause if is_paused else settings.resume
    await change(app.resources.storage, user.chat_id)
    return ActionResult("paused" if is_paused else "resumed")


async def set_times(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    wanted = [
        WeeklyTime(one.number("minutes"), one.number("weekdays")) for one in request.each("slots")
    ]
    await settings.set_times(app.resources.storage, user.chat_id, wanted)
    return _SAVED


async def set_zone(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    zone = zone_of_place(request.text("place"))
    if zone is None:
        raise NotAZone
    await settings.set_zone(app.resources.storage, user.chat_id, zone)
    return _SAVED


async def set_quiet_hours(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    hours = None
    if request.has("start"):
        hours = QuietHours(request.number("start"), request.number("end"))
    await settings.set_quiet_hours(app.resources.storage, user.chat_id, hours)
    return _SAVED


async def set_language(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Use a language, or with "" that of Telegram's client."""
    code = request.text("language") or None
    changed = await settings.set_language(app.resources.storage, user.chat_id, code)
    await app.renew_menus(user, changed.speaks, code)
    return ActionResult()


async def request_confirmation(
    app: MiniApp, user: CurrentUser, request: ActionRequest
) -> ActionResult:
    await confirm.request_confirmation(
        app.resources.storage,
        user.chat_id,
        request.text("address"),
        asked_by=user.user_id,
        mailer=app.resources.mailer,
    )
    return ActionResult()


async def confirm_address(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    """Confirm with the code of the mail; a text that is no code counts as a try like any other."""
    code = read_code(request.text("code")) or ""
    await confirm.confirm_by_code(app.resources.storage, user.chat_id, code)
    return _SAVED


async def set_digest_medium(
    app: MiniApp, user: CurrentUser, request: ActionRequest
) -> ActionResult:
    medium = request.one_of("reach", DigestMedium)
    await confirm.set_digest_medium(app.resources.storage, user.chat_id, medium)
    return _SAVED


async def set_email_alerts(app: MiniApp, user: CurrentUser, request: ActionRequest) -> ActionResult:
    wanted = request.flag("wanted")
    await confirm.set_email_alerts(app.resources.storage, user.chat_id, wanted=wanted)
    return _SAVED


async def remove_address(app: MiniApp, user: CurrentUser, _request: ActionRequest) -> ActionResult:
    await confirm.remove_address(app.resources.storage, user.chat_id)
    return _SAVED


# By the last part of their addresses.
ACTIONS: Final[
    Mapping[str, Callable[[MiniApp, CurrentUser, ActionRequest], Awaitable[ActionResult]]]
] = {
    "watch": subscribe,
    "rename": rename,
    "reword": change_query,
    "mute-topic": mute_topic,
    "unmute-topic": unmute_topic,
    "stop": unsubscribe,
    "undo": undo,
    "pause": pause,
    "slots": set_times,
    "zone": set_zone,
    "quiet": set_quiet_hours,
    "language": set_language,
    "mail": request_confirmation,
    "code": confirm_address,
    "reach": set_digest_medium,
    "mail-alerts": set_email_alerts,
    "forget-mail": remove_address,
}
