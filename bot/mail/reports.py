"""Reading bounces, complaints and requests to unsubscribe, and finding their mailbox.

A bounce returns to an address that names its mailbox (a variable envelope return path):
`bounce+<token>@example.org` with a signed token. The token is in lower case, because mail servers
may fold the case of a local part. Requests to unsubscribe carry the same token.

A report is read from a whole message, which anybody may have sent:

- A delivery status notification (RFC 3464) with `Action: failed`, whose status gives the reason;
  other actions such as `delayed` are ignored. The token of the return path is in the address that
  the report was sent to, or in the quoted mail.
- A complaint (ARF, RFC 5965) of type `abuse`, `fraud` or `opt-out`. The token is in the quoted
  mail.
- A request to unsubscribe: a subject or text with the word "unsubscribe" and a token.

No header field is parsed, because the standard library's parsers of addresses and parameters fail
on some hostile fields and take minutes over others. The reader still runs in a worker process,
because an attacker may find something else that takes long.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from email import message_from_string
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from enum import StrEnum
from itertools import islice
from typing import Any, Self
from urllib.parse import unquote

from bot.rendering.links import BadTokenError, Purpose, Signer

_TOKEN = re.compile(r"(?<![\w.])\d{1,19}\.0\.[a-z2-7]{26}(?![\w.])")
_MOST_TOKENS = 20  # that are tried; in an honest report ours is among the first


def token_of(mailbox_id: int, signer: Signer) -> str:
    return signer.sign(Purpose.RETURN_PATH, mailbox_id)


def tokens_in(text: str) -> tuple[str, ...]:
    """Return the possible tokens in *text*, in URLs too, each once and in their order."""
    found = dict.fromkeys(_TOKEN.findall(unquote(text).lower()))
    return tuple(islice(found, _MOST_TOKENS))


def verified_mailbox_id(tokens: Iterable[str], signer: Signer, now: datetime) -> int | None:
    """Return the mailbox in the first of *tokens* that we have signed; None if there is none."""
    for token in tokens:
        try:
            (mailbox_id,) = signer.verify(Purpose.RETURN_PATH, token, now)
        except BadTokenError:
            continue
        return int(mailbox_id)
    return None


def return_path(address: str, token: str) -> str:
    """Return *address* with a plus and the *token* at the end of its local part."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


# Reading a report

_LONGEST_FIELD = 2000  # characters; most fields are one line, of 998 at most (RFC 5322)
_LONGEST_REASON = 300
_LONGEST_STATUS = 11  # characters; a status is 5.999.999 at most
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_COMPLAINTS = {"abuse", "fraud", "opt-out"}
_MOST_MULTIPARTS = 20  # an honest report has four; each adds a search to every line inside it
_SEARCHED = 1000  # characters of a body that are searched for a request


class ReportKind(StrEnum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Report:
    """A bounce, a complaint or a request; *tokens* may be ours, the likeliest first.

    A bounce has the enhanced *status* code, and as *reason* the words of the server.
    """

    kind: ReportKind
    tokens: tuple[str, ...]
    status: str = ""
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        return cls(
            **fields | {"kind": ReportKind(fields["kind"]), "tokens": tuple(fields["tokens"])},
        )


class _Bounded(Compat32):
    """A policy that keeps fields as written, and cuts those that are longer than any honest one."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_FIELD]


class _Part(Message):
    """A part that finds its boundary without the parser of parameters, which may fail."""

    def get_boundary(self, failobj: Any = None) -> Any:
        found = _BOUNDARY.search(self.get("Content-Type", ""))
        return found[1] or found[2] if found else failobj


def _parsed(text: str) -> Message:
    return message_from_string(text, _Part, policy=_Bounded())


def read_report(content: bytes) -> Report | None:
    """Return the report in the message *content*; None if it is any other mail."""
    text = content.decode("utf-8", "replace")
    if sum(1 for _ in _BOUNDARY.finditer(text)) > _MOST_MULTIPARTS:
        return None
    message = _parsed(text)
    kinds = {part.get_content_type(): part for part in message.walk()}
    if status := kinds.get("message/delivery-status"):
        return _bounce(message, status, text)
    if feedback := kinds.get("message/feedback-report"):
        return _complaint(feedback, text)
    return _unsubscribe_request(message)


def _bounce(message: Message, status: Message, text: str) -> Report | None:
    for fields in _groups(status):
        action = fields.get("Action", "").strip().lower()
        code = fields.get("Status", "").strip()
        if action != "failed" or not code.startswith(("4", "5")):
            continue
        reason = fields.get("Diagnostic-Code", "").partition(";")[2] or code
        recipients = "\n".join(_recipients(message))
        return Report(
            ReportKind.BOUNCE,
            tokens_in(f"{recipients}\n{_unfolded(text)}"),
            status=code.partition(" ")[0][:_LONGEST_STATUS],
            reason=" ".join(reason.split())[:_LONGEST_REASON],
        )
    return None


def _complaint(feedback: Message, text: str) -> Report | None:
    for fields in _groups(feedback):
        if fields.get("Feedback-Type", "").strip().lower() in _COMPLAINTS:
            return Report(ReportKind.COMPLAINT, tokens_in(_unfolded(text)))
    return None


def _unsubscribe_request(message: Message) -> Report | None:
    text = f"{_decoded(message.get('Subject', ''))}\n{_body(message)}"
    if "unsubscribe" not in text.lower():
        return None
    return Report(ReportKind.UNSUBSCRIBE, tokens_in(text))


def _groups(part: Message) -> list[Message]:
    """Return the groups of fields in a report; the parser makes each group a message."""
    payload = part.get_payload()
    parts = payload if isinstance(payload, list) else []
    groups = [part for part in parts if isinstance(part, Message)]
    if any(len(group) for group in groups):
        return groups
    text = groups[0].get_payload() if groups else payload
    return [_parsed(str(text))]


def _recipients(message: Message) -> list[str]:
    names = ("Delivered-To", "X-Original-To", "To")
    return [value for name in names for value in message.get_all(name, [])]


def _decoded(subject: str) -> str:
    """Return *subject* with its encoded words (RFC 2047) as ASCII, because a token is ASCII."""
    try:
        pieces = decode_header(subject)
    except HeaderParseError:
        return subject
    return "".join(
        piece.decode("ascii", "replace") if isinstance(piece, bytes) else piece
        for piece, _ in pieces
    )


def _body(message: Message) -> str:
    """Return the beginning of the first plain text, as ASCII."""
    for part in _own_parts(message):
        if part.get_content_type() == "text/plain":
            try:
                content = part.get_payload(decode=True)
            except ValueError:  # malformed uuencoding
                return ""
            assert isinstance(content, bytes)  # noqa: S101 - a decoded payload is bytes
            return content.decode("ascii", "replace")[:_SEARCHED]
    return ""


def _own_parts(message: Message) -> Iterator[Message]:
    """Yield the sender's own parts, without those of a quoted mail, which may be ours."""
    if not message.is_multipart():
        yield message
    elif message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            assert isinstance(part, Message)  # noqa: S101 - the parser's own
            yield from _own_parts(part)


def _unfolded(text: str) -> str:
    """Return *text* with the lines joined that quoted-printable has folded."""
    return text.replace("=\r\n", "").replace("=\n", "")
