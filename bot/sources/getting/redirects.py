"""Where an answer sends us on to."""

from urllib.parse import urljoin, urlsplit, urlunsplit

from bot.sources.getting.answers import Answer
from bot.sources.getting.failures import CannotConnect

PERMANENT = frozenset({301, 308})
KEEP_THE_METHOD = frozenset({307, 308})
_REDIRECTS = PERMANENT | {302, 303, 307}


def target_of(answer: Answer) -> str | None:
    """Return the absolute address; names, passwords and fragments in it are dropped.

    None: the answer is no redirect.
    """
    location = answer.headers.get("location", "").strip()
    if answer.status not in _REDIRECTS or not location:
        return None
    try:
        parts = urlsplit(urljoin(answer.url, location))
    except ValueError:
        raise CannotConnect("redirects to something that is no address") from None
    bare_host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, bare_host, parts.path, parts.query, ""))
