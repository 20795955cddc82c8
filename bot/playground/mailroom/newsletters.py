"""Newsletters to the bot, as their publishers would send them: a form, and the mail of one."""

import re
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from html import escape
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.playground.mailroom.letters import write_page
from bot.playground.state.world import World

DOMAIN = "playground.example"  # of the mail server, and of the addresses that the bot gives out
CONFIRMED, UNSUBSCRIBED = "confirmed", "unsubscribed"  # the pages that links of a letter open
_ADDRESS = re.compile(rf"\bnews\+[a-z0-9]+@{re.escape(DOMAIN)}")
_SENDER = "Cafe Weekly <news@cafe.example>"
_SUBJECT = "Coffee prices rise for a third week"
_TEXT = """\
Coffee beans rose again on Monday, for the third week in a row, traders in the harbour said.

Two ships with beans from the islands are late, and roasters have begun to pay for what is left in
the warehouses. The price of a cup will follow in May.

You get this e-mail because you signed up for Cafe Weekly.
"""


class NewLetter(BaseModel):
    """A letter to send. *asks_to_confirm*: a link to confirm the subscription stands in it.

    *is_signed*: the mail server says that it has verified a DKIM signature of the sender.
    *has_unsubscribe*: it has a `List-Unsubscribe` field. *fields*: other fields of its header.
    """

    model_config = ConfigDict(extra="forbid")

    to: str = Field(pattern=r"^[^\s<>@]+@[^\s<>@]+$")
    sender: str = Field(_SENDER, pattern=r"@", max_length=500)
    subject: str = Field(_SUBJECT, max_length=1_000)
    text: str = Field(_TEXT, max_length=4_000_000)
    kind: Literal["plain", "html"] = "plain"
    asks_to_confirm: bool = False
    is_signed: bool = False
    has_unsubscribe: bool = False
    fields: dict[str, str] = Field(default_factory=dict)


def write_mail(letter: NewLetter, world: World, pages: str) -> EmailMessage:
    """Return the mail as our mail server delivers it; *pages*: the URL of what its links open.

    Raises ValueError if a field of the header cannot be written.
    """
    mail = EmailMessage()
    mail["Delivered-To"] = letter.to
    domain = parseaddr(letter.sender)[1].rpartition("@")[2] or DOMAIN
    if letter.is_signed:
        mail["Authentication-Results"] = f"{DOMAIN}; dkim=pass header.d={domain}"
    mail["From"], mail["To"], mail["Subject"] = letter.sender, letter.to, letter.subject
    mail["Date"] = format_datetime(world.time())
    mail["Message-ID"] = make_msgid(domain=domain)
    if letter.has_unsubscribe:
        mail["List-Unsubscribe"] = f"<{pages}/{UNSUBSCRIBED}>, <mailto:leave@{domain}>"
    for name, value in letter.fields.items():
        mail[name] = value
    link = f"{pages}/{CONFIRMED}" if letter.asks_to_confirm else ""
    if letter.kind == "html":
        asked = f'<p><a href="{link}">Confirm your subscription</a></p>' if link else ""
        mail.set_content(letter.text + asked, subtype="html")
    else:
        asked = f"\n\nConfirm your subscription:\n{link}\n" if link else ""
        mail.set_content(letter.text + asked)
    return mail


def addresses_in(world: World) -> list[str]:
    """Return the addresses that the bot has given out in messages, the newest first."""
    messages = [each for chat in world.chats.values() for each in chat.messages.values()]
    messages.sort(key=lambda each: each.version, reverse=True)
    texts = (str(each.content.get("text", "")) for each in messages if each.is_from_bot)
    return list(dict.fromkeys(found for text in texts for found in _ADDRESS.findall(text)))


def write_form(addresses: Sequence[str], problem: str = "") -> str:
    """Return the page with the form, filled in with a sample to the first of the *addresses*."""
    known = "".join(f'<option value="{escape(address)}"></option>' for address in addresses)
    hint = (
        "In the chat, <code>/sources</code> and <i>Follow a newsletter</i> give out an address."
        if not addresses
        else "The bot reads it at once and shows the result in the chat."
    )
    return write_page(
        "Send a newsletter",
        "form.html",
        heading="Send a newsletter to the bot",
        to=escape(addresses[0] if addresses else ""),
        known=known,
        sender=escape(_SENDER),
        subject=escape(_SUBJECT),
        text=escape(_TEXT),
        hint=hint,
        problem=f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "",
    )


def read_fields(fields: dict[str, Any]) -> NewLetter:
    """Return the letter of a form or of JSON. Raises ValueError with a sentence for its writer."""
    try:
        return NewLetter(**fields)
    except (TypeError, ValidationError) as error:
        problems = error.errors() if isinstance(error, ValidationError) else []
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problems)
        raise ValueError(said or "the body must be an Object") from error
