import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.sources.feeds.fallback import read_broken
from bot.sources.feeds.model import Document, FeedPace
from bot.sources.feeds.reader import read_fast
from bot.sources.fetch.response import Hub, hub_of
from bot.sources.fetch.websub import ForgedPushes, PushSignature, lease_of, renewal_of
from storage.websub import ExpectedPush
from tests.sources.feeds_made import item, rss

URL = "https://news.example/feed.xml"
HUB = "https://hub.example/"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
IN_RSS = (
    "<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='hub' href='https://hub.example/'/>"
    "<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='self' href='https://news.example/all'/>"
)
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Sample</title><id>x</id>
<link rel="hub" href="https://hub.example/"/><link rel="self" href="https://news.example/all"/>
<entry><title>One</title><id>1</id><link href="https://news.example/1"/></entry></feed>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "Sample",
"feed_url": "https://news.example/all",
"hubs": [{"type": "rssCloud", "url": "https://cloud.example/"},
{"type": "WebSub", "url": "https://hub.example/"}],
"items": [{"id": "1", "url": "https://news.example/1", "content_text": "One"}]}"""


@pytest.mark.parametrize(
    ("read", "feed"),
    [
        pytest.param(read_fast, rss([item(1)], IN_RSS), id="RSS"),
        pytest.param(read_fast, ATOM, id="Atom"),
        pytest.param(read_fast, JSON, id="JSON Feed"),
        pytest.param(read_broken, rss([item(1)], IN_RSS), id="the fallback parser"),
    ],
)
def test_a_feed_names_its_hub_and_itself(read, feed):
    document = read(feed.encode(), URL)

    assert hub_of(URL, "", document.pace) == Hub(HUB, "https://news.example/all")
    assert Document.from_json(document.to_json()) == document


@pytest.mark.parametrize(
    ("link", "pace", "hub"),
    [
        pytest.param("", FeedPace(), None, id="none"),
        pytest.param(f"<{HUB}>; rel=hub", FeedPace(), Hub(HUB, URL), id="bare word, no self"),
        pytest.param(
            f'<{HUB}>; rel="hub", <https://news.example/all>; rel="self"',
            FeedPace(),
            Hub(HUB, "https://news.example/all"),
            id="two in one header",
        ),
        pytest.param(
            f'</style.css>; rel=preload; as=style, <{HUB}>; title="a, b"; rel="x HUB"',
            FeedPace(),
            Hub(HUB, URL),
            id="among others, of several relations",
        ),
        pytest.param(
            f"<{HUB}>; rel=hub",
            FeedPace(hub="https://other.example/", self_url="/all"),
            Hub(HUB, "https://news.example/all"),
            id="the header goes first",
        ),
        pytest.param("", FeedPace(hub="/hub"), Hub("https://news.example/hub", URL), id="relative"),
        pytest.param("", FeedPace(hub="mailto:hub@example.org"), None, id="no web address"),
        pytest.param("", FeedPace(hub="https://[hub"), None, id="no address at all"),
        pytest.param(
            "", FeedPace(hub="https://ann:secret@hub.example/"), Hub(HUB, URL), id="a login"
        ),
        pytest.param("", FeedPace(hub=HUB + "x" * 2000), None, id="too long"),
        pytest.param("<>; rel=hub", FeedPace(), None, id="an empty link"),
    ],
)
def test_the_hub_is_named_by_the_header_or_the_feed(link, pace, hub):
    assert hub_of(URL, link, pace) == hub


@given(st.text(), st.text(), st.text())
def test_any_header_and_any_link_can_be_read(link, hub, self_url):
    found = hub_of(URL, link, FeedPace(hub=hub, self_url=self_url))

    assert found is None or found.url.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("seconds", "lease"),
    [
        pytest.param("864000", timedelta(days=10), id="as the hub says"),
        pytest.param("1", timedelta(minutes=5), id="too short"),
        pytest.param("99999999", timedelta(days=90), id="too long"),
        pytest.param("", timedelta(days=10), id="not given"),
        pytest.param("0", timedelta(days=10), id="nought"),
        pytest.param("soon", timedelta(days=10), id="words"),
        pytest.param("-5", timedelta(days=10), id="negative"),
    ],
)
def test_a_lease_is_read_within_bounds(seconds, lease):
    assert lease_of(seconds) == lease
    assert NOW < renewal_of(NOW, lease) < NOW + lease


def signed(body: bytes, signature: str, secret: str = "secret") -> bool:
    read = PushSignature.of(signature, secret)
    if read is None:
        return False
    read.update(body)
    return read.is_valid


@pytest.mark.parametrize("method", ["sha256", "sha384", "sha512"])
def test_a_signature_of_the_hub_is_verified(method):
    made = hmac.new(b"secret", b"news", method).hexdigest()

    assert signed(b"news", f"{method}={made}")
    assert signed(b"news", f"{method.upper()}={made.upper()}")
    assert not signed(b"other news", f"{method}={made}")
    assert not signed(b"news", f"{method}={made}", "another secret")
    assert not signed(b"news", f"{method}={made[:-1]}")


@pytest.mark.parametrize("method", ["sha1", "md5"])
def test_a_weak_signature_does_not_count(method):
    made = hmac.new(b"secret", b"news", method).hexdigest()

    assert PushSignature.of(f"{method}={made}", "secret") is None


@given(st.lists(st.binary()))
def test_a_signature_is_the_same_in_whatever_parts_the_body_comes(parts):
    body = b"".join(parts)
    made = hmac.new(b"secret", body, "sha256").hexdigest()
    read = PushSignature.of(f"sha256={made}", "secret")
    assert read is not None

    for part in parts:
        read.update(part)

    assert read.is_valid


@given(st.text())
@example("")
@example("md5=900150983cd24fb0d6963f7d28e17f72")
@example("sha256=")
def test_malformed_signatures_are_rejected(signature):
    assert not signed(b"news", signature)


def push_of(number: int) -> ExpectedPush:
    return ExpectedPush(
        id=number,
        source_id=number,
        hub="https://hub.example/private/key",
        secret="secret",
        is_pending=False,
        is_public=False,
    )


@dataclass
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_forged_pushes_are_logged_once_an_hour_with_their_number():
    seconds = Seconds()
    forged = ForgedPushes(seconds)

    with capture_logs() as logs:
        for _ in range(250):
            forged.note(push_of(1))
        seconds.now += 3600
        forged.note(push_of(1))
        forged.note(push_of(2))

    assert [(line["source_id"], line["since_last_time"]) for line in logs] == [
        (1, 0),
        (1, 249),
        (2, 0),
    ]
    assert {line["hub"] for line in logs} == {"hub.example"}


def test_any_number_of_subscriptions_logs_a_bounded_number_of_lines_an_hour():
    seconds = Seconds()
    forged = ForgedPushes(seconds, most=10)

    with capture_logs() as logs:
        for number in range(1000):
            forged.note(push_of(number % 50))
        seconds.now += 3600
        forged.note(push_of(49))

    assert len(logs) == 11
    assert len(forged._logged) == 10
