"""Python files have no sentences for subscribers, because those belong in templates.

A sentence is three words in a row. Help of the command line, logs and the reasons of errors are
English, and are no sentences for subscribers.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# The packages that answer users.
PACKAGES = ("chat", "publishing", "rendering", "subscribers", "web")
# Made-up news for previews of templates, and messages to the operator.
NOT_FOR_SUBSCRIBERS = {
    "publishing/samples.py",
    "web/samples.py",
    "rendering/operator_templates.py",
    "subscribers/timezones.py",  # names of cities
}
MODULES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / "bot" / package).rglob("*.py"))
    if str(path.relative_to(ROOT / "bot")) not in NOT_FOR_SUBSCRIBERS
]
_SENTENCE = re.compile(r"[^\W\d_]{2,}(?:['’]\w+)?[,;:]? +[^\W\d_]+[,;:]? +[^\W\d_]{2,}")


def test_no_module_has_a_sentence_for_subscribers():
    found = {str(path): sentences(path.read_text(encoding="utf-8")) for path in MODULES}

    assert {path: texts for path, texts in found.items() if texts} == {}


def sentences(source: str) -> list[str]:
    tree = ast.parse(source)
    aside = {id(part) for node in ast.walk(tree) if _is_aside(node) for part in ast.walk(node)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in aside
        and _SENTENCE.search(node.value)
    ]


def _is_aside(node: ast.AST) -> bool:
    """Return whether the text in *node* is for developers: docstrings, reasons, logs."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Raise):
        return True
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("log.", "log_outage"))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("a = 'This is one.'", ["This is one."], id="a constant"),
        pytest.param("a = f'You watch {n} of them now'", [" of them now"], id="between values"),
        pytest.param("'''What it does here.'''", [], id="a docstring"),
        pytest.param("raise E('this was not it')", [], id="a reason"),
        pytest.param("log.info('it came to nothing')", [], id="a log"),
        pytest.param("a = 'chat/settings.html'", [], id="a name"),
    ],
)
def test_sentences_are_found(source: str, found: list[str]):
    assert sentences(source) == found
