"""The sentence of a problem is said after "it", so each must go on from there."""

import ast
import re
from pathlib import Path

import pytest

from bot.sources.fetch import client, connection, problems, response, ssrf

VERBS = re.compile(
    r"(?:is|has|may|gives?|takes|names|does|cannot|answers|asks|wants|turns|redirects|leads|breaks)\b"
)
MODULES = (client, connection, problems, response, ssrf)
ERRORS = {
    "Problem", "AddressRefused", "TooBig", "TimedOut", "CannotConnect", "BadCertificate",
    "TooManyRedirects",
}  # fmt: skip


def sentences() -> list[str]:
    """Every literal sentence that stands in a call which makes a problem or an error."""
    found = []
    for module in MODULES:
        for call in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ERRORS:
                found += [_text(argument) for argument in call.args]
    return [text for text in found if text]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return _text(node.values[0])
    return ""


@pytest.mark.parametrize("sentence", sentences())
def test_a_problem_reads_well_after_the_word_it(sentence: str):
    assert VERBS.match(sentence)
    assert not sentence.endswith(".")
