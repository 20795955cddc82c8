"""Converts database URLs from the forms that operators write to those of SQLAlchemy.

A PostgreSQL URL may name several servers, as in libpq; the one that takes writes is used:
`postgresql://user:password@h1:5432,[fd00::2],h3/news?sslmode=require`.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_FORMS = "write sqlite:///path/to/file or postgresql://user@host/database"
_PORT: Final = "5432"
# A password may contain an @ that should be quoted, so the servers follow the last one.
_USUAL = re.compile(r"(?:(?P<credentials>[^/?]*)@)?(?P<servers>[^/?@]*)(?P<rest>[/?][^@]*)?")
_ODD = re.compile(r"(?P<credentials>.*)@(?P<servers>[^/?@]*)(?P<rest>[/?].*)?")
_SERVER = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>\d{1,5})?)?")
# Options with different names in libpq and in the driver.
_OPTIONS: Final = {"sslmode": "ssl", "connect_timeout": "timeout"}


def with_driver(url: str) -> str:
    """Return *url* with its driver. Raises ValueError with the form to write."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _DRIVERS:
        raise ValueError(_FORMS)
    if scheme.startswith("sqlite"):
        if rest.removeprefix("/") in {"", ":memory:"}:
            raise ValueError(
                "a database in memory forgets everything; write sqlite:///path/to/file"
            )
        return f"{_DRIVERS[scheme]}://{rest}"
    return f"{_DRIVERS[scheme]}://{_on_servers(rest)}"


def _on_servers(rest: str) -> str:
    parts = _USUAL.fullmatch(rest) or _ODD.fullmatch(rest)
    if parts is None:
        raise ValueError(_FORMS)
    credentials = _quoted(parts["credentials"]) if parts["credentials"] else ""
    servers = _servers(parts["servers"])
    path, _, query = (parts["rest"] or "").partition("?")
    options = [(_OPTIONS.get(name, name), value) for name, value in parse_qsl(query)]
    if len(servers) > 1:
        options += [("host", ",".join(host for host, _ in servers))]
        options += [("port", ",".join(port or _PORT for _, port in servers))]
    server = _server(*servers[0]) if len(servers) == 1 else ""
    return f"{credentials}{server}{path or '/'}" + (
        f"?{urlencode(options, safe=',:/')}" if options else ""
    )


def _quoted(credentials: str) -> str:
    """Quote special characters, unless they are quoted already."""
    user, separator, password = credentials.partition(":")
    return f"{quote(unquote(user), safe='')}{separator}{quote(unquote(password), safe='')}@"


def _servers(text: str) -> list[tuple[str, str]]:
    """Return hosts and ports. A port may be absent, and with a single server the host too."""
    matches = [_SERVER.fullmatch(server) for server in text.split(",")]
    servers = [(match["v6"] or match["name"], match["port"] or "") for match in matches if match]
    if len(servers) < len(matches) or (len(servers) > 1 and not all(host for host, _ in servers)):
        raise ValueError("write servers as host:5432, between commas, IPv6 as [fd00::1]:5432")
    return servers


def _server(host: str, port: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" if port else name
