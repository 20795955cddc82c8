"""Secrets are compared in constant time, because `==` takes longer for a better guess."""

import ast
from pathlib import Path

BOT = Path(__file__).parent.parent / "bot"
SECRET = {"token", "mac", "secret", "signature", "password", "digest", "token_hash"}
SECRET |= {"code_hash", "challenge"}
# It runs on the developer's machine, with made-up data.
ELSEWHERE = {"playground"}


def name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return name_of(func)
    return ""


def compared(tree: ast.AST) -> list[int]:
    """Return the lines that compare a value with the name of a secret by `==`."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
        and any(name_of(side).lstrip("_") in SECRET for side in (node.left, *node.comparators))
    ]


def test_no_secret_is_compared_by_equality():
    found = [
        f"{file.relative_to(BOT)}:{line}"
        for file in sorted(BOT.rglob("*.py"))
        if file.relative_to(BOT).parts[0] not in ELSEWHERE
        for line in compared(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert found == []


def test_a_comparison_by_equality_is_found():
    assert compared(ast.parse("if mac == self._mac(a):\n    pass")) == [1]
