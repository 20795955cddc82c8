"""The pages that show letters; they run no script. A letter's own HTML stands in a frame apart."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from bot.playground.mailroom.letters import Letter

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
# What a mail program would do too: its own styles and inline pictures, nothing from outside.
HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)

_LAYOUTS = Path(__file__).with_name("layouts")


def write_list(letters: Iterable[Letter]) -> str:
    rows = "\n".join(_row(letter) for letter in reversed(list(letters)))
    empty = "<p>Nothing yet. In the chat, type <code>/email me@example.org</code>.</p>"
    listed = f'<ol class="letters" reversed>{rows}</ol>' if rows else empty
    return _layout("list.html").substitute(letters=listed)


def write_letter(letter: Letter) -> str:
    headers = "\n".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in letter.headers
    )
    return _layout("letter.html").substitute(
        n=str(letter.n),
        subject=escape(letter.subject),
        sender=escape(letter.sender),
        recipient=escape(letter.recipient),
        at=_clock(letter),
        headers=headers,
        text=escape(letter.text),
    )


def _row(letter: Letter) -> str:
    return (
        f'<li><a href="/mail/{letter.n}">{escape(letter.subject) or "(no subject)"}</a>'
        f"<small>{escape(letter.recipient)} · {_clock(letter)}</small></li>"
    )


def _clock(letter: Letter) -> str:
    return f"{datetime.fromtimestamp(letter.at, UTC):%Y-%m-%d %H:%M:%S} UTC"


@cache
def _layout(name: str) -> Template:
    return Template((_LAYOUTS / name).read_text("utf-8"))
