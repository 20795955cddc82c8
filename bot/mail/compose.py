"""Composing mails: templates and values become whole messages with all their headers.

- From, Reply-To, To and Date. The Message-ID is derived from the delivery, so that a mail program
  that receives a mail twice shows it once.
- In-Reply-To and References (RFC 5322, 3.6.4) join the mails about one story to a thread.
- Auto-Submitted (RFC 3834) keeps out-of-office replies away.
- List-Id (RFC 2919); List-Unsubscribe (RFC 2369) by mail and, if the bot has a public address, on
  the web with one click (RFC 8058). A confirmation belongs to no list.
- The body is a `multipart/alternative`, plain text first and HTML last (RFC 2046, 5.1.4). With
  pictures, the HTML is in a `multipart/related`. All parts are 7-bit, so that no relay has to
  change them.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, field, replace
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode

from bot.mail.headers import header_line, with_name
from bot.mail.reports import return_path, token_of
from bot.rendering.bidi import RTL, mark_rtl_lines
from bot.subscribers.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Self

    from css_inline import CSSInliner

    from bot.rendering.links import Links
    from bot.rendering.renderer import Renderer
    from storage.mailboxes import Mailbox

_POLICY = SMTP.clone(cte_type="7bit")

LONGEST_SUBJECT = 78  # characters, as RFC 5322, 2.1.1 recommends for a line
_MOST_HEADLINES = 2  # in a subject, and in the preview that mail programs show after it
_MARK = "x"  # a title of one character, to measure the room for titles
_SHORTEST_CUT = 16  # characters; a shorter beginning of a title says too little
_NO_ELLIPSIS_AFTER = " ,;:-\u2013\u2014\u3001\uff0c\uff1a\uff1b"


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """A PNG inside the mail; its HTML shows it as `cid:<name>`."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it will be sent: the frozen body of an e-mail delivery.

    *headers* are in their order, with plain text as values, and without those that describe the
    encoding of the parts. *to* is the bare address.
    """

    to: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...] = ()
    pictures: tuple[InlinePicture, ...] = ()

    def header(self, name: str) -> str | None:
        return next((value for header, value in self.headers if header == name), None)

    def fallback(self) -> None:
        """Return None, because a server that refuses the form of a mail would refuse it again."""

    def to_json(self) -> dict[str, Any]:
        pictures = [
            {"name": picture.name, "content": b64encode(picture.content).decode("ascii")}
            for picture in self.pictures
        ]
        return asdict(self) | {"headers": [*map(list, self.headers)], "pictures": pictures}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            to=body["to"],
            subject=body["subject"],
            text=body["text"],
            html=body["html"],
            headers=tuple((name, value) for name, value in body["headers"]),
            pictures=tuple(
                InlinePicture(picture["name"], b64decode(picture["content"]))
                for picture in body["pictures"]
            ),
        )


def message_bytes(mail: Mail) -> bytes:
    """Return the whole message with CRLF line ends. Equal mails give equal bytes.

    Raises ValueError for a header that fits no line.
    """
    headers = (*mail.headers, ("Subject", mail.subject))
    message = EmailMessage(policy=_POLICY)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    _add_pictures(message, mail)
    _set_boundaries(message, mail)
    return b"".join(header_line(*header) for header in headers) + message.as_bytes()


def encoded_size(html: str) -> int:
    """Return how many bytes *html* takes in transit."""
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
    """Replace Python's random boundaries. Neither base64 nor quoted-printable contains `=_`."""
    seed = sha256((mail.header("Message-ID") or mail.subject).encode()).hexdigest()[:24]
    parts = [part for part in message.walk() if part.is_multipart()]
    for number, part in enumerate(parts):
        assert isinstance(part, MIMEPart)  # noqa: S101 - for the type checker
        part.set_boundary(f"=_{seed}_{number}")


@dataclass(frozen=True, slots=True)
class FromAddress:
    """The sender; *returns* receives bounces and requests to unsubscribe."""

    address: str
    name: str = "Dateline"
    reply_to: str | None = None
    returns: str | None = None

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Recipient:
    """A mailbox; *language* is the tag of its chat's language."""

    mailbox_id: int
    address: str
    chat_id: int
    language: str = ""


def recipients_of(
    mailboxes: Iterable[Mailbox], languages: Mapping[int, str]
) -> dict[int, Recipient]:
    """Return the recipients by chat; *languages* are those of the chats."""
    return {
        box.chat_id: Recipient(box.id, box.address, box.chat_id, languages[box.chat_id])
        for box in mailboxes
    }


@dataclass(frozen=True, slots=True)
class Occasion:
    """The decision that a mail reports, such as `alert:12`, and when the mail is composed.

    *follows* is the occasion of the first mail of its thread.
    """

    name: str
    now: datetime
    follows: Occasion | None = None

    def message_id(self, domain: str) -> str:
        """Return the Message-ID of the mail.

        The time is part of it, because a new database numbers its rows from 1 again.
        """
        return f"<{self.name.replace(':', '.')}.{self.now:%Y%m%dT%H%M%S}@{domain}>"


@dataclass(frozen=True, slots=True)
class ReaderLinks:
    """Links for the recipient; those on the web are None if the bot has no public address."""

    unsubscribe_by_mail: str
    unsubscribe: str | None = None
    manage: str | None = None
    stories: str | None = None


@dataclass(frozen=True, slots=True)
class Mailer:
    """Composes mails from one sender."""

    renderer: Renderer
    sender: FromAddress
    links: Links

    def to(self, recipient: Recipient) -> Self:
        """Return a mailer that writes in the recipient's language."""
        return replace(self, renderer=self.renderer.of(recipient.language))

    def return_path(self, mailbox_id: int) -> str:
        """Return the address that receives the bounces of this mailbox."""
        if self.sender.returns is None:
            return self.sender.address
        return return_path(self.sender.returns, token_of(mailbox_id, self.links.signer))

    def reader_links(self, recipient: Recipient, now: datetime) -> ReaderLinks:
        token = token_of(recipient.mailbox_id, self.links.signer)
        subject = urlencode({"subject": f"unsubscribe {token}"}, quote_via=quote)
        address = self.sender.returns or self.sender.reply_to or self.sender.address
        return ReaderLinks(
            unsubscribe_by_mail=f"mailto:{address}?{subject}",
            unsubscribe=self.links.unsubscribe(recipient.mailbox_id),
            manage=self.links.manage(recipient.chat_id, now),
            stories=self.links.stories(recipient.chat_id, now),
        )

    def mail(
        self,
        template: str,
        recipient: Recipient,
        occasion: Occasion,
        *,
        subject: str,
        values: Mapping[str, Any],
        label: str | None = None,
        pictures: tuple[InlinePicture, ...] = (),
    ) -> Mail:
        """Compose a mail from `<template>.html` and `<template>.txt`.

        *label* names the list that the mail belongs to; None for a mail to this user alone.
        """
        links = self.reader_links(recipient, occasion.now)
        known = {"subject": subject, "links": links, "recipient": recipient, **values}
        html = self.renderer.text(f"{template}.html", **known)
        listed = self._list_headers(label, links) if label else ()
        return Mail(
            to=recipient.address,
            subject=subject,
            text=self.text(f"{template}.txt", known),
            html=_with_inline_styles(html),
            headers=(*self._headers(recipient, occasion), *listed),
            pictures=pictures,
        )

    def text(self, template: str, values: Mapping[str, Any]) -> str:
        """Render a template of plain text, and undo the escaping that every template applies."""
        text = unescape(self.renderer.text(template, **values)).strip()
        is_rtl = self.renderer.language.direction == RTL
        return mark_rtl_lines(text) if is_rtl else text

    def _headers(self, recipient: Recipient, occasion: Occasion) -> tuple[tuple[str, str], ...]:
        sender = self.sender
        reply_to = (("Reply-To", with_name("", sender.reply_to)),) if sender.reply_to else ()
        first = occasion.follows.message_id(sender.domain) if occasion.follows else None
        thread = (("In-Reply-To", first), ("References", first)) if first else ()
        return (
            ("From", with_name(sender.name, sender.address)),
            *reply_to,
            ("To", with_name("", recipient.address)),
            ("Date", format_datetime(occasion.now)),
            ("Message-ID", occasion.message_id(sender.domain)),
            *thread,
            ("Auto-Submitted", "auto-generated"),
        )

    def _list_headers(self, label: str, links: ReaderLinks) -> tuple[tuple[str, str], ...]:
        addresses = filter(None, (links.unsubscribe, links.unsubscribe_by_mail))
        headers = (
            ("List-Id", with_name(f"{self.sender.name} {label}", f"{label}.{self.sender.domain}")),
            ("List-Unsubscribe", ", ".join(f"<{address}>" for address in addresses)),
        )
        one_click = (("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),)
        return headers + one_click if links.unsubscribe else headers


def _with_inline_styles(html: str) -> str:
    """Turn style sheets into style attributes, because several mail programs read nothing else.

    `@media` rules (dark mode, narrow screens) stay in the sheet, because no attribute holds them.
    """
    return _inliner().inline(html)


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner  # noqa: PLC0415 - only a bot that mails needs it

    # Our style sheets are part of the page, so nothing needs to be fetched.
    return CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def subject_of(
    written: Callable[[Sequence[str]], str], titles: Sequence[str]
) -> tuple[str, list[str]]:
    """Return the subject with as many *titles* as fit, at most two, and the two titles after them.

    *written* renders the subject with the given titles. The last title in it may be cut, if
    possible between words.
    """
    heads: list[str] = []
    lines = [line for title in titles if (line := one_line(title))]
    for title in lines[:_MOST_HEADLINES]:
        room = LONGEST_SUBJECT - len(written([*heads, _MARK])) + len(_MARK)
        if len(title) > room:
            cut = _beginning(title, room)
            heads += [cut] if cut and (len(cut) >= _SHORTEST_CUT or not heads) else []
            break
        heads.append(title)
    following = lines[len(heads) : len(heads) + _MOST_HEADLINES]
    return one_line(written(heads))[:LONGEST_SUBJECT], following


def _beginning(title: str, room: int) -> str:
    """Return the first words of *title* that fit with an ellipsis; "" if no character fits."""
    cut = title[: max(room - 1, 0)]
    at_a_word = cut if title[len(cut) : len(cut) + 1] == " " else cut.rpartition(" ")[0]
    kept = (at_a_word or cut).rstrip(_NO_ELLIPSIS_AFTER)
    return f"{kept}…" if kept else ""


# RFC 8058 requires that the list-unsubscribe fields are signed.
_SIGNED = (
    b"from reply-to to subject date message-id in-reply-to references mime-version content-type "
    b"list-id list-unsubscribe list-unsubscribe-post auto-submitted"
).split()
_PROBE = b"From: a@example.org\r\n\r\n\r\n"


class WrongKeyError(ValueError):
    """The key cannot sign."""


@dataclass(frozen=True, slots=True)
class DkimSigner:
    """A callable that returns a whole message with its signature in front."""

    key: bytes = field(repr=False)
    selector: str
    domain: str

    @classmethod
    def of(cls, key: bytes, selector: str, domain: str) -> Self:
        """Return a signer with the private *key* (PEM, RSA). Raises WrongKeyError if it is none."""
        from dkim import DKIMException  # noqa: PLC0415 - imported only by a bot that signs

        signer = cls(key, selector, domain)
        try:
            signer(_PROBE)
        except (DKIMException, ValueError, IndexError) as error:
            raise WrongKeyError(str(error) or type(error).__name__) from error
        return signer

    def __call__(self, message: bytes) -> bytes:
        from dkim import sign  # noqa: PLC0415

        head = message.partition(b"\r\n\r\n")[0].lower()
        present = [name for name in _SIGNED if f"\n{name.decode()}:".encode() in b"\n" + head]
        header: bytes = sign(
            message,
            self.selector.encode(),
            self.domain.encode(),
            self.key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=present,
        )
        return header + message
