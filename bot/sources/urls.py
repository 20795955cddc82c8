"""Web addresses: checks links, resolves relative ones, and finds one canonical form per article.

The canonical form leaves out trackers, and replaces the address of a redirector with its target.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Final
from unicodedata import normalize
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

import idna

from bot.sources.limits import LONGEST_URL

WEB_SCHEMES: Final = frozenset({"http", "https"})
_ORIGINS = ("http://", "https://")
_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_TRACKERS = frozenset(_DATA["trackers"].split())
_TRACKER_PREFIXES = tuple(_DATA["tracker_prefixes"].split())
_REDIRECTORS = {place: names.split() for place, names in _DATA["redirectors"].items()}
_BLANKS = re.compile(r"[\x00-\x20\x7f]+")

# Links.

# A link without blanks, login and backslash, which needs no further checks.
_ORDINARY = re.compile(r"https?://[a-zA-Z0-9][!-?A-\[\]-~]{0,290}")
_BROKEN_SCHEME = re.compile(r"^(https?):/*", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SCHEMELESS = re.compile(r"(?:[\w-]+\.)+[^\W\d_][\w-]+(?::\d{1,5})?(?:[/?#]\S*)?")
_IP_OR_LOCALHOST = re.compile(
    r"(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_FEED_SCHEME = re.compile(r"\A(?:feed:(?://)?(?=https?://)|feed(?=://))", re.IGNORECASE)
_LOGIN = re.compile(r"^(https?://)[^/?#\\]*@", re.IGNORECASE)
# Invisible characters and the backslash, which browsers read as a slash and other parsers as part
# of a login.
_MISREAD = re.compile(
    "[\\\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
_LOGIN_LIKE_A_HOST = re.compile(r"https?:/*[^/?#@]*[.@%\u3002\uff0e\uff61][^/?#]*@", re.IGNORECASE)
_GIANT_HOST = re.compile(r"https?:/*[^/?#]{300}", re.IGNORECASE)


def is_web(url: str) -> bool:
    return url[:8].lower().startswith(_ORIGINS)


def is_link(url: str) -> bool:
    r"""Return False if *url* is too long, or if browsers, parsers and users read it differently.

    Browsers and parsers disagree about the host of `http://one.example\@two.example/`. Users
    misread the host of `https://two.example@one.example/`.
    """
    if len(url) > LONGEST_URL or _MISREAD.search(url):
        return False
    return not (_LOGIN_LIKE_A_HOST.match(url) or _GIANT_HOST.match(url))


def absolute(link: str, base: str) -> str:
    """Resolve *link* against *base* and drop a login; return "" if it is no web address.

    White space inside is dropped, because feeds break long links. A scheme such as `http:/` is
    mended. The result is also "" for a link that `is_link` rejects.
    """
    if _ORDINARY.fullmatch(link):
        return link
    link = link.strip()
    if not is_link(link):
        return ""
    link = "".join(link.split()).replace("\ufeff", "")
    if not link or _OTHER_SCHEME.match(link):
        return ""
    try:
        url = link if link.startswith(_ORIGINS) else urljoin(base, link)
    except ValueError:
        return ""
    if not url.startswith(_ORIGINS):
        url = _BROKEN_SCHEME.sub(lambda found: f"{found[1].lower()}://", url, count=1)
    return without_login(url) if is_web(url) and host_of(url) else ""


def host_of(url: str) -> str:
    """Return the host in lower case, without `www.` and port; "" if there is none."""
    if not is_link(url):
        return ""
    try:
        host = urlsplit(_BLANKS.sub("", url)).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.").rstrip(".")


def without_login(url: str) -> str:
    """Return *url* without name and password, which are neither stored nor shown."""
    return _LOGIN.sub(r"\1", url)


def as_typed(text: str) -> str:
    """Return the address that a user typed, with a scheme if it lacks one.

    The scheme is https for `paper.example/news`, and http for an IP address or localhost, as in
    browsers, because few of these have a certificate.
    """
    text = without_feed_scheme(text.strip())
    if _SCHEMELESS.fullmatch(text):
        return f"https://{text}"
    return f"http://{text}" if _IP_OR_LOCALHOST.fullmatch(text) else text


def without_feed_scheme(text: str) -> str:
    """Return the address behind `feed://a.example` and `feed:https://a.example`."""
    return _FEED_SCHEME.sub(lambda sign: "http" if sign[0].lower() == "feed" else "", text, count=1)


def logged_url(url: str, *, public: bool) -> str:
    """Return *url* for the log: without its query, and only its host if it is private.

    A query may hold a token, and the path of a chat's own feed is nobody else's business.
    """
    if not public:
        return host_of(url) or "no host"
    return without_login(re.split("[?#]", url, maxsplit=1)[0])


# The canonical form.

# URLs whose path has no dot segments, empty segments or parameters, like nearly all in feeds.
# Rewriting them by rule is 40 times faster than parsing them.
_LABEL = r"[a-zA-Z0-9]{1,40}(?:-[a-zA-Z0-9]{1,10}){0,2}"
_IN_PATH = r"(?:[\w!$&'()*+,.:=@\[\]|~\u00a1-\ud7ff\ue000-\ufffd-]|%(?!2[eE])[0-9a-fA-F]{2})"
_HOSTS = rf"(?:{_LABEL}\.){{1,4}}[a-zA-Z]{{2,20}}|\d{{1,3}}(?:\.\d{{1,3}}){{3}}"
_PORTS = r":(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3})"
_PLAIN = re.compile(
    rf"https?://({_HOSTS})({_PORTS})?"
    rf"((?:/(?!\.\.?(?:[/?#]|\Z)){_IN_PATH}+)*/?)(?:\?([!\"$-~]*))?(?:#(?![!/])[!-~]*)?",
    re.ASCII,
)
_ESCAPE = re.compile("%(..)")
_UNESCAPED_SIGNS = "!$&'()*+,-.:=@[]_|~"  # that need not be escaped in a path
_UNESCAPED = {
    f"{code:02X}": chr(code)
    for code in range(128)
    if chr(code).isalnum() or chr(code) in _UNESCAPED_SIGNS
}
_DEFAULT_PORT = re.compile(r":(?:80|443)?$")
_SLASHES = re.compile("/{2,}")
_NETLOC = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::\d{1,5})?")
_FRAGMENT_ROUTES = ("!", "/")
_GOOGLE = re.compile(r"(?:www\.)?google\.(?:[a-z]{2,3}|com?\.[a-z]{2})")
_LONGEST_HOST = 253
_MAX_REDIRECTORS = 3  # one behind the other
_BYTES_KEPT = "surrogateescape"  # a byte that is no UTF-8 becomes one of these characters:
_KEPT_BYTE = re.compile("[\udc80-\udcff]")
_MOST_REMEMBERED = 8_192
_QUICK_LENGTH = 512
_QUICK_CHARACTERS = 8_000  # rewritten in 50 ms

_canonical_forms: dict[str, str] = {}
_remembering = Lock()


def canonical_url(url: str) -> str:
    """Return one form for all addresses of an article; what is no web URL comes back stripped.

    `http` becomes `https`, because on a news site both lead to the same page. A leading `www.`
    stays, because it sometimes matters. The form only identifies the article; requests use the
    original address.
    """
    canonical = _canonical_forms.get(url)
    if canonical is None:
        canonical = _canonical(url)
        remember({url: canonical})
    return canonical


def remember(forms: Mapping[str, str]) -> None:
    """Cache canonical *forms*, also those from a worker, because finding them may take long."""
    with _remembering:  # entries are identified in threads
        while _canonical_forms and len(_canonical_forms) + len(forms) > _MOST_REMEMBERED:
            del _canonical_forms[next(iter(_canonical_forms))]
        _canonical_forms.update(forms)


def are_quick(urls: Iterable[str]) -> bool:
    """Return whether the canonical forms of *urls* are found in 50 ms, as for most feeds."""
    costs = {url: 100 + len(ascii(url)) for url in urls if url}
    if sum(costs.values()) <= _QUICK_CHARACTERS:
        return True
    slow = (url for url in costs if len(url) > _QUICK_LENGTH or not _PLAIN.fullmatch(url))
    return sum(map(costs.__getitem__, slow)) <= _QUICK_CHARACTERS


def is_tracker(name: str) -> bool:
    """Return whether the query parameter *name* says where a reader came from, not what is read."""
    name = name.lower()
    return name in _TRACKERS or name.startswith(_TRACKER_PREFIXES)


def _canonical(url: str) -> str:
    if not _ORDINARY.fullmatch(url):
        if not is_link(url):
            return url.strip()
        url = _BLANKS.sub("", url)
    for _ in range(_MAX_REDIRECTORS):
        normalized = _normalized(url)
        target = _redirector_target(normalized) if "?" in normalized else ""
        if not target:
            return normalized
        url = target
    return url


def _normalized(url: str) -> str:
    """Return a form of *url* that normalizes to itself; *url* if there is none."""
    plain = _PLAIN.fullmatch(url)
    try:
        if plain and (query := _query(plain[4] or "")) == _query(query):
            return f"{_without_query(*plain.groups()[:3])}{'?' * bool(query)}{query}"
        rebuilt = _rebuilt(url)
        return rebuilt if _rebuilt(rebuilt) == rebuilt else url
    except (ValueError, UnicodeError):
        return url


def _without_query(host: str, port: str | None, path: str) -> str:
    port = _DEFAULT_PORT.sub("", port) if port else ""
    if not path.isascii():
        path = quote(path, safe=f"/%{_UNESCAPED_SIGNS}")
    if "%" in path:
        path = _ESCAPE.sub(_escape_if_needed, path)
    return f"https://{host.lower()}{port}{path or '/'}"


def _escape_if_needed(escape: re.Match[str]) -> str:
    code = escape[1].upper()
    return _UNESCAPED.get(code, f"%{code}")


def _rebuilt(url: str) -> str:
    """Return the normal form of any URL, by parsing it."""
    # It imports an HTTP client and OpenSSL: 9 MB that most workers never need.
    from w3lib.url import canonicalize_url  # noqa: PLC0415

    parts = urlsplit(url)
    if parts.scheme.lower() not in WEB_SCHEMES or not parts.hostname:
        return url
    netloc = _DEFAULT_PORT.sub("", parts.netloc.rpartition("@")[2]).rstrip(".")
    if len(normalize("NFKC", netloc)) > _LONGEST_HOST:
        return url
    root = f"https://{_ascii(netloc)}"
    path = _SLASHES.sub("/", parts.path) or "/"
    clean = urlsplit(canonicalize_url(urljoin(root, path)))  # without dot segments
    if not _NETLOC.fullmatch(clean.netloc):
        return url
    fragment = parts.fragment if parts.fragment.startswith(_FRAGMENT_ROUTES) else ""
    return urlunsplit(("https", clean.netloc, clean.path, _query(parts.query), fragment))


def _ascii(netloc: str) -> str:
    """Return host and port in ASCII, as browsers encode them; IDNA 2003 would turn ß into ss."""
    host, colon, port = netloc.partition(":")
    return netloc if host.isascii() else idna.encode(host, uts46=True).decode() + colon + port


def _query(query: str) -> str:
    """Return *query* without trackers, its names sorted and its escapes spelled one way.

    Equal names keep their order, because `x=1&x=2` is not `x=2&x=1`. A name without a value equals
    one with an empty value. Bytes that are not UTF-8 are kept, because old sites escape Latin-1,
    where `?n=%E9` is not `?n=%E8`.
    """
    if not query:
        return ""
    pairs = parse_qsl(query, keep_blank_values=True, errors=_BYTES_KEPT)
    kept = sorted((pair for pair in pairs if not is_tracker(pair[0])), key=itemgetter(0))
    return urlencode(kept, errors=_BYTES_KEPT)


def _redirector_target(url: str) -> str:
    """Return where the query of a known redirector leads; "" for any other address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = (parts.hostname or "").removeprefix("www.")
    if _GOOGLE.fullmatch(host):
        host = "google.com"
    names = _REDIRECTORS.get(host + parts.path, ())
    query = parse_qs(parts.query, errors=_BYTES_KEPT)
    targets = (_KEPT_BYTE.sub(_escaped_byte, query[name][0]) for name in names if name in query)
    return next((target for target in targets if target.startswith(_ORIGINS)), "")


def _escaped_byte(character: re.Match[str]) -> str:
    return f"%{ord(character[0]) & 0xFF:02X}"
