"""Mails that came back: whose they were, and what they report.

A bounce comes back to an address that names its mailbox (a variable envelope return path):
`bounce+<token>@example.org` with a signed token. It is in lower case throughout, since mail servers
may fold the case of a local part. Mails that ask to be unsubscribed carry the same token.

A report is read from a whole message, whose sender may be anybody:

- a delivery status notification (RFC 3464) with `Action: failed`, whose status says why; `delayed`
  and the like say nothing yet. The token of the return path stands in the address that the report
  came to, or in what it quotes.
- a complaint (ARF, RFC 5965) of type `abuse` or `fraud`; the token stands in the quoted mail.
- a request to be unsubscribed: a subject or a first line with that word and a token.
Any other mail is none of these.

Nothing here needs the structure of a header field, so none is parsed: the standard library's
parsers of addresses and of parameters fail on some, and take minutes over others. Even so this
runs in a worker: an attacker has more time than we to find what else takes long.
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
_MOST = 20  # that are tried; an honest report has ours in the address that it came to


def token_of(mailbox_id: int, signer: Signer) -> str:
    return signer.sign(Purpose.RETURN_PATH, mailbox_id)


def tokens_in(text: str) -> tuple[str, ...]:
    """Return what may be tokens in *text*, in their order, each once; they may stand in URLs."""
    found = dict.fromkeys(_TOKEN.findall(unquote(text).lower()))
    return tuple(islice(found, _MOST))


def verified_mailbox_id(tokens: Iterable[str], signer: Signer, now: datetime) -> int | None:
    """Return the mailbox of the first of the *tokens* that is ours."""
    for token in tokens:
        try:
            (mailbox_id,) = signer.verify(Purpose.RETURN_PATH, token, now)
        except BadTokenError:
            continue
        return int(mailbox_id)
    return None


def return_path(address: str, token: str) -> str:
    """Return *address* with the *token* behind a plus."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


# Reading a report

_LONGEST_FIELD = 2000  # characters; a line of a mail has 998 at most (RFC 5322), most fields one
_LONGEST_REASON = 300
_LONGEST_STATUS = 11  # 5.999.999 and room
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_COMPLAINTS = {"abuse", "fraud", "opt-out"}
_MOST_MULTIPARTS = 20  # an honest report has four; nested, each is looked for in every line
_PEEK = 1000  # characters of a body that are searched for a request


class ReportKind(StrEnum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Report:
    """*tokens* are what may be one of ours, the likeliest first; the rest is of a bounce.

    *status* is its enhanced status code, *reason* are the words of the server that refused.
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
    """Fields as they are written, none longer than an honest one."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_FIELD]


class _Part(Message):
    """Finds its boundary without the parameters around it, whose parser fails on some."""

    def get_boundary(self, failobj: Any = None) -> Any:
        found = _BOUNDARY.search(self.get("Content-Type", ""))
        return found[1] or found[2] if found else failobj


def _parsed(text: str) -> Message:
    return message_from_string(text, _Part, policy=_Bounded())


def read_report(content: bytes) -> Report | None:
    """Return what the message *content* reports; None for anything else."""
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
        said = fields.get("Diagnostic-Code", "").partition(";")[2] or code
        came_to = "\n".join(_recipients(message))
        return Report(
            ReportKind.BOUNCE,
            tokens_in(f"{came_to}\n{_unfolded(text)}"),
            status=code.partition(" ")[0][:_LONGEST_STATUS],
            reason=" ".join(said.split())[:_LONGEST_REASON],
        )
    return None


def _complaint(feedback: Message, text: str) -> Report | None:
    for fields in _groups(feedback):
        if fields.get("Feedback-Type", "").strip().lower() in _COMPLAINTS:
            return Report(ReportKind.COMPLAINT, tokens_in(_unfolded(text)))
    return None


def _unsubscribe_request(message: Message) -> Report | None:
    text = f"{_decoded(message.get('Subject', ''))}\n{_body(message)}"
    return (
        Report(ReportKind.UNSUBSCRIBE, tokens_in(text)) if "unsubscribe" in text.lower() else None
    )


def _groups(part: Message) -> list[Message]:
    """Return the groups of fields of a report; the parser makes each a message of its own."""
    payload = part.get_payload()
    groups = (
        [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []
    )
    if groups and not all(len(group) == 0 for group in groups):
        return groups
    text = groups[0].get_payload() if groups else payload
    return [_parsed(str(text))]


def _recipients(message: Message) -> list[str]:
    names = ("Delivered-To", "X-Original-To", "To")
    return [value for name in names for value in message.get_all(name, [])]


def _decoded(subject: str) -> str:
    """Return *subject* with its encoded words (RFC 2047) as ASCII, which what we look for is."""
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
            except ValueError:  # uuencoded, and wrongly
                return ""
            assert isinstance(content, bytes)  # noqa: S101 - asked for as such
            return content.decode("ascii", "replace")[:_PEEK]
    return ""


def _own_parts(message: Message) -> Iterator[Message]:
    """Yield what its sender wrote, not what is in a mail within it: that one may be ours."""
    if not message.is_multipart():
        yield message
    elif message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            assert isinstance(part, Message)  # noqa: S101 - the parser's own
            yield from _own_parts(part)


def _unfolded(text: str) -> str:
    """Return *text* with the lines put together that quoted-printable has folded."""
    return text.replace("=\r\n", "").replace("=\n", "")
