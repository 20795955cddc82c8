"""What `make test` leaves out, and `make test-all` has too: what takes long, by where it stands.

- whole programs: kills, lost databases, weeks, wheels; a story of each kind stays
- the chat command by command: its first minute, its lists, its faults and its floods stay
- walks: every command and button in turn, every hostile text behind every command
- PostgreSQL, except of the tables and of what is sent

`pytest --durations=50` tells what has become long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

# The beginnings of names of tests, below `tests/`.
_LONG: Final = (
    "app/test_aiogram_models.py",
    "app/test_alone.py",
    "app/test_presence.py",
    "catalogues/",
    "chat/",
    "cli/test_file_modes.py",
    "cli/test_match.py",
    "cli/test_other_versions.py",
    "cli/test_people.py",
    "cli/test_stats.py",
    "delivery/test_faults.py",
    "delivery/test_flood.py",
    "delivery/test_forum_topics.py",
    "delivery/test_headers.py",
    "delivery/test_kill.py",
    "delivery/test_mailing_",
    "delivery/test_matrix.py",
    "matching/test_index.py",
    "matching/test_windows.py",
    "packaging/",
    "playground/page/",
    "publishing/test_also.py",
    "publishing/test_bundling.py",
    "publishing/test_every_zone.py",
    "publishing/test_mailed.py",
    "publishing/test_mutes.py",
    "publishing/test_noticing.py",
    "rendering/test_bidi.py",
    "rendering/test_mail_in_browser.py",
    "rendering/test_operator_templates.py",
    "sources/test_careless_feeds.py",
    "sources/test_revise.py",
    "sources/discovery/test_discover.py",
    "sources/fetch/test_websub.py",
    "sources/test_parser_worker.py",
    "story/",
    "subscribers/test_deletion",
    "subscribers/test_people_together.py",
    "web/app/",
    "web/test_browser.py",
    "web/test_editions.py",
    "web/test_feeds.py",
    "web/test_foreign.py",
    "web/test_manage.py",
    "web/test_walk.py",
)
_KEPT: Final = (
    "chat/test_administrators.py",
    "chat/test_autolinks.py",
    "chat/test_first_minute.py",
    "chat/test_rate_limit.py",
    "chat/test_error_middleware.py",
    "chat/test_webhook_registration.py",
    "chat/test_polling.py",
    "chat/test_refused_calls.py",
    "chat/test_typed.py",
    "chat/test_updates.py",
    "sources/test_parser_worker.py::test_a_page",
    "story/test_browser.py::test_a_newcomer_gets_a_card_an_alert_and_a_digest[on a desk]",
    "story/test_dead_source.py",
    "story/test_run.py::test_a_stop_by_the_keyboard_is_a_stop",
    "story/test_run.py::test_it_is_healthy",
)
# Of the tables and of what is sent both databases are tried.
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
