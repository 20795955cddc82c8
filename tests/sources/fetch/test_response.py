from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds.model import Unreadable
from bot.sources.fetch.problems import FetchError, Problem, ProblemCode, ProblemKind
from bot.sources.fetch.response import (
    Directives,
    Response,
    directives_of,
    pause_for_host,
    problem_from_error,
    problem_of,
    redirect_target,
)

HTML = {"content-type": "text/html; charset=utf-8"}
ARTICLE = b"<p>The ferries stayed in port, and nobody was hurt.</p>" * 700
CHALLENGE = b"<html><head><title>Just a moment...</title></head></html>"


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        pytest.param(Response(200, "u", body=b"<rss/>"), None, id="a body"),
        pytest.param(Response(304, "u"), None, id="not modified"),
        pytest.param(Response(200, "u", body=b" \n"), ProblemKind.EMPTY, id="empty"),
        pytest.param(Response(401, "u"), ProblemKind.LOGIN, id="login"),
        pytest.param(Response(403, "u"), ProblemKind.WALL, id="robot wall"),
        pytest.param(
            Response(403, "u", HTML, CHALLENGE), ProblemKind.CHALLENGE, id="challenge, 403"
        ),
        pytest.param(
            Response(503, "u", HTML, CHALLENGE), ProblemKind.CHALLENGE, id="challenge, 503"
        ),
        pytest.param(
            Response(200, "u", HTML, CHALLENGE), ProblemKind.CHALLENGE, id="challenge, 200"
        ),
        pytest.param(
            Response(403, "u", {"cf-mitigated": "challenge"}),
            ProblemKind.CHALLENGE,
            id="by its header",
        ),
        pytest.param(
            Response(200, "u", {"content-type": "text/xml"}, b"<rss>px-captcha</rss>"),
            None,
            id="a feed that writes of captchas",
        ),
        pytest.param(
            Response(200, "u", HTML, b"<?xml version='1.0'?>\n<!-- -->\n<rss>g-recaptcha</rss>"),
            None,
            id="a feed sent as a page",
        ),
        pytest.param(
            Response(
                200, "u", HTML, b'<link rel=alternate type="application/rss+xml">' + CHALLENGE
            ),
            None,
            id="a page that declares its feed",
        ),
        pytest.param(
            Response(404, "u", HTML, CHALLENGE + ARTICLE), ProblemKind.MISSING, id="missing, long"
        ),
        pytest.param(Response(404, "u"), ProblemKind.MISSING, id="missing"),
        pytest.param(Response(410, "u"), ProblemKind.GONE, id="gone"),
        pytest.param(Response(429, "u"), ProblemKind.BUSY, id="too many requests"),
        pytest.param(Response(503, "u"), ProblemKind.BUSY, id="busy"),
        pytest.param(Response(500, "u"), ProblemKind.SERVER, id="server error"),
        pytest.param(Response(522, "u"), ProblemKind.SERVER, id="server not reached by Cloudflare"),
        pytest.param(Response(400, "u"), ProblemKind.ODD, id="bad request"),
        pytest.param(Response(302, "u"), ProblemKind.ODD, id="a redirect to nowhere"),
    ],
)
def test_a_response_means_a_problem_or_none(answer, trouble):
    problem = problem_of(answer)

    assert (problem and problem.kind) == trouble


@pytest.mark.parametrize(
    "head",
    [
        '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>',
        "<script>window._cf_chl_opt = {a: 1 < 2}</script>",
        "<title>Just a moment: how time is measured</title>",
        '<script src="/_Incapsula_Resource?SWJIYLWA=1"></script>',
        '<script src="https://ct.captcha-delivery.com/c.js"></script>',
        '<div class="g-recaptcha"></div>',
        '<div class="h-captcha"></div>',
        "<div id=px-captcha></div>",
        "<script>AwsWafIntegration.fetch()</script>",
    ],
)
def test_a_page_with_an_article_is_no_challenge(head):
    page = f"<html><head>{head}</head><body>".encode()

    assert problem_of(Response(200, "u", HTML, page + ARTICLE)) is None
    wall = problem_of(Response(200, "u", HTML, page + b"<script>" + b"x < y; " * 900))
    assert wall is not None
    assert wall.kind is ProblemKind.CHALLENGE


@pytest.mark.parametrize(
    ("status", "is_failure", "is_final"),
    [(429, False, False), (404, True, False), (410, True, True)],
    ids=["busy", "missing", "gone"],
)
def test_only_busy_does_not_count_and_only_gone_stops(status, is_failure, is_final):
    problem = problem_of(Response(status, "u"))

    assert problem
    assert (problem.is_failure, problem.is_final) == (is_failure, is_final)


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        pytest.param({}, {"status": 403}, id="by itself"),
        pytest.param(
            {"server": "cloudflare"}, {"status": 403, "firewall": "Cloudflare"}, id="by a service"
        ),
    ],
)
def test_a_refusal_names_the_firewall(headers, detail):
    assert problem_of(Response(403, "u", headers)) == Problem(ProblemCode.FORBIDDEN, detail)


@pytest.mark.parametrize(
    ("error", "kind", "problem"),
    [
        pytest.param(
            FetchError(ProblemCode.CERTIFICATE_EXPIRED),
            ProblemKind.CERTIFICATE,
            Problem(ProblemCode.CERTIFICATE_EXPIRED),
            id="no answer",
        ),
        pytest.param(
            Unreadable("A page.", "html"),
            ProblemKind.HTML,
            Problem(ProblemCode.HTML_PAGE),
            id="a page",
        ),
        pytest.param(
            Unreadable("This is a PDF file.", "binary", format="PDF"),
            ProblemKind.KIND,
            Problem(ProblemCode.BINARY_FILE, {"format": "PDF"}),
            id="a file of another kind",
        ),
        pytest.param(
            Unreadable("This is XML, but no feed: it has no entries.", "xml"),
            ProblemKind.KIND,
            Problem(ProblemCode.XML_WITHOUT_ENTRIES),
            id="XML of another kind",
        ),
        pytest.param(
            Unreadable("Reading this takes longer than 10 seconds.", "time_out"),
            ProblemKind.HEAVY,
            Problem(ProblemCode.TOO_SLOW),
            id="too slow",
        ),
        pytest.param(
            Unreadable("Whatever.", "new"),
            ProblemKind.UNREADABLE,
            Problem(ProblemCode.UNREADABLE),
            id="a new reason",
        ),
    ],
)
def test_an_error_means_a_problem(error, kind, problem):
    found = problem_from_error(error)

    assert (found, found.kind) == (problem, kind)


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
def test_a_redirect_has_an_absolute_target(status, location, target):
    assert redirect_target(Response(status, ASKED, {"location": location})) == target


NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("headers", "wished"),
    [
        pytest.param({}, Directives(), id="nothing"),
        pytest.param(
            {"cache-control": "public, max-age=600"}, Directives(10 * MINUTE), id="max-age"
        ),
        pytest.param({"cache-control": "s-maxage=600"}, Directives(), id="s-maxage is for proxies"),
        pytest.param({"cache-control": "no-cache, max-age=600"}, Directives(), id="no-cache"),
        pytest.param(
            {"expires": "Mon, 02 Mar 2026 13:00:00 GMT"}, Directives(expires=HOUR), id="Expires"
        ),
        pytest.param(
            {"expires": "Mon, 02 Mar 2026 09:30:00 GMT", "date": "Mon, 02 Mar 2026 09:00:00 GMT"},
            Directives(expires=30 * MINUTE),
            id="Expires by a clock that is slow",
        ),
        pytest.param({"expires": "-1"}, Directives(), id="Expires: never"),
        pytest.param({"retry-after": "120"}, Directives(retry_after=2 * MINUTE), id="Retry-After"),
        pytest.param(
            {"retry-after": "Tue, 03 Mar 2026 12:00:00 GMT"},
            Directives(retry_after=DAY),
            id="a date",
        ),
        pytest.param(
            {
                "retry-after": "Mon, 02 Mar 2026 09:30:00 GMT",
                "date": "Mon, 02 Mar 2026 09:00:00 GMT",
            },
            Directives(retry_after=30 * MINUTE),
            id="a date by a clock that is slow",
        ),
        pytest.param({"retry-after": "soon"}, Directives(), id="Retry-After: words"),
        pytest.param(
            {"cache-control": "max-age=99999999999999"},
            Directives(timedelta(seconds=9999999999)),
            id="an absurd max-age",
        ),
    ],
)
def test_directives_are_read_from_headers(headers, wished):
    assert directives_of(headers, NOW) == wished


@given(st.dictionaries(st.sampled_from(["cache-control", "expires", "retry-after"]), st.text()))
def test_any_header_can_be_read(headers: dict[str, str]):
    asked = directives_of(headers, NOW)

    times = [asked.max_age, asked.expires, asked.retry_after]
    assert [time for time in times if time is not None and time <= timedelta()] == []


@pytest.mark.parametrize(
    ("status", "asked", "paused"),
    [
        pytest.param(429, "600", 10 * MINUTE, id="too many requests"),
        pytest.param(503, "600", 10 * MINUTE, id="busy"),
        pytest.param(429, "9999999", 60 * MINUTE, id="an hour at most"),
        pytest.param(200, "600", None, id="an answer speaks for its feed alone"),
        pytest.param(304, "600", None, id="so does a 304"),
        pytest.param(429, "soon", None, id="words"),
        pytest.param(429, "0", None, id="no time at all"),
    ],
)
def test_some_statuses_pause_the_whole_host(status, asked, paused):
    assert pause_for_host(status, {"retry-after": asked}, NOW) == paused
    assert pause_for_host(status, {}, NOW) is None
