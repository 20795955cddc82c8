"""The errors of a call to a channel. The type of an error decides what happens; see `outcomes`.

Only this module classifies Telegram's errors, by HTTP code and description. The first row of
`_BY_WORDS` that matches wins; descriptions are compared in lower case. Without a match, `_BY_CODE`
decides. Any other 4xx is `Refused`, and any other 5xx is `ServerError`.
"""

from datetime import timedelta
from http import HTTPStatus

from storage.enums import ChatState


class DeliveryError(Exception):
    """The call was not accepted; the text is for the operator."""

    doubts_channel = False  # True: the server may be down, and nothing is sent until it responds


class Unknown(DeliveryError):  # noqa: N818 - each names the fate of the message
    """The message may have arrived: a read time-out, a reset after sending, a broken response."""

    doubts_channel = True


class GatewayFailed(Unknown):
    """A 502, a 504 or an error page: the server behind the gateway may have sent the message."""


class NeverSent(DeliveryError):  # noqa: N818
    """The request was never sent, because there was no connection."""

    doubts_channel = True


class ServerError(DeliveryError):
    """The server reports that it failed (5xx), so we assume that nothing was sent."""

    doubts_channel = True


class FloodWait(DeliveryError):  # noqa: N818
    """Sent too fast: the chat pauses as long as Telegram asks; for a mail server, all mail does."""

    def __init__(self, sentence: str, pause: timedelta) -> None:
        super().__init__(sentence)
        self.pause = pause


class TokenRejected(DeliveryError):  # noqa: N818
    """The bot's token, or our mail password or address, is rejected; no message is at fault."""


class TryLater(DeliveryError):  # noqa: N818
    """A mail server asks to try later: it is busy, or it greylists us (RFC 6647)."""


class RefusedForNow(TryLater):
    """A mail server refuses the mail for now, because the mailbox is full or cannot be reached."""


class PolicyRefused(RefusedForNow):
    """A mail server distrusts us or does not relay our mail (status 5.7, RFC 3463)."""


class MailboxRefused(DeliveryError):  # noqa: N818
    """A mail server takes no mail for this mailbox, which is suspended, never deleted."""


class ChatClosed(DeliveryError):  # noqa: N818
    """Nothing can be sent to this chat for now. The chat is suspended, never deleted."""

    state: ChatState


class ChatBlocked(ChatClosed):
    state = ChatState.BLOCKED


class ChatKicked(ChatClosed):
    state = ChatState.KICKED


class ChatGone(ChatClosed):
    state = ChatState.GONE


class TopicClosed(ChatClosed):
    state = ChatState.TOPIC_CLOSED


class ChatMigrated(DeliveryError):  # noqa: N818
    """The group became a supergroup with another id."""

    def __init__(self, sentence: str, new_id: int) -> None:
        super().__init__(sentence)
        self.new_id = new_id


class Refused(DeliveryError):  # noqa: N818
    """The request is wrong and would be refused again."""


class BadMarkup(Refused):
    """The entities or buttons are wrong."""


class TooLong(Refused):
    """The message is larger than the channel allows."""


class NotModified(DeliveryError):  # noqa: N818
    """The edit changes nothing, because the message already has this text."""


class EditTargetGone(DeliveryError):  # noqa: N818
    """The message to edit was deleted or can no longer be edited."""


# Telegram's errors

_BY_WORDS: tuple[tuple[int, str, type[DeliveryError]], ...] = (
    (400, "message is not modified", NotModified),
    (400, "message to edit not found", EditTargetGone),
    (400, "message can't be edited", EditTargetGone),
    (400, "message_id_invalid", EditTargetGone),
    (400, "message is too long", TooLong),
    (400, "message_too_long", TooLong),
    (400, "topic_closed", TopicClosed),
    (400, "topic_deleted", TopicClosed),
    (400, "message thread not found", TopicClosed),
    (400, "chat not found", ChatGone),
    (400, "peer_id_invalid", ChatGone),
    (400, "group chat was deactivated", ChatGone),
    (400, "group is deactivated", ChatGone),
    (400, "not enough rights to send photos", Refused),  # it may have the right to send text
    (400, "not enough rights", ChatBlocked),
    (400, "have no rights", ChatBlocked),
    (400, "need administrator rights", ChatBlocked),
    (400, "chat_not_modified", NotModified),
    (400, "chat_write_forbidden", ChatBlocked),
    (400, "chat_restricted", ChatBlocked),
    (400, "chat_admin_required", ChatBlocked),
    (400, "can't parse", BadMarkup),
    (400, "entit", BadMarkup),
    (400, "button", BadMarkup),
    (400, "keyboard", BadMarkup),
    (400, "reply markup", BadMarkup),
    (404, "method not found", Refused),  # the Bot API server is too old for the method
    (403, "user is deactivated", ChatGone),
    (403, "chat was deleted", ChatGone),
    (403, "kicked", ChatKicked),
    (403, "not a member", ChatKicked),
    # aiogram raises the same error for every 5xx, so only the words reveal a gateway.
    (500, "bad gateway", GatewayFailed),
    (500, "gateway time", GatewayFailed),
)

_BY_CODE: dict[int, type[DeliveryError]] = {
    HTTPStatus.UNAUTHORIZED: TokenRejected,
    HTTPStatus.FORBIDDEN: ChatBlocked,
    HTTPStatus.NOT_FOUND: TokenRejected,  # Telegram's response to a malformed token
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLong,
}


def rejection(code: int, description: str) -> DeliveryError:
    """Return our error for a response with `ok: false` and no parameters."""
    lowered = description.lower()
    for known_code, words, error in _BY_WORDS:
        if code == known_code and words in lowered:
            return error(description)
    default = ServerError if code >= HTTPStatus.INTERNAL_SERVER_ERROR else Refused
    return _BY_CODE.get(code, default)(description)


def is_error_page(response: object) -> bool:
    """Return whether a response that is not JSON is the error page of a gateway."""
    return isinstance(response, str) and (not response.strip() or response.lstrip().startswith("<"))
