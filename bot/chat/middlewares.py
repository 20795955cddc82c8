"""What an update passes before its handler, in this order.

1. `ReplyMiddleware` gives the handler its `reply`, and stops the spinner of a button.
2. `PressMiddleware` answers a press that waits for the database.
3. `ErrorMiddleware` answers errors with a sentence, and tries again while the database is away.
4. `RateLimitMiddleware` tells a user who sent too much to wait.
5. `FirstAdminMiddleware` makes the first user of a playground an admin.
6. `GroupMiddleware` drops what is said in groups to others than the bot.
7. `UserMiddleware` finds the current user, and gives the handler its `context`.
8. `PermissionMiddleware` lets only administrators change what a group or channel gets.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.enums import ChatType, MessageEntityType
from aiogram.exceptions import AiogramError, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

from bot.chat.callbacks import Erase, KeepData
from bot.chat.commands import HANDLED_IN_GROUPS
from bot.chat.context import Context
from bot.chat.managed_chats import frame_of, manager_of, target_of, without_target
from bot.chat.menu import register_admin
from bot.chat.permissions import only_reads
from bot.chat.rate_limit import WAIT_SECONDS, is_service_message
from bot.chat.reply import Reply
from bot.chat.senders import sender_of, thread_of
from bot.chat.updates import log_outage
from bot.matching.query import QueryError
from bot.matching.query.errors import PHONE, WIDE_SPACE, pointer
from bot.stopping import sleep_until
from bot.subscribers import feedback, groups, users
from bot.subscribers.access import make_first_admin
from bot.subscribers.errors import Banned, UserError
from bot.subscribers.groups import ManagedChat
from bot.subscribers.text import storable
from bot.telegram import MayHaveArrived, is_database_silent
from storage.db.engine import (
    DatabaseError,
    is_transient,
    is_unavailable,
    observing_transactions,
)
from storage.enums import ChatKind
from storage.updates import UpdateRef

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiogram.types import TelegramObject

    from bot.chat.permissions import Administrators
    from bot.rendering.renderer import Renderer
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser, Sender
    from storage.db.engine import OpenTransactions

    Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

log = structlog.get_logger(__name__)

# A server that restarts is back by then. An update that waited for a lock in vain does not wait
# once more.
PAUSES_SECONDS = (0.1, 1.0, 3.0)
LONGEST_SECONDS = 5.0
# A press is answered a second before that.
PRESS_SECONDS = 4.0
# After an update was given up, those behind it do not wait for the same outage again.
KNOWN_SECONDS = 10.0

_GROUPS = {ChatType.GROUP, ChatType.SUPERGROUP}

_COMMAND = re.compile(r"\A/[A-Za-z_0-9]+")


class ReplyMiddleware(BaseMiddleware):
    """Replies in the language of the client, until the current user is known."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        sender = getattr(event, "from_user", None)
        renderer = self._renderer.of((sender and sender.language_code) or "")
        reply = self._reply_to(event, data["bot"], renderer)
        reply.once = UpdateRef(data["bot"].id, data["event_update"].update_id)
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
    """Return *event* with a text that a database can store, whatever was sent."""
    if not isinstance(event, Message):
        return event
    sent = {name: text for name in ("text", "caption") if (text := getattr(event, name))}
    stored = {name: _with_lower_command(storable(text)) for name, text in sent.items()}
    return event.model_copy(update=stored) if stored != sent else event


def _with_lower_command(text: str) -> str:
    """Return *text* with its command in lower case: some keyboards write /Start."""
    return _COMMAND.sub(lambda found: found[0].lower(), text, count=1)


class PressMiddleware(BaseMiddleware):
    """Answers a press whose handler waits for a database that says nothing: try again.

    The handler goes on, since a transaction that is cut off may be committed all the same. Its
    connection or its response may take far longer than Telegram lets a press be answered.
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
                except Exception as failed:  # noqa: BLE001 - raised below, as itself
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
    """Answers a user error with its own sentence, and any other with an apology.

    While the database is away an update is tried again for a few seconds; those behind one that was
    given up are not. Then the user is asked to try later; a service message, which nobody sends
    twice, is raised for the update queue to keep.
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
        except Exception as error:  # whatever it was, the next update is handled
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
        """Handle it again where the database was away; nothing is done twice by that."""
        now, pauses = asyncio.get_running_loop().time, iter(self._pauses)
        started = now()
        while True:
            try:
                return await handler(event, data)
            except Exception as error:
                pause = next(pauses, inf)
                is_known = now() < self._known_until
                is_over = now() - started + pause > LONGEST_SECONDS
                if not is_transient(error) or is_known or is_over:
                    self._known_until = now() + KNOWN_SECONDS if is_unavailable(error) else 0.0
                    raise
            await asyncio.sleep(pause)


def _is_waited_for(event: TelegramObject) -> bool:
    """Whether a user waits for an answer, and will try again if asked to."""
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
    """Say once that not all was answered: at once where that is seen, else after the pause."""
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
    """Tells a user how long to wait, where the update queue found that they sent too much."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        seconds = data.get(WAIT_SECONDS)
        if seconds is None:
            return await handler(event, data)
        reply: Reply = data["reply"]
        await reply.toast("chat/errors.html#too_much", seconds=seconds)
        return None


class FirstAdminMiddleware(BaseMiddleware):
    """Asks for the first message only: in a playground its sender is alone at the keyboard."""

    def __init__(self) -> None:
        self._is_over = False

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        is_first = (
            isinstance(event, Message) and not self._is_over and await self._appoint(event, data)
        )
        result = await handler(event, data)
        if is_first:  # there is a chat by now that feedback can be forwarded to
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
            await register_admin(data["bot"], data["reply"].renderer, user_id)
        return is_first


class GroupMiddleware(BaseMiddleware):
    """In groups passes on only what is for the bot: its own commands, its name, a reply to it.

    Other commands pass if they name this bot, since another bot may know them. The name is taken
    out of the text. Handlers get `is_named`: whether this bot alone was addressed.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, Message) or event.chat.type not in _GROUPS:
            return await handler(event, data | {"is_named": True})
        me = await data["bot"].me()
        name = (me.username or "").lower()
        if event.edit_date or not event.text or event.is_automatic_forward:
            return None
        if event.text.startswith("/"):
            command, _, named = event.text.split(maxsplit=1)[0].partition("@")
            is_ours = named.lower() == name if named else command[1:] in HANDLED_IN_GROUPS
            return await handler(event, data | {"is_named": bool(named)}) if is_ours else None
        text = without_name(event, name)
        if text:
            addressed = event.model_copy(update={"text": text, "entities": None})
            return await handler(addressed, data | {"is_named": True})
        answered = event.reply_to_message
        if answered and answered.from_user and answered.from_user.id == me.id:
            return await handler(event, data | {"is_named": False})
        return None


def without_name(message: Message, name: str) -> str | None:
    """Return the text without the mention of *name*; None if there is no such mention."""
    text = message.text or ""
    for entity in message.entities or ():
        mention = entity.extract_from(text)
        if entity.type == MessageEntityType.MENTION and mention.lower() == f"@{name}":
            return " ".join(text.replace(mention, " ", 1).split())
    return None


class UserMiddleware(BaseMiddleware):
    """Finds the current user, as manager of the chat that the update is about."""

    def __init__(self, administrators: Administrators) -> None:
        self._administrators = administrators

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
        if user is None:
            invites = resources.access.invites
            await reply.toast("chat/unauthorized.html", user_id=sender.user_id, invites=invites)
            return None
        reply.speak(user.language)
        if sender.kind is ChatKind.CHANNEL:
            chat = ManagedChat(user.chat_id, sender.telegram_id, sender.title, sender.kind)
            reply.frame = frame_of(chat, reply.renderer)
        user = await self._as_manager(event, user, data)
        if user is None:
            await reply.toast("chat/channels.html#not_yours")
            return None
        context = Context(resources, user, reply)
        return await handler(without_target(event), data | {"context": context})

    async def _as_manager(
        self, event: Message | CallbackQuery, user: CurrentUser, data: dict[str, Any]
    ) -> CurrentUser | None:
        """Return *user* as manager of the chat that *event* is for; None if they are not."""
        chat_id = target_of(event, user)
        if chat_id is None:
            return user
        resources, reply = data["resources"], data["reply"]
        return await manager_of(chat_id, user, data["bot"], resources, reply, self._administrators)

    async def _may_change(
        self, event: Message | CallbackQuery, sender: Sender, data: dict[str, Any]
    ) -> bool:
        """A message sent as the group itself is an anonymous administrator's."""
        if sender.kind is ChatKind.PRIVATE:
            return True
        if isinstance(event, Message) and event.sender_chat:
            return event.sender_chat.id == event.chat.id
        return await self._administrators.has(data["bot"], sender.telegram_id, sender.user_id)


def _is_leaving(event: Message | CallbackQuery) -> bool:
    """Whether the user asks to have everything deleted, or takes that back: bans do not matter."""
    if isinstance(event, CallbackQuery):
        prefix = (event.data or "").partition(":")[0]
        return prefix in {Erase.__prefix__, KeepData.__prefix__}
    return event.text is not None and event.text.split(maxsplit=1)[:1] == ["/delete_me"]


class PermissionMiddleware(BaseMiddleware):
    """An inner middleware: the flags of the chosen handler decide."""

    def __init__(self, administrators: Administrators) -> None:
        self._administrators = administrators

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        context: Context = data["context"]
        user, reply = context.user, context.reply
        if user.kind is ChatKind.PRIVATE:
            return await handler(event, data)
        # A reader of a channel would be answered in a private chat that they never opened.
        reads = user.kind is not ChatKind.CHANNEL and only_reads(data)
        if reads or (user.can_change and await self._may_still_change(event, user, data)):
            return await handler(event, data)
        await reply.toast("chat/groups.html#not_yours", user=user)
        return None

    async def _may_still_change(
        self, event: TelegramObject, user: CurrentUser, data: dict[str, Any]
    ) -> bool:
        """Ask Telegram again who the administrators are: `user.can_change` may be minutes old.

        Who they are is recorded, to be notified when the chat removes the bot.
        """
        if isinstance(event, Message) and event.sender_chat is not None:
            return True
        chat_id, user_id = user.telegram_id, user.user_id
        if not await self._administrators.has(data["bot"], chat_id, user_id, is_change=True):
            return False
        resources: Resources = data["resources"]
        await groups.remember_chat_admin(resources.storage, user)
        return True
