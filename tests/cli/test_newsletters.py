"""`dateline newsletters`, on the command line."""

import json

import pytest

from bot.budgets import USUAL
from bot.mail.newsletters import Newsletters
from bot.rendering.links import Links
from bot.rendering.renderer import Renderer
from storage.db.engine import Storage
from tests.cli.conftest import with_storage_at
from tests.mail.letters import ADDRESSES, asking_to_confirm, letter, read
from tests.subscribers.conftest import SIGNER


@pytest.fixture
def with_mailbox(monkeypatch):
    monkeypatch.setenv("NEWSLETTER_ADDRESS", ADDRESSES.base)
    monkeypatch.setenv("IMAP_HOST", "imap.dateline.example")


def receive(url: str, *letters: bytes) -> None:
    async def take(storage: Storage) -> None:
        links = Links(None, SIGNER)
        intake = Newsletters(storage, Renderer(), ADDRESSES, links, read, USUAL)
        for each in letters:
            await intake.take(each)

    with_storage_at(url, take)


def test_an_address_needs_a_mailbox_and_a_name(dateline, monkeypatch):
    monkeypatch.delenv("IMAP_HOST", raising=False)

    assert (
        "Set NEWSLETTER_ADDRESS and IMAP_HOST first." in dateline("newsletters", "add", "A").output
    )
    assert "Use a name of 1 to 200" in dateline("newsletters", "add", "  ").output


@pytest.mark.usefixtures("with_mailbox")
def test_the_list_shows_addresses_and_what_waits(dateline, sqlite_url):
    address = dateline("newsletters", "add", "Our Cafe").output.strip()
    eve = letter(address, sender="eve@elsewhere.example", subject="Offer", number=2)
    receive(sqlite_url, asking_to_confirm(address), letter(address), eve)

    shown = dateline("newsletters", "list").output
    row = json.loads(dateline("newsletters", "list", "--json").output)

    assert "Our Cafe" in shown
    assert row["address"] == address
    assert (row["name"], row["letters"]) == ("Our Cafe", 1)
    assert [each["address"] for each in row["senders"]] == ["news@cafe.example"]
    assert [each["subject"] for each in row["waiting"]] == ["Offer"]
    assert [each["link"] for each in row["confirmations"]] == ["https://cafe.example/confirm?id=7"]


@pytest.mark.usefixtures("with_mailbox")
def test_a_sender_is_accepted_or_refused_by_its_id(dateline, sqlite_url):
    address = dateline("newsletters", "add", "Our Cafe").output.strip()
    others = [letter(address, sender=f"{n}@b.example", number=n) for n in (2, 3)]
    receive(sqlite_url, letter(address), *others)
    row = json.loads(dateline("newsletters", "list", "--json").output)
    first, second = (each["id"] for each in row["waiting"])

    done = [dateline("newsletters", "accept", first), dateline("newsletters", "refuse", second)]
    unknown = dateline("newsletters", "accept", 999)

    row = json.loads(dateline("newsletters", "list", "--json").output)
    assert [each.exit_code for each in done] == [0, 0]
    assert (len(row["senders"]), row["waiting"], row["letters"]) == (2, [], 2)
    assert "No public newsletter has a sender 999." in unknown.output


@pytest.mark.usefixtures("with_mailbox")
def test_a_newsletter_is_removed_by_its_id(dateline):
    dateline("newsletters", "add", "Our Cafe")
    (line,) = dateline("newsletters", "list", "--json").output.splitlines()
    number = json.loads(line)["id"]

    removed = dateline("newsletters", "remove", number)
    again = dateline("newsletters", "remove", number)

    assert "Removed Our Cafe." in removed.output
    assert "There is no public newsletter" in again.output
    assert "No public newsletters yet." in dateline("newsletters", "list").output
