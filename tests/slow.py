"""What `make test` leaves out, and `make test-all` has too: what takes long, by where it stands.

- whole programs: kills, lost databases, weeks, wheels; a few stories of each kind stay
- walks: every command and button in turn, every hostile text behind every command
- PostgreSQL, except of the tables and of what is sent
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

# The beginnings of names of tests, below `tests/`.
_LONG: Final = (
    "app/test_aiogram_models.py",
    "chat/test_database_away.py",
    "chat/test_foreign.py",
    "chat/test_hostile",
    "chat/test_twice.py",
    "chat/test_walk.py",
    "delivery/test_flood.py",
    "delivery/test_kill.py",
    "delivery/test_matrix.py",
    "packaging/",
    "playground/page/",
    "politeness/",
    "publishing/test_every_zone.py",
    "rendering/test_mail_in_browser.py",
    "story/",
    "web/app/test_clients.py",
)
_KEPT: Final = (
    "playground/page/test_places.py",
    "story/test_browser.py::test_a_newcomer_gets_a_card_an_alert_and_a_digest[on a desk]",
    "story/test_dead_source.py",
    "story/test_pages.py",
    "story/test_run.py::test_a_",
    "story/test_run.py::test_it_is_healthy",
    "story/test_same_story.py",
)
_ON_POSTGRESQL: Final = ("storage/", "delivery/")


def is_slow(item: pytest.Item) -> bool:
    name = item.nodeid.removeprefix("tests/")
    if _is_on_postgresql(item) and not name.startswith(_ON_POSTGRESQL):
        return True
    return name.startswith(_LONG) and not name.startswith(_KEPT)


def _is_on_postgresql(item: pytest.Item) -> bool:
    asked = set(getattr(item, "fixturenames", ()))
    if chosen := getattr(item, "callspec", None):
        databases = ("database_url", "own_database_url")
        asked |= {chosen.params[name] for name in databases if name in chosen.params}
    return not asked.isdisjoint({"postgresql", "postgresql_url", "own_postgresql_url"})
