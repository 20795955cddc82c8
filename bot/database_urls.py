"""Addresses of databases: as users and their providers write them, and as they are opened here.

PostgreSQL may be named as libpq does, with several servers of which one takes writes:
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
_HOW = "write sqlite:///path/to/file or postgresql://user@host/database"
_PORT: Final = "5432"
# A password may hold what should have been quoted; then the last @ is before the servers.
_USUAL = re.compile(r"(?:(?P<credentials>[^/?]*)@)?(?P<servers>[^/?@]*)(?P<rest>[/?][^@]*)?")
_ODD = re.compile(r"(?P<credentials>.*)@(?P<servers>[^/?@]*)(?P<rest>[/?].*)?")
_SERVER = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>\d{1,5})?)?")
# Options that libpq and the driver call by different names.
_OPTIONS: Final = {"sslmode": "ssl", "connect_timeout": "timeout"}


def with_driver(url: str) -> str:
    """Return *url* with the driver that opens it; `ValueError` with what to write instead."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _DRIVERS:
        raise ValueError(_HOW)
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
        raise ValueError(_HOW)
    credentials = _quoted(parts["credentials"]) if parts["credentials"] else ""
    servers = _servers(parts["servers"])
    path, _, query = (parts["rest"] or "").partition("?")
    options = [(_OPTIONS.get(name, name), value) for name, value in parse_qsl(query)]
    if len(servers) > 1:
        options += [("host", ",".join(host for host, _ in servers))]
        options += [("port", ",".join(port or _PORT for _, port in servers))]
    at = _one(*servers[0]) if len(servers) == 1 else ""
    return f"{credentials}{at}{path or '/'}" + (
        f"?{urlencode(options, safe=',:/')}" if options else ""
    )


def _quoted(credentials: str) -> str:
    """Quote what should be quoted; what is quoted already stays as it is."""
    user, separator, password = credentials.partition(":")
    return f"{quote(unquote(user), safe='')}{separator}{quote(unquote(password), safe='')}@"


def _servers(text: str) -> list[tuple[str, str]]:
    """Return host and port of each; a port may be left out, and the host where there is one."""
    found = [_SERVER.fullmatch(one) for one in text.split(",")]
    servers = [(one["v6"] or one["name"], one["port"] or "") for one in found if one]
    if len(servers) < len(found) or (len(servers) > 1 and not all(host for host, _ in servers)):
        raise ValueError("write servers as host:5432, between commas, IPv6 as [fd00::1]:5432")
    return servers


def _one(host: str, port: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" if port else name
