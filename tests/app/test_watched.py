"""What stands around a step's calls tells how they ended, and changes nothing about them."""

from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest

from bot.app.watched import WatchedChannel, WatchedFetcher, WatchedReader, WatchedRelay
from bot.delivery.channel import Address
from bot.delivery.errors import ChatBlocked, FloodWait, MailboxRefused, Unknown
from bot.mail.smtp import Envelope
from bot.rendering.messages import Message
from bot.sources.feeds.model import Unreadable
from bot.sources.fetch.problems import HostWaits, TimedOut
from bot.sources.fetch.response import Response
from bot.watch import Seen, Watch


class Sees:
    def __init__(self) -> None:
        self.seen: list[Seen] = []

    @contextmanager
    def watch(self, seen: Seen):
        try:
            yield
        finally:
            self.seen.append(seen)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(seen.name, seen.outcome) for seen in self.seen]


class Does:
    """A channel, server, way out and reader that answers with *result*, or raises it."""

    def __init__(self, result: object) -> None:
        self.result = result

    async def answers(self) -> bool:
        return True

    async def send(self, *_asked: object, **_more: object) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    edit = fetch = read = send


@pytest.fixture
def sees() -> Sees:
    return Sees()


@pytest.fixture
def watch(sees) -> Watch:
    return Watch([sees])


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(FloodWait("slow", timedelta(seconds=3)), "flood_wait", id="too fast"),
        pytest.param(ChatBlocked("blocked"), "chat_blocked", id="blocked"),
        pytest.param(Unknown("no answer"), "unknown", id="nobody knows"),
        pytest.param(RuntimeError("?"), "failed", id="ours"),
    ],
)
async def test_a_message_that_is_refused_tells_the_word_for_it(watch, sees, error, outcome):
    channel = WatchedChannel(Does(error), watch)

    with pytest.raises(type(error)):
        await channel.send(Address(7), Message("Hello"))

    assert sees.told == [("telegram", outcome)]


async def test_what_is_sent_and_edited_has_its_answer(watch, sees):
    channel = WatchedChannel(Does(42), watch)

    assert await channel.send(Address(7), Message("Hello")) == 42
    assert await channel.edit(Address(7), 42, Message("Hello again")) == 42
    assert sees.told == [("telegram", "ok")] * 2
    assert "Hello" not in f"{sees.seen}"


async def test_a_mail_tells_nobodys_address(watch, sees):
    relay = WatchedRelay(Does(MailboxRefused("550 no such user")), watch)

    with pytest.raises(MailboxRefused):
        await relay.send(Envelope("us@example.org", "ann@example.com", b"Hello"))

    assert sees.told == [("email", "mailbox_refused")]
    assert "ann" not in f"{sees.seen}"


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        pytest.param(Response(200, "https://a.example/rss", {}, body=b"<rss/>"), "ok", id="new"),
        pytest.param(Response(304, "https://a.example/rss", {}), "unchanged", id="not modified"),
        pytest.param(Response(404, "https://a.example/rss", {}), "missing", id="not there"),
        pytest.param(Response(429, "https://a.example/rss", {}), "busy", id="too often"),
        pytest.param(Response(500, "https://a.example/rss", {}), "server", id="its trouble"),
        pytest.param(TimedOut("is slow"), "time_out", id="slow"),
        pytest.param(HostWaits(timedelta(60)), "host_waits", id="not asked"),
    ],
)
async def test_a_fetch_tells_what_kind_of_answer_came(watch, sees, result, outcome):
    fetcher = WatchedFetcher(Does(result), watch, "feed")

    with nullcontext() if isinstance(result, Response) else pytest.raises(type(result)):
        assert await fetcher.fetch("https://a.example/rss?key=hidden") is result

    assert sees.told == [("feed", outcome)]
    assert sees.seen[0].facts == {"host": "a.example"}


async def test_a_document_tells_why_it_cannot_be_read(watch, sees):
    reader = WatchedReader(Does(Unreadable("It is a picture.", "binary")), watch, "page")

    with pytest.raises(Unreadable):
        await reader.read(b"GIF89a", url="https://a.example/1")

    assert sees.told == [("page", "binary")]
