"""The problems of a source, and the errors of a fetch, whose type is the policy.

A problem is a code with its detail, such as the HTTP status. Both are stored; the template
`macros/problem.html` has the sentence for each code, the part after "it": "is busy just now (503)".
Metrics count the kinds of problems, of which there are fewer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, Self


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
    """Each with its kind. Stored in the database; a comment names the detail of a code."""

    kind: ProblemKind

    def __new__(cls, value: str, kind: ProblemKind = ProblemKind.UNREADABLE) -> Self:
        code = str.__new__(cls, value)
        code._value_ = value
        code.kind = kind
        return code

    # An address that is not fetched.
    INVALID_ADDRESS = "invalid_address", ProblemKind.REFUSED
    ADDRESS_TOO_LONG = "address_too_long", ProblemKind.REFUSED  # limit: characters
    INVISIBLE_CHARACTERS = "invisible_characters", ProblemKind.REFUSED
    LOGIN_IN_ADDRESS = "login_in_address", ProblemKind.REFUSED
    WRONG_SCHEME = "wrong_scheme", ProblemKind.REFUSED
    NO_HOST = "no_host", ProblemKind.REFUSED
    WRONG_PORT = "wrong_port", ProblemKind.REFUSED  # port
    PRIVATE_ADDRESS = "private_address", ProblemKind.REFUSED
    TELEGRAM_INVITE = "telegram_invite", ProblemKind.REFUSED
    TELEGRAM_PRIVATE = "telegram_private", ProblemKind.REFUSED
    TELEGRAM_FUNCTION = "telegram_function", ProblemKind.REFUSED
    TELEGRAM_BOT = "telegram_bot", ProblemKind.REFUSED
    # No connection, or no whole response.
    HOST_PAUSED = "host_paused", ProblemKind.BUSY
    UNKNOWN_HOST = "unknown_host", ProblemKind.UNREACHABLE
    LOOKUP_FAILED = "lookup_failed", ProblemKind.UNREACHABLE
    CANNOT_CONNECT = "cannot_connect", ProblemKind.UNREACHABLE
    CONNECTION_REFUSED = "connection_refused", ProblemKind.UNREACHABLE
    NO_ROUTE = "no_route", ProblemKind.UNREACHABLE
    TLS_FAILED = "tls_failed", ProblemKind.UNREACHABLE
    CERTIFICATE_EXPIRED = "certificate_expired", ProblemKind.CERTIFICATE
    CERTIFICATE_SELF_SIGNED = "certificate_self_signed", ProblemKind.CERTIFICATE
    CERTIFICATE_WRONG_NAME = "certificate_wrong_name", ProblemKind.CERTIFICATE
    CERTIFICATE_UNTRUSTED = "certificate_untrusted", ProblemKind.CERTIFICATE
    TIMED_OUT = "timed_out", ProblemKind.TIME_OUT
    CONNECTION_LOST = "connection_lost", ProblemKind.UNREACHABLE
    RESPONSE_CUT_OFF = "response_cut_off", ProblemKind.UNREACHABLE
    INVALID_HTTP = "invalid_http", ProblemKind.UNREACHABLE
    INVALID_REDIRECT = "invalid_redirect", ProblemKind.UNREACHABLE
    TOO_MANY_REDIRECTS = "too_many_redirects", ProblemKind.REDIRECTS  # limit
    RESPONSE_TOO_BIG = "response_too_big", ProblemKind.TOO_BIG  # megabytes
    PROXY_UNREACHABLE = "proxy_unreachable", ProblemKind.UNREACHABLE
    PROXY_FAILED = "proxy_failed", ProblemKind.UNREACHABLE  # status, if the proxy gives one
    PROXY_INVALID = "proxy_invalid", ProblemKind.UNREACHABLE  # it speaks another protocol
    PROXY_TLS_FAILED = "proxy_tls_failed", ProblemKind.UNREACHABLE  # between the bot and the proxy
    PROXY_NO_TUNNEL = "proxy_no_tunnel", ProblemKind.UNREACHABLE  # status
    PROXY_INSIDE = "proxy_inside", ProblemKind.REFUSED
    PROXY_LOGIN_REQUIRED = "proxy_login_required", ProblemKind.LOGIN  # scheme, if it is not Basic
    PROXY_LOGIN_REFUSED = "proxy_login_refused", ProblemKind.LOGIN
    OVER_BUDGET = "over_budget", ProblemKind.BUSY  # of the accounts that follow it
    # A response without the document; status, and the firewall that sent it, if one did.
    BAD_REQUEST = "bad_request", ProblemKind.ODD
    LOGIN_REQUIRED = "login_required", ProblemKind.LOGIN  # scheme and realm, if it names them
    LOGIN_REFUSED = "login_refused", ProblemKind.LOGIN  # one was sent
    LOGIN_UNSUPPORTED = "login_unsupported", ProblemKind.LOGIN  # scheme
    LOGIN_PAGE = "login_page", ProblemKind.LOGIN  # a page with a form; with_login: one was sent
    LOGIN_UNREADABLE = "login_unreadable", ProblemKind.LOGIN  # its key is lost
    PAYMENT_REQUIRED = "payment_required", ProblemKind.LOGIN
    FORBIDDEN = "forbidden", ProblemKind.WALL  # with_login: one was sent
    LEGAL_BLOCK = "legal_block", ProblemKind.WALL
    NOT_FOUND = "not_found", ProblemKind.MISSING
    GONE = "gone", ProblemKind.GONE
    TOO_MANY_REQUESTS = "too_many_requests", ProblemKind.BUSY
    UNAVAILABLE = "unavailable", ProblemKind.BUSY
    GATEWAY_ERROR = "gateway_error", ProblemKind.SERVER
    SERVER_ERROR = "server_error", ProblemKind.SERVER
    UNEXPECTED_STATUS = "unexpected_status", ProblemKind.ODD
    CHALLENGE = "challenge", ProblemKind.CHALLENGE
    # A document that cannot be read.
    EMPTY = "empty", ProblemKind.EMPTY
    HTML_PAGE = "html_page", ProblemKind.HTML
    TOO_BIG = "too_big", ProblemKind.TOO_BIG
    TOO_MANY_ENTRIES = "too_many_entries", ProblemKind.TOO_BIG  # limit a day
    TOO_SLOW = "too_slow", ProblemKind.HEAVY
    TOO_MUCH_MEMORY = "too_much_memory", ProblemKind.HEAVY
    BROKEN = "broken", ProblemKind.BROKEN
    NO_ARTICLE = "no_article", ProblemKind.UNREADABLE
    CHANNEL_WITHOUT_PREVIEW = "channel_without_preview", ProblemKind.KIND
    NO_SUCH_CHANNEL = "no_such_channel", ProblemKind.MISSING
    TELEGRAM_USER = "telegram_user", ProblemKind.KIND
    TELEGRAM_GROUP = "telegram_group", ProblemKind.KIND
    NO_SITEMAP = "no_sitemap", ProblemKind.UNREADABLE
    OPML_LIST = "opml_list", ProblemKind.KIND
    BINARY_FILE = "binary_file", ProblemKind.KIND  # format, if it is known
    XML_WITHOUT_ENTRIES = "xml_without_entries", ProblemKind.KIND
    JSON_WITHOUT_ITEMS = "json_without_items", ProblemKind.KIND
    UNREADABLE = "unreadable", ProblemKind.UNREADABLE
    INTERNAL_ERROR = "internal_error", ProblemKind.UNREADABLE
    # Why a source is not added, or what became of it.
    NO_FEED_OR_ARTICLE = "no_feed_or_article", ProblemKind.UNREADABLE
    NOTHING_TO_READ = "nothing_to_read", ProblemKind.UNREADABLE
    INTERVAL_TOO_SHORT = "interval_too_short", ProblemKind.REFUSED
    NOT_STORED = "not_stored", ProblemKind.UNREADABLE  # reason
    NOT_A_MEMBER = "not_a_member", ProblemKind.WALL  # a channel that removed the bot
    NOT_ALLOWED = "not_allowed", ProblemKind.REFUSED  # a channel of other chats
    ASKED_AGAIN = "asked_again", ProblemKind.UNREADABLE


@dataclass(frozen=True, slots=True)
class Problem:
    code: ProblemCode
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> ProblemKind:
        return self.code.kind

    @property
    def is_failure(self) -> bool:
        """Return whether the problem counts as a failure; a busy source only needs time."""
        return self.kind is not ProblemKind.BUSY

    @property
    def is_final(self) -> bool:
        return self.kind is ProblemKind.GONE


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of a fetch, redirects included.

    `seconds`: from each request to the end of its response, without the wait for the host's turn.
    `received`: decoded bytes of bodies, including one that was not read to its end.
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

    `spent`: the cost until then. `host`: the host of the last request; "" if no request was sent or
    the host is in the operator's own network.
    """

    spent: Spent = NOTHING_SPENT
    host: str = ""

    def __init__(self, code: ProblemCode, **detail: Any) -> None:
        self.problem = Problem(code, detail)
        super().__init__(" ".join([code, *(f"{key}={value}" for key, value in detail.items())]))


class AddressRefused(FetchError):  # noqa: N818 - it names what happened, as the health page does
    """No request may be sent to this address."""


class HostPaused(FetchError):  # noqa: N818 - as above
    """The host asked for a pause, of which *left* remains, so no request was sent."""

    def __init__(self, left: timedelta) -> None:
        super().__init__(ProblemCode.HOST_PAUSED)
        self.left = left
