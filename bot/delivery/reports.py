"""What a mail that came back says: read from whole messages, whose senders may be anybody.

- a delivery status notification (RFC 3464): `Action: failed` with a status 5.x.x is for good, 4.x.x
  passes; `delayed` and the like say nothing yet. Whose it was says the token of the return path,
  in the address that the report came to or in what it quotes.
- a complaint (ARF, RFC 5965) of type `abuse` or `fraud`; the token stands in the quoted mail.
- a wish to be unsubscribed: a subject or a first line with that word and a token.
Whatever else comes is nothing that we understand.
"""

from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from enum import Enum, auto

_LONGEST_REASON = 300
_COMPLAINTS = {"abuse", "fraud", "opt-out"}
_PEEK = 1000  # characters of a body that are looked at for a wish


class What(Enum):
    BOUNCE = auto()
    COMPLAINT = auto()
    WISH = auto()  # to be unsubscribed


@dataclass(frozen=True, slots=True)
class Report:
    """*text* holds the token somewhere, if it is one of ours."""

    what: What
    text: str
    is_permanent: bool = False
    reason: str = ""


def read_report(content: bytes) -> Report | None:
    """Return what the message *content* reports; None for anything else."""
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - the policy makes such
    kinds = {part.get_content_type(): part for part in message.walk()}
    if status := kinds.get("message/delivery-status"):
        return _bounce(message, status, content)
    if feedback := kinds.get("message/feedback-report"):
        return _complaint(feedback, content)
    return _wish(message)


def _bounce(message: EmailMessage, status: Message, content: bytes) -> Report | None:
    for fields in _groups(status):
        action = str(fields.get("Action", "")).strip().lower()
        code = str(fields.get("Status", "")).strip()
        if action != "failed" or not code.startswith(("4", "5")):
            continue
        told = str(fields.get("Diagnostic-Code", "")).partition(";")[2] or code
        came_to = " ".join(str(value) for value in _recipients(message))
        return Report(
            What.BOUNCE,
            text=f"{came_to}\n{_plain(content)}",
            is_permanent=code.startswith("5"),
            reason=" ".join(told.split())[:_LONGEST_REASON],
        )
    return None


def _complaint(feedback: Message, content: bytes) -> Report | None:
    for fields in _groups(feedback):
        if str(fields.get("Feedback-Type", "")).strip().lower() in _COMPLAINTS:
            return Report(What.COMPLAINT, _plain(content))
    return None


def _wish(message: EmailMessage) -> Report | None:
    body = message.get_body(("plain",))
    try:
        written = str(body.get_content())[:_PEEK] if body else ""
    except (LookupError, ValueError):  # a charset that nobody knows
        written = ""
    text = f"{message.get('Subject', '')}\n{written}"
    return Report(What.WISH, text) if "unsubscribe" in text.lower() else None


def _groups(part: Message) -> list[Message]:
    """Return the groups of fields of a report; the parser makes each a message of its own."""
    payload = part.get_payload()
    groups = (
        [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []
    )
    if groups and not all(len(group) == 0 for group in groups):
        return groups
    text = groups[0].get_payload() if groups else payload
    return [message_from_bytes(str(text).encode(errors="replace"), policy=default)]


def _recipients(message: EmailMessage) -> list[str]:
    names = ("Delivered-To", "X-Original-To", "To")
    return [value for name in names for value in message.get_all(name, [])]


def _plain(content: bytes) -> str:
    """Return all of it as text, lines that quoted-printable folded put together."""
    return content.decode("ascii", "replace").replace("=\r\n", "").replace("=\n", "")
