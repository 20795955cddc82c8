import re

import pytest

from bot.rendering.environment import make_environment
from bot.rendering.renderer import Renderer
from bot.sources.fetch.problems import Problem, ProblemCode
from tests.catalogues.pseudo import pseudo_translation

VERBS = re.compile(  # a sentence is said after "it"
    r"(is|was|has|may|could|gives|takes|names|does|cannot|asks|contains|lists|redirects|refuses"
    r"|rejects|requires|leads|breaks|answers)\b"
)
DETAIL = {
    "limit": 5000,
    "megabytes": 10,
    "port": 25,
    "reason": "the disk is full",
    "scheme": "Digest",
}
ENGLISH = Renderer()


@pytest.fixture(scope="module")
def accented() -> Renderer:
    return Renderer(make_environment(pseudo_translation()))


def sentence(renderer: Renderer, problem: Problem) -> str:
    return renderer.line("problem.txt", code=problem.code, detail=problem.detail)


@pytest.mark.parametrize("code", ProblemCode)
def test_every_code_has_a_sentence_in_every_language(code, accented):
    said = sentence(ENGLISH, Problem(code, DETAIL))

    assert VERBS.match(said)
    assert not said.endswith(".")
    assert (said == "cannot be read") is (code is ProblemCode.UNREADABLE)
    assert sentence(accented, Problem(code, DETAIL)) != said


@pytest.mark.parametrize(
    ("code", "detail", "said"),
    [
        (ProblemCode.SERVER_ERROR, {"status": 500}, "has an error of its own (500)"),
        (
            ProblemCode.FORBIDDEN,
            {"status": 403, "firewall": "Cloudflare"},
            "refuses access (403, by Cloudflare)",
        ),
        (
            ProblemCode.BINARY_FILE,
            {"format": "PDF"},
            "gives a binary file, not a feed, a page or a text (PDF)",
        ),
        (
            ProblemCode.TOO_MANY_ENTRIES,
            {"limit": 4000},
            "is too big to be read (over 4,000 new entries in a day)",
        ),
    ],
    ids=["status", "firewall", "format", "limit"],
)
def test_the_detail_of_a_problem_is_shown(code, detail, said):
    assert sentence(ENGLISH, Problem(code, detail)) == said


def test_a_code_of_another_version_has_a_sentence_too():
    assert ENGLISH.line("problem.txt", code="new", detail={}) == "cannot be read"
