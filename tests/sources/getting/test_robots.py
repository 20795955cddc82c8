import pytest

from bot.sources.getting.answers import Answer
from bot.sources.getting.robots import verdict

URL = "https://a.example/private/feed.xml"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        pytest.param(b"", "allowed by robots.txt", id="no rules"),
        pytest.param(
            b"User-agent: *\nDisallow: /private/", "robots.txt asks robots to stay away", id="all"
        ),
        pytest.param(
            b"User-agent: Dateline\nDisallow: /", "robots.txt asks robots to stay away", id="us"
        ),
        pytest.param(
            b"User-agent: Other\nDisallow: /", "allowed by robots.txt", id="somebody else"
        ),
        pytest.param(b"\xff\x00<html>", "allowed by robots.txt", id="anything at all"),
    ],
)
def test_what_the_rules_mean(rules: bytes, words: str):
    assert verdict(Answer(200, "https://a.example/robots.txt", body=rules), URL) == words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(Answer(404, "u"), "no robots.txt there", id="none"),
        pytest.param(Answer(503, "u"), "no answer to the question for robots.txt (503)", id="busy"),
        pytest.param(None, "no answer to the question for robots.txt", id="no answer"),
    ],
)
def test_without_rules_it_says_so(answer: Answer | None, words: str):
    assert verdict(answer, URL) == words
