"""Which package may import which, read from the imports themselves.

No module is listed for being what it is: packages, patterns of names and what a module contains
decide. An exception has its reason beside it.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from fnmatch import filter as filter_names
from fnmatch import fnmatchcase as fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent

# Each of these may import those before it, down the pipeline and then up to the user.
ORDER = (
    *("languages", "text", "sources", "matching", "rendering", "delivery", "mail", "publishing"),
    *("model", "subscribers", "ops", "chat", "web", "app", "cli"),
)
TOP = ("chat", "web", "cli")
EXCEPTIONS = (
    # A search engine gets the query in its own words.
    ("bot.sources.discovery.search_feeds", "bot.matching.query*"),
    # An operator's rules for the entries of a source are queries.
    ("bot.sources.entry_rules", "bot.matching.*"),
    # Bounces are mail from strangers: what parses hostile bytes does so in the parser's process.
    ("bot.sources.parser_*", "bot.mail.*"),
    # Users upload exports, which are parsed there for the same reason.
    ("bot.sources.parser_*", "bot.subscribers.export_document"),
    # The doctor examines what the bot would be made of.
    ("bot.ops.doctor*", "bot.app.*"),
    # What cannot be set up as it is configured stops the start with one sentence.
    ("bot.ops.*", "bot.app.stops"),
    # Metrics of the updates are counted where the updates are handled.
    ("bot.ops.instrumented_*", "bot.chat.updates"),
    # Calls of the model are counted by language, where the story is known.
    ("bot.model.stage", "bot.ops.instrumentation"),
)
# These decide and change nothing; they have no coroutines, and so nothing to wait for.
PURE = (
    *("bot.languages", "bot.rendering", "bot.matching.query", "bot.text"),
    *("bot.sources.channels", "bot.sources.feeds", "bot.sources.pages", "bot.sources.sites"),
    "bot.sources.stories",
    *("bot.publishing.calendar", "bot.publishing.developments", "bot.publishing.leads"),
    *("bot.publishing.selection", "bot.delivery.outcomes", "bot.subscribers.why_not"),
    *("storage.enums", "storage.schedules", "storage.states"),
)
DECIDING = ORDER[: ORDER.index("ops")]
# A program of its own, which a pool starts.
PROGRAMS = ("bot.sources.parser_worker",)
AIOGRAM = (
    *("bot.app", "bot.chat", "bot.telegram", "bot.ops.instrumented_telegram"),
    *("bot.delivery.telegram", "bot.delivery.replies"),
)
# What reaches outside of a process, or differs at each call.
OUTSIDE = {
    *("aiogram", "aiohttp", "aiosmtplib", "aiosqlite", "apscheduler", "asyncpg", "httpx"),
    *("logging", "os", "random", "requests", "smtplib", "socket"),
    *("sqlalchemy", "sqlmodel", "ssl", "structlog", "subprocess", "time"),
}


def modules(package: str) -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    }


OURS = modules("bot") | modules("storage") | modules("templates")


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(OURS[module].read_text(encoding="utf-8"))


@cache
def imports_of(module: str) -> frozenset[str]:
    """Return the dotted names that *module* imports, at its top or inside a function.

    What stands under `if TYPE_CHECKING` is seen by a type checker only and binds nothing.
    """
    return _imported(_statements(tree_of(module), _runs))


def _imported(nodes: Iterable[ast.AST]) -> frozenset[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {
                full if (full := f"{node.module}.{alias.name}") in OURS else node.module
                for alias in node.names
            }
    return frozenset(names)


def _runs(statement: ast.AST) -> bool:
    return not (isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test))


def _statements(
    node: ast.AST, wanted: Callable[[ast.AST], bool] = lambda _: True
) -> Iterator[ast.AST]:
    """Yield the wanted statements in *node*, at any depth; expressions are most nodes of a tree."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case) and wanted(child):
            yield child
            yield from _statements(child, wanted)


@cache
def reached_from(module: str) -> frozenset[str]:
    """Return the modules of ours that *module* imports, and those that they import in turn."""
    direct = {name for name in imports_of(module) if name in OURS}
    return frozenset(direct.union(*map(reached_from, direct)))


def circles() -> list[list[str]]:
    """Return the groups of modules that need each other, be it for a type checker only."""
    graph = {module: _imported(_statements(tree_of(module))) & OURS.keys() for module in OURS}
    reached = {module: _reachable(graph, module) for module in graph}
    groups = {
        tuple(other for other in sorted(reached[module]) if module in reached[other])
        for module in graph
    }
    return [list(group) for group in sorted(groups) if group]


def _reachable(graph: Mapping[str, AbstractSet[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - seen
        seen |= new
        waiting += new
    return seen


def package_of(module: str) -> str:
    return module.split(".")[1] if module.startswith("bot.") else module.split(".", maxsplit=1)[0]


def within(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def imports(*names: str) -> list[tuple[str, str]]:
    """Return what is imported within packages or modules: each module, with each name."""
    inside = [module for module in OURS if within(module, names)]
    return [(module, name) for module in inside for name in imports_of(module)]


def is_ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in {"bot", "storage", "templates"}


def has_coroutines(module: str) -> bool:
    return any(isinstance(node, ast.AsyncFunctionDef) for node in _statements(tree_of(module)))


def is_leaf(module: str) -> bool:
    """Say whether *module* needs no other of the bot's, so that any may import it."""
    return not any(within(name, ("bot",)) for name in imports_of(module))


def is_excepted(module: str, name: str) -> bool:
    return any(fnmatch(module, left) and fnmatch(name, right) for left, right in EXCEPTIONS)


def touches(module: str) -> set[str]:
    """Return what *module* imports that a pure module may not."""
    return {
        name
        for name in imports_of(module)
        if name.split(".")[0] in OUTSIDE
        or name == "bot.settings"
        or (name.split(".")[0] == "storage" and not within(name, PURE))
    }


def test_every_package_has_its_place_and_every_pattern_names_a_module():
    packages = {path.parent.name for path in (ROOT / "bot").glob("*/__init__.py")}
    patterns = [pattern for pair in EXCEPTIONS for pattern in pair]

    assert packages == {*ORDER, "playground"}
    assert [name for name in (*PURE, *PROGRAMS, *AIOGRAM) if name not in OURS] == []
    assert [one for one in patterns if not filter_names(OURS, one)] == []


def test_storage_imports_nothing_of_the_bot():
    found = imports("storage")

    assert [(m, n) for m, n in found if is_ours(n) and not within(n, ("storage",))] == []


def test_templates_hold_no_code():
    assert list(modules("templates")) == ["templates"]
    assert imports_of("templates") == frozenset()


def test_the_playground_shares_nothing_with_the_bot():
    found = imports("bot.playground")

    assert [(m, n) for m, n in found if is_ours(n) and not within(n, ("bot.playground",))] == []
    assert [(m, n) for m, n in found if within(n, ("aiogram",))] == []


def test_only_the_telegram_side_knows_aiogram():
    knowing = {module for module, name in imports("bot") if within(name, ("aiogram",))}

    assert [module for module in sorted(knowing) if not within(module, AIOGRAM)] == []


def test_pure_modules_have_no_coroutines():
    pure = [module for module in OURS if within(module, PURE)]

    assert [module for module in pure if has_coroutines(module)] == []


def test_a_module_without_coroutines_touches_nothing_outside_even_indirectly():
    deciding = tuple(f"bot.{package}" for package in DECIDING)
    plain = [
        module
        for module in OURS
        if within(module, (*PURE, *deciding))
        and not has_coroutines(module)
        and not within(module, PROGRAMS)
    ]
    reached = {(module, name) for module in plain for name in {module, *reached_from(module)}}

    assert [(m, n, touches(n)) for m, n in sorted(reached) if touches(n)] == []


def test_a_package_imports_those_before_it_only():
    found = [(m, n) for m, n in imports("bot") if n in OURS and package_of(m) != package_of(n)]
    placed = [(m, n) for m, n in found if {package_of(m), package_of(n)} <= set(ORDER)]
    against = [(m, n) for m, n in placed if ORDER.index(package_of(n)) > ORDER.index(package_of(m))]

    assert [(m, n) for m, n in against if not is_leaf(n) and not is_excepted(m, n)] == []


def test_user_facing_packages_are_imported_by_the_wiring_only():
    found = [(m, n) for m, n in imports("bot") if n in OURS and package_of(n) in TOP]
    elsewhere = [(m, n) for m, n in found if package_of(m) not in {package_of(n), "app"}]
    commands = [(m, n) for m, n in elsewhere if m != "bot.__main__" and package_of(m) != "cli"]

    assert [(m, n) for m, n in commands if not is_excepted(m, n)] == []


def test_no_modules_import_each_other_in_a_circle():
    assert list(circles()) == []


def test_no_handler_module_imports_another():
    handlers = "bot.chat.handlers"
    found = imports(handlers)

    assert [(m, n) for m, n in found if within(n, (handlers,)) and n in OURS] == []


def test_the_outbox_alone_deletes_deliveries():
    """What stands behind a deleted one would wait for ever, if nobody let it go."""
    naming = [module for module in OURS if "Delivery" in OURS[module].read_text(encoding="utf-8")]
    calls = [
        (module, ast.unparse(node))
        for module in naming
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call)
    ]

    assert [(m, call) for m, call in calls if call == "delete(Delivery)"] == [
        ("storage.outbox", "delete(Delivery)")
    ]
