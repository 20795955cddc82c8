"""Every name that a page, a docstring or a comment gives in backticks exists.

Its look decides what it must be: a target of make, a path, a command of the chat, a dotted name or
an identifier. Other code in backticks, such as a query or HTML, is not checked.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.chat.commands import CHAT_COMMANDS

ROOT = Path(__file__).parent.parent
FOLDERS = ("benchmarks", "bot", "deploy", "docs", "storage", "templates", "tests", ".ci", ".github")
PROGRAMS = sorted(
    path
    for package in ("bot", "storage", "tests", "benchmarks")
    for path in (ROOT / package).rglob("*.py")
    if "versions" not in path.parts
)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DATA_ENDINGS = {".html", ".js", ".service", ".sh", ".timer", ".toml", ".txt", ".yaml", ".yml"}
DATA = [
    path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in DATA_ENDINGS
]
DATA += [ROOT / name for name in (".ci/run", ".env.example", "Dockerfile", "Makefile")]
DATA += [ROOT / name for name in ("compose.yaml", "pyproject.toml")]

CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# Files that are not in the repository: of users, of the build, of other programs; and hosts.
FOREIGN_FILE = re.compile(r".*\.(?:example\.org|sqlite3|json|csv|opml|eml|mo|h|local|log)")
# Names of other programs, and what a user puts in: `NAME_FILE` stands for any setting with a file.
FOREIGN = {"OTEL_TRACES_SAMPLER", "server_default", "NAME_FILE", "/newbot"}
# `tests/ops/test_metrics.py` compares them with the metrics that there are.
METRIC = re.compile(r"(?:dateline|process)_\w+")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def prose_of(path: Path) -> Iterator[str]:
    """Yield a page's text, or the comments and docstrings of a program, attributes' included."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield re.sub(r"```.*?```", "", source, flags=re.DOTALL)
        return
    for node in ast.walk(tree_of(path)):
        if is_docstring(node):
            yield str(node.value.value)  # type: ignore[attr-defined]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return every identifier of a program, and every word of its strings but docstrings."""
    found: set[str] = set()
    tree = tree_of(path)
    docstrings = {id(node.value) for node in ast.walk(tree) if is_docstring(node)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        for field in ("name", "id", "attr", "arg", "module", "asname"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found.update(value.split("."))
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
        if is_text and id(node) not in docstrings:
            text = str(node.value)  # type: ignore[attr-defined]
            found |= {text, *re.findall(r"\w+", text)}
    return frozenset(found)


@cache
def every_name() -> frozenset[str]:
    of_data = (re.findall(r"\w+", path.read_text(encoding="utf-8")) for path in DATA)
    return frozenset().union(*map(names_in, PROGRAMS), *of_data)


@cache
def homes() -> dict[str, list[Path]]:
    """Return the files behind each name of ours that may begin a dotted one.

    `storage.outbox` is also `outbox`; a class stands for the file that defines it.
    """
    found: dict[str, list[Path]] = {}
    for path in PROGRAMS:
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        for start in range(len(parts)):
            found.setdefault(".".join(parts[start:]), []).append(path)
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(path)
    return found


@cache
def file_names() -> frozenset[str]:
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")]
    return frozenset(path.name for path in [*ROOT.iterdir(), *inside])


def is_target(name: str) -> bool:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return re.search(rf"^{re.escape(name)}:", makefile, re.MULTILINE) is not None


def is_path(name: str) -> bool:
    return any(ROOT.glob(re.sub(r"<[^>]*>", "*", name).rstrip("/")))


def is_command_or_page(name: str) -> bool:
    return name in {command.name for command in CHAT_COMMANDS} or name in every_name()


def is_dotted_name(name: str) -> bool:
    if name in every_name() or name in file_names() or FOREIGN_FILE.fullmatch(name):
        return True
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if files := homes().get(".".join(parts[:end])):
            return any(names_in(path).issuperset(parts[end:]) for path in files)
    return parts[0] in every_name() or parts[0] in sys.stdlib_module_names


def is_identifier(name: str) -> bool:
    """Also the word that users meet for a member of an enum or for a class of errors."""
    class_name = name.title().replace("_", "")
    return not every_name().isdisjoint({name, name.upper(), class_name})


CHECKS = (
    (re.compile(r"make ([\w-]+)"), is_target),
    (re.compile(rf"((?:{'|'.join(FOLDERS)})/[\w./<>*-]*)"), is_path),
    (re.compile(r"/([a-z_]+)"), is_command_or_page),
    (re.compile(r"([A-Za-z_]\w*(?:\.\w+)+)(?:\(\))?"), is_dotted_name),
    (
        re.compile(r"(_?[a-z]\w*_\w+|[A-Z][a-z]+[A-Z]\w+|[A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:\(\))?"),
        is_identifier,
    ),
)


def exists(code: str) -> bool:
    """Whether it names something that exists, or is no name."""
    if code in FOREIGN or METRIC.fullmatch(code):
        return True
    return all(is_known(found[1]) for look, is_known in CHECKS if (found := look.fullmatch(code)))


@pytest.mark.parametrize("path", [*PAGES, *PROGRAMS], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_in_backticks_exists(path: Path):
    codes = {code for text in prose_of(path) for code in CODE.findall(text)}

    assert [code for code in sorted(codes) if not exists(code)] == []
