"""May the bot write here? Telegram's refusals, in its order."""

from bot.playground.answers import bad_request, forbidden, upgraded
from bot.playground.chats import Chat, ChatType


def check_writable(chat: Chat) -> None:
    """Raise the refusal that a message, an edit or an action in *chat* would get."""
    if chat.migrated_to is not None:
        raise upgraded(chat.migrated_to)
    if chat.type is ChatType.PRIVATE:
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
    elif chat.own.status == "kicked":
        raise forbidden(f"bot was kicked from the {chat.type.value} chat")
    elif chat.own.status == "left":
        raise forbidden(f"bot is not a member of the {chat.type.value} chat")


def check_may_send(chat: Chat) -> None:
    """Raise the refusal that a new message of the bot's would get for want of a right."""
    if chat.is_channel and not chat.own.may("can_post_messages"):
        raise bad_request("need administrator rights in the channel chat")
    if not chat.is_channel and not chat.own.may_write:
        raise bad_request("not enough rights to send text messages to the chat")


def check_thread(chat: Chat, thread_id: int | None) -> None:
    """A closed topic takes messages of those alone who may manage topics."""
    if thread_id is None:
        return
    if thread_id not in chat.threads:
        raise bad_request("message thread not found")
    if chat.threads[thread_id].state == "closed" and not chat.own.may("can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")
