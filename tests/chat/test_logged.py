"""Failures of a user's source are logged without its address."""

from dataclasses import replace
from typing import Any, NoReturn

from bot.sources.discovery.opml import Outline, write_opml
from tests.conftest import LogLines

SECRET = "feed-token-17"
FEED = f"https://paper.example/{SECRET}/feed?key={SECRET}"


class Breaks:
    """Raises errors that quote the address."""

    async def look(self, url: str) -> NoReturn:
        raise LookupError(url)

    async def for_account(self, url: str, **_options: Any) -> NoReturn:
        raise LookupError(url)


async def test_a_failed_lookup_is_logged_by_host(house, ann, log_lines: LogLines, monkeypatch):
    monkeypatch.setattr(house.looking, "look", Breaks().look)

    await ann.says(FEED)
    await ann.settled()

    (line,) = (line for line in log_lines() if "exception" in line)
    assert line["exception"].endswith("LookupError: https://paper.example/…")
    assert SECRET not in str(line)


async def test_a_failed_feed_of_a_list_is_logged_by_host(house, ann, log_lines: LogLines):
    adding = replace(house.feed_list_stage(), adder=Breaks())
    house.playground.upload(ann.who, "feeds.opml", write_opml([Outline(FEED)], "Feeds"))
    await ann.presses(await ann.next(), "Add it")

    while await adding.run_once():
        pass

    (line,) = (line for line in log_lines() if "exception" in line)
    assert line["event"] == "a feed of a list could not be added"
    assert line["feed"] == "paper.example"
    assert line["exception"].endswith("LookupError: https://paper.example/…")
    assert SECRET not in str(line)
