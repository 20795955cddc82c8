"""One address for one article, without what only says where the reader came from."""

import re
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Final
from unicodedata import normalize
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

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
# Nothing to normalise but the query: the bulk of what feeds give, and 20 times quicker to see than
# to redo.
_LABEL = r"[a-z0-9]{1,40}(?:-[a-z0-9]{1,10}){0,2}"
_PLAIN = re.compile(
    rf"https?://((?:{_LABEL}\.){{1,4}}[a-z]{{2,20}}(?=/)(?:/[\w~-][\w.~-]*)*/?)(?:\?([!\"$-~]*))?",
    re.ASCII,
)
_SCHEMELESS = re.compile(r"(?:[\w-]+\.)+[^\W\d_][\w-]+(?::\d{1,5})?(?:[/?#]\S*)?")
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
_WEB = ("http", "https")


_known: dict[str, str] = {}


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
    while _known and len(_known) + len(forms) > _KEPT:
        del _known[next(iter(_known))]
    _known.update(forms)


def are_quick(urls: Iterable[str]) -> bool:
    """Whether the canonical forms of *urls* are found in a moment, as those of most feeds are."""
    odd = (url for url in urls if len(url) > _LONG or not _PLAIN.fullmatch(url))
    return sum(100 + len(ascii(url)) for url in odd) <= _QUICK


def _canonical(url: str) -> str:
    if not is_link(url):
        return url.strip()
    url = _BLANKS.sub("", url)
    for _ in range(_DEEPEST):
        normal = _normal(url)
        target = _target(normal) if "?" in normal else ""  # a redirector is told where to
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


def is_link(url: str) -> bool:
    r"""False for what nobody follows: too long, or not read alike by browsers, parsers and people.

    Each takes another host of `http://one.example\@two.example/`, and people take the wrong one
    of `https://two.example@one.example/`.
    """
    if len(url) > LONGEST_LINK or _MISREAD.search(url):
        return False
    return not (_LOGIN_OF_A_HOST.match(url) or _GIANT_HOST.match(url))


def without_login(url: str) -> str:
    """*url* without the name and password before its host: they are neither kept nor shown."""
    return _LOGIN.sub(r"\1", url)


def as_typed(text: str) -> str:
    """The address that a person means; `paper.example/news` has left its scheme out."""
    text = without_feed_scheme(text.strip())
    return f"https://{text}" if _SCHEMELESS.fullmatch(text) else text


def without_feed_scheme(text: str) -> str:
    """`feed://a.example` and `feed:https://a.example` are addresses for readers of feeds."""
    return _FEED_SCHEME.sub(lambda sign: "http" if sign[0].lower() == "feed" else "", text, count=1)


def is_tracker(name: str) -> bool:
    """Whether the query parameter *name* says where a reader came from, not what is read."""
    name = name.lower()
    return name in _TRACKERS or name.startswith(_TRACKER_PREFIXES)


def _normal(url: str) -> str:
    plain = _PLAIN.fullmatch(url)
    if plain and not plain[2]:
        return f"https://{plain[1]}"
    try:
        if plain and (query := _query(plain[2])) == _query(query):
            return f"https://{plain[1]}{'?' * bool(query)}{query}"
        normal = _once(url)
        return normal if _once(normal) == normal else url
    except (ValueError, UnicodeError):
        return url


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
    """Without trackers, names in order, equal names as they came (`x=1&x=2` is not `x=2&x=1`)."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode(sorted((pair for pair in pairs if not is_tracker(pair[0])), key=itemgetter(0)))


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
    query = parse_qs(parts.query)
    targets = (query[name][0] for name in names if name in query)
    return next((target for target in targets if target.startswith(("http://", "https://"))), "")
