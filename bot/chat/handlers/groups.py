"""The bot let into groups and thrown out, its rights, and what happens to a group itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat.callbacks import places as for_places
from bot.chat.permits import READS
from bot.chat.questions import question_in
from bot.chat.senders import sender_at, thread_name, thread_of
from bot.chat.standing import may_manage_topics, standing
from bot.subscribers import users
from storage.enums import ChatKind, ChatState

if TYPE_CHECKING:
    from aiogram.types import ChatMemberUpdated, Message

    from bot.chat.administrators import Administrators
    from bot.chat.reply import Reply
    from bot.resources import Resources


async def changed(
    event: ChatMemberUpdated, resources: Resources, reply: Reply, administrators: Administrators
) -> None:
    administrators.forget(event.chat.id)
    kind = ChatKind(event.chat.type)
    now = standing(event.new_chat_member, kind)
    if now is not ChatState.ACTIVE:
        await users.suspend(resources.storage, event.chat.id, now)
        return
    may_manage = may_manage_topics(event.new_chat_member)
    await users.restore(resources.storage, event.chat.id, closed_too=may_manage)
    before = standing(event.old_chat_member, kind)
    if before is ChatState.KICKED or (kind is ChatKind.CHANNEL and before is ChatState.BLOCKED):
        await _brought(event, resources, reply)


async def _brought(event: ChatMemberUpdated, resources: Resources, reply: Reply) -> None:
    sender = sender_at(event.from_user, event.chat)
    chat_id = await users.join(resources.storage, sender, access=resources.access)
    me = (await reply.bot.me()).username
    if sender.kind is ChatKind.CHANNEL:
        reply = replace(reply, telegram_id=sender.user_id)  # nobody wants it posted
    if chat_id is None:
        await reply.show("chat/groups.html#unauthorized", sender=sender)
    elif sender.kind is ChatKind.CHANNEL:
        values = {"chat_id": chat_id, "places": for_places}
        await reply.show("chat/channels.html#joined", sender=sender, **values)
    else:
        is_forum = bool(event.chat.is_forum)
        await reply.show("chat/groups.html#welcome", me=me, is_forum=is_forum)


async def others_changed(event: ChatMemberUpdated, administrators: Administrators) -> None:
    administrators.forget(event.chat.id)


async def became_a_supergroup(message: Message, resources: Resources) -> None:
    await users.migrate(resources.storage, message.chat.id, message.migrate_to_chat_id or 0)


async def was_a_group(message: Message, resources: Resources) -> None:
    await users.migrate(resources.storage, message.migrate_from_chat_id or 0, message.chat.id)


async def reopened(message: Message, resources: Resources) -> None:
    await users.reopen_thread(resources.storage, message.chat.id, thread_of(message))


async def renamed(message: Message, resources: Resources) -> None:
    edited = message.forum_topic_edited
    name = thread_name(edited.name or "") if edited else ""
    if name:  # else it has another picture
        await users.rename_thread(resources.storage, message.chat.id, thread_of(message), name)


async def overheard(_event: object) -> None:
    """Say nothing: a bot that reply everybody in a group is soon thrown out."""


def make_router() -> Router:
    router = Router(name="groups")
    router.my_chat_member.register(changed, F.chat.type != "private")
    router.chat_member.register(others_changed)
    router.message.register(became_a_supergroup, F.migrate_to_chat_id)
    router.message.register(was_a_group, F.migrate_from_chat_id)
    router.message.register(reopened, F.forum_topic_reopened)
    router.message.register(renamed, F.forum_topic_edited)
    return router


async def is_for_others(message: Message, is_named: bool) -> bool:  # noqa: FBT001 - aiogram gives it by name
    """Whether it may be talk about what the bot said."""
    return not is_named and question_in(message.reply_to_message) is None


def make_last_router() -> Router:
    """Return what hears, before all is taken for words, what nobody has understood."""
    router = Router(name="overheard")
    router.message.register(overheard, F.text, is_for_others, flags=READS)
    return router
