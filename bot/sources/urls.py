"""One address for one article, without what only says where the reader came from."""

import re
from collections.abc import Iterable, Mapping
from operator import itemgetter
from threading import Lock
from typing import Final
from unicodedata import normalize
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

import idna
from w3lib.url import canonicalize_url

# By name only: a rule such as "drop what looks random" eats article ids (`?k=…`).
_TRACKERS = frozenset({
    "__s", "__tn__", "__twitter_impression", "_branch_match_id", "_ga", "_gl", "_hsenc", "_hsmi",
    "_ke", "_openstat", "at_campaign", "at_campaign_type", "at_custom1", "at_custom2",
    "at_custom3", "at_custom4", "at_format", "at_link_id", "at_link_origin", "at_link_type",
    "at_medium", "at_ptr_name", "at_bbc_team", "bxid", "cmp", "cmpid", "cndid", "dclid", "dicbo",
    "dm_i", "echobox", "ef_id", "emc", "epik", "esid", "fb_action_ids", "fb_action_types",
    "fb_ref", "fb_source", "fbclid", "gad_source", "gbraid", "gclid", "gclsrc", "gs_l",
    "guccounter", "guce_referrer", "guce_referrer_sig", "hootpostid", "hsctatracking", "icid",
    "igsh", "igshid", "int_cmp", "irclickid", "itm_campaign", "itm_medium", "itm_source", "mbid",
    "mc_cid", "mc_eid", "mibextid", "mkcid", "mkrid", "mkt_tok", "ml_subscriber",
    "ml_subscriber_hash", "msclkid", "nr_email_referer", "ns_campaign", "ns_fee", "ns_linkname",
    "ns_mchannel", "ns_source", "oicd", "oly_anon_id", "oly_enc_id", "partner", "pk_campaign",
    "pk_cid", "pk_content", "pk_kwd", "pk_medium", "pk_source", "piwik_campaign", "piwik_kwd",
    "rb_clickid", "ref_src", "ref_url", "s_cid", "s_kwcid", "sc_cmp", "sc_channel", "sc_content",
    "sc_country", "sc_medium", "sc_outcome", "sc_geo", "smid", "smtyp", "sref", "srsltid", "spm",
    "traffic_source", "trk", "trkcampaign", "tblci", "twclid", "vero_conv", "vero_id", "wbraid",
    "wickedid", "wt_mc", "wt.mc_id", "wtmc", "xtor", "yclid", "ysclid",
})  # fmt: skip
_TRACKER_PREFIXES = ("utm_", "mtm_", "hsa_", "ga_source", "ga_medium", "ga_campaign", "guce_")
_REDIRECTS: dict[str, dict[str, tuple[str, ...]]] = {
    "google.com": {"/url": ("q", "url")},
    "l.facebook.com": {"/l.php": ("u",)},
    "lm.facebook.com": {"/l.php": ("u",)},
    "bing.com": {"/news/apiclick.aspx": ("url",)},
    "duckduckgo.com": {"/l/": ("uddg",)},
    "t.umblr.com": {"/redirect": ("z",)},
    "out.reddit.com": {"/": ("url",)},
}
_GOOGLE = re.compile(r"(?:www\.)?google\.(?:[a-z]{2,3}|com?\.[a-z]{2})")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::\d{1,5})?")
# Nothing to resolve: nearly all of what feeds give, and 40 times quicker to spell by rule than to
# take apart. Its path has no dot segments, no empty ones and no parameters.
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
_AS_IT_IS = "/%!$&'()*+,-.:=@[]_|~"
_DEFAULT_PORTS = frozenset({":80", ":443"})
_UNESCAPED = {  # what need not be escaped in a path
    f"{code:02X}": char
    for code, char in ((code, chr(code)) for code in range(128))
    if char.isalnum() or char in "!$&'()*+,-.:=@[]_|~"
}
# Neither blanks nor a login nor a backslash: an address that needs no second look.
_ORDINARY = re.compile(r"https?://[!-?A-\[\]-~]{1,300}")
_BROKEN_SCHEME = re.compile(r"^(https?):/*", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SCHEMELESS = re.compile(r"(?:[\w-]+\.)+[^\W\d_][\w-]+(?::\d{1,5})?(?:[/?#]\S*)?")
_IP_OR_LOCALHOST = re.compile(
    r"(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_FEED_SCHEME = re.compile(r"\A(?:feed:(?://)?(?=https?://)|feed(?=://))", re.IGNORECASE)
_DEFAULT_PORT = re.compile(r":(?:80|443)?$")
_SLASHES = re.compile("/{2,}")
_FRAGMENT_ROUTES = ("!", "/")
_LOGIN = re.compile(r"^(https?://)[^/?#\\]*@", re.IGNORECASE)
_BLANKS = re.compile(r"[\x00-\x20\x7f]+")
LONGEST_LINK: Final = 2_048  # characters
_LONGEST_HOST = 253
_KEPT = 8_192  # addresses whose form is remembered
_LONG = 512
_QUICK = 8_000  # characters that are rewritten in 50 ms
# Browsers take a backslash for a slash, and others see a login before it. Nobody sees the others.
_MISREAD = re.compile(
    "[\\\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
_LOGIN_OF_A_HOST = re.compile(r"https?:/*[^/?#@]*[.@%\u3002\uff0e\uff61][^/?#]*@", re.IGNORECASE)
_GIANT_HOST = re.compile(r"https?:/*[^/?#]{300}", re.IGNORECASE)
_DEEPEST = 3
_BYTES_KEPT = "surrogateescape"  # a byte that is no UTF-8 becomes one of these characters:
_KEPT_BYTE = re.compile("[\udc80-\udcff]")
_WEB = ("http", "https")
_ORIGINS = ("http://", "https://")


_known: dict[str, str] = {}
_remembering = Lock()


def canonical_url(url: str) -> str:
    """The one form of all the addresses of an article; what is no web address comes back stripped.

    `http` becomes `https` and a leading `www.` stays: the first never leads elsewhere on a news
    site, the second sometimes does. It names the article; fetch the address as it was given.
    """
    known = _known.get(url)
    if known is None:
        known = _canonical(url)
        remember({url: known})
    return known


def remember(forms: Mapping[str, str]) -> None:
    """Take over the canonical forms of addresses that a worker has found, which may take long."""
    with _remembering:  # entries are identified in threads
        while _known and len(_known) + len(forms) > _KEPT:
            del _known[next(iter(_known))]
        _known.update(forms)


def are_quick(urls: Iterable[str]) -> bool:
    """Whether the canonical forms of *urls* are found in a moment, as those of most feeds are."""
    odd = (url for url in urls if url and (len(url) > _LONG or not _PLAIN.fullmatch(url)))
    return sum(100 + len(ascii(url)) for url in odd) <= _QUICK


def _canonical(url: str) -> str:
    if not is_link(url):
        return url.strip()
    url = _BLANKS.sub("", url)
    for _ in range(_DEEPEST):
        normal = _normal(url)
        target = _target(normal) if "?" in normal else ""  # a redirector names its target
        if not target:
            return normal
        url = target
    return url


def host_of(url: str) -> str:
    """The host in lower case, without `www.` and port; "" where there is none."""
    if not is_link(url):
        return ""
    try:
        host = urlsplit(_BLANKS.sub("", url)).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.").rstrip(".")


def logged_url(url: str, *, public: bool) -> str:
    """Return how the log names *url*: without its query, and only by its host if it is private.

    A query may hold a token, and the path of a chat's own feed is nobody else's business.
    """
    if not public:
        return host_of(url) or "no host"
    return without_login(re.split("[?#]", url, maxsplit=1)[0])


def is_link(url: str) -> bool:
    r"""False if *url* is too long, or browsers, parsers and users read it differently.

    Each takes another host of `http://one.example\@two.example/`, and users take the wrong one
    of `https://two.example@one.example/`.
    """
    if len(url) > LONGEST_LINK or _MISREAD.search(url):
        return False
    return not (_LOGIN_OF_A_HOST.match(url) or _GIANT_HOST.match(url))


def absolute(link: str, base: str) -> str:
    """Return *link* as seen from *base*; "" if it leads nowhere on the web or is no safe link."""
    if _ORDINARY.fullmatch(link):
        return link
    link = link.strip()
    if not is_link(link):
        return ""
    link = "".join(link.split()).replace("\ufeff", "")
    try:
        full = link if not link or link.startswith(_ORIGINS) else urljoin(base, link)
    except ValueError:
        return ""
    if _OTHER_SCHEME.match(full):
        return ""
    if not full.startswith(_ORIGINS):
        full = _BROKEN_SCHEME.sub(lambda found: f"{found[1].lower()}://", full, count=1)
    return without_login(full) if is_link(full) else ""


def without_login(url: str) -> str:
    """*url* without the name and password before its host: they are neither kept nor shown."""
    return _LOGIN.sub(r"\1", url)


def as_typed(text: str) -> str:
    """Return the address that a user means, who may have left out its scheme.

    It is https for `paper.example/news`; for an IP address or localhost it is http, as in browsers,
    since few of these have a certificate.
    """
    text = without_feed_scheme(text.strip())
    if _SCHEMELESS.fullmatch(text):
        return f"https://{text}"
    return f"http://{text}" if _IP_OR_LOCALHOST.fullmatch(text) else text


def without_feed_scheme(text: str) -> str:
    """`feed://a.example` and `feed:https://a.example` are addresses for readers of feeds."""
    return _FEED_SCHEME.sub(lambda sign: "http" if sign[0].lower() == "feed" else "", text, count=1)


def is_tracker(name: str) -> bool:
    """Whether the query parameter *name* says where a reader came from, not what is read."""
    name = name.lower()
    return name in _TRACKERS or name.startswith(_TRACKER_PREFIXES)


def _normal(url: str) -> str:
    plain = _PLAIN.fullmatch(url)
    try:
        if plain and (query := _query(plain[4] or "")) == _query(query):
            return f"{_without_query(*plain.groups()[:3])}{'?' * bool(query)}{query}"
        normal = _once(url)
        return normal if _once(normal) == normal else url
    except (ValueError, UnicodeError):
        return url


def _without_query(host: str, port: str | None, path: str) -> str:
    if port is None or port in _DEFAULT_PORTS:
        port = ""
    if not path.isascii():
        path = quote(path, safe=_AS_IT_IS)
    if "%" in path:
        path = _ESCAPE.sub(_escaped, path)
    return f"https://{host.lower()}{port}{path or '/'}"


def _escaped(found: re.Match[str]) -> str:
    code = found[1].upper()
    return _UNESCAPED.get(code, f"%{code}")


def _once(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme.lower() not in _WEB or not parts.hostname:
        return url
    netloc = _DEFAULT_PORT.sub("", parts.netloc.rpartition("@")[2]).rstrip(".")
    if len(normalize("NFKC", netloc)) > _LONGEST_HOST:
        return url
    root = f"https://{_ascii(netloc)}"
    path = _SLASHES.sub("/", parts.path) or "/"
    clean = urlsplit(canonicalize_url(urljoin(root, path)))  # without dot segments
    if not _HOST.fullmatch(clean.netloc):
        return url
    fragment = parts.fragment if parts.fragment.startswith(_FRAGMENT_ROUTES) else ""
    return urlunsplit(("https", clean.netloc, clean.path, _query(parts.query), fragment))


def _ascii(netloc: str) -> str:
    """Host and port as browsers ask for them: not as IDNA of 2003 has it, where ß is ss."""
    host, colon, port = netloc.partition(":")
    return netloc if host.isascii() else idna.encode(host, uts46=True).decode() + colon + port


def _query(query: str) -> str:
    """Return *query* without trackers, its names sorted and its escapes spelled one way.

    Equal names keep their order, because `x=1&x=2` is not `x=2&x=1`. A name without a value equals
    one with an empty value. Bytes that are no UTF-8 stay as they are, because old sites escape
    Latin-1 and `?n=%E9` is not `?n=%E8`.
    """
    if not query:
        return ""
    pairs = parse_qsl(query, keep_blank_values=True, errors=_BYTES_KEPT)
    kept = sorted((pair for pair in pairs if not is_tracker(pair[0])), key=itemgetter(0))
    return urlencode(kept, errors=_BYTES_KEPT)


def _escaped_byte(found: re.Match[str]) -> str:
    return f"%{ord(found[0]) & 0xFF:02X}"


def _target(url: str) -> str:
    """Where a known redirector leads, by its own query; "" for any other address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = (parts.hostname or "").removeprefix("www.")
    if _GOOGLE.fullmatch(host):
        host = "google.com"
    names = _REDIRECTS.get(host, {}).get(parts.path, ())
    query = parse_qs(parts.query, errors=_BYTES_KEPT)
    targets = (_KEPT_BYTE.sub(_escaped_byte, query[name][0]) for name in names if name in query)
    return next((target for target in targets if target.startswith(("http://", "https://"))), "")
