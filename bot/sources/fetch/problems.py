"""The problems of a source, and the errors of a fetch, whose type is the policy.

A problem is a code with its detail, such as the HTTP status. Both are stored; the template
`macros/problem.html` has the sentence for each code, the part after "it": "is busy just now (503)".
Metrics count the kinds of problems, of which there are fewer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final


class ProblemKind(StrEnum):
    # No response.
    REFUSED = "refused"
    TOO_BIG = "too_big"
    TIME_OUT = "time_out"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    REDIRECTS = "redirects"
    # A response without the document.
    BUSY = "busy"
    GONE = "gone"
    MISSING = "missing"
    CHALLENGE = "challenge"
    WALL = "wall"
    LOGIN = "login"
    SERVER = "server"
    ODD = "odd"
    # A document that cannot be read.
    HTML = "html"
    EMPTY = "empty"
    KIND = "kind"  # a file that is no feed, page or text, or XML and JSON of another kind
    BROKEN = "broken"
    HEAVY = "heavy"  # takes too long or too much memory
    UNREADABLE = "unreadable"


class ProblemCode(StrEnum):
    """Stored in the database; a comment names the detail that comes with a code."""

    # An address that is not fetched.
    INVALID_ADDRESS = "invalid_address"
    ADDRESS_TOO_LONG = "address_too_long"  # limit: characters
    INVISIBLE_CHARACTERS = "invisible_characters"
    LOGIN_IN_ADDRESS = "login_in_address"
    WRONG_SCHEME = "wrong_scheme"
    NO_HOST = "no_host"
    WRONG_PORT = "wrong_port"  # port
    PRIVATE_ADDRESS = "private_address"
    # No connection, or no whole response.
    HOST_PAUSED = "host_paused"
    UNKNOWN_HOST = "unknown_host"
    LOOKUP_FAILED = "lookup_failed"
    CANNOT_CONNECT = "cannot_connect"
    CONNECTION_REFUSED = "connection_refused"
    NO_ROUTE = "no_route"
    TLS_FAILED = "tls_failed"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_SELF_SIGNED = "certificate_self_signed"
    CERTIFICATE_WRONG_NAME = "certificate_wrong_name"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    TIMED_OUT = "timed_out"
    CONNECTION_LOST = "connection_lost"
    RESPONSE_CUT_OFF = "response_cut_off"
    INVALID_HTTP = "invalid_http"
    INVALID_REDIRECT = "invalid_redirect"
    TOO_MANY_REDIRECTS = "too_many_redirects"  # limit
    RESPONSE_TOO_BIG = "response_too_big"  # megabytes
    OVER_BUDGET = "over_budget"  # of the accounts that follow it
    # A response without the document; status, and the firewall that sent it, if one did.
    BAD_REQUEST = "bad_request"
    LOGIN_REQUIRED = "login_required"
    PAYMENT_REQUIRED = "payment_required"
    FORBIDDEN = "forbidden"
    LEGAL_BLOCK = "legal_block"
    NOT_FOUND = "not_found"
    GONE = "gone"
    TOO_MANY_REQUESTS = "too_many_requests"
    UNAVAILABLE = "unavailable"
    GATEWAY_ERROR = "gateway_error"
    SERVER_ERROR = "server_error"
    UNEXPECTED_STATUS = "unexpected_status"
    CHALLENGE = "challenge"
    # A document that cannot be read.
    EMPTY = "empty"
    HTML_PAGE = "html_page"
    TOO_BIG = "too_big"
    TOO_MANY_ENTRIES = "too_many_entries"  # limit a day
    TOO_SLOW = "too_slow"
    TOO_MUCH_MEMORY = "too_much_memory"
    BROKEN = "broken"
    NO_ARTICLE = "no_article"
    NO_SITEMAP = "no_sitemap"
    OPML_LIST = "opml_list"
    BINARY_FILE = "binary_file"  # format, if it is known
    XML_WITHOUT_ENTRIES = "xml_without_entries"
    JSON_WITHOUT_ITEMS = "json_without_items"
    UNREADABLE = "unreadable"
    INTERNAL_ERROR = "internal_error"
    # Why a source is not added, or what became of it.
    NO_FEED_OR_ARTICLE = "no_feed_or_article"
    NOTHING_TO_READ = "nothing_to_read"
    INTERVAL_TOO_SHORT = "interval_too_short"
    NOT_STORED = "not_stored"  # reason
    ASKED_AGAIN = "asked_again"


_CODES_OF_KINDS = {
    ProblemKind.REFUSED: (
        ProblemCode.INVALID_ADDRESS,
        ProblemCode.ADDRESS_TOO_LONG,
        ProblemCode.INVISIBLE_CHARACTERS,
        ProblemCode.LOGIN_IN_ADDRESS,
        ProblemCode.WRONG_SCHEME,
        ProblemCode.NO_HOST,
        ProblemCode.WRONG_PORT,
        ProblemCode.PRIVATE_ADDRESS,
        ProblemCode.INTERVAL_TOO_SHORT,
    ),
    ProblemKind.TOO_BIG: (
        ProblemCode.RESPONSE_TOO_BIG,
        ProblemCode.TOO_BIG,
        ProblemCode.TOO_MANY_ENTRIES,
    ),
    ProblemKind.TIME_OUT: (ProblemCode.TIMED_OUT,),
    ProblemKind.UNREACHABLE: (
        ProblemCode.UNKNOWN_HOST,
        ProblemCode.LOOKUP_FAILED,
        ProblemCode.CANNOT_CONNECT,
        ProblemCode.CONNECTION_REFUSED,
        ProblemCode.NO_ROUTE,
        ProblemCode.TLS_FAILED,
        ProblemCode.CONNECTION_LOST,
        ProblemCode.RESPONSE_CUT_OFF,
        ProblemCode.INVALID_HTTP,
        ProblemCode.INVALID_REDIRECT,
    ),
    ProblemKind.CERTIFICATE: (
        ProblemCode.CERTIFICATE_EXPIRED,
        ProblemCode.CERTIFICATE_SELF_SIGNED,
        ProblemCode.CERTIFICATE_WRONG_NAME,
        ProblemCode.CERTIFICATE_UNTRUSTED,
    ),
    ProblemKind.REDIRECTS: (ProblemCode.TOO_MANY_REDIRECTS,),
    ProblemKind.BUSY: (
        ProblemCode.HOST_PAUSED,
        ProblemCode.OVER_BUDGET,
        ProblemCode.TOO_MANY_REQUESTS,
        ProblemCode.UNAVAILABLE,
    ),
    ProblemKind.GONE: (ProblemCode.GONE,),
    ProblemKind.MISSING: (ProblemCode.NOT_FOUND,),
    ProblemKind.CHALLENGE: (ProblemCode.CHALLENGE,),
    ProblemKind.WALL: (ProblemCode.FORBIDDEN, ProblemCode.LEGAL_BLOCK),
    ProblemKind.LOGIN: (ProblemCode.LOGIN_REQUIRED, ProblemCode.PAYMENT_REQUIRED),
    ProblemKind.SERVER: (ProblemCode.GATEWAY_ERROR, ProblemCode.SERVER_ERROR),
    ProblemKind.ODD: (ProblemCode.BAD_REQUEST, ProblemCode.UNEXPECTED_STATUS),
    ProblemKind.HTML: (ProblemCode.HTML_PAGE,),
    ProblemKind.EMPTY: (ProblemCode.EMPTY,),
    ProblemKind.KIND: (
        ProblemCode.OPML_LIST,
        ProblemCode.BINARY_FILE,
        ProblemCode.XML_WITHOUT_ENTRIES,
        ProblemCode.JSON_WITHOUT_ITEMS,
    ),
    ProblemKind.BROKEN: (ProblemCode.BROKEN,),
    ProblemKind.HEAVY: (ProblemCode.TOO_SLOW, ProblemCode.TOO_MUCH_MEMORY),
}
_KINDS = {code: kind for kind, codes in _CODES_OF_KINDS.items() for code in codes}


@dataclass(frozen=True, slots=True)
class Problem:
    code: ProblemCode
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> ProblemKind:
        return _KINDS.get(self.code, ProblemKind.UNREADABLE)

    @property
    def is_failure(self) -> bool:
        """Return whether it counts against the source; a busy one only asks for time."""
        return self.kind is not ProblemKind.BUSY

    @property
    def is_final(self) -> bool:
        return self.kind is ProblemKind.GONE


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of a fetch, redirects included.

    `seconds`: from each request to the end of its response; the wait for the host's turn is not
    among it. `received`: bytes of bodies, decoded, also of one that was not read to its end.
    """

    requests: int = 0
    seconds: float = 0.0
    received: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.requests + other.requests,
            self.seconds + other.seconds,
            self.received + other.received,
        )


NOTHING_SPENT: Final = Spent()


class FetchError(Exception):
    """There is no response to judge.

    `spent` is the cost until then; `host` was asked last, "" if no request was sent or the host is
    in the operator's own network.
    """

    default: ClassVar = ProblemCode.CANNOT_CONNECT
    spent: Spent = NOTHING_SPENT
    host: str = ""

    def __init__(self, code: ProblemCode | None = None, **detail: Any) -> None:
        self.problem = Problem(code or self.default, detail)
        super().__init__(" ".join([self.problem.code, *(f"{k}={v}" for k, v in detail.items())]))


class AddressRefused(FetchError):  # noqa: N818 - they name what happened, as the health page does
    default = ProblemCode.INVALID_ADDRESS


class TooBig(FetchError):  # noqa: N818 - see above
    default = ProblemCode.RESPONSE_TOO_BIG


class TimedOut(FetchError):  # noqa: N818 - see above
    default = ProblemCode.TIMED_OUT


class CannotConnect(FetchError):  # noqa: N818 - see above
    pass


class BadCertificate(FetchError):  # noqa: N818 - see above
    default = ProblemCode.CERTIFICATE_UNTRUSTED


class TooManyRedirects(FetchError):  # noqa: N818 - see above
    default = ProblemCode.TOO_MANY_REDIRECTS


class HostWaits(FetchError):  # noqa: N818 - see above
    """The host asked for a pause, of which *left* remains, so no request was sent."""

    default = ProblemCode.HOST_PAUSED

    def __init__(self, left: timedelta) -> None:
        super().__init__()
        self.left = left
