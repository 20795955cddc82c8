"""Addresses of Telegram: which public channel a link or `@name` means, or why it means none.

A channel has many addresses and one source, `https://t.me/s/name` in lower case, which is its web
preview. Names have 4 to 32 letters, digits and underscores, and begin with a letter. Only bots have
names that end in `bot`. All other paths of the host are functions of the app.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from bot.sources.fetch.problems import ProblemCode
from bot.sources.limits import LONGEST_URL
from bot.sources.urls import as_typed

HOST: Final = "t.me"
_ORIGIN: Final = f"https://{HOST}"
_WEB: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.(?:me|dog))(?::\d{1,5})?(?:/([^?#]*))?(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_SUBDOMAIN: Final = re.compile(
    r"(?:https?://)?([a-z][a-z0-9_]{3,31})\.t\.me(?::\d{1,5})?(?:/([^?#]*))?(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_IN_APP: Final = re.compile(r"tg:(?://)?([a-z]{1,40})/?\?(.*)", re.IGNORECASE | re.DOTALL)
_MENTION: Final = re.compile(r"@([a-z][a-z0-9_]{3,31})", re.IGNORECASE | re.ASCII)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{3,31}", re.IGNORECASE | re.ASCII)
_NUMBER: Final = re.compile(r"[1-9]\d{0,11}", re.ASCII)
# Paths that are as long as names, but lead to functions of the app.
_RESERVED: Final = frozenset({
    "addemoji", "addlist", "addstickers", "addtheme", "auction", "boost", "call", "confirmphone",
    "contact", "giftcode", "invoice", "login", "newbot", "proxy", "setlanguage", "share", "socks",
    "stargift", "startapp", "story",
})  # fmt: skip
_INVITES: Final = ("+", "%2b", " ")
_PRIVATE: Final = frozenset({"c", "privatepost"})
_PREVIEW: Final = re.compile(
    r"(https?://(?:t\.me|telegram\.(?:me|dog)|[^/?#]+/(?:[^?#]*/)?t\.me))/(?:s/)?"
    r"([a-z][a-z0-9_]{3,31})/?(?:[?#].*)?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)


class ChannelAddress(NamedTuple):
    """The meaning of an address of Telegram.

    *name*: of the channel or bot, in lower case; "" if it names none. *post*: the number of a post;
    0 for the channel itself. *problem*: why no channel can be read there; None if one may be.
    """

    name: str = ""
    post: int = 0
    problem: ProblemCode | None = None


class PreviewPage(NamedTuple):
    """A page about a name: *origin* has the pages of all names, such as `https://t.me`."""

    origin: str
    name: str

    def post(self, number: int) -> str:
        """Return the permanent link of a post."""
        return f"{self.origin}/{self.name}/{number}"


def read_address(text: str) -> ChannelAddress | None:
    """Return what *text* means; None if it is no address of Telegram."""
    text = text.strip()
    if len(text) > LONGEST_URL:
        return None
    if found := _MENTION.fullmatch(text):
        return _named(found[1])
    if found := _IN_APP.fullmatch(text):
        return _in_app(found[1].lower(), found[2])
    if found := _WEB.fullmatch(text):
        return _at_path(found[1] or "")
    if found := _SUBDOMAIN.fullmatch(text):
        return _named(found[1], found[2] or "")
    return None


def source_address(text: str) -> str:
    """Return the address of the source that a user means: for any address of a channel, its page.

    See `as_typed` for all other addresses.
    """
    address = read_address(text)
    return preview_url(address.name) if address and address.name else as_typed(text)


def article_address(text: str) -> str:
    """Return the permanent link of a post for any of its addresses; else see `as_typed`."""
    address = read_address(text)
    is_post = address is not None and address.name and address.post
    return f"{_ORIGIN}/{address.name}/{address.post}" if address and is_post else as_typed(text)


def mentioned_name(text: str) -> str:
    """Return the name in `@name`; "" for any other text."""
    found = _MENTION.fullmatch(text.strip())
    return found[1] if found else ""


def preview_url(name: str) -> str:
    return f"{_ORIGIN}/s/{name.lower()}"


def channel_name(url: str) -> str:
    """Return the name of the channel that *url* is the source of; "" for any other address."""
    page = preview_page(url)
    return page.name if page and urlsplit(url).path.lower().endswith(f"/s/{page.name}") else ""


def shown_channel(url: str) -> str:
    """Return `@name` for an address of a channel or bot; "" for any other address."""
    address = read_address(url)
    return f"@{address.name}" if address and address.name else ""


def problem_with_address(url: str) -> ProblemCode | None:
    """Return why no channel can be read at an address of Telegram; None for all other addresses."""
    address = read_address(url)
    return address.problem if address else None


def preview_page(url: str) -> PreviewPage | None:
    """Return which page about a name is at *url*; None if it is another page.

    A folder `t.me` of any host counts, because mirrors and the playground serve the pages there.
    """
    found = _PREVIEW.fullmatch(url) if len(url) <= LONGEST_URL else None
    if found is None or found[2].lower() in _RESERVED:
        return None
    return PreviewPage(found[1], found[2].lower())


def _in_app(function: str, query: str) -> ChannelAddress | None:
    if function == "join":
        return ChannelAddress(problem=ProblemCode.TELEGRAM_INVITE)
    if function in _PRIVATE:
        return ChannelAddress(problem=ProblemCode.TELEGRAM_PRIVATE)
    try:
        values = parse_qs(query, max_num_fields=20)
    except ValueError:
        return ChannelAddress(problem=ProblemCode.TELEGRAM_FUNCTION)
    if function != "resolve" or "domain" not in values:
        return ChannelAddress(problem=ProblemCode.TELEGRAM_FUNCTION)
    return _named(values["domain"][0], values.get("post", [""])[0])


def _at_path(path: str) -> ChannelAddress:
    first, _, rest = path.strip("/").partition("/")
    head = first.lower()
    if head.startswith(_INVITES) or head == "joinchat":
        return ChannelAddress(problem=ProblemCode.TELEGRAM_INVITE)
    if head in _PRIVATE:
        return ChannelAddress(problem=ProblemCode.TELEGRAM_PRIVATE)
    if head == "s" and rest:
        return _named(*rest.partition("/")[::2])
    return _named(first, rest)


def _named(name: str, rest: str = "") -> ChannelAddress:
    """Return the channel *name*; *rest*: the path behind it, which may begin with a post."""
    name = name.removeprefix("@").lower()
    if not _NAME.fullmatch(name) or name in _RESERVED:
        return ChannelAddress(problem=ProblemCode.TELEGRAM_FUNCTION)
    number = rest.strip("/").partition("/")[0]
    post = int(number) if _NUMBER.fullmatch(number) else 0
    problem = ProblemCode.TELEGRAM_BOT if name.endswith("bot") else None
    return ChannelAddress(name, post, problem)
