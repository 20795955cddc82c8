"""The database that the settings name, and how this process is connected to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.settings import Role, Settings
    from storage.db.engine import Storage

# Connections that the loops of a role keep busy; who has several roles shares them.
CONNECTIONS: Final = {
    "chat": 5,
    "poll": 8,
    "match": 2,
    "publish": 3,
    "send": 3,
    "web": 3,
}
MOST_CONNECTIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Database:
    """One database; *server* is the way to it past a pooler, *url* the usual one."""

    url: str
    server: str
    connections: int

    def open(self) -> Storage:
        from storage.db.engine import Storage

        return Storage.open(
            self.url, pool_size=self.connections, through_pooler=self.url != self.server
        )


def database_of(settings: Settings, url: str | None = None) -> Database:
    """Return the database of *settings*; *url*: instead of theirs, for the playground's own."""
    own = settings.database_url.get_secret_value()
    url = url or own
    direct = settings.database_direct_url if url == own else None
    return Database(
        url=url,
        server=direct.get_secret_value() if direct else url,
        connections=settings.database_pool or usual_connections(settings.roles),
    )


def usual_connections(roles: Iterable[Role]) -> int:
    return min(sum(CONNECTIONS[role] for role in roles), MOST_CONNECTIONS)
