import pytest

from bot.sources.getting.answers import Answer
from bot.sources.getting.redirects import target_of

ASKED = "https://news.example/a/feed?x=1"


@pytest.mark.parametrize(
    ("status", "location", "target"),
    [
        pytest.param(301, "https://b.example/feed", "https://b.example/feed", id="absolute"),
        pytest.param(302, "/feed", "https://news.example/feed", id="of the host"),
        pytest.param(303, "new", "https://news.example/a/new", id="beside it"),
        pytest.param(307, "//b.example/", "https://b.example/", id="same scheme"),
        pytest.param(308, "http://b.example/", "http://b.example/", id="less secure"),
        pytest.param(302, "https://ann:pw@b.example/", "https://b.example/", id="credentials"),
        pytest.param(302, "https://b.example/#top", "https://b.example/", id="fragment"),
        pytest.param(302, "", None, id="to nowhere"),
        pytest.param(200, "https://b.example/", None, id="not a redirect"),
        pytest.param(304, "https://b.example/", None, id="not modified"),
    ],
)
def test_where_an_answer_leads(status: int, location: str, target: str | None):
    assert target_of(Answer(status, ASKED, {"location": location})) == target
