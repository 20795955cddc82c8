"""E-mails, and the pages that show them: no scripts, and the e-mail's own HTML in a frame."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from functools import cache, cached_property
from html import escape
from pathlib import Path
from string import Template


@dataclass(frozen=True)
class Letter:
    """*sender* and *recipient* are those of the envelope; *received_at* is in Unix seconds."""

    n: int
    received_at: float
    sender: str
    recipient: str
    content: bytes

    @cached_property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)  # noqa: S101 - by the policy
        return parsed

    @property
    def subject(self) -> str:
        return str(self.message.get("Subject", ""))

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def text(self) -> str:
        return _text_of(self.message.get_body(("plain",)))

    @property
    def html(self) -> str:
        """The HTML part with inline pictures, and links that open outside of the frame."""
        html = _text_of(self.message.get_body(("html",)))
        for part in self.message.walk():
            if name := str(part.get("Content-ID", "")).strip("<>"):
                html = html.replace(f"cid:{name}", _as_url(part))
        return html.replace("<head>", '<head><base target="_blank">', 1)

    def to_json(self) -> dict[str, object]:
        return {
            "n": self.n,
            "at": self.received_at,
            "from": self.sender,
            "to": self.recipient,
            "subject": self.subject,
            "headers": self.headers,
            "text": self.text,
            "html": self.html,
        }


def _text_of(part: Message | None) -> str:
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""


def _as_url(part: Message) -> str:
    content = part.get_payload(decode=True)
    packed = b64encode(content).decode() if isinstance(content, bytes) else ""
    return f"data:{part.get_content_type()};base64,{packed}"


PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
FORM_POLICY = PAGE_POLICY.replace("form-action 'none'", "form-action 'self'")
# As in most mail programs: inline styles and pictures; of the network, the newsroom's pictures.
HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)

_FRAME = (
    '<iframe title="The HTML part" src="/mail/{n}/html" '
    'sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>'
)
_NAV = '<a href="/mail">All mail</a>'
_LIST_NAV = '<nav><a href="/mail/new">Send a newsletter to the bot</a> · <a href="/">Chat</a></nav>'
_REFRESH = '<meta http-equiv="refresh" content="5">\n'
_LAYOUTS = Path(__file__).with_name("layouts")


def write_list(letters: Iterable[Letter]) -> str:
    rows = "\n".join(_row(letter) for letter in reversed(list(letters)))
    empty = "<p>Nothing yet. In the chat, type <code>/email me@example.org</code>.</p>"
    listed = f'<ol class="letters" reversed>{rows}</ol>' if rows else empty
    return write_page("Mail", "list.html", nav=_LIST_NAV, refresh=_REFRESH, letters=listed)


def write_letter(letter: Letter) -> str:
    headers = "\n".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in letter.headers
    )
    return write_page(
        letter.subject,
        "letter.html",
        n=str(letter.n),
        sender=escape(letter.sender),
        recipient=escape(letter.recipient),
        at=_received_at(letter),
        headers=headers,
        frame=_FRAME.format(n=letter.n) if letter.html else "",
        text=escape(letter.text),
        shown="" if letter.html else "open",
    )


def _row(letter: Letter) -> str:
    return (
        f'<li><a href="/mail/{letter.n}">{escape(letter.subject) or "(no subject)"}</a>'
        f"<small>{escape(letter.recipient)} · {_received_at(letter)}</small></li>"
    )


def _received_at(letter: Letter) -> str:
    return f"{datetime.fromtimestamp(letter.received_at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def write_page(
    title: str, layout: str, *, heading: str = "", nav: str = _NAV, refresh: str = "", **values: str
) -> str:
    """Return a page with a filled *layout*. *title* and *heading* are plain text."""
    return _layout("page.html").substitute(
        title=escape(title),
        heading=escape(heading or title),
        nav=nav,
        refresh=refresh,
        main=_layout(layout).substitute(values),
    )


@cache
def _layout(name: str) -> Template:
    return Template((_LAYOUTS / name).read_text("utf-8"))
