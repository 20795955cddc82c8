"""Coming and going: people block the bot; it and they join groups, rise, fall and are thrown out.

The bot hears of its own part (`my_chat_member`), and of others' where it asks for it and is an
administrator (`chat_member`).
"""

from typing import Any

from bot.playground.acts import BOT, someone
from bot.playground.answers import bad_request
from bot.playground.chats import Chat, Person
from bot.playground.members import Member, member_as
from bot.playground.world import World


def set_blocked(world: World, chat: Chat, *, blocked: bool) -> None:
    """The person blocks or unblocks the bot; it hears of a change only."""
    if chat.person is None:
        raise bad_request("only a person can block the bot")
    if chat.blocked != blocked:
        chat.blocked = blocked
        before, after = ("member", "kicked") if blocked else ("kicked", "member")
        _tell(world, chat, chat.person, BOT, (member_as(before), member_as(after)))


def set_own(world: World, chat: Chat, member: Member, by: Person | None = None) -> None:
    """Add the bot to a group, make it administrator, take its rights, kick it, let it be gone."""
    if chat.person is not None or member.status == "creator":
        raise bad_request("the bot can be a member of groups and channels, never their creator")
    if chat.is_channel and member.status in {"member", "restricted"}:
        raise bad_request("a bot is in a channel as its administrator, or not at all")
    before, chat.own = chat.own, member
    _tell(world, chat, by or someone(world, chat), BOT, (before, member))


def set_member(
    world: World, chat: Chat, person: Person, member: Member, by: Person | None = None
) -> None:
    """Add, promote, restrict or remove a person."""
    if chat.person is not None:
        raise bad_request("a private chat has no members")
    before = chat.members.get(person.id, Member("left"))
    chat.members[person.id] = member
    _tell(world, chat, by or someone(world, chat), person.to_api(), (before, member))


def _tell(
    world: World, chat: Chat, by: Person, user: dict[str, Any], parts: tuple[Member, Member]
) -> None:
    old, new = (part.to_api(user, in_channel=chat.is_channel) for part in parts)
    facts = {"chat": chat.to_api(), "from": by.to_api(), "date": world.now()}
    update = facts | {"old_chat_member": old, "new_chat_member": new}
    if user is BOT:
        world.updates.add("my_chat_member", update)
    elif chat.own.is_admin:
        world.updates.add("chat_member", update)
    world.events.publish("chat", chat_id=chat.id)
