"""Letters: what came, read for people to look at."""

from base64 import b64encode
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from functools import cached_property


@dataclass(frozen=True)
class Letter:
    """*sender* and *recipient* are the envelope's; *at* is in Unix seconds."""

    n: int
    at: float
    sender: str
    recipient: str
    content: bytes

    @cached_property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)  # noqa: S101 - the policy makes such
        return parsed

    @property
    def subject(self) -> str:
        return str(self.message.get("Subject", ""))

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def text(self) -> str:
        return _written(self.message.get_body(("plain",)))

    @property
    def html(self) -> str:
        """The HTML part, its pictures in their places; what it links opens beside the frame."""
        html = _written(self.message.get_body(("html",)))
        for part in self.message.walk():
            if name := str(part.get("Content-ID", "")).strip("<>"):
                html = html.replace(f"cid:{name}", _as_url(part))
        return html.replace("<head>", '<head><base target="_blank">', 1)

    def to_json(self) -> dict[str, object]:
        return {
            "n": self.n,
            "at": self.at,
            "from": self.sender,
            "to": self.recipient,
            "subject": self.subject,
            "headers": self.headers,
            "text": self.text,
            "html": self.html,
        }


def _written(part: Message | None) -> str:
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""


def _as_url(part: Message) -> str:
    content = part.get_payload(decode=True)
    packed = b64encode(content).decode() if isinstance(content, bytes) else ""
    return f"data:{part.get_content_type()};base64,{packed}"
