"""Reads the web preview of a Telegram channel, in workers only, because a page may be hostile.

`docs/explanation/channel-pages.md` describes the pages. A post becomes an item:

- Its words are its text, the question and options of a poll, and the names of its files. Everything
  else that the page shows beside a post is no word of it: views, reactions, buttons, durations, the
  quotation that it replies to, and the page's own sentences.
- The first sentence that says something is the title, and the rest is the text; see `posts`.
- The card of a linked page is written by that page, so its words are not those of the post. If a
  post is nothing but a link, the card is all that it says: then the linked page is the article, and
  joins the story of its publisher.
- Posts without words are left out: service messages, stickers, voice messages, bare pictures.
- An album is one post, named by its first picture.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from lxml import etree

from bot.sources.channels.addresses import PreviewPage
from bot.sources.channels.posts import LONGEST_POST_TITLE, title_and_text
from bot.sources.feeds import language
from bot.sources.feeds.model import Document, DocumentKind, Item, Unreadable
from bot.sources.feeds.text import tidy
from bot.sources.lead_pictures import LeadPicture, first_worth_showing, worth_showing
from bot.sources.limits import LONGEST_DESCRIPTION
from bot.sources.pages.dom import drop, line_of, parsed
from bot.sources.urls import absolute, host_of

MOST_POSTS: Final = 100  # of a page, the newest; Telegram shows 20
LONGEST_POST: Final = 16_000  # characters; Telegram allows 4,096
_MOST_PARTS: Final = 20  # texts, options or files of a post
_MOST_PICTURES: Final = 3
_OPENING: Final = 200  # characters that decide the language of a post
_JUDGED: Final = 12  # posts, which decide the language of the channel
_MOST_ELEMENTS: Final = 400_000  # of a page of 10 MB

_TELEGRAM: Final = "https://telegram.org/"  # the base of addresses without a scheme
_PREFIX: Final = "tgme_widget_message_"
_MESSAGE: Final = "tgme_widget_message"
# The parts of a post on a page, by their class without its prefix.
_PARTS: Final = {
    _PREFIX + name: name
    for name in (
        "text", "poll_question", "poll_option_text", "document_title", "link_preview",
        "forwarded_from_name", "from_author", "date", "photo_wrap", "video_thumb",
    )
}  # fmt: skip
_DROPPED: Final = frozenset(
    _PREFIX + name
    for name in (
        "reply", "views", "reactions", "inline_keyboard", "inline_row", "inline_button", "user",
        "document_extra", "poll_type", "poll_votes", "poll_option_percent",
    )
) | {"message_media_not_supported_wrap", "message_media_not_supported", "copyonly"}  # fmt: skip
_NO_WORDS: Final = frozenset({"service_message"})
_CARD: Final = frozenset({"link_preview_title", "link_preview_description"})
_TITLE_OF_CARD: Final = "link_preview_title"
_BLOCKS: Final = frozenset({"p", "div", "blockquote", "pre", "ul", "ol", "li", "table", "tr"})
_HIDDEN: Final = frozenset({"script", "style", "template", "svg", "noscript", "head"})

_POST: Final = re.compile(r"[^/\s]{1,64}/([1-9]\d{0,11})(?:[/?#]|\Z)", re.ASCII)
_BACKGROUND: Final = re.compile(
    r"background-image\s*:\s*url\(\s*['\"]?([^'\")\s]{1,1000})", re.IGNORECASE
)
_LINK: Final = re.compile(
    r"(?:https?://)?(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?:[/?#]\S*)?", re.IGNORECASE
)
_WORD: Final = re.compile(r"\w{2,}|[\u0e00-\u9fff\uac00-\ud7af]")
_TAG: Final = re.compile(r"[#@]\w+")
_MEMBERS: Final = re.compile(r"\bmembers?\b", re.IGNORECASE)
_SUBSCRIBERS: Final = re.compile(r"\bsubscribers?\b", re.IGNORECASE)


@dataclass(slots=True)
class _Post:
    """The parts of a post while it is read."""

    number: int
    texts: list[str] = field(default_factory=list)
    author: str = ""
    origin: str = ""
    origin_url: str = ""
    published: datetime | None = None
    pictures: list[LeadPicture] = field(default_factory=list)
    card: dict[str, str] = field(default_factory=dict)
    card_url: str = ""


def read_preview(text: str, page: PreviewPage) -> Document:
    """Return the posts on a page about a name, the newest first.

    Raises `Unreadable` if the name is no channel, or a channel without a preview.
    """
    try:
        root = parsed(text)
    except (etree.LxmlError, ValueError):
        raise Unreadable("This page is empty or broken.", "broken") from None
    found = _named(root)
    messages = _outermost(found.get(_MESSAGE, []))
    if "tgme_channel_info" not in found and not messages:
        raise _no_channel(found)
    if not messages:
        raise _no_preview()
    title = _line(found.get("tgme_channel_info_header_title")) or f"@{page.name}"
    posts = [post for message in messages if (post := _post(message))]
    by_number = {post.number: post for post in posts}
    newest = [by_number[number] for number in sorted(by_number, reverse=True)]
    code = _language(newest)
    items = (item for post in newest if (item := _item(post, page, code)))
    return Document(
        DocumentKind.CHANNEL,
        title=title,
        url=f"{page.origin}/{page.name}",
        language=code,
        items=tuple(items),
        description=_description(found),
        picture=_picture(found),
    )


def _outermost(messages: list[Any]) -> list[Any]:
    """Return the last messages, each with those inside it as one, so that nothing is read twice."""
    outer: dict[Any, None] = {}
    for message in messages[-2 * MOST_POSTS :]:
        around = (each for each in message.iterancestors() if _MESSAGE in _classes(each))
        outer[[message, *around][-1]] = None
    return list(outer)[-MOST_POSTS:]


def _no_preview() -> Unreadable:
    return Unreadable("This channel has no web preview.", "no_preview")


def _no_channel(found: dict[str, list[Any]]) -> Unreadable:
    """Return why the page shows no channel, by what it says below the name."""
    title, extra = _line(found.get("tgme_page_title")), _line(found.get("tgme_page_extra"))
    button = _line(found.get("tgme_action_button_new")).casefold()
    if not title:
        return Unreadable("Nobody uses this name on Telegram.", "no_channel")
    if _SUBSCRIBERS.search(extra):
        return _no_preview()
    if _MEMBERS.search(extra):
        return Unreadable("This is a group of Telegram, not a channel.", "telegram_group")
    if "bot" in button or extra.casefold().endswith("bot"):
        return Unreadable("This is a bot of Telegram, not a channel.", "telegram_bot")
    if extra.startswith("@") or "message" in button:
        return Unreadable("This is a user of Telegram, not a channel.", "telegram_user")
    return _no_preview()


_OF_PAGE: Final = frozenset({
    _MESSAGE, "tgme_channel_info", "tgme_channel_info_header_title", "tgme_page_title",
    "tgme_page_extra", "tgme_action_button_new", "tgme_channel_info_description",
    "tgme_page_photo_image",
})  # fmt: skip


def _named(root: Any) -> dict[str, list[Any]]:
    """Return the elements of the page that are looked for, by their class."""
    found: dict[str, list[Any]] = {}
    for number, element in enumerate(root.iter(etree.Element)):
        if number > _MOST_ELEMENTS:
            break
        for name in _OF_PAGE.intersection(_classes(element)):
            found.setdefault(name, []).append(element)
    return found


def _classes(element: Any) -> list[str]:
    return (element.get("class") or "")[:400].split()


def _line(elements: list[Any] | None) -> str:
    return line_of(elements[0])[:LONGEST_POST] if elements else ""


def _description(found: dict[str, list[Any]]) -> str:
    """Return what the channel says about itself, with its line breaks."""
    elements = found.get("tgme_channel_info_description")
    return _text(elements[0])[:LONGEST_DESCRIPTION].rstrip() if elements else ""


def _picture(found: dict[str, list[Any]]) -> str:
    """Return the address of the channel's picture; "" if it has none that may be shown."""
    for element in found.get("tgme_page_photo_image", [])[:_MOST_PICTURES]:
        for image in element.iter("img"):
            if picture := worth_showing(LeadPicture(image.get("src") or ""), _TELEGRAM):
                return picture.url
    return ""


def _post(message: Any) -> _Post | None:
    """Return the parts of a message; None for a service message, or if it has no number."""
    if not _NO_WORDS.isdisjoint(_classes(message)):
        return None
    number = _number(message)
    if not number:
        return None
    post = _Post(number)
    for element in [each for each in message.iter(etree.Element) if _is_dropped(each)]:
        drop(element)
    for element, part in _parts(message):
        _add(post, part, element)
    return post


def _is_dropped(element: Any) -> bool:
    return element.tag in _HIDDEN or not _DROPPED.isdisjoint(_classes(element))


def _number(message: Any) -> int:
    found = _POST.match((message.get("data-post") or "")[:100])
    return int(found[1]) if found else 0


def _parts(message: Any) -> Iterator[tuple[Any, str]]:
    """Yield the parts of a message in their order, without parts of parts and other messages."""
    inside = None
    walk = etree.iterwalk(message, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            inside = None if element is inside else inside
        elif inside is None and isinstance(element.tag, str):
            classes = _classes(element)
            if element is not message and _MESSAGE in classes:
                walk.skip_subtree()
            elif part := next((_PARTS[name] for name in classes if name in _PARTS), ""):
                inside = element
                yield element, part


def _add(post: _Post, part: str, element: Any) -> None:
    match part:
        case "text" | "poll_question" | "poll_option_text" | "document_title":
            if len(post.texts) < _MOST_PARTS:
                post.texts.append(_text(element))
        case "photo_wrap" | "video_thumb":
            _add_picture(post, element)
        case "link_preview":
            _read_card(post, element)
        case "forwarded_from_name":
            post.origin = post.origin or line_of(element)[:LONGEST_POST_TITLE]
            post.origin_url = post.origin_url or absolute(element.get("href") or "", "")
        case "from_author":
            post.author = post.author or line_of(element)[:LONGEST_POST_TITLE]
        case "date":
            post.published = post.published or _date(element)


def _add_picture(post: _Post, element: Any) -> None:
    found = _BACKGROUND.search((element.get("style") or "")[:4_000])
    if found and len(post.pictures) < _MOST_PICTURES:
        post.pictures.append(LeadPicture(found[1]))


def _read_card(post: _Post, card: Any) -> None:
    if post.card_url:
        return
    post.card_url = absolute(card.get("href") or "", "")
    for element in card.iter(etree.Element):
        for name in _CARD.intersection(_classes(element)) - post.card.keys():
            post.card[name] = _text(element)
        if any(name.startswith("link_preview_") for name in _classes(element)):
            _add_picture(post, element)


def _date(element: Any) -> datetime | None:
    for time in element.iter("time"):
        try:
            moment = datetime.fromisoformat((time.get("datetime") or "")[:40])
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _text(element: Any) -> str:
    """Return the text of *element* with its line breaks, up to `LONGEST_POST` characters."""
    parts: list[str] = []
    length = 0
    for event, each in etree.iterwalk(element, events=("start", "end")):
        is_start = event == "start"
        if each.tag == "br" or each.tag in _BLOCKS:
            parts.append("\n" if is_start or each.tag != "br" else "")
        if isinstance(each.tag, str) and is_start and each.text:
            parts.append(_flat(each.text))
        elif not is_start and each is not element and each.tail:
            parts.append(_flat(each.tail))
        length += len(parts[-1]) if parts else 0
        if length > LONGEST_POST:
            break
    return tidy("".join(parts)[:LONGEST_POST])


def _flat(text: str) -> str:
    """Return *text* without line feeds, which mean nothing in a page."""
    return text.replace("\r", " ").replace("\n", " ")


def _item(post: _Post, page: PreviewPage, code: str) -> Item | None:
    """Return the item of a post; None if it has no words."""
    own = "\n\n".join(filter(None, post.texts))[:LONGEST_POST]
    words, url = own, page.post(post.number)
    if linked := _linked(own, post):
        words = "\n".join(filter(None, (post.card.get(name) for name in sorted(_CARD)[::-1])))
        url = linked
    if not _WORD.search(words):
        return None
    title, text = title_and_text(words)
    return Item(
        guid=page.post(post.number),
        url=url,
        title=title,
        summary=text,
        text=text,
        published=post.published,
        language=language.judged(words[:_OPENING], code),
        credit=post.origin,
        credit_url=post.origin_url,
        author=post.author,
        picture=first_worth_showing(post.pictures, _TELEGRAM),
    )


def _linked(own: str, post: _Post) -> str:
    """Return the page that a post without words of its own links to; "" for any other post."""
    is_page = post.card_url and host_of(post.card_url) != host_of("https://t.me/")
    if not is_page or not _WORD.search(post.card.get(_TITLE_OF_CARD, "")):
        return ""
    return "" if _WORD.search(_TAG.sub("", _LINK.sub("", own))) else post.card_url


def _language(posts: Iterable[_Post]) -> str:
    openings = (text[:_OPENING] for post in posts for text in post.texts[:1])
    judged = [text for text, _ in zip(openings, range(_JUDGED), strict=False)]
    return language.judged(" ".join(judged))
