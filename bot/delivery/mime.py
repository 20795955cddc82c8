"""A mail as bytes (RFC 5322, MIME): the same mail gives the same bytes, always.

`multipart/alternative`, the plain text first and the HTML last (RFC 2046, 5.1.4); with pictures the
HTML stands in a `multipart/related`. Everything is 7-bit, so that no relay has to change it.
"""

from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from hashlib import sha256

from bot.delivery.headers import header_line
from bot.rendering.mail import Mail

_POLICY = SMTP.clone(cte_type="7bit")


def message_bytes(mail: Mail) -> bytes:
    """Return the whole message with CRLF line ends; ValueError for a header no line can hold."""
    headers = (*mail.headers, ("Subject", mail.subject))
    message = EmailMessage(policy=_POLICY)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    _add_pictures(message, mail)
    _set_boundaries(message, mail)
    return b"".join(header_line(*header) for header in headers) + message.as_bytes()


def encoded_size(html: str) -> int:
    """Return how many bytes *html* takes on its way."""
    part = MIMEPart(policy=_POLICY)
    part.set_content(html, subtype="html")
    return len(part.as_bytes())


def _add_pictures(message: EmailMessage, mail: Mail) -> None:
    _text, html = message.iter_parts()
    assert isinstance(html, MIMEPart)  # noqa: S101 - for the type checker
    for picture in mail.pictures:
        html.add_related(
            picture.content,
            maintype="image",
            subtype="png",
            cid=f"<{picture.name}>",
            filename=f"{picture.name}.png",
            disposition="inline",
        )


def _set_boundaries(message: EmailMessage, mail: Mail) -> None:
    """Python's own are random; `=_` can stand in neither base64 nor quoted-printable."""
    seed = sha256((mail.header("Message-ID") or mail.subject).encode()).hexdigest()[:24]
    parts = [part for part in message.walk() if part.is_multipart()]
    for number, part in enumerate(parts):
        assert isinstance(part, MIMEPart)  # noqa: S101 - for the type checker
        part.set_boundary(f"=_{seed}_{number}")
