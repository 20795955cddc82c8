"""Post: from templates and values to whole mails, with the headers that make them good mail.

- From, Reply-To, To, Date; a Message-ID made of the delivery's key, so that a mail which comes
  twice is one to the program that shows it.
- In-Reply-To and References (RFC 5322, 3.6.4): a story that moves on is shown as one thread.
- Auto-Submitted (RFC 3834): out-of-office answers stay away.
- List-Id (RFC 2919), List-Unsubscribe (RFC 2369) by mail and, where the world reaches us, by the
  web with one click (RFC 8058). A confirmation belongs to no list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from html import unescape
from typing import Any, Self
from urllib.parse import quote, urlencode

from bot.delivery.headers import with_name
from bot.delivery.verp import return_path, token_of
from bot.rendering.direction import RTL, lines_from_the_right
from bot.rendering.inlining import inlined
from bot.rendering.links import Links
from bot.rendering.mail import Mail, Picture
from bot.rendering.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes; *returns* takes what comes back, bounces and wishes to be unsubscribed."""

    address: str
    name: str = "Dateline"
    reply_to: str | None = None
    returns: str | None = None

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def takes_wishes(self) -> str:
        return self.returns or self.reply_to or self.address


@dataclass(frozen=True, slots=True)
class Recipient:
    """A mailbox, and the row of its chat; *language*: the tag of what the chat is spoken to in."""

    mailbox_id: int
    address: str
    chat_id: int
    language: str = ""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a mail is about: a name for it such as `alert:12`, and when it is made.

    *follows*: that of the mail with which it belongs together, and behind which it is shown.
    """

    name: str
    now: datetime
    follows: "Occasion | None" = None


@dataclass(frozen=True, slots=True)
class Ways:
    """Where a reader may go from a mail; None where the world does not reach us."""

    unsubscribe_by_mail: str
    unsubscribe: str | None = None
    manage: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    renderer: Renderer
    sender: Sender
    links: Links

    def to(self, recipient: Recipient) -> Self:
        """Return the same, writing in the recipient's language."""
        return replace(self, renderer=self.renderer.of(recipient.language))

    def return_path(self, mailbox_id: int) -> str:
        """Return where a mail to the mailbox comes back to: an address that says whose it was."""
        if self.sender.returns is None:
            return self.sender.address
        return return_path(self.sender.returns, token_of(mailbox_id, self.links.seal))

    def ways(self, recipient: Recipient, now: datetime) -> Ways:
        token = token_of(recipient.mailbox_id, self.links.seal)
        subject = urlencode({"subject": f"unsubscribe {token}"}, quote_via=quote)
        return Ways(
            unsubscribe_by_mail=f"mailto:{self.sender.takes_wishes}?{subject}",
            unsubscribe=self.links.unsubscribe(recipient.mailbox_id),
            manage=self.links.manage(recipient.chat_id, now),
        )

    def mail(  # noqa: PLR0913 - what makes a mail, each part named
        self,
        template: str,
        recipient: Recipient,
        occasion: Occasion,
        *,
        subject: str,
        values: Mapping[str, Any],
        label: str | None = None,
        pictures: tuple[Picture, ...] = (),
    ) -> Mail:
        """Return what `<template>.html` and `.txt` give.

        *label* names the list that the mail is of; without one it is for this person alone.
        """
        ways = self.ways(recipient, occasion.now)
        known = {"subject": subject, "ways": ways, "recipient": recipient, **values}
        html = self.renderer.text(f"{template}.html", **known)
        listed = self._list_headers(label, ways) if label else ()
        return Mail(
            to=recipient.address,
            subject=subject,
            text=self.text(f"{template}.txt", known),
            html=inlined(html),
            headers=(*self._headers(recipient, occasion), *listed),
            pictures=pictures,
        )

    def text(self, template: str, values: Mapping[str, Any]) -> str:
        """Return what a template of plain text gives; it escapes as all do, and that is undone."""
        text = unescape(self.renderer.text(template, **values)).strip()
        is_rtl = self.renderer.language.direction == RTL
        return lines_from_the_right(text) if is_rtl else text

    def _headers(self, recipient: Recipient, occasion: Occasion) -> tuple[tuple[str, str], ...]:
        sender = self.sender
        reply_to = (("Reply-To", sender.reply_to),) if sender.reply_to else ()
        return (
            ("From", with_name(sender.name, sender.address)),
            *reply_to,
            ("To", recipient.address),
            ("Date", format_datetime(occasion.now)),
            ("Message-ID", message_id(occasion, sender.domain)),
            *_threading(occasion, sender.domain),
            ("Auto-Submitted", "auto-generated"),
        )

    def _list_headers(self, label: str, ways: Ways) -> tuple[tuple[str, str], ...]:
        addresses = [way for way in (ways.unsubscribe, ways.unsubscribe_by_mail) if way]
        headers = (
            ("List-Id", with_name(f"{self.sender.name} {label}", f"{label}.{self.sender.domain}")),
            ("List-Unsubscribe", ", ".join(f"<{address}>" for address in addresses)),
        )
        one_click = (("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),)
        return headers + one_click if ways.unsubscribe else headers


def _threading(occasion: Occasion, domain: str) -> tuple[tuple[str, str], ...]:
    if occasion.follows is None:
        return ()
    first = message_id(occasion.follows, domain)
    return ("In-Reply-To", first), ("References", first)


def message_id(occasion: Occasion, domain: str) -> str:
    """Return the Message-ID of a mail: what it is about, and when it was made.

    Numbers begin anew with a new database; the moment keeps their mails apart.
    """
    made = f"{occasion.now:%Y%m%dT%H%M%S}"
    return f"<{occasion.name.replace(':', '.')}.{made}@{domain}>"
