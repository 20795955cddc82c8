"""The errors of a call to a channel. The type is the policy; see `outcomes`.

Telegram's errors are translated here alone, from an HTTP code and a description. The first row of
the table that fits wins; descriptions are compared in lower case. Without such a row, a 4xx is a
plain rejection and a 5xx an error of the server.
"""

from datetime import timedelta
from http import HTTPStatus

from storage.enums import ChatState


class DeliveryError(Exception):
    """The call was not accepted; the text is for the operator."""

    doubts_channel = False  # the channel may be down: it must respond before anything is repeated


class Unknown(DeliveryError):  # noqa: N818 - each names the fate of the message
    """It may have arrived: a read time-out, a reset after the request left, a broken response."""

    doubts_channel = True


class GatewayFailed(Unknown):
    """A 502, a 504 or a page with a 5xx: the server behind a gateway may have done it."""


class NeverSent(DeliveryError):  # noqa: N818
    """The request never left: no connection."""

    doubts_channel = True


class ServerError(DeliveryError):
    """The server reports that it failed (5xx), so that nothing was done."""

    doubts_channel = True


class FloodWait(DeliveryError):  # noqa: N818
    """Too fast: the chat pauses exactly as long as asked; for a mail server, all mail pauses."""

    def __init__(self, sentence: str, pause: timedelta) -> None:
        super().__init__(sentence)
        self.pause = pause


class TokenRejected(DeliveryError):  # noqa: N818
    """The bot's token, our password or our address is rejected; no message is at fault."""


class TryLater(DeliveryError):  # noqa: N818
    """A mail server wants it later: it is busy, or we are greylisted (RFC 6647)."""


class RefusedForNow(TryLater):
    """A mail server refuses it for a reason that may pass: a full mailbox, no route to it."""


class PolicyRefused(RefusedForNow):
    """A mail server distrusts us, or relays for nobody (status 5.7, RFC 3463)."""


class MailboxRefused(DeliveryError):  # noqa: N818
    """A mail server takes no mail for this mailbox: it is suspended, never deleted."""


class ChatClosed(DeliveryError):  # noqa: N818
    """Nothing can be sent to this chat for now: it is suspended, never deleted."""

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
    """The request is wrong, and would be refused each time."""


class BadMarkup(Refused):
    """The entities or buttons are wrong."""


class TooLong(Refused):
    """It is larger than the channel takes."""


class NotModified(DeliveryError):  # noqa: N818
    """An edit that changes nothing, because the message has that text already."""


class EditTargetGone(DeliveryError):  # noqa: N818
    """The message to edit is not there, or can no longer be edited."""


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
    (400, "chat_write_forbidden", ChatBlocked),
    (400, "chat_restricted", ChatBlocked),
    (400, "chat_admin_required", ChatBlocked),
    (400, "can't parse", BadMarkup),
    (400, "entit", BadMarkup),
    (400, "button", BadMarkup),
    (400, "keyboard", BadMarkup),
    (400, "reply markup", BadMarkup),
    (404, "method not found", Refused),  # a server that is older than the method
    (403, "user is deactivated", ChatGone),
    (403, "chat was deleted", ChatGone),
    (403, "kicked", ChatKicked),
    (403, "not a member", ChatKicked),
    # aiogram reports each 5xx as one kind of error, so only the words tell a gateway.
    (500, "bad gateway", GatewayFailed),
    (500, "gateway time", GatewayFailed),
)

_BY_CODE: dict[int, type[DeliveryError]] = {
    HTTPStatus.UNAUTHORIZED: TokenRejected,
    HTTPStatus.FORBIDDEN: ChatBlocked,
    HTTPStatus.NOT_FOUND: TokenRejected,  # what a malformed token gets
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLong,
}


def rejection(code: int, description: str) -> DeliveryError:
    """Return our error for a response `ok: false` that carries no parameters."""
    lowered = description.lower()
    for known_code, words, error in _BY_WORDS:
        if code == known_code and words in lowered:
            return error(description)
    default = ServerError if code >= HTTPStatus.INTERNAL_SERVER_ERROR else Refused
    return _BY_CODE.get(code, default)(description)


def is_error_page(response: object) -> bool:
    """Return whether a response that is no JSON is a gateway's error page, with a 5xx."""
    return isinstance(response, str) and (not response.strip() or response.lstrip().startswith("<"))
