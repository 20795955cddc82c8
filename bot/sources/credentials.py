"""What a site asks for before it lets a source be read: login, token, cookie, headers, proxy.

All of it belongs to one origin, the scheme, host and port of the source when it was set. It is
never sent anywhere else, nor without encryption: see `Credentials.headers_for`.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_USER: Final = 200
LONGEST_PASSWORD: Final = 1_000
LONGEST_TOKEN: Final = 4_000
LONGEST_VALUE: Final = 8_000  # of a header or of the cookie
LONGEST_USER_AGENT: Final = 500
LONGEST_PROXY: Final = 500
MOST_HEADERS: Final = 20
MOST_CHARACTERS: Final = 15_000  # of all headers together; servers refuse more than 16 KB

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # a token of RFC 9110, section 5.6.2
_PROXY_SCHEMES: Final = frozenset({"http", "https", "socks5", "socks5h"})
_PORTS: Final = {"http": 80, "https": 443}
# They belong to the connection (RFC 9110, section 7.6.1), or the client sets them itself.
_REFUSED: Final = frozenset(
    (
        *("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host"),
        *("content-length", "content-type", "content-encoding", "accept-encoding", "expect"),
        *("range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
        *("if-range", "http2-settings", "max-forwards", "forwarded", "via"),
    )
)
_HAVE_OPTIONS: Final = {"cookie": "cookie", "user-agent": "User-Agent"}


class AccessKind(StrEnum):
    LOGIN = "login"
    TOKEN = "token"  # noqa: S105 - its name
    COOKIE = "cookie"
    HEADERS = "headers"
    USER_AGENT = "user-agent"
    PROXY = "proxy"

    @property
    def is_secret(self) -> bool:
        """Whether it is sent to the site itself, which then has to be asked over https."""
        return self not in {AccessKind.USER_AGENT, AccessKind.PROXY}


class Flaw(StrEnum):
    """Why a value cannot be set; `macros/source_access.html` has the sentence of each."""

    EMPTY = "empty"
    CONTROL = "control"  # a line break or another character that is no plain one
    TOO_LONG = "too_long"
    COLON = "colon"  # in a user name, where RFC 7617 ends it
    HEADER_FORM = "header_form"  # not `Name: value`
    HEADER_REFUSED = "header_refused"
    HEADER_HAS_OPTION = "header_has_option"
    TOO_MANY_HEADERS = "too_many_headers"
    TWO_AUTHORIZATIONS = "two_authorizations"
    NOT_ENCRYPTED = "not_encrypted"  # a secret for an address that begins with http://
    PROXY_FORM = "proxy_form"
    NO_ADDRESS = "no_address"


class WrongAccessError(ValueError):
    """A value that cannot be set. Neither the message nor *detail* quotes the value."""

    def __init__(self, fault: Flaw, kind: AccessKind | None = None, **detail: Any) -> None:
        self.fault, self.kind, self.detail = fault, kind, detail
        super().__init__(f"{kind or 'access'}: {fault}")


@dataclass(frozen=True, slots=True)
class Proxy:
    """*scheme*: http or https for CONNECT (RFC 9110, section 9.3.6), or socks5 (RFC 1928)."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Read `scheme://user:password@host:port`; raise WrongAccessError."""
        text = _checked(AccessKind.PROXY, text, LONGEST_PROXY)
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port or 0
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            is_bare = parts.path in {"", "/"} and not parts.query and not parts.fragment
        except ValueError:
            raise WrongAccessError(Flaw.PROXY_FORM, AccessKind.PROXY) from None
        is_name = bool(re.fullmatch(r"[0-9A-Za-z._:-]{1,253}", host))
        if parts.scheme not in _PROXY_SCHEMES or not port or not is_bare or not is_name:
            raise WrongAccessError(Flaw.PROXY_FORM, AccessKind.PROXY)
        if len(user.encode()) > 255 or len(password.encode()) > 255 or ":" in user:  # noqa: PLR2004 - RFC 1929
            raise WrongAccessError(Flaw.PROXY_FORM, AccessKind.PROXY)
        _without_controls(AccessKind.PROXY, user + password)
        return cls(
            "socks5" if "socks5" in parts.scheme else parts.scheme, host, port, user, password
        )

    @property
    def shown(self) -> str:
        """The proxy without its login."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """The access of one source. *origin*: where it may be sent, such as `https://news.example:443`.

    Its representation shows which kinds are set and no value, because logs and errors quote it.
    """

    origin: str
    user: str = ""
    password: str = ""
    token: str = ""
    cookie: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    user_agent: str = ""
    proxy_url: str = ""

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self.kinds)})"

    @classmethod
    def of_source(cls, url: str) -> Credentials:
        """Return the empty access of the source at *url*."""
        return cls(origin_of(url))

    @property
    def kinds(self) -> list[AccessKind]:
        """The kinds that are set, in the order in which pages show them."""
        is_set = {
            AccessKind.LOGIN: self.user or self.password,
            AccessKind.TOKEN: self.token,
            AccessKind.COOKIE: self.cookie,
            AccessKind.HEADERS: self.headers,
            AccessKind.USER_AGENT: self.user_agent,
            AccessKind.PROXY: self.proxy_url,
        }
        return [kind for kind, value in is_set.items() if value]

    @property
    def proxy(self) -> Proxy | None:
        return Proxy.parse(self.proxy_url) if self.proxy_url else None

    def covers(self, url: str) -> bool:
        """Return whether *url* has the scheme, host and port for which this was set."""
        try:
            return origin_of(url) == self.origin
        except WrongAccessError:
            return False

    def without_secrets(self) -> Credentials:
        """Return what may still be used after a redirect to another host: the proxy and name."""
        return Credentials("", user_agent=self.user_agent, proxy_url=self.proxy_url)

    def has_secrets_for(self, url: str) -> bool:
        """Return whether a request to *url* carries secrets, which it does only over https."""
        has_any = any(kind.is_secret for kind in self.kinds)
        return has_any and self.covers(url) and url.lower().startswith("https:")

    def headers_for(self, url: str) -> dict[str, str]:
        """Return the headers of a request to *url*; secrets only to their origin, over https."""
        sent = {"User-Agent": self.user_agent} if self.user_agent else {}
        if not self.has_secrets_for(url):
            return sent
        sent |= dict(self.headers)
        if self.user or self.password:
            login = b64encode(f"{self.user}:{self.password}".encode()).decode()
            sent["Authorization"] = f"Basic {login}"
        elif self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.cookie:
            sent["Cookie"] = self.cookie
        return sent

    # Changes, each with checked values.

    def with_login(self, user: str, password: str) -> Credentials:
        user = _checked(AccessKind.LOGIN, user, LONGEST_USER, is_ascii=False)
        password = password.removesuffix("\n").removesuffix("\r")  # spaces may belong to it
        if len(password) > LONGEST_PASSWORD:
            raise WrongAccessError(Flaw.TOO_LONG, AccessKind.LOGIN, limit=LONGEST_PASSWORD)
        if not password:
            raise WrongAccessError(Flaw.EMPTY, AccessKind.LOGIN)
        _without_controls(AccessKind.LOGIN, password)
        if ":" in user:
            raise WrongAccessError(Flaw.COLON, AccessKind.LOGIN)
        return _checked_whole(replace(self, user=user, password=password))

    def with_token(self, token: str) -> Credentials:
        token = _checked(AccessKind.TOKEN, token, LONGEST_TOKEN)
        return _checked_whole(replace(self, token=token))

    def with_cookie(self, cookie: str) -> Credentials:
        """Set the header `Cookie`, as a browser shows it: with or without the name in front."""
        cookie = _checked(AccessKind.COOKIE, cookie, LONGEST_VALUE)
        if cookie.lower().startswith("cookie:"):
            cookie = _checked(AccessKind.COOKIE, cookie.partition(":")[2], LONGEST_VALUE)
        return _checked_whole(replace(self, cookie=cookie))

    def with_header(self, line: str) -> Credentials:
        """Add or replace one header, written `Name: value`."""
        name, colon, value = _checked(AccessKind.HEADERS, line, LONGEST_VALUE).partition(":")
        value = value.strip()
        if not colon or not value or not _NAME.fullmatch(name):
            raise WrongAccessError(Flaw.HEADER_FORM, AccessKind.HEADERS)
        lower = name.lower()
        if lower in _REFUSED or lower.startswith(("proxy-", "sec-", "x-forwarded-")):
            raise WrongAccessError(Flaw.HEADER_REFUSED, AccessKind.HEADERS, name=name)
        if option := _HAVE_OPTIONS.get(lower):
            raise WrongAccessError(
                Flaw.HEADER_HAS_OPTION, AccessKind.HEADERS, name=name, option=option
            )
        others = [each for each in self.headers if each[0].lower() != lower]
        if len(others) >= MOST_HEADERS:
            raise WrongAccessError(Flaw.TOO_MANY_HEADERS, AccessKind.HEADERS, limit=MOST_HEADERS)
        return _checked_whole(replace(self, headers=(*others, (name, value))))

    def with_user_agent(self, name: str) -> Credentials:
        name = _checked(AccessKind.USER_AGENT, name, LONGEST_USER_AGENT)
        return _checked_whole(replace(self, user_agent=name))

    def with_proxy(self, url: str) -> Credentials:
        Proxy.parse(url)
        return replace(self, proxy_url=url.strip())

    def without(self, kind: AccessKind) -> Credentials:
        cleared: dict[AccessKind, dict[str, Any]] = {
            AccessKind.LOGIN: {"user": "", "password": ""},
            AccessKind.TOKEN: {"token": ""},
            AccessKind.COOKIE: {"cookie": ""},
            AccessKind.HEADERS: {"headers": ()},
            AccessKind.USER_AGENT: {"user_agent": ""},
            AccessKind.PROXY: {"proxy_url": ""},
        }
        return replace(self, **cleared[kind])

    # The form that is sealed.

    def packed(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def unpacked(cls, packed: bytes) -> Credentials:
        """Read `packed`. Raises ValueError for something else."""
        values: Mapping[str, Any] = json.loads(packed)
        known = {each.name for each in fields(cls)}
        kept = {name: value for name, value in values.items() if name in known}
        headers = tuple((str(name), str(value)) for name, value in kept.pop("headers", ()))
        return cls(**{name: str(value) for name, value in kept.items()}, headers=headers)


def _checked_whole(access: Credentials) -> Credentials:
    names = {name.lower() for name, _ in access.headers}
    authorizations = [access.user or access.password, access.token, "authorization" in names]
    if sum(map(bool, authorizations)) > 1:
        raise WrongAccessError(Flaw.TWO_AUTHORIZATIONS)
    secret = next((kind for kind in access.kinds if kind.is_secret), None)
    if secret and not access.origin.startswith("https:"):
        raise WrongAccessError(Flaw.NOT_ENCRYPTED, secret)
    sent = access.headers_for(access.origin)
    if sum(len(name) + len(value) + 4 for name, value in sent.items()) > MOST_CHARACTERS:
        raise WrongAccessError(Flaw.TOO_LONG, limit=MOST_CHARACTERS)
    return access


def origin_of(url: str) -> str:
    """Return scheme, host and port of *url* (RFC 6454); raise WrongAccessError if it has none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise WrongAccessError(Flaw.NO_ADDRESS) from None
    scheme = parts.scheme.lower()
    if not host or scheme not in _PORTS:
        raise WrongAccessError(Flaw.NO_ADDRESS)
    try:
        name = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        raise WrongAccessError(Flaw.NO_ADDRESS) from None
    shown = f"[{name}]" if ":" in name else name
    return f"{scheme}://{shown}:{port or _PORTS[scheme]}"


def shown_kinds(kinds: Sequence[str]) -> list[AccessKind]:
    """Return stored kinds; one of a newer version is left out."""
    return [AccessKind(kind) for kind in kinds if kind in set(AccessKind)]


def _checked(kind: AccessKind, text: str, limit: int, *, is_ascii: bool = True) -> str:
    """Return *text* without spaces around it and the line break at the end of a file."""
    text = text.strip(" \t").removesuffix("\n").removesuffix("\r").strip(" \t")
    if not text:
        raise WrongAccessError(Flaw.EMPTY, kind)
    if len(text) > limit:
        raise WrongAccessError(Flaw.TOO_LONG, kind, limit=limit)
    _without_controls(kind, text)
    if is_ascii and not text.isascii():  # programs differ in how they send other characters
        raise WrongAccessError(Flaw.CONTROL, kind)
    return text


def _without_controls(kind: AccessKind, text: str) -> None:
    if not text.isprintable():
        raise WrongAccessError(Flaw.CONTROL, kind)
