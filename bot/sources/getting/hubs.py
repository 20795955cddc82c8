"""Hubs tell when a source has news (https://www.w3.org/TR/websub/): naming, leases, signatures."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin

from bot.sources.formats.records import FeedPace
from bot.sources.urls import is_link, without_login

LONGEST_URL = 2000
USUAL_LEASE = timedelta(days=10)
SHORTEST_LEASE, LONGEST_LEASE = timedelta(minutes=5), timedelta(days=90)
SUBSCRIBE, UNSUBSCRIBE, DENIED = "subscribe", "unsubscribe", "denied"
METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})

_LINK = re.compile(r"<([^<>]{1,2000})>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\",;\s]+))?)*)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\",;\s]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hub:
    """`topic`: under what address the source is known there."""

    url: str
    topic: str


def hub_of(url: str, link: str, pace: FeedPace) -> Hub | None:
    """Return the hub of what came from *url* with the header *link*; the header goes first."""
    links = _links(link)
    hub = _absolute(links.get("hub") or pace.hub, url)
    topic = _absolute(links.get("self") or pace.self_url, url) or url
    return Hub(hub, topic) if hub and len(topic) <= LONGEST_URL else None


def renewed_at(now: datetime, lease: timedelta) -> datetime:
    """Return when to ask for more time: a fifth of the lease before its end."""
    return now + lease * 0.8


def lease_of(seconds: str) -> timedelta:
    """Read `hub.lease_seconds`, within bounds."""
    if not re.fullmatch(r"\d{1,10}", seconds, re.ASCII) or not int(seconds):
        return USUAL_LEASE
    return min(max(timedelta(seconds=int(seconds)), SHORTEST_LEASE), LONGEST_LEASE)


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the `X-Hub-Signature` of *body* was made by who knows *secret*."""
    method, _, told = signature.strip().partition("=")
    if method.lower() not in METHODS:
        return False
    made = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(made.encode(), told.strip().lower().encode())


def _links(header: str) -> dict[str, str]:
    """Return the first link of each relation."""
    found: dict[str, str] = {}
    for link in _LINK.finditer(header):
        for relation in _RELATION.finditer(link[2]):
            for word in (relation[1] or relation[2] or "").lower().split():
                found.setdefault(word, link[1].strip())
    return found


def _absolute(link: str, base: str) -> str:
    """Return *link* seen from *base*; "" for what is no address of the web."""
    if not link:
        return ""
    try:
        full = urljoin(base, link)
        full = without_login(full) if is_link(full) else ""
    except ValueError:
        return ""
    is_web = full.startswith(("http://", "https://")) and full.isprintable()
    return full.partition("#")[0] if is_web and len(full) <= LONGEST_URL else ""
