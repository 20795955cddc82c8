"""What a server's answer means: news, nothing new, or one of the ways in which it is no answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sources.formats.records import Unreadable
from bot.sources.getting.failures import FetchError
from bot.sources.getting.troubles import Problem, Trouble

NOT_MODIFIED = 304
_GOOD = range(200, 300)
_SERVER_ERRORS = range(500, 600)
_HEAD = 20_000  # bytes of a page in which a challenge shows itself

_CHALLENGE = re.compile(
    rb"cf-browser-verification|/cdn-cgi/challenge-platform|_cf_chl_opt|<title>just a moment"
    rb"|<title>attention required! \| cloudflare|_incapsula_resource|px-captcha|captcha-delivery"
    rb"|sucuri website firewall|g-recaptcha|h-captcha|awswafintegration|ddos-guard"
    rb"|enable javascript and cookies to continue|checking your browser before",
    re.IGNORECASE,
)
_SENTENCES = {
    400: Problem(Trouble.ODD, "does not understand what it is asked (400)"),
    401: Problem(Trouble.LOGIN, "wants a login (401)"),
    402: Problem(Trouble.LOGIN, "wants to be paid (402)"),
    403: Problem(Trouble.WALL, "turns readers like this one away (403)"),
    404: Problem(Trouble.MISSING, "has nothing at this address (404)"),
    406: Problem(Trouble.WALL, "turns readers like this one away (406)"),
    407: Problem(Trouble.LOGIN, "wants a login (407)"),
    410: Problem(Trouble.GONE, "has been taken down for good (410)"),
    418: Problem(Trouble.WALL, "turns readers like this one away (418)"),
    429: Problem(Trouble.BUSY, "asks us to come less often (429)"),
    451: Problem(Trouble.WALL, "may not be read from here, for legal reasons (451)"),
    503: Problem(Trouble.BUSY, "is busy just now (503)"),
}
# Said by what stands in front of a server: a proxy, or a service such as Cloudflare.
_NOT_REACHED = frozenset({502, 504, *range(520, 528), 530})
_WALLS = {
    "cloudflare": "Cloudflare",
    "akamai": "Akamai",
    "datadome": "DataDome",
    "ddos-guard": "DDoS-Guard",
    "sucuri": "Sucuri",
}
_CHALLENGED = Problem(Trouble.CHALLENGE, "is blocked by a challenge page")
_READING = {
    "html": Problem(Trouble.HTML, "gives an HTML page instead of a feed"),
    "challenge": _CHALLENGED,
    "empty": Problem(Trouble.EMPTY, "gives an empty document"),
    "too_big": Problem(Trouble.TOO_BIG, "is too big to be read"),
    "time_out": Problem(Trouble.HEAVY, "takes too long to be read"),
    "memory": Problem(Trouble.HEAVY, "takes too much memory to be read"),
    "broken": Problem(Trouble.BROKEN, "gives a document that is too broken to be read"),
    "no_text": Problem(Trouble.UNREADABLE, "gives a page without an article"),
    "index": Problem(Trouble.UNREADABLE, "names sitemaps of which none can be read"),
}
# What is said of a document, "This is a PDF file, …", is said of who gives it.
_GIVEN = frozenset({"binary", "kind", "xml"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer after its redirects; header names are in lower case, the body is decoded.

    `moved_permanently_to`: where an unbroken chain of 301 and 308 from the asked URL led.
    `own_network`: it came from where the operator allows everything.
    """

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    etag: str | None = None
    last_modified: str | None = None
    moved_permanently_to: str | None = None
    own_network: bool = False

    @property
    def not_modified(self) -> bool:
        return self.status == NOT_MODIFIED

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


def problem_of(answer: Answer) -> Problem | None:
    """Say what is wrong with *answer*; None if its body may be read, or nothing is new."""
    if answer.not_modified:
        return None
    if _is_challenge(answer):
        return _CHALLENGED
    if answer.status in _GOOD:
        return None if answer.body.strip() else _READING["empty"]
    return _refusal(answer)


def _refusal(answer: Answer) -> Problem:
    status = answer.status
    if status in _SENTENCES:
        return _with_wall(_SENTENCES[status], answer)
    if status in _NOT_REACHED:
        return Problem(Trouble.SERVER, f"is not reached by the server in front of it ({status})")
    if status in _SERVER_ERRORS:
        return Problem(Trouble.SERVER, f"has an error of its own ({status})")
    return Problem(Trouble.ODD, f"answers in a way that means nothing here ({status})")


def problem_from(error: FetchError | Unreadable) -> Problem:
    """Translate what a fetch or a reading raised."""
    if isinstance(error, FetchError):
        return Problem(error.trouble, str(error))
    if error.reason in _GIVEN:
        given = str(error).removeprefix("This is ").rstrip(".")
        return Problem(Trouble.KIND, f"gives {given}")
    return _READING.get(error.reason) or Problem(Trouble.UNREADABLE, "cannot be read")


def _with_wall(problem: Problem, answer: Answer) -> Problem:
    """Name who turns us away, if it is not the publisher."""
    server = answer.headers.get("server", "").lower()
    name = next((name for word, name in _WALLS.items() if word in server), None)
    if problem.trouble is not Trouble.WALL or name is None:
        return problem
    return Problem(Trouble.WALL, problem.sentence.replace(")", f", by {name})"))


def _is_challenge(answer: Answer) -> bool:
    if answer.headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    # A feed may well write about captchas; only a page can be one.
    head = answer.body[:_HEAD]
    return "html" in answer.content_type.lower() and bool(_CHALLENGE.search(head))
