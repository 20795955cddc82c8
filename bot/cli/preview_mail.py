"""`dateline preview email`: a sample digest as a mail, to read, to open, to send to a tester."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bot.mail.compose import Mail


def as_text(mail: Mail) -> str:
    return f"{mail.subject}\n\n{mail.text}"


def as_message(mail: Mail) -> str:
    """Return the mail as it travels, with the line ends of this machine."""
    from bot.mail.compose import message_bytes

    return message_bytes(mail).decode("ascii").replace("\r\n", "\n")


def open_in_browser(mail: Mail, to: Path | None) -> Path:
    """Show the HTML in the browser of this machine; return where it was written."""
    import tempfile
    import webbrowser
    from pathlib import Path

    path = to or Path(tempfile.mkdtemp(prefix="dateline-")) / "digest.html"
    path.write_text(mail.html, encoding="utf-8")
    webbrowser.open(path.resolve().as_uri())
    return path
