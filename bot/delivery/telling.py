"""What the operator reads in the log about an answer that is no yes: how loud, which sentence."""

from bot.delivery.errors import (
    AddressClosed,
    ChatMigrated,
    DeliveryError,
    EditTargetGone,
    FloodWait,
    NeverSent,
    NotModified,
    TokenRejected,
)
from bot.delivery.ledger import Decision
from storage.enums import DeliveryState

Telling = tuple[str, str]  # the level, as a logger's method is named, and the sentence

_BY_ERROR: tuple[tuple[type[DeliveryError], Telling], ...] = (
    (TokenRejected, ("error", "Telegram refuses the token and nothing is sent: check BOT_TOKEN")),
    (
        FloodWait,
        ("warning", "Telegram asks for a pause; nothing goes to this chat until it is over"),
    ),
    (AddressClosed, ("info", "a chat cannot be written to; it is suspended until it comes back")),
    (ChatMigrated, ("info", "a group has become a supergroup; what waits goes to its new id")),
    (NotModified, ("info", "a message says already what it should say")),
    (EditTargetGone, ("info", "the message to change is gone; the change is dropped")),
)
_BY_STATE: dict[DeliveryState, Telling] = {
    DeliveryState.HELD: ("error", "a message is held for you: dateline deliveries"),
    DeliveryState.FAILED: ("error", "a message was refused and waits for you: dateline deliveries"),
}
_NO_WAY: Telling = ("warning", "there is no way to Telegram; the message waits")
_AS_PLAIN_TEXT: Telling = ("warning", "a message was refused as it was; it goes as its fallback")
_AGAIN: Telling = ("warning", "a message may have arrived; it goes once more, without a sound")
_EDIT_AGAIN: Telling = ("warning", "a change may not have arrived; it goes once more")


def telling(error: DeliveryError, decision: Decision, *, is_edit: bool = False) -> Telling:
    for kind, told in _BY_ERROR:
        if isinstance(error, kind):
            return told
    if decision.state in _BY_STATE:
        return _BY_STATE[decision.state]
    if isinstance(error, NeverSent):
        return _NO_WAY
    if decision.swap:
        return _AS_PLAIN_TEXT
    return _EDIT_AGAIN if is_edit else _AGAIN
