"""/start, /help and /privacy, and the links and codes that give access.

A link may carry a topic, an invitation, or the code that makes the first admin. Users without
access may send only invitations and that code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat import callbacks as press
from bot.chat.cards import show_card
from bot.chat.commands import ChatCommand, commands_in_help
from bot.chat.context import Context
from bot.chat.menu import ChatMenu
from bot.chat.permissions import Permission
from bot.chat.senders import private_sender, sender_of
from bot.rendering.i18n import ENGLISH
from bot.sources.administration import is_anything_read
from bot.subscribers import (
    access_requests,
    channel_sources,
    feedback,
    sent_stories,
    settings,
    share_links,
    topics,
    users,
)
from bot.subscribers.access import redeem_admin_code
from bot.subscribers.invites import Redeemed, is_unauthorized, looks_like_a_code, redeem_invite
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.share_links import (
    ADMIN_PREFIX,
    INVITE_PREFIX,
    LinkedChannel,
    LinkedQuery,
    LinkedShare,
    LinkedStory,
    LinkedTopic,
    read_start,
)
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message, User

    from bot.chat.administrators import Administrators
    from bot.chat.reply import Reply
    from bot.resources import Resources


_MOST_OFFERED = 5  # topics of the catalogue in the welcome


async def welcome(_: object, context: Context) -> None:
    if context.user.is_admin:  # feedback may have waited for an admin's chat
        await feedback.forward_feedback(
            context.storage,
            renderer=context.resources.renderer,
            admins=context.resources.access.admins,
        )
    subscribed = await topics.subscribed(context.storage, context.chat_id, per_page=MOST_LISTED)
    subscribed_ids = {topic.id for topic in subscribed.items}
    most = _MOST_OFFERED + len(subscribed_ids)
    catalogue = await topics.popular(context.storage, context.chat_id, most)
    new = [topic for topic in catalogue.items if topic.id not in subscribed_ids]
    offered = new[:_MOST_OFFERED]
    await context.reply.show(
        "chat/start.html",
        user=context.user,
        catalogue=offered,
        has_more=catalogue.total > len(offered),
        subscriptions=subscribed.total,
        reads_news=await is_anything_read(context.storage, context.chat_id),
    )
    if context.user.kind is ChatKind.PRIVATE:
        await _set_menu(context)


async def _set_menu(context: Context) -> None:
    """Set the menu of a chat that needs one other than the default, which is for English users."""
    user, reply = context.user, context.reply
    if reply.renderer.language is ENGLISH and not user.is_admin:
        return
    chosen = (await settings.get_settings(context.storage, context.chat_id)).language
    menu = ChatMenu(
        user.user_id,
        reply.renderer,
        context.resources.app_url,
        user.is_admin,
        chosen is not None,
        without=context.resources.unavailable_commands,
    )
    context.resources.background.start(menu.set(reply.bot), menu.key)


async def open_link(_: object, command: CommandObject, context: Context) -> None:
    match read_start(command.args or ""):
        case LinkedTopic(name):
            topic = await topics.topic_by_name(context.storage, context.chat_id, name)
            await show_card(topic.typed, context, topic)
        case LinkedQuery(typed):
            await show_card(typed, context)
        case LinkedShare(token):
            await show_card(await share_links.shared_query(context.storage, token), context)
        case LinkedStory(story_id):
            story = await sent_stories.see_story(context.storage, context.chat_id, story_id)
            of = press.OnStory(action=press.StoryAction.OPEN, story_id=story_id)
            await context.reply.show("chat/stories.html#story", story=story, of=of, **context.clock)
        case LinkedChannel(token):
            source = await channel_sources.linked_channel(context.storage, token)
            await context.reply.show("chat/channel_sources.html#offer", source=source, token=token)
        case None:
            await welcome(None, context)


async def show_help(_: object, context: Context) -> None:
    await context.reply.show("chat/help.html#help", user=context.user)


async def show_help_page(_: object, callback_data: press.ShowHelp, context: Context) -> None:
    user = context.user
    resources = context.resources
    unavailable = resources.unavailable_commands
    await context.reply.change(
        f"chat/help.html#{callback_data.page}",
        user=user,
        commands=commands_in_help(user.kind, is_admin=user.is_admin, without=unavailable),
        has_newsletters=resources.newsletters is not None,
    )


async def explain_queries(_: object, context: Context) -> None:
    await context.reply.show(f"chat/help.html#{press.HelpPage.QUERIES}", user=context.user)


async def show_privacy(_: object, context: Context) -> None:
    resources = context.resources
    await context.reply.show(
        "chat/privacy.html",
        can_mail=resources.mailer is not None,
        has_search_feeds=resources.has_search_feeds,
        has_newsletters=resources.newsletters is not None,
    )


# Access


async def accepts_invites(_: object, resources: Resources) -> bool:
    return resources.access.invites


async def lacks_access(message: Message, resources: Resources) -> bool:
    return message.from_user is not None and await is_unauthorized(
        resources.storage, message.from_user.id, access=resources.access
    )


async def open_admin_link(
    _: object,
    command: CommandObject,
    event_from_user: User,
    bot: Bot,
    resources: Resources,
    reply: Reply,
) -> None:
    code = (command.args or "").removeprefix(ADMIN_PREFIX)
    storage, access = resources.storage, resources.access
    if not await redeem_admin_code(storage, event_from_user.id, code, access=access):
        await reply.show("chat/errors.html#admin_link")
        return
    # Feedback can be forwarded only to an admin whose chat has a row.
    user = await users.identify(storage, private_sender(event_from_user), access=access)
    await feedback.forward_feedback(storage, renderer=resources.renderer, admins=access.admins)
    menu = ChatMenu(
        event_from_user.id,
        reply.renderer,
        resources.app_url,
        is_admin=True,
        without=resources.unavailable_commands,
    )
    resources.background.start(menu.set(bot), menu.key)
    reads_news = user is None or await is_anything_read(storage, user.chat_id)
    await reply.show("chat/admin/access.html#promoted", user=user, reads_news=reads_news)


async def open_invite(
    _: object, command: CommandObject, event_from_user: User, resources: Resources, reply: Reply
) -> None:
    code = (command.args or "").removeprefix(INVITE_PREFIX)
    await _redeem(code, event_from_user, resources, reply)


async def redeem_code(
    message: Message, event_from_user: User, resources: Resources, reply: Reply
) -> None:
    await _redeem(message.text or "", event_from_user, resources, reply)


async def _redeem(code: str, user: User, resources: Resources, reply: Reply) -> None:
    storage, access = resources.storage, resources.access
    result = await redeem_invite(storage, user.id, code, once=reply.once, access=access)
    current = None
    if result in {Redeemed.IN, Redeemed.ALREADY_IN}:
        current = await users.identify(storage, private_sender(user), access=access)
    if current is None:
        await reply.show("chat/errors.html#invitation", result=result, user_id=user.id)
    else:
        await welcome(None, Context(resources, current, reply))


async def may_ask(pressed: CallbackQuery, resources: Resources) -> bool:
    sender = sender_of(pressed)
    return sender is not None and await access_requests.may_ask(
        resources.storage, sender, access=resources.access
    )


async def ask_for_access(
    pressed: CallbackQuery, resources: Resources, reply: Reply, administrators: Administrators
) -> None:
    """Ask for the user; in a group, only its administrators may ask, for the group."""
    sender = sender_of(pressed)
    if sender is None:
        return
    is_private = sender.kind is ChatKind.PRIVATE
    if not is_private and not await administrators.has(
        reply.bot, sender.telegram_id, sender.user_id, is_change=True
    ):
        await reply.toast("chat/unauthorized.html#administrators")
        return
    is_sent = await access_requests.ask(
        resources.storage, sender, access=resources.access, renderer=resources.renderer
    )
    await reply.change("chat/unauthorized.html#asked", sender=sender, is_sent=is_sent)


def make_join_router() -> Router:
    """Return the router for what users without access may do to get it."""
    router = Router(name="join")
    router.message.filter(F.chat.type == "private")
    on_message, anybody = router.message.register, Permission.WITHOUT_ACCESS
    is_admin_link = ChatCommand("start", magic=F.args.startswith(ADMIN_PREFIX))
    is_invite = ChatCommand("start", magic=F.args.startswith(INVITE_PREFIX))
    is_code = F.text.func(looks_like_a_code)
    on_message(open_admin_link, is_admin_link, flags=anybody.flags)
    on_message(open_invite, is_invite, accepts_invites, flags=anybody.flags)
    on_message(redeem_code, is_code, accepts_invites, lacks_access, flags=anybody.flags)
    is_request = press.AskForAccess.filter()
    router.callback_query.register(ask_for_access, is_request, may_ask, flags=anybody.flags)
    return router


def make_router() -> Router:
    router = Router(name="start")
    on_message, on_press = router.message.register, router.callback_query.register
    about_queries = F.args.func(lambda args: bool(args) and args.lower().startswith("quer"))
    on_message(open_link, ChatCommand("start", magic=F.args))
    on_message(welcome, ChatCommand("start"))
    on_message(explain_queries, ChatCommand("help", magic=about_queries))
    on_message(show_help, ChatCommand("help"))
    on_message(show_privacy, ChatCommand("privacy"))
    on_press(welcome, press.AskForAccess.filter(), flags=Permission.EVERYBODY.flags)
    on_press(show_help_page, press.ShowHelp.filter(), flags=Permission.EVERYBODY.flags)
    return router
