"""The middlewares that an update passes before its handler, in this order.

1. `ReplyMiddleware` gives the handler its `reply`, and stops the spinner of a button.
2. `PressMiddleware` answers a press that waits for the database.
3. `ErrorMiddleware` answers errors with a sentence, and tries again while the database is away.
4. `RateLimitMiddleware` tells a user who sent too much to wait.
5. `FirstAdminMiddleware` makes the first user of a playground an admin.
6. `GroupMiddleware` drops group messages that are not for the bot.
7. `UserMiddleware` finds the current user, and gives the handler its `context`.
8. `MaintenanceMiddleware` tells users when the bot will be back, if it is under maintenance.
9. `PermissionMiddleware` refuses users without the permission of the chosen handler.
10. `PrivateAnswerMiddleware` (`private_answers`) answers what a group must not see in private.
11. `QuestionMiddleware` ends the wait for the answer to a question.

The last three are inner middlewares: they run once a handler is chosen.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.dispatcher.flags import get_flag
from aiogram.enums import ChatType
from aiogram.exceptions import AiogramError, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

from bot.chat.callbacks import Erase, KeepData
from bot.chat.commands import ABOUT_SENDER, HANDLED_IN_GROUPS
from bot.chat.context import Context
from bot.chat.group_messages import is_reply_to_bot, without_name
from bot.chat.managed_chats import (
    carried_by,
    frame_of,
    linked_by,
    manager_of,
    without_target,
)
from bot.chat.menu import ChatMenu
from bot.chat.permissions import (
    REFUSALS,
    ButtonPermissions,
    Permission,
    is_bot_admin,
    is_in_private_chat,
)
from bot.chat.questions import asked_by, end_wait, waiting_question
from bot.chat.rate_limit import WAIT_SECONDS, is_service_message
from bot.chat.reply import Reply
from bot.chat.senders import sender_of, thread_of
from bot.chat.updates import log_outage
from bot.matching.query import QueryError
from bot.matching.query.errors import PHONE, WIDE_SPACE, pointer
from bot.subscribers import feedback, groups, users
from bot.subscribers.access import make_first_admin
from bot.subscribers.errors import Banned, UserError
from bot.subscribers.groups import ManagedChat
from bot.subscribers.text import storable
from bot.tasks import sleep_until
from bot.telegram import MayHaveArrived, is_database_silent
from storage.db.engine import observing_transactions
from storage.db.problems import DatabaseError, is_transient, is_unavailable
from storage.enums import ChatKind
from storage.updates import UpdateRef

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from aiogram.types import TelegramObject

    from bot.chat.administrators import Administrators
    from bot.chat.rate_limit import RateLimiter
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser, Sender
    from storage.db.engine import OpenTransactions

    Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

log = structlog.get_logger(__name__)

PAUSES_SECONDS = (0.1, 1.0, 3.0)  # a database server has restarted by then
LONGEST_SECONDS = 5.0  # an update that waited this long for a lock is not retried
PRESS_SECONDS = 4.0  # a second before Telegram gives up on a press
MOST_ANSWERED = 10_000  # chats that got the answer about maintenance
KNOWN_SECONDS = 10.0  # after an outage: updates fail at once, without retries

_GROUPS = {ChatType.GROUP, ChatType.SUPERGROUP}

_COMMAND = re.compile(r"\A/[A-Za-z_0-9]+")


class ReplyMiddleware(BaseMiddleware):
    """Gives the handler a `Reply` in the client's language, until the user is identified."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        sender = getattr(event, "from_user", None)
        renderer = self._renderer.of((sender and sender.language_code) or "")
        reply = self._reply_to(event, data["bot"], renderer)
        reply.once = UpdateRef(data["bot"].id, data["event_update"].update_id)
        reply.unavailable = data["resources"].unavailable_commands
        reply.has_model = data["resources"].has_model
        try:
            result = await handler(_storable(event), data | {"reply": reply})
        except Exception:
            await reply.acknowledge()
            raise
        await reply.acknowledge()
        return result

    def _reply_to(self, event: TelegramObject, bot: Bot, renderer: Renderer) -> Reply:
        match event:
            case CallbackQuery():
                chat_id = event.message.chat.id if event.message else event.from_user.id
                if event.message and event.message.chat.type == ChatType.CHANNEL:
                    user_id = event.from_user.id
                    return Reply(bot, self._renderer, user_id, pressed=event, is_public=True)
                thread = thread_of(event.message) if event.message else 0
                return Reply(bot, renderer, chat_id, thread, pressed=event)
            case Message():
                return Reply(bot, renderer, event.chat.id, thread_of(event))
            case ChatMemberUpdated():
                return Reply(bot, renderer, event.chat.id)
            case _:
                raise TypeError(f"no reply to {type(event).__name__}")


def _storable(event: TelegramObject) -> TelegramObject:
    """Return *event* with storable text, and with a command in lower case."""
    if not isinstance(event, Message):
        return event
    sent = {name: text for name in ("text", "caption") if (text := getattr(event, name))}
    stored = {name: _with_lower_command(storable(text)) for name, text in sent.items()}
    return event.model_copy(update=stored) if stored != sent else event


def _with_lower_command(text: str) -> str:
    """Return *text* with its command in lower case, because some keyboards write /Start."""
    return _COMMAND.sub(lambda command: command[0].lower(), text, count=1)


class PressMiddleware(BaseMiddleware):
    """Asks the user to try again if a press waits too long for the database.

    Telegram waits only seconds for the answer to a press; the database may take far longer. The
    handler is not cancelled, because a transaction may commit even if its connection is cut off.
    """

    def __init__(self, patience_seconds: float = PRESS_SECONDS) -> None:
        self._patience = patience_seconds

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, CallbackQuery):
            return await handler(event, data)
        done, error = asyncio.Event(), None
        with observing_transactions() as transactions:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch(data["reply"], transactions, done))
                try:
                    return await handler(event, data)
                except Exception as failed:  # noqa: BLE001 - raised below, outside the task group
                    error = failed
                finally:
                    done.set()
        raise error

    async def _watch(
        self, reply: Reply, transactions: OpenTransactions, done: asyncio.Event
    ) -> None:
        await sleep_until(done, self._patience)
        while not (done.is_set() or reply.is_acknowledged):
            if transactions.longest_seconds > self._patience / 4:
                log.warning("a press waits for the database; its user was asked to try again")
                is_database_silent.set(True)
                await reply.say("chat/errors.html#database_away")
            await sleep_until(done, self._patience / 16)


class ErrorMiddleware(BaseMiddleware):
    """Answers a user error with its own sentence, and any other error with an apology.

    If the database is away, an update is retried for a few seconds; then the user is asked to try
    again later. After one update has failed like that, the next ones are not retried for a while.
    Nobody sends a service message again, so its error is raised, and the update queue retries it.
    """

    def __init__(self, pauses_seconds: Sequence[float] = PAUSES_SECONDS) -> None:
        self._pauses = pauses_seconds
        self._known_until = 0.0

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        reply: Reply = data["reply"]
        try:
            return await self._answer_user_errors(handler, event, data)
        except TelegramRetryAfter as error:
            await _answer_later(reply, data["resources"], error)
        except (TelegramForbiddenError, MayHaveArrived) as error:
            log.info("a reply was not sent", reason=error.message)
        except Exception as error:  # so that later updates are still handled
            if is_transient(error) and not _is_waited_for(event):
                raise
            await _apologise(reply, data["resources"], error, data["event_update"].update_id)
        return None

    async def _answer_user_errors(
        self, handler: Handler, event: TelegramObject, data: dict[str, Any]
    ) -> Any:
        reply: Reply = data["reply"]
        try:
            return await self._retry(handler, event, data)
        except QueryError as error:
            place = pointer(error, room=PHONE, wide=WIDE_SPACE)
            await reply.show("chat/errors.html#query", error=error, place=place)
        except Banned as error:
            if error.is_first:
                await reply.toast(error.template)
        except UserError as error:
            await reply.toast(error.template, error=error)
        return None

    async def _retry(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Call the handler again while the database is away; handlers are idempotent."""
        now, pauses = asyncio.get_running_loop().time, iter(self._pauses)
        started_at = now()
        while True:
            try:
                return await handler(event, data)
            except Exception as error:
                pause = next(pauses, inf)
                is_known = now() < self._known_until
                is_over = now() - started_at + pause > LONGEST_SECONDS
                if not is_transient(error) or is_known or is_over:
                    self._known_until = now() + KNOWN_SECONDS if is_unavailable(error) else 0.0
                    raise
            await asyncio.sleep(pause)


def _is_waited_for(event: TelegramObject) -> bool:
    """Return whether a user waits for an answer, and can send the update again."""
    return not isinstance(event, ChatMemberUpdated) and not is_service_message(event)


async def _apologise(reply: Reply, resources: Resources, error: Exception, update_id: int) -> None:
    try:
        if is_transient(error):
            log_outage(
                "the database is unavailable; a user was asked to try again",
                error,
                update=update_id,
            )
            await reply.say("chat/errors.html#database_away")
        else:
            log.error("a handler failed", update=update_id, exc_info=error)
            await reply.show("chat/errors.html#internal_error")
    except TelegramRetryAfter as refused:
        await _answer_later(reply, resources, refused)
    except AiogramError as refused:
        log.warning("an apology was not sent", reason=str(refused))


async def _answer_later(reply: Reply, resources: Resources, refused: TelegramRetryAfter) -> None:
    """Tell the user once that a reply is missing: now if Telegram allows it, otherwise later."""
    log.info("a reply was rate limited", chat=reply.telegram_id, seconds=refused.retry_after)
    template = "chat/errors.html#unanswered"
    is_elsewhere = getattr(refused.method, "chat_id", reply.telegram_id) != reply.telegram_id
    try:
        if is_elsewhere or (reply.pressed and not reply.is_acknowledged):
            await reply.say(template)
            return
        message = reply.renderer.message(template)
        await users.enqueue_apology(resources.storage, reply.telegram_id, reply.thread_id, message)
    except (AiogramError, DatabaseError, OSError) as error:
        log.warning("an apology was not sent", reason=str(error).partition("\n")[0])


class RateLimitMiddleware(BaseMiddleware):
    """Tells a user how long to wait, if the update queue found that they sent too much."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        seconds = data.get(WAIT_SECONDS)
        if seconds is None:
            return await handler(event, data)
        reply: Reply = data["reply"]
        await reply.toast("chat/errors.html#too_much", seconds=seconds)
        return None


class FirstAdminMiddleware(BaseMiddleware):
    """Makes the sender of a playground's first private message an admin of the bot."""

    def __init__(self) -> None:
        self._is_over = False

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        is_first = (
            isinstance(event, Message) and not self._is_over and await self._appoint(event, data)
        )
        result = await handler(event, data)
        if is_first:  # now the admin's chat has a row, so feedback can be forwarded to it
            resources: Resources = data["resources"]
            await feedback.forward_feedback(
                resources.storage, renderer=resources.renderer, admins=resources.access.admins
            )
        return result

    async def _appoint(self, message: Message, data: dict[str, Any]) -> bool:
        if message.from_user is None or message.chat.type != ChatType.PRIVATE:
            return False
        self._is_over = True
        user_id = message.from_user.id
        resources: Resources = data["resources"]
        is_first = await make_first_admin(
            resources.storage,
            user_id,
            access=resources.access,
            is_playground=resources.is_playground,
        )
        if is_first:
            renderer = data["reply"].renderer
            menu = ChatMenu(
                user_id,
                renderer,
                resources.app_url,
                is_admin=True,
                without=resources.unavailable_commands,
            )
            resources.background.start(menu.set(data["bot"]), menu.key)
        return is_first


class GroupMiddleware(BaseMiddleware):
    """Drops group messages, except commands and mentions of the bot, and replies to it.

    A command for private chats passes only if it names this bot, because it may be another bot's.
    A mention of the bot is removed from the text. `group_messages` says which replies are for the
    bot, because groups soon remove a bot that answers everybody.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, Message) or event.chat.type not in _GROUPS:
            return await handler(event, data)
        if event.edit_date or event.is_automatic_forward:
            return None
        bot: Bot = data["bot"]
        text, name = event.text or "", ((await bot.me()).username or "").lower()
        if text.startswith("/"):
            command, _, named = text.split(maxsplit=1)[0].partition("@")
            is_ours = named.lower() == name if named else command[1:] in HANDLED_IN_GROUPS
            return await handler(event, data) if is_ours else None
        if said := without_name(event, name):
            addressed = event.model_copy(update={"text": said, "entities": None})
            return await handler(addressed, data)
        return await handler(event, data) if is_reply_to_bot(event, bot.id) else None


class UserMiddleware(BaseMiddleware):
    """Identifies the current user, and the chat that they manage if the update is about it.

    Tells the rate limiter who is an admin of the bot, because it reads no database.
    """

    def __init__(
        self, administrators: Administrators, buttons: ButtonPermissions, limiter: RateLimiter
    ) -> None:
        self._administrators = administrators
        self._buttons = buttons
        self._limiter = limiter

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        resources: Resources = data["resources"]
        reply: Reply = data["reply"]
        if not isinstance(event, Message | CallbackQuery):
            return None
        sender = sender_of(event)
        if sender is None:
            return None
        sender = replace(sender, can_change=await self._may_change(event, sender, data))
        user = await users.identify(
            resources.storage, sender, is_leaving=_is_leaving(event), access=resources.access
        )
        self._limiter.set_admin(sender.user_id, is_admin=user is not None and user.is_admin)
        if user is None:
            await reply.toast(
                "chat/unauthorized.html#no_access",
                user_id=sender.user_id,
                invites=resources.access.invites,
            )
            return None
        reply.speak(user.language)
        context = Context(resources, user, reply)
        await self._prepare(context, sender)
        chat_id = _target_of(event, user)
        if chat_id is not None:
            manager = await self._as_manager(chat_id, context, event)
            if manager is None:
                await reply.toast("chat/channels.html#not_yours")
                return None
            context = replace(context, user=manager)
        return await handler(without_target(event), data | {"context": context})

    async def _prepare(self, context: Context, sender: Sender) -> None:
        """Fit the reply to the chat it goes to."""
        user, reply = context.user, context.reply
        if user.was_managing is not None:
            await _stop_managing(context)
        if context.is_seen_by_group:
            reply.may_press = partial(self._may_press, user)
        elif sender.kind is ChatKind.CHANNEL:
            channel = ManagedChat(user.chat_id, sender.telegram_id, sender.title, sender.kind)
            reply.frame = frame_of(channel, reply.renderer)

    def _may_press(self, user: CurrentUser, data: str) -> bool:
        """Return whether *user* may press a button with *data* in a group."""
        enough = {Permission.EVERYBODY}
        if user.can_change:
            enough |= {Permission.ADMINISTRATORS, Permission.CONFIDENTIAL}
        return not enough.isdisjoint(self._buttons.of(data))

    async def _as_manager(
        self, chat_id: int, context: Context, event: Message | CallbackQuery
    ) -> CurrentUser | None:
        """Put replies into the frame of a managed chat, and return the user as its manager."""
        user, reply, storage = context.user, context.reply, context.storage
        found = await manager_of(chat_id, user, reply.bot, storage, self._administrators)
        if found is None:
            return None
        if isinstance(event, Message) and linked_by(event.text):
            await groups.set_managed(storage, user.user_id, chat_id)
        elif chat_id == user.managing:
            await groups.go_on_managing(storage, user)
        managed, manager = found
        reply.frame = frame_of(managed, reply.renderer)
        return manager

    async def _may_change(
        self, event: Message | CallbackQuery, sender: Sender, data: dict[str, Any]
    ) -> bool:
        """Return whether the sender administers the chat, or writes anonymously as the chat."""
        if sender.kind is ChatKind.PRIVATE:
            return True
        if isinstance(event, Message) and event.sender_chat:
            return event.sender_chat.id == event.chat.id
        return await self._administrators.has(data["bot"], sender.telegram_id, sender.user_id)


def _target_of(event: Message | CallbackQuery, user: CurrentUser) -> int | None:
    """Return our row of the managed chat that *event* is for; None if it is for no such chat."""
    if isinstance(event, CallbackQuery):
        carried = carried_by(event.data)
        return carried[0] if carried else None
    if user.kind is not ChatKind.PRIVATE:
        return None
    if linked := linked_by(event.text):
        return linked[0]
    command = _COMMAND.match(event.text or "")
    if command and command[0][1:] in ABOUT_SENDER:
        return None
    asked = asked_by(event, user)
    return asked.chat_id or None if asked else user.managing


async def _stop_managing(context: Context) -> None:
    """End managing a chat that the user did nothing for in an hour, and say so."""
    former = context.user.was_managing
    name = await groups.name_of(context.storage, former)
    await groups.set_managed(context.storage, context.user.user_id, None)
    if name and not context.reply.pressed:
        await context.reply.show("chat/channels.html#expired", name=name, chat_id=former)


def _is_leaving(event: Message | CallbackQuery) -> bool:
    """Return whether the user deletes their data or cancels that, as even banned users may."""
    if isinstance(event, CallbackQuery):
        prefix = (event.data or "").partition(":")[0]
        return prefix in {Erase.__prefix__, KeepData.__prefix__}
    return event.text is not None and event.text.split(maxsplit=1)[:1] == ["/delete_me"]


class MaintenanceMiddleware(BaseMiddleware):
    """Tells users that the bot is under maintenance: at each press, and once at their messages.

    The process remembers the latest chats that were answered. After a restart, one is answered
    again.
    """

    def __init__(self) -> None:
        self._answered: OrderedDict[int, datetime] = OrderedDict()
        """Telegram's ids of chats, each with the end that it was given."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        context: Context = data["context"]
        found, reply = context.user.maintenance, context.reply
        if found is None or context.user.is_admin:
            return await handler(event, data)
        if reply.pressed or self._answered.get(reply.telegram_id) != found.until:
            if not reply.pressed:
                self._remember(reply.telegram_id, found.until)
            await reply.toast("chat/errors.html#maintenance", maintenance=found, **context.clock)
        return None

    def _remember(self, telegram_id: int, until: datetime) -> None:
        self._answered[telegram_id] = until
        self._answered.move_to_end(telegram_id)
        if len(self._answered) > MOST_ANSWERED:
            self._answered.popitem(last=False)


class PermissionMiddleware(BaseMiddleware):
    """Refuses a user without the permission that the chosen handler is registered with."""

    def __init__(self, administrators: Administrators) -> None:
        self._administrators = administrators

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        permission: Permission = get_flag(data, "permission")
        if permission is Permission.WITHOUT_ACCESS:
            return await handler(event, data)
        if await self._is_given(permission, event, data):
            return await handler(event, data)
        context: Context = data["context"]
        await context.reply.toast(REFUSALS[permission], user=context.user)
        return None

    async def _is_given(self, permission: Permission, event: Any, data: dict[str, Any]) -> bool:
        context: Context = data["context"]
        match permission:
            case Permission.BOT_ADMINS:
                context.reply.frame = None  # their pages are about the bot, not a managed chat
                return await is_bot_admin(event, context)
            case Permission.PRIVATE:
                return is_in_private_chat(event)
            case Permission.EVERYBODY if context.user.kind is not ChatKind.CHANNEL:
                return True
            case _:
                return context.user.can_change and await self._is_administrator(event, data)

    async def _is_administrator(self, event: Any, data: dict[str, Any]) -> bool:
        """Ask Telegram again, because `user.can_change` may be minutes old.

        The administrator is recorded, to be notified if the bot is removed from the chat.
        """
        user = data["context"].user
        if user.kind is ChatKind.PRIVATE:
            return True
        if isinstance(event, Message) and event.sender_chat is not None:
            return True
        chat_id, user_id = user.telegram_id, user.user_id
        if not await self._administrators.has(data["bot"], chat_id, user_id, is_change=True):
            return False
        await groups.remember_chat_admin(data["resources"].storage, user)
        return True


class QuestionMiddleware(BaseMiddleware):
    """Ends the wait for an answer, when the answer or anything else arrives.

    If the handler of the answer fails, the wait goes on, so that the user can answer again.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        context: Context = data["context"]
        asked = waiting_question(context.user)
        if asked is None or (isinstance(event, Message) and event.edit_date):
            return await handler(event, data)
        is_answer = isinstance(event, Message) and asked_by(event, context.user) is not None
        if not is_answer:
            await end_wait(context, asked)
        result = await handler(event, data)
        if is_answer:
            await end_wait(context, asked)
        return result
