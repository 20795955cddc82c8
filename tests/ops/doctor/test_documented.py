"""Every finding that asks for something to be done is documented with its fix, and no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "doctor.md"
_BAD = {"unhealthy", "warning", "judge"}


def codes() -> set[str]:
    """Return the codes of all findings that are not healthy, as the code of the bot has them."""
    found: set[str] = set()
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in _BAD
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and "." in str(node.args[0].value)
            ):
                found.add(str(node.args[0].value))
    return {code for code in found if re.fullmatch(r"[a-z]+\.[a-z0-9-]+", code)}


def test_each_code_has_its_row_with_what_to_do():
    rows = dict(re.findall(r"^\| `([a-z]+\.[a-z0-9-]+)` \|(.+)\|$", PAGE.read_text(), re.MULTILINE))

    assert len(rows) > 50
    assert set(rows) == codes()
    assert all(len(row.split(" | ")) == 2 for row in rows.values())
