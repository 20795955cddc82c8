"""What the program imports is what it declares, and the pages and locks agree with it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Any

from tests.packaging.conftest import ROOT

PRODUCT = ("bot", "storage", "templates")
# Read or loaded by others, never imported by us.
NOT_IMPORTED = {"tzdata"}
# Packages that share the namespace of another, which is the one that we import.
PARTS = {"opentelemetry": {"opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"}}


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found, requirement
    return found[0].lower().replace("_", "-")


def declared() -> tuple[set[str], set[str]]:
    """Return the packages that each installation has, and those of the extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    optional = {name_of(each) for extra in extras for each in extra}
    return {name_of(each) for each in project["dependencies"]}, optional


def modules_in(tree: ast.AST) -> set[str]:
    """Return the first parts of the names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {each.name.partition(".")[0] for each in names}
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module.partition(".")[0])
    return found - sys.stdlib_module_names - set(PRODUCT)


def imported() -> set[str]:
    """Return the packages whose modules the product imports, also inside of functions."""
    files = (path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in files)
    modules = set().union(*map(modules_in, trees))
    owners: Any = packages_distributions()
    return {
        name
        for module in modules
        for name in PARTS.get(module, {name_of(each) for each in owners.get(module, [module])})
    }


def test_each_imported_package_is_declared_and_each_declared_one_is_imported():
    base, extras = declared()

    assert imported() | NOT_IMPORTED == base | extras
    assert base.isdisjoint(extras)


def test_the_page_about_dependencies_lists_each_of_them_once():
    page = (ROOT / "docs/explanation/dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)

    assert rows == sorted(declared()[0])
