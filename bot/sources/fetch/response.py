"""HTTP responses: a document, nothing new, a redirect or a problem.

The headers that count are redirects, cache directives, `Retry-After` and the WebSub hub.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from bot.sources.feeds.model import FeedPace, Unreadable
from bot.sources.fetch.problems import (
    NOTHING_SPENT,
    FetchError,
    Problem,
    ProblemCode,
    ProblemKind,
    Spent,
)
from bot.sources.limits import MAX_HOST_PAUSE
from bot.sources.urls import absolute, without_login

NOT_MODIFIED = 304
_OK = range(200, 300)
_SERVER_ERRORS = range(500, 600)
_CHALLENGE_BYTES = 20_000  # at the start of a page, in which a challenge is recognized
_TEXT_OF_A_PAGE = 1_500  # bytes; a challenge shows less
_MOST_TAGS = 20_000  # searched for text in 25 ms; no challenge has as many
_NOT_SHOWN = (b"script", b"style", b"noscript", b"template", b"title")

_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_CHALLENGE = re.compile("|".join(_DATA["challenges"]).encode(), re.IGNORECASE)
_FEED = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:[{\[]|(?:<[?!][^>]{0,500}>\s*){0,20}<(?:rss|feed|rdf:rdf|urlset)\b)",
    re.IGNORECASE,
)
_FEED_LINK = re.compile(
    rb"<link\b[^>]{0,500}\btype\s*=\s*[\"']?application/(?:rss\+xml|atom\+xml|feed\+json)",
    re.IGNORECASE,
)
_FIREWALLS: dict[str, str] = _DATA["firewalls"]
_LONGEST_DEMAND = 500  # characters of `WWW-Authenticate`
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"")
_DEMAND = re.compile(r"(?:^|,)\s*([A-Za-z0-9_-]{1,30})(?=\s+[^\s=]|\s*(?:,|$))")
# Schemes that sign or encrypt, which need more than a name and a password in a header.
_UNSUPPORTED = re.compile(
    r"digest|ntlm|negotiate|mutual|hoba|hawk|dpop|scram-.*|aws4-.*", re.IGNORECASE
)
_REALM = re.compile(r"\brealm\s*=\s*(?:\"([^\"]{1,200})\"|([^\s\",]{1,200}))", re.IGNORECASE)
_STATUS_CODES = {
    400: ProblemCode.BAD_REQUEST,
    401: ProblemCode.LOGIN_REQUIRED,
    402: ProblemCode.PAYMENT_REQUIRED,
    403: ProblemCode.FORBIDDEN,
    404: ProblemCode.NOT_FOUND,
    406: ProblemCode.FORBIDDEN,
    407: ProblemCode.PROXY_LOGIN_REQUIRED,
    410: ProblemCode.GONE,
    418: ProblemCode.FORBIDDEN,
    429: ProblemCode.TOO_MANY_REQUESTS,
    451: ProblemCode.LEGAL_BLOCK,
    503: ProblemCode.UNAVAILABLE,
}
# Sent by a proxy in front of a server, or by a service such as Cloudflare.
_NOT_REACHED = frozenset({502, 504, *range(520, 528), 530})
NOT_A_FEED = Problem(ProblemCode.HTML_PAGE)
_READING_CODES = {
    "html": ProblemCode.HTML_PAGE,
    "challenge": ProblemCode.CHALLENGE,
    "empty": ProblemCode.EMPTY,
    "too_big": ProblemCode.TOO_BIG,
    "time_out": ProblemCode.TOO_SLOW,
    "memory": ProblemCode.TOO_MUCH_MEMORY,
    "broken": ProblemCode.BROKEN,
    "no_text": ProblemCode.NO_ARTICLE,
    "index": ProblemCode.NO_SITEMAP,
    "opml": ProblemCode.OPML_LIST,
    "binary": ProblemCode.BINARY_FILE,
    "xml": ProblemCode.XML_WITHOUT_ENTRIES,
    "json": ProblemCode.JSON_WITHOUT_ITEMS,
    "no_preview": ProblemCode.CHANNEL_WITHOUT_PREVIEW,
    "no_channel": ProblemCode.NO_SUCH_CHANNEL,
    "telegram_bot": ProblemCode.TELEGRAM_BOT,
    "telegram_user": ProblemCode.TELEGRAM_USER,
    "telegram_group": ProblemCode.TELEGRAM_GROUP,
}


@dataclass(frozen=True, slots=True)
class Response:
    """The last response after all redirects; header names are in lower case, the body is decoded.

    `moved_permanently_to`: where an unbroken chain of 301 and 308 from the requested URL led.
    `own_network`: it came from one of the operator's allowed networks. `with_login`: a login, a
    cookie or headers of the source were sent. `spent`: the cost of the response and of the
    redirects to it.
    """

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    etag: str | None = None
    last_modified: str | None = None
    moved_permanently_to: str | None = None
    own_network: bool = False
    with_login: bool = False
    spent: Spent = NOTHING_SPENT

    @property
    def not_modified(self) -> bool:
        return self.status == NOT_MODIFIED

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


# Problems.


def problem_of(response: Response) -> Problem | None:
    """Return what is wrong with *response*; None if its body may be read, or nothing is new."""
    if response.not_modified:
        return None
    if _is_challenge(response):
        return Problem(ProblemCode.CHALLENGE)
    if response.status in _OK:
        is_empty = not response.body or response.body.isspace()
        return Problem(ProblemCode.EMPTY) if is_empty else None
    return _status_problem(response)


def _status_problem(response: Response) -> Problem:
    status = response.status
    detail: dict[str, object] = {"status": status}
    code = _STATUS_CODES.get(status)
    if code is None and status in _NOT_REACHED:
        code = ProblemCode.GATEWAY_ERROR
    if code is None:
        is_servers = status in _SERVER_ERRORS
        code = ProblemCode.SERVER_ERROR if is_servers else ProblemCode.UNEXPECTED_STATUS
    if code is ProblemCode.LOGIN_REQUIRED:
        code, demanded = _demand(response)
        detail |= demanded
    elif code is ProblemCode.FORBIDDEN and response.with_login:
        detail["with_login"] = True
    problem = Problem(code, detail)
    if problem.kind is ProblemKind.WALL and (firewall := _firewall(response)):
        detail["firewall"] = firewall
    return problem


def _demand(response: Response) -> tuple[ProblemCode, dict[str, object]]:
    """Return what a 401 means, with the scheme and realm of its `WWW-Authenticate`, if any.

    A site may offer several schemes (RFC 9110, section 11.6.1).
    """
    header = response.headers.get("www-authenticate", "")[:_LONGEST_DEMAND]
    schemes = _DEMAND.findall(_QUOTED.sub('""', header))
    if schemes and all(map(_UNSUPPORTED.fullmatch, schemes)):
        return ProblemCode.LOGIN_UNSUPPORTED, {"scheme": schemes[0]}
    if response.with_login:
        return ProblemCode.LOGIN_REFUSED, {}
    if not schemes:
        return ProblemCode.LOGIN_REQUIRED, {}
    realm = _REALM.search(header)
    named = "".join(filter(str.isprintable, realm[1] or realm[2]))[:80] if realm else ""
    return ProblemCode.LOGIN_REQUIRED, {"scheme": schemes[0]} | ({"realm": named} if named else {})


def problem_from_error(error: FetchError | Unreadable) -> Problem:
    """Translate what a fetch or the reader raised."""
    if isinstance(error, FetchError):
        return error.problem
    code = _READING_CODES.get(error.reason, ProblemCode.UNREADABLE)
    return Problem(code, {"format": error.format} if error.format else {})


def _firewall(response: Response) -> str | None:
    """Return the firewall service that sent the response; None if the publisher sent it."""
    server = response.headers.get("server", "").lower()
    return next((name for word, name in _FIREWALLS.items() if word in server), None)


def _is_challenge(response: Response) -> bool:
    if response.headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    # A feed may well write about captchas; only a page can be one. Some servers send a feed as one.
    head = response.body[:_CHALLENGE_BYTES]
    if "html" not in response.content_type.lower() or _FEED.match(head):
        return False
    # Firewalls put their scripts into good pages, and good pages have captchas in their forms.
    return bool(_CHALLENGE.search(head)) and not (
        _FEED_LINK.search(response.body[:_FORM_BYTES]) or _has_text(response.body)
    )


def _has_text(body: bytes) -> bool:
    """Return whether a page shows more text than a challenge does."""
    length, hidden = 0, b""
    for piece in body.split(b"<", _MOST_TAGS):
        tag, _, text = piece.partition(b">")
        name = tag[:10].lower()
        if hidden:
            if name.startswith(b"/" + hidden):
                hidden = b""
                length += len(text.strip())
            continue
        hidden = next((each for each in _NOT_SHOWN if name.startswith(each)), b"")
        length += 0 if hidden else len(text.strip())
        if length >= _TEXT_OF_A_PAGE:
            return True
    return False


_PASSWORD_FIELD = re.compile(rb"<input\b[^>]{0,300}\btype\s*=\s*[\"']?password\b", re.IGNORECASE)
_FORM_BYTES = 100_000  # at the start of a page, in which its form is found
_LOGIN_PATH = re.compile(
    r"log[-_]?in\b|log[-_]?on\b|sign[-_]?(?:in|on)\b|\bsso\b|\bo?auth|\bsessions?/new",
    re.IGNORECASE,
)


def login_page(response: Response, asked: str = "") -> Problem | None:
    """Return the problem if *response* is a page to sign in, in place of what was *asked* for.

    A page that may have a form beside its text, as news sites do, counts only if the address
    *asked* was redirected to one that names a login; without *asked*, each form counts.
    """
    if "html" not in response.content_type.lower():
        return None
    if asked and (
        _LOGIN_PATH.search(asked) or not _LOGIN_PATH.search(response.url.partition("?")[0])
    ):
        return None
    if not _PASSWORD_FIELD.search(response.body[:_FORM_BYTES]):
        return None
    return Problem(ProblemCode.LOGIN_PAGE, {"with_login": True} if response.with_login else {})


# Redirects.

PERMANENT = frozenset({301, 308})
METHOD_PRESERVING = frozenset({307, 308})
_REDIRECTS = PERMANENT | {302, 303, 307}


def redirect_target(response: Response) -> str | None:
    """Return the absolute address that *response* redirects to; None if it does not.

    Names, passwords and fragments are dropped. The policy of the fetch judges the address.
    """
    if response.status not in _REDIRECTS:
        return None
    location = response.headers.get("location", "").strip()
    if not location:
        return None
    try:
        target = urljoin(response.url, location)
    except ValueError:
        raise FetchError(ProblemCode.INVALID_REDIRECT) from None
    return without_login(target).partition("#")[0]


# Cache directives and Retry-After. Dates are compared with the response's own date, because many
# servers' clocks are wrong.

HOST_WIDE_STATUSES = frozenset({429, 503})
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_NEVER_KEEP = re.compile(r"(?:^|[,\s])no-(?:cache|store)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Directives:
    """The times after which a response's headers ask for the next request; None or positive."""

    max_age: timedelta | None = None
    expires: timedelta | None = None
    retry_after: timedelta | None = None

    @property
    def freshness(self) -> timedelta | None:
        return max((each for each in (self.max_age, self.expires) if each), default=None)


def directives_of(headers: Mapping[str, str], now: datetime) -> Directives:
    """Read *headers* (names in lower case) of a response that came at *now*."""
    caching, expires = headers.get("cache-control", ""), headers.get("expires", "")
    retrying = headers.get("retry-after", "")
    if not (caching or expires or retrying):
        return Directives()
    sent = now
    if expires or retrying:
        sent = _date(headers.get("date", "")) or now
    retry_after = _delay(retrying, sent) if retrying else None
    if _NEVER_KEEP.search(caching):
        return Directives(retry_after=retry_after)
    age = _MAX_AGE.search(caching)
    return Directives(
        max_age=timedelta(seconds=int(age[1])) if age else None,
        expires=_until(_date(expires), sent),
        retry_after=retry_after,
    )


def pause_for_host(status: int, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return how long to pause the whole host, if it asks for that; else None.

    The pause is short, because only one address of many asked for it. The source at that address
    waits for the whole time.
    """
    if status not in HOST_WIDE_STATUSES or "retry-after" not in headers:
        return None
    asked = directives_of(headers, now).retry_after
    return min(asked, MAX_HOST_PAUSE) if asked else None


def _delay(text: str, now: datetime) -> timedelta | None:
    text = text.strip()
    if re.fullmatch(r"\d{1,10}", text, re.ASCII):
        return timedelta(seconds=int(text))
    return _until(_date(text), now)


def _until(timestamp: datetime | None, now: datetime) -> timedelta | None:
    return None if timestamp is None or timestamp <= now else timestamp - now


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        timestamp = parsedate_to_datetime(text)
        return timestamp.replace(tzinfo=timestamp.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):  # "0", "-1" and "never" are common
        return None


# The WebSub hub that a source names, in the Link header (RFC 8288) or in the feed.

_LINK = re.compile(r"<([^<>]{1,2000})>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\",;\s]+))?)*)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\",;\s]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hub:
    """`topic`: the address under which the hub knows the source."""

    url: str
    topic: str


def hub_of(url: str, link: str, pace: FeedPace) -> Hub | None:
    """Return the hub of the feed from *url*; the `Link` header *link* outranks the feed."""
    relations = _link_relations(link)
    hub = absolute(relations.get("hub") or pace.hub, url).partition("#")[0]
    topic = absolute(relations.get("self") or pace.self_url, url).partition("#")[0]
    return Hub(hub, topic or url) if hub else None


def _link_relations(header: str) -> dict[str, str]:
    """Return the first link of each relation."""
    found: dict[str, str] = {}
    for link in _LINK.finditer(header):
        for relation in _RELATION.finditer(link[2]):
            for word in (relation[1] or relation[2] or "").lower().split():
                found.setdefault(word, link[1].strip())
    return found
