"""Reads one letter into what the rest of the bot needs of it. Pure; runs in a worker."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final, Self

from bot.languages import all_words
from bot.sources.feeds.dates import feed_date
from bot.sources.feeds.language import detect
from bot.sources.feeds.model import Item, bounded_item
from bot.sources.feeds.text import one_line, without_controls
from bot.sources.letters.authentication import Authentication, authentication_of
from bot.sources.letters.content import (
    LetterBody,
    asks_to_confirm,
    confirmation_link,
    read_html,
    read_plain,
    web_version_of,
    without_forwarding,
    without_mailing,
)
from bot.sources.letters.mime import Fields, ParsedMail, Part, decoded_words, read_mail
from bot.sources.urls import host_of, is_link, is_tracker, is_web

LONGEST_ADDRESS: Final = 254
LONGEST_SUBJECT: Final = 300
LONGEST_SENDER: Final = 200
_LONGEST_LIST_ID: Final = 255
_SHORT_LETTER: Final = 1_500  # in Latin letters; a confirmation is no longer
_HTML_SHARE: Final = 0.5  # of the plain text, which HTML must have to count
_PREHEADER: Final = 20  # characters
_ADDRESS = re.compile(r"[^\s<>@\",;:()]{1,64}@[^\s<>@\",;:()]{1,255}")
_IN_BRACKETS = re.compile(r"<([^<>]{1,2000})>")
_REPORTS: Final = ("multipart/report",)
_HOME: Final = re.compile(r"https?://[^/?#]+/?", re.IGNORECASE)


class MailKind(StrEnum):
    LETTER = "letter"
    CONFIRMATION = "confirmation"  # asks the chat to confirm its subscription
    REPORT = "report"  # of a mail server, about a mail of ours
    REPLY = "reply"  # sent by a program, such as a note of absence


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """How a letter says that one unsubscribes (RFC 2369); *has_one_click*: by POST (RFC 8058)."""

    url: str = ""
    mail: str = ""
    has_one_click: bool = False


@dataclass(frozen=True, slots=True)
class ReadLetter:
    """A letter. *address*, *name*: of the sender who is bound to the newsletter.

    *by*, *by_host*: the publisher, another one if somebody forwards the letters. *confirms*: the
    link that confirms a subscription. *web_version*: "" if there is none. *guid* identifies the
    letter: a hash of its Message-ID, or of its content.
    """

    kind: MailKind
    guid: str
    subject: str
    address: str
    name: str
    list_id: str = ""
    by: str = ""
    by_host: str = ""
    published: str = ""
    language: str = ""
    text: str = ""
    summary: str = ""
    web_version: str = ""
    confirms: str = ""
    may_confirm: str = ""
    unsubscribing: Unsubscribing = field(default_factory=Unsubscribing)
    authentication: Authentication = field(default_factory=Authentication)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        known = {
            "kind": MailKind(fields["kind"]),
            "unsubscribing": Unsubscribing(**fields["unsubscribing"]),
            "authentication": Authentication(**fields["authentication"]),
        }
        return cls(**fields | known)

    def item(self, url: str) -> Item:
        """Return the entry that the letter becomes; *url* is its web version or a page of ours.

        A web version does not identify the letter, because some senders link to their last one.
        """
        published = datetime.fromisoformat(self.published) if self.published else None
        return Item(
            guid=self.guid,
            url=url,
            title=self.subject or self.by,
            summary=self.summary,
            text=self.text,
            published=published,
            language=self.language,
            publisher=self.by,
            publisher_host=self.by_host,
            is_detour=bool(self.web_version),
        )


def read_letter(content: bytes, server: str = "") -> ReadLetter:
    """Read the mail *content*. *server*: the name that our mail server gives itself in results."""
    mail = read_mail(content)
    fields = mail.fields
    name, address = mailbox_in(fields.first("from") or fields.first("sender"))
    letter = ReadLetter(
        kind=_kind_of(mail),
        guid=_guid(fields, content),
        subject=_subject(fields),
        address=address,
        name=name,
        list_id=_list_id(fields),
        authentication=authentication_of(fields.all("authentication-results"), server, address),
    )
    return letter if letter.kind is not MailKind.LETTER else _with_content(letter, mail)


def _kind_of(mail: ParsedMail) -> MailKind:
    if mail.kind in _REPORTS:
        return MailKind.REPORT
    automatic = mail.fields.first("auto-submitted").strip().lower()
    return MailKind.REPLY if automatic.startswith("auto-replied") else MailKind.LETTER


def _with_content(letter: ReadLetter, mail: ParsedMail) -> ReadLetter:
    own, attached = _body(mail.parts, 0), _body(mail.parts, 1)
    is_forwarded = mail.attached is not None and own.weight <= attached.weight
    body = attached if is_forwarded else own
    fields = mail.attached if is_forwarded and mail.attached else mail.fields
    paragraphs, named = without_forwarding(body.paragraphs)
    publisher = mailbox_in(fields.first("from") if is_forwarded else named)
    by, by_address = publisher if is_forwarded or named else (letter.name, letter.address)
    text = "\n\n".join(without_mailing(paragraphs))
    subject = _subject(fields) if is_forwarded else letter.subject
    may_confirm = _may_confirm(body, subject, is_only_link=True)
    confirms = _may_confirm(body, subject, is_only_link=False)
    found = asdict(letter) | {
        "kind": letter.kind,
        "authentication": letter.authentication,
        "unsubscribing": _unsubscribing(mail.fields),
        "subject": _without_forward_mark(subject) if is_forwarded or named else subject,
        "by": by,
        "by_host": by_address.rpartition("@")[2],
        "published": _published(fields),
        "text": text,
        "summary": _summary(body.hidden, text),
        "web_version": _web_version(mail.fields, body),
        "language": detect(text or subject),
        "confirms": confirms,
        "may_confirm": may_confirm,
    }
    return ReadLetter(**found)


def _may_confirm(body: LetterBody, subject: str, *, is_only_link: bool) -> str:
    """Return the link of a confirmation; "" if the letter is too long to be one."""
    if body.weight > _SHORT_LETTER:
        return ""
    link = confirmation_link(body.links, subject, is_only_link=is_only_link)
    is_asked = is_only_link or asks_to_confirm(subject) or asks_to_confirm(body.text)
    return link if is_asked else ""


def _body(parts: Sequence[Part], inside: int) -> LetterBody:
    """Return the body in HTML if it has content, else that in plain text."""
    of_mail = [part for part in parts if part.inside == inside and not part.is_attachment]
    html = _first(of_mail, "text/html", read_html)
    plain = _first(of_mail, "text/plain", read_plain)
    return html if html.weight >= _HTML_SHARE * plain.weight and html.weight else plain


def _first(parts: Sequence[Part], kind: str, read: Callable[[str], LetterBody]) -> LetterBody:
    """Return the bodies of *kind* as one: some programs send a letter in several parts."""
    bodies = [read(part.text) for part in parts if part.kind == kind][:8]
    if len(bodies) == 1:
        return bodies[0]
    return LetterBody(
        [text for body in bodies for text in body.paragraphs],
        [link for body in bodies for link in body.links],
        next((body.hidden for body in bodies if body.hidden), ""),
    )


def _guid(fields: Fields, content: bytes) -> str:
    named = fields.first("message-id").strip()
    if named:
        return blake2b(named.encode("utf-8", "replace"), digest_size=16).hexdigest()
    body = content.partition(b"\r\n\r\n")[2] or content.partition(b"\n\n")[2]
    facts = (fields.first(name) for name in ("from", "date", "subject"))
    whole = "\n".join(facts).encode("utf-8", "replace") + body
    return blake2b(whole, digest_size=16).hexdigest()


def _subject(fields: Fields) -> str:
    return fields.text("subject")[:LONGEST_SUBJECT]


def _without_forward_mark(subject: str) -> str:
    for mark in all_words("forward_marks"):
        for colon in (":", "\uff1a"):
            if subject.lower().startswith(f"{mark.lower()}{colon}"):
                return subject[len(mark) + 1 :].strip() or subject
    return subject


def mailbox_in(value: str) -> tuple[str, str]:
    """Return the name and the address in *value*; the address is in lower case, "" without one.

    The address in brackets counts, because a name may look like the address of somebody else.
    """
    decoded = without_controls(decoded_words(value[:2_000]))
    bracketed = [text for text in _IN_BRACKETS.findall(value) if _ADDRESS.fullmatch(text.strip())]
    address = bracketed[-1].strip() if bracketed else ""
    if not address:
        bare = _ADDRESS.search(decoded)
        address = bare[0] if bare else ""
    name = one_line(decoded.partition("<")[0].replace('"', "").replace("&", "&amp;"))
    address = address.lower()[:LONGEST_ADDRESS]
    if not name or name.lower() == address:
        name = address.rpartition("@")[2]
    return name[:LONGEST_SENDER], address


def _list_id(fields: Fields) -> str:
    value = fields.first("list-id")
    found = _IN_BRACKETS.search(value)
    return (found[1] if found else value).strip().lower()[:_LONGEST_LIST_ID]


def _published(fields: Fields) -> str:
    found = feed_date(fields.first("date")[:100])
    if isinstance(found, datetime):
        return found.astimezone(UTC).isoformat()
    return (
        datetime(found.year, found.month, found.day, 12, tzinfo=UTC).isoformat()
        if isinstance(found, date)
        else ""
    )


def _summary(hidden: str, text: str) -> str:
    """Return the preheader, unless the text has it too."""
    if len(hidden) < _PREHEADER or hidden.rstrip(" .…")[:100].casefold() in text.casefold():
        return ""
    return hidden[:LONGEST_SUBJECT]


def _web_version(fields: Fields, body: LetterBody) -> str:
    """Return the page that shows this letter, without trackers.

    `List-Archive` is not read: it is the page of the whole list, the same for each letter.
    """
    archived = _IN_BRACKETS.search(fields.first("archived-at"))
    url = archived[1].strip() if archived else web_version_of(body.links)
    if not is_web(url) or not is_link(url) or not host_of(url) or _HOME.fullmatch(url):
        return ""
    address, mark, fragment = url.partition("#")
    path, _, query = address.partition("?")
    kept = "&".join(
        part for part in query.split("&") if part and not is_tracker(part.partition("=")[0])
    )
    return f"{path}{'?' * bool(kept)}{kept}{mark}{fragment}"


def _unsubscribing(fields: Fields) -> Unsubscribing:
    """Return the ways that the letter's fields name; a POST is made over https only."""
    value = decoded_words(fields.first("list-unsubscribe"))
    targets = [target.strip() for target in _IN_BRACKETS.findall(value) or value.split(",")]
    url = next((each for each in targets if is_web(each) and is_link(each)), "")
    mail = next((each for each in targets if each.lower().startswith("mailto:")), "")
    command = fields.first("list-unsubscribe-post").replace(" ", "").lower()
    is_https = url[:8].lower() == "https://"
    return Unsubscribing(url, mail, is_https and command == "list-unsubscribe=one-click")


def bounded_letter(letter: ReadLetter) -> dict[str, Any]:
    """Return the letter as JSON, within the limits of an entry."""
    item = bounded_item(letter.item(""))
    cut = {"subject": item.title, "text": item.text, "summary": item.summary}
    return letter.to_json() | cut
