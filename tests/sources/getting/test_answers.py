import pytest

from bot.sources.formats.records import Unreadable
from bot.sources.getting.answers import Answer, problem_from, problem_of
from bot.sources.getting.failures import BadCertificate, FetchError
from bot.sources.getting.troubles import Trouble

HTML = {"content-type": "text/html; charset=utf-8"}
CHALLENGE = b"<html><head><title>Just a moment...</title></head></html>"


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        pytest.param(Answer(200, "u", body=b"<rss/>"), None, id="a body"),
        pytest.param(Answer(304, "u"), None, id="not modified"),
        pytest.param(Answer(200, "u", body=b" \n"), Trouble.EMPTY, id="empty"),
        pytest.param(Answer(401, "u"), Trouble.LOGIN, id="login"),
        pytest.param(Answer(403, "u"), Trouble.WALL, id="robot wall"),
        pytest.param(Answer(403, "u", HTML, CHALLENGE), Trouble.CHALLENGE, id="challenge, 403"),
        pytest.param(Answer(503, "u", HTML, CHALLENGE), Trouble.CHALLENGE, id="challenge, 503"),
        pytest.param(Answer(200, "u", HTML, CHALLENGE), Trouble.CHALLENGE, id="challenge, 200"),
        pytest.param(
            Answer(403, "u", {"cf-mitigated": "challenge"}), Trouble.CHALLENGE, id="by its header"
        ),
        pytest.param(
            Answer(200, "u", {"content-type": "text/xml"}, b"<rss>px-captcha</rss>"),
            None,
            id="a feed that writes of captchas",
        ),
        pytest.param(Answer(404, "u"), Trouble.MISSING, id="missing"),
        pytest.param(Answer(410, "u"), Trouble.GONE, id="gone"),
        pytest.param(Answer(429, "u"), Trouble.BUSY, id="too many requests"),
        pytest.param(Answer(503, "u"), Trouble.BUSY, id="busy"),
        pytest.param(Answer(500, "u"), Trouble.SERVER, id="server error"),
        pytest.param(Answer(522, "u"), Trouble.SERVER, id="server not reached by Cloudflare"),
        pytest.param(Answer(400, "u"), Trouble.ODD, id="bad request"),
        pytest.param(Answer(302, "u"), Trouble.ODD, id="a redirect to nowhere"),
    ],
)
def test_what_an_answer_means(answer: Answer, trouble: Trouble | None):
    problem = problem_of(answer)

    assert (problem and problem.trouble) == trouble


def test_only_busy_does_not_count_and_only_gone_stops():
    busy, gone, missing = (problem_of(Answer(status, "u")) for status in (429, 410, 404))

    assert busy
    assert gone
    assert missing
    assert not busy.is_failure
    assert gone.is_final
    assert missing.is_failure
    assert not missing.is_final


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        pytest.param({}, "turns readers like this one away (403)", id="by itself"),
        pytest.param(
            {"server": "cloudflare"},
            "turns readers like this one away (403, by Cloudflare)",
            id="by a service",
        ),
    ],
)
def test_a_wall_says_who_built_it(headers: dict[str, str], sentence: str):
    problem = problem_of(Answer(403, "u", headers))

    assert problem
    assert problem.sentence == sentence


@pytest.mark.parametrize(
    ("error", "trouble", "sentence"),
    [
        pytest.param(
            BadCertificate("has a certificate that has expired"),
            Trouble.CERTIFICATE,
            "has a certificate that has expired",
            id="no answer",
        ),
        pytest.param(
            Unreadable("A page.", "html"),
            Trouble.HTML,
            "gives an HTML page instead of a feed",
            id="a page",
        ),
        pytest.param(
            Unreadable("This is a PDF file, not a feed, a page or a text.", "binary"),
            Trouble.KIND,
            "gives a PDF file, not a feed, a page or a text",
            id="a file of another kind",
        ),
        pytest.param(
            Unreadable("This is XML, but no feed: it has no entries.", "xml"),
            Trouble.KIND,
            "gives XML, but no feed: it has no entries",
            id="XML of another kind",
        ),
        pytest.param(
            Unreadable("Reading this takes longer than 10 seconds.", "time_out"),
            Trouble.HEAVY,
            "takes too long to be read",
            id="too slow",
        ),
        pytest.param(
            Unreadable("Whatever.", "new"), Trouble.UNREADABLE, "cannot be read", id="a new reason"
        ),
    ],
)
def test_what_an_error_means(error: FetchError | Unreadable, trouble: Trouble, sentence: str):
    problem = problem_from(error)

    assert (problem.trouble, problem.sentence) == (trouble, sentence)
