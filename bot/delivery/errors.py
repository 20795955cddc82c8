"""What can go wrong with a call to a channel. The type is the policy; see `outcomes`."""

from datetime import timedelta

from storage.enums import ChatState


class DeliveryError(Exception):
    """The call did not end in a plain yes; the text is for the operator."""

    doubts_channel = False  # the channel itself may be down: ask it before anything is repeated


class Unknown(DeliveryError):  # noqa: N818 - all of these name what became of the message
    """It may have arrived: a read time-out, a reset after the request left, a broken answer."""

    doubts_channel = True


class NeverSent(DeliveryError):  # noqa: N818
    """The request never left: no connection."""

    doubts_channel = True


class ServerTrouble(DeliveryError):  # noqa: N818
    """The server failed (5xx), perhaps after the effect."""

    doubts_channel = True


class FloodWait(DeliveryError):  # noqa: N818
    """Too fast: the chat pauses exactly as long as asked; at a mail server, all mail."""

    def __init__(self, sentence: str, pause: timedelta) -> None:
        super().__init__(sentence)
        self.pause = pause


class TokenRejected(DeliveryError):  # noqa: N818
    """We are not let in, by the bot's token or as a sender of mail; no message is at fault."""


class TryLater(DeliveryError):  # noqa: N818
    """Not now, says a mail server: a mailbox is full, or strangers are to come again (RFC 6647)."""


class PolicyRefused(TryLater):
    """A mail server mistrusts us, or lets nobody pass on mail there (status 5.7, RFC 3463)."""


class MailboxRefused(DeliveryError):  # noqa: N818
    """A mail server wants nothing for this mailbox: it is suspended, never deleted."""


class AddressClosed(DeliveryError):  # noqa: N818
    """Nothing can be sent to this address for now: it is suspended, never deleted."""

    state: ChatState


class ChatBlocked(AddressClosed):
    state = ChatState.BLOCKED


class ChatKicked(AddressClosed):
    state = ChatState.KICKED


class ChatGone(AddressClosed):
    state = ChatState.GONE


class TopicClosed(AddressClosed):
    state = ChatState.TOPIC_CLOSED


class ChatMigrated(DeliveryError):  # noqa: N818
    """The group became a supergroup with another id."""

    def __init__(self, sentence: str, new_id: int) -> None:
        super().__init__(sentence)
        self.new_id = new_id


class Refused(DeliveryError):  # noqa: N818
    """The request is wrong as it stands; the same again would be refused again."""


class BadMarkup(Refused):
    """Its entities or buttons are."""


class TooLong(Refused):
    """It is larger than the channel takes."""


class NotModified(DeliveryError):  # noqa: N818
    """An edit that changes nothing: what was to be shown is shown."""


class EditTargetGone(DeliveryError):  # noqa: N818
    """The message to edit is not there, or can no longer be edited."""
