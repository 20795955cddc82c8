"""How an edition looks on each medium by which a chat gets its digests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.mail.compose import Post, Recipient
from bot.publishing.mails import edition_mail
from bot.publishing.pages import Edition, edition_page
from bot.rendering.renderer import Renderer
from storage.chats import Chat
from storage.enums import ChatState, Medium
from storage.outbox import Body

# The bodies are the parts of one edition, in the order in which they are sent.
Layout: TypeAlias = Callable[[Renderer, Edition], Sequence[Body]]


@dataclass(frozen=True, slots=True)
class ByMail:
    """The layout of a mail: it names its recipient."""

    post: Post
    recipient: Recipient

    def __call__(self, _renderer: Renderer, edition: Edition) -> Sequence[Body]:
        return [edition_mail(self.post, self.recipient, edition)]


def layouts_for(
    chat: Chat, post: Post | None = None, recipient: Recipient | None = None
) -> Mapping[Medium, Layout]:
    """Return one for each medium; Telegram's alone where no mail can go, whatever was chosen.

    A chat that Telegram's way to is shut gets its mails: the same would only pile up there.
    """
    if post is None or recipient is None or not chat.digest_by.mails:
        return {Medium.TELEGRAM: edition_page}
    by_mail = {Medium.EMAIL: ByMail(post, recipient)}
    is_open = chat.state is ChatState.ACTIVE and chat.digest_by.telegrams
    return {Medium.TELEGRAM: edition_page, **by_mail} if is_open else by_mail
