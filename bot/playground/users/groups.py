"""Actions on users, chats, members and forum topics.

The bot receives changes of its own membership (`my_chat_member`), and of others (`chat_member`) if
it is an administrator and its `allowed_updates` name them.
"""

from typing import Any, Literal

from bot.playground.errors import bad_request
from bot.playground.state.chats import (
    BOT,
    ChatType,
    Member,
    PlaygroundChat,
    PlaygroundMessage,
    Thread,
    User,
    make_member,
)
from bot.playground.state.world import World, change_thread, create_thread

Facts = dict[str, Any]

LARGEST_USER_ID = 2**52


def add_user(
    world: World,
    first_name: str,
    language_code: str | None = None,
    username: str | None = None,
    id: int | None = None,  # noqa: A002 - the name on the wire
    *,
    started: bool = True,
) -> Facts:
    """Add a user with a private chat; unless *started*, the user must write first."""
    number = world.next_user_id() if id is None else id
    if not 0 < number < LARGEST_USER_ID or number in world.chats:
        raise bad_request("the id must be positive, below 2**52 and free")
    chat = world.add_user(User(number, first_name, username, language_code), started=started)
    return {"id": number, "chat_id": chat.id}


def add_chat(
    world: World,
    type: Literal["group", "supergroup", "channel"],  # noqa: A002 - the name on the wire
    title: str,
    members: list[int] | None = None,
    bot: str | None = None,
) -> Facts:
    """Add a group, supergroup or channel; the first member is its creator.

    The bot is a member, or an administrator in a channel, unless *bot* names another status.
    """
    roles = dict.fromkeys(members or [], make_member("member"))
    if members:
        roles[members[0]] = make_member("creator")
    own = None if bot is None else make_member(bot)
    chat = world.add_chat(ChatType(type), title, roles)
    chat.own = own or chat.own
    return {"chat_id": chat.id}


def block(world: World, chat_id: int) -> Facts:
    return _set_blocked(world, chat_id, blocked=True)


def unblock(world: World, chat_id: int) -> Facts:
    return _set_blocked(world, chat_id, blocked=False)


def _set_blocked(world: World, chat_id: int, *, blocked: bool) -> Facts:
    """Block or unblock the bot; only a change sends an update."""
    chat = world.chat(chat_id)
    if chat.user is None:
        raise bad_request("only a user can block the bot")
    if chat.blocked != blocked:
        chat.blocked = blocked
        before, after = ("member", "kicked") if blocked else ("kicked", "member")
        _report(world, chat, chat.user, BOT, make_member(before), make_member(after))
    return {}


def membership(
    world: World,
    chat_id: int,
    status: str,
    rights: list[str] | None = None,
    from_id: int | None = None,
) -> Facts:
    """Set the bot's own status in a group or channel on behalf of user *from_id*."""
    chat = world.chat(chat_id)
    actor = world.sender(chat, from_id) if from_id else None
    member = make_member(status, rights)
    if chat.user is not None or status == "creator":
        raise bad_request("the bot can be a member of groups and channels, never their creator")
    if chat.is_channel and status in {"member", "restricted"}:
        raise bad_request("a bot is in a channel as its administrator, or not at all")
    before, chat.own = chat.own, member
    _report(world, chat, actor or _some_member(world, chat), BOT, before, member)
    return {}


def member(
    world: World,
    chat_id: int,
    user_id: int,
    status: str,
    *,
    rights: list[str] | None = None,
    is_anonymous: bool = False,
    from_id: int | None = None,
) -> Facts:
    """Set a user's status in a group; by default an administrator has every right."""
    chat = world.chat(chat_id)
    new = make_member(status, rights, is_anonymous=is_anonymous)
    actor = world.sender(chat, from_id) if from_id else None
    if chat.user is not None:
        raise bad_request("a private chat has no members")
    user = world.sender(chat, user_id)
    before = chat.members.get(user.id, Member("left"))
    chat.members[user.id] = new
    _report(world, chat, actor or _some_member(world, chat), user.to_api(), before, new)
    return {}


def _report(
    world: World, chat: PlaygroundChat, actor: User, user: Facts, before: Member, after: Member
) -> None:
    update = {
        "chat": chat.to_api(),
        "from": actor.to_api(),
        "date": world.now(),
        "old_chat_member": before.to_api(user, in_channel=chat.is_channel),
        "new_chat_member": after.to_api(user, in_channel=chat.is_channel),
    }
    if user is BOT:
        world.updates.add("my_chat_member", update)
    elif chat.own.is_admin:
        world.updates.add("chat_member", update)
    world.events.publish("chat", chat_id=chat.id)


def _some_member(world: World, chat: PlaygroundChat) -> User:
    members = (world.users[number] for number in chat.members if number in world.users)
    return next(members, User(777_000, "Somebody"))


def migrate(world: World, chat_id: int) -> Facts:
    """Upgrade a group to a new supergroup; calls to the old chat fail with its id."""
    group = world.chat(chat_id)
    if group.type is not ChatType.GROUP or group.migrated_to is not None:
        raise bad_request("only a group that is still one can be upgraded")
    new = world.add_chat(ChatType.SUPERGROUP, group.title or "", group.members)
    new.own = group.own
    group.migrated_to = new.id
    sender = _some_member(world, group).to_api()
    for chat, content in (
        (group, {"migrate_to_chat_id": new.id}),
        (new, {"migrate_from_chat_id": group.id}),
    ):
        notice = world.post(
            PlaygroundMessage(world.next_message_id(), chat, sender, world.now(), dict(content))
        )
        world.updates.add("message", notice.to_api())
    return {"new_chat_id": new.id}


def topic(
    world: World,
    chat_id: int,
    thread_id: int | None = None,
    state: Literal["open", "closed", "deleted"] = "open",
    name: str = "Topic",
    from_id: int | None = None,
) -> Facts:
    """Add a forum topic; or close, reopen or delete the one with *thread_id*."""
    chat = world.chat(chat_id)
    sender = chat.sender_of(world.sender(chat, from_id))
    if thread_id is None:
        return {"thread_id": create_thread(world, chat, name, sender).message_id}
    if thread_id in chat.threads:
        change_thread(world, chat, thread_id, state, sender)
    elif chat.type is not ChatType.SUPERGROUP or state == "deleted":
        raise bad_request("no such topic")
    else:
        chat.is_forum, chat.threads[thread_id] = True, Thread(name, state)
    return {"thread_id": thread_id}
