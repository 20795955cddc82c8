"""Which room may import which: an allow-list, read from the imports themselves.

What is not named here as a step, a use case, an act or a door is pure.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = (
    *(
        "sources",
        "matching",
        "publishing",
        "delivery",
        "mail",
        "rendering",
        "subscribers",
    ),
    "languages",
)

PURE_STORAGE = ("storage.enums", "storage.states")
DOORS = ("bot.chat", "bot.web", "bot.cli")
STEPS = {
    "bot.sources.poll",
    "bot.sources.group",
    "bot.sources.fulltext",
    "bot.matching.match",
    "bot.publishing.alerts",
    "bot.publishing.broadcasts",
    "bot.publishing.bundles",
    "bot.publishing.digests",
    "bot.publishing.edits",
    "bot.publishing.notices",
    "bot.publishing.stage",
    "bot.delivery.sender",
    "bot.delivery.pace",
    "bot.mail.bounces",
    # what serves them: an entry on its way into the tables, the index in step with the queries,
    # what an article has of them, and what the calls came to
    "bot.delivery.answers",
    "bot.sources.store",
    "bot.sources.revise",
    "bot.matching.index_sync",
    "bot.matching.refold",
    "bot.sources.discovery.search_feeds",
}
USE_CASES = {
    "bot.subscribers.deletion",
    "bot.matching.search",
    "bot.sources.discovery.add",
    "bot.sources.administration",
    "bot.sources.fetch.websub",
    "bot.sources.discovery.discover",
    "bot.sources.files",
    "bot.publishing.contents",
    "bot.publishing.pictures",
    "bot.publishing.published_feeds",
    "bot.publishing.topic_trend",
    "bot.delivery.release",
    "bot.delivery.trace",
    "bot.mail.check",
    "bot.mail.confirm",
    "bot.subscribers.access",
    "bot.subscribers.limits",
    "bot.subscribers.users",
    "bot.subscribers.audit",
    "bot.subscribers.broadcasts",
    "bot.subscribers.admin",
    "bot.subscribers.catalogue",
    "bot.subscribers.groups",
    "bot.subscribers.subscriptions",
    "bot.subscribers.dump",
    "bot.subscribers.export",
    "bot.subscribers.feed_lists",
    "bot.subscribers.feedback",
    "bot.subscribers.published_feeds",
    "bot.subscribers.invites",
    "bot.subscribers.manage_links",
    "bot.subscribers.own_feeds",
    "bot.subscribers.publishers",
    "bot.subscribers.suggestions",
    "bot.subscribers.settings",
    "bot.subscribers.share_links",
    "bot.subscribers.mutes",
    "bot.subscribers.topics",
    "bot.subscribers.unanswered",
}
ACTS = {
    "bot.sources.fetch.connection",
    "bot.sources.fetch.client",
    "bot.sources.fetch.throttle",
    "bot.sources.parser_worker",
    "bot.sources.parser_pool",
    "bot.delivery.telegram",
    "bot.delivery.replies",
    "bot.mail.smtp",
    "bot.ops.doctor.probes",
}
# The parts of the largest room: each may import those before it.
PARTS = ("feeds", "pages", "fetch", "discovery")
# The root, and two that are one stage with what they import: grouping with matching, mailing with
# the delivery of all else.
ROOT_AND_PAIRS = ("bot.app", "bot.sources.group", "bot.mail")
# A pure module touches none of these.
OUTSIDE = {
    "aiogram",
    "aiohttp",
    "aiosqlite",
    "apscheduler",
    "asyncpg",
    "httpx",
    "logging",
    "os",
    "random",
    "requests",
    "socket",
    "sqlalchemy",
    "sqlmodel",
    "structlog",
    "subprocess",
    "time",
}


def modules(package: str) -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    }


OURS = {**modules("bot"), **modules("storage"), **modules("templates")}


@cache
def imports_of(module: str) -> frozenset[str]:
    """Return the dotted names that *module* imports, at its top or inside a function.

    What stands under `if TYPE_CHECKING` is seen by a type checker only and binds nothing.
    """
    tree = ast.parse(OURS[module].read_text(encoding="utf-8"))
    names = set()
    for node in _run_nodes(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {
                full if (full := f"{node.module}.{alias.name}") in OURS else node.module
                for alias in node.names
            }
    return frozenset(names)


def _run_nodes(node: ast.AST):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_nodes(child)


def is_ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in {"bot", "storage", "templates"}


def room_of(module: str) -> str:
    return module.split(".")[1] if module.startswith("bot.") else module.split(".", maxsplit=1)[0]


def within(module: str, names: set[str] | tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def is_pure(module: str) -> bool:
    return (
        room_of(module) in ROOMS
        and module.startswith("bot.")
        and not within(module, STEPS | USE_CASES | ACTS)
    )


PURE = [module for module in OURS if is_pure(module)]


def imports(*packages: str) -> list[tuple[str, str]]:
    """Return what is imported within *packages*: each module, with each name."""
    return [(m, n) for m in OURS if within(m, packages) for n in imports_of(m)]


def is_elsewhere(module: str, name: str) -> bool:
    return room_of(module) != room_of(name)


def test_every_named_module_exists():
    assert {name for name in STEPS | USE_CASES | ACTS if name not in OURS} == set()


def test_storage_imports_nothing_of_ours():
    found = imports("storage")

    assert [(m, n) for m, n in found if is_ours(n) and not n.startswith("storage")] == []


@pytest.mark.parametrize("module", PURE_STORAGE)
def test_what_is_pure_in_storage_needs_the_standard_library_only(module: str):
    needed = {n for _, n in imports(module) if n not in PURE_STORAGE}

    assert needed <= {"collections.abc", "dataclasses", "datetime", "enum", "typing"}


def test_templates_hold_no_code():
    assert list(modules("templates")) == ["templates"]
    assert imports_of("templates") == frozenset()


def test_the_playground_shares_nothing_with_the_bot():
    foreign = [
        (m, n)
        for m, n in imports("bot.playground")
        if (is_ours(n) and not n.startswith("bot.playground")) or n.startswith("aiogram")
    ]
    assert foreign == []


def test_a_pure_module_touches_nothing_outside():
    found = [(m, n) for m in PURE for n in imports_of(m)]

    assert [(m, n) for m, n in found if n.split(".")[0] in OUTSIDE] == []
    assert [(m, n) for m, n in found if n.startswith("storage") and n not in PURE_STORAGE] == []
    assert [m for m, n in found if n == "bot.settings"] == []


def test_a_pure_module_imports_pure_modules_only():
    ours = [(m, n) for m in PURE for n in imports_of(m) if n.startswith("bot.") and n in OURS]

    assert [(m, n) for m, n in ours if not is_pure(n)] == []


def test_what_acts_or_steps_is_imported_by_its_own_room_and_the_root_only():
    acting = [(m, n) for m, n in imports("bot") if within(n, STEPS | ACTS)]

    elsewhere = [(m, n) for m, n in acting if is_elsewhere(m, n)]
    assert [(m, n) for m, n in elsewhere if not within(m, ROOT_AND_PAIRS)] == []


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_sources_imports_the_parts_before_it_only(part: str):
    inside = imports(f"bot.sources.{part}")
    later = tuple(f"bot.sources.{other}" for other in PARTS[PARTS.index(part) + 1 :])

    assert inside
    assert [(m, n) for m, n in inside if within(n, later)] == []


def test_use_cases_are_for_the_doors():
    used = [(m, n) for m, n in imports("bot") if within(n, USE_CASES) and is_elsewhere(m, n)]

    # A chat's mailbox is one of its settings.
    allowed = {*DOORS, *USE_CASES, "bot.app", "bot.subscribers"}
    assert [(m, n) for m, n in used if not within(m, allowed)] == []


def test_only_the_front_door_and_the_channel_know_aiogram():
    knows = {m for m, n in imports("bot") if n.split(".")[0] == "aiogram"}

    known = (
        "bot.chat",
        "bot.delivery.telegram",
        "bot.delivery.replies",
        "bot.telegram",
        "bot.app",
        "bot.ops.instrumented_telegram",
    )
    assert [module for module in sorted(knows) if not within(module, known)] == []
