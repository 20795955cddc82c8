"""Telegram's refusals, read once: an HTTP code and a description become an error of ours.

The first row that fits wins; descriptions are compared in lower case. What no row knows is a plain
refusal (4xx) or trouble of the server (5xx).
"""

from http import HTTPStatus

from bot.delivery.errors import (
    BadMarkup,
    ChatBlocked,
    ChatGone,
    ChatKicked,
    DeliveryError,
    EditTargetGone,
    NotModified,
    Refused,
    ServerTrouble,
    TokenRejected,
    TooLong,
    TopicClosed,
)

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
    (400, "not enough rights to send photos", Refused),  # text may be sent all the same
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
)

_BY_CODE: dict[int, type[DeliveryError]] = {
    HTTPStatus.UNAUTHORIZED: TokenRejected,
    HTTPStatus.FORBIDDEN: ChatBlocked,
    HTTPStatus.NOT_FOUND: TokenRejected,  # how a malformed token is answered
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLong,
}


def refusal(code: int, description: str) -> DeliveryError:
    """Return the error for an answer `ok: false` that carries no parameters."""
    said = description.lower()
    for known_code, words, error in _BY_WORDS:
        if code == known_code and words in said:
            return error(description)
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerTrouble(description)
    return _BY_CODE.get(code, Refused)(description)


def unreadable(answer: object) -> bool:
    """Whether an answer that is no JSON is a gateway's error page, so that the status was a 5xx."""
    return isinstance(answer, str) and (not answer.strip() or answer.lstrip().startswith("<"))
