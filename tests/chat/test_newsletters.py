"""Newsletters in /sources: an address, its senders, confirmations, and how to unsubscribe."""

import json
import re

import pytest
from sqlalchemy import select

from bot.budgets import USUAL
from bot.mail.newsletters import MOST_A_DAY, Newsletters
from bot.sources.letters.addresses import AddressPattern
from storage.schema import metadata
from tests.chat.conftest import labels
from tests.mail.letters import ADDRESSES, STORY, FakeForms, asking_to_confirm, letter, read
from tests.resources import LINKS

EVE = "Eve <b>Offers</b> <eve@elsewhere.example>"
ONE_CLICK = (
    "List-Unsubscribe: <https://cafe.example/u?id=7>",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
)


@pytest.fixture
def newsletter_addresses() -> AddressPattern:
    return ADDRESSES


@pytest.fixture
def intake(one_storage, renderer) -> Newsletters:
    return Newsletters(one_storage, renderer, ADDRESSES, LINKS, read, USUAL)


@pytest.fixture
def forms(house) -> FakeForms:
    forms: FakeForms = house.resources.forms
    return forms


@pytest.fixture
async def opened(ann):
    return await ann.says("/sources", "Follow a newsletter")


def address_in(message) -> str:
    found = re.search(r"news\+\w{14}@dateline\.example", message["text"])
    assert found is not None
    return found[0]


async def test_a_chat_gets_an_address_to_copy(ann, opened):
    listed = await ann.presses(opened, "‹ Your sources")

    codes = [each for each in opened["entities"] if each["type"] == "code"]
    (copying,), _ = opened["reply_markup"]["inline_keyboard"]
    assert "Sign up for the newsletter with this address" in opened["text"]
    assert address_in(opened)
    assert len(codes) == 1
    assert copying == {
        "text": "Copy the address",
        "copy_text": {"text": address_in(opened)},
    }
    assert "newsletter 1" in listed["text"]
    assert address_in(await ann.presses(listed, "1")) == address_in(opened)


async def test_a_chat_accepts_one_new_sender_and_refuses_another(ann, opened, intake):
    address = address_in(opened)
    await intake.take(letter(address))
    for number, sender in ((2, EVE), (3, "Mallory <m@elsewhere.example>")):
        await intake.take(letter(address, sender=sender, subject="Offer", number=number))

    seen = await ann.says("/sources", "1")
    accepted = await ann.presses(seen, "Accept 1")
    refused = await ann.presses(accepted, "Refuse 1")

    assert "1 e-mail" in seen["text"]
    assert "1. Eve (eve@elsewhere.example) writes here too." in seen["text"]
    assert "2. Mallory" in seen["text"]
    assert "2 e-mails" in accepted["text"]
    assert "1. Mallory" in accepted["text"]
    assert labels(refused) == ["Copy the address", "Unfollow", "‹ Your sources"]


async def test_a_confirmation_is_shown_as_text_that_nobody_opens(ann, opened, intake, forms):
    await intake.take(asking_to_confirm(address_in(opened)))

    seen = await ann.says("/sources", "1")

    link = "https://cafe.example/confirm?id=7"
    entities = {each["type"] for each in seen["entities"]}
    assert link in seen["text"]
    assert "text_link" not in entities
    assert forms.posted == []

    await intake.take(letter(address_in(opened)))
    settled = await ann.says("/sources", "1")

    assert link not in settled["text"]


async def test_unfollowing_offers_to_unsubscribe_by_one_request(ann, opened, intake, forms):
    await intake.take(letter(address_in(opened), *ONE_CLICK))

    unfollowed = await ann.says("/sources", "1", "Unfollow")
    before = list(forms.posted)
    done = await ann.presses(unfollowed, "Unsubscribe")

    assert "Its sender still writes to the address" in unfollowed["text"]
    assert before == []
    assert forms.posted == [("https://cafe.example/u?id=7", {"List-Unsubscribe": "One-Click"})]
    assert done["text"] == "The newsletter has accepted your request to unsubscribe."


async def test_a_refused_request_names_another_way(ann, opened, intake, forms):
    await intake.take(letter(address_in(opened), *ONE_CLICK))
    forms.status = 500

    answer = await ann.says("/sources", "1", "Unfollow", "Unsubscribe")

    assert "I could not unsubscribe you." in answer["text"]


async def test_unfollowing_shows_the_link_of_a_newsletter_without_one_click(ann, opened, intake):
    await intake.take(letter(address_in(opened), ONE_CLICK[0]))

    unfollowed = await ann.says("/sources", "1", "Unfollow")

    assert "https://cafe.example/u?id=7" in unfollowed["text"]
    assert labels(unfollowed) == ["Undo", "‹ Your sources"]


@pytest.mark.parametrize("newsletter_addresses", [None])
async def test_without_a_mailbox_no_newsletter_is_offered(ann):
    listed = await ann.says("/sources")
    helped = await ann.says("/help", "All commands")

    assert "Follow a newsletter" not in labels(listed)
    assert "newsletter" not in helped["text"]


async def test_the_help_names_newsletters_where_a_mailbox_receives_them(ann):
    helped = await ann.says("/help", "All commands")

    assert "A newsletter that comes only by e-mail gets an address here" in helped["text"]


async def test_an_admin_sees_a_newsletter_without_an_address_and_with_what_applies_to_it(
    ann, opened, admin
):
    listed = await admin.says("/sources")
    page = await admin.presses(listed, "1")

    assert "newsletter 1 · " in listed["text"]
    assert "newsletter:" not in str(listed) + str(page)
    assert labels(page) == ["Keep and drop ▸", "Remove", "‹ Sources"]


async def test_why_a_letter_of_a_new_sender_did_not_come(ann, opened, intake):
    address, page = address_in(opened), "https://elsewhere.example/letters/7"
    text = f"View in browser: {page}\r\n\r\n{STORY}"
    await intake.take(letter(address))
    await intake.take(letter(address, sender=EVE, subject="Beans for all", text=text, number=2))

    why = await ann.says(f"{page}?utm_source=mail")
    asked = await ann.says("why did I not get it?")
    accepted = await ann.presses(why, "Accept")

    assert "Beans for all" in why["text"]
    assert "its sender waits for your tap: Eve (eve@elsewhere.example)" in why["text"]
    assert labels(why) == ["Accept", "Refuse", "Open the newsletter"]
    assert "E-mails of Eve wait for your tap." in asked["text"]
    assert labels(asked)[0] == "Cafe Weekly"
    assert "2 e-mails" in accepted["text"]


async def test_why_a_letter_of_an_unfollowed_newsletter_did_not_come(ann, opened, intake):
    page = "https://cafe.example/letters/1"
    await intake.take(letter(address_in(opened), text=f"View in browser: {page}\r\n\r\n{STORY}"))
    await ann.says("/sources", "1", "Unfollow")

    why = await ann.says(page)
    again = await ann.presses(why, "Follow it again")

    assert "because you have unfollowed its source" in why["text"]
    assert "Cafe Weekly" in again["text"]


async def test_why_names_the_letters_that_were_left_out(ann, opened, intake):
    address = address_in(opened)
    for number in range(MOST_A_DAY + 2):
        await intake.take(letter(address, number=number, text="Beans."))

    asked = await ann.says("why did I not get it?")

    assert "2 e-mails were left out" in asked["text"]


async def everything(storage) -> str:
    """Return all rows of all tables as one text."""
    async with storage.reading() as tx:
        rows = [row for table in metadata().tables.values() for row in await tx.rows(select(table))]
    return str(rows)


async def test_an_export_has_the_newsletter_and_deletion_leaves_nothing_of_it(
    house, ann, opened, intake, one_storage
):
    address = address_in(opened)
    await intake.take(asking_to_confirm(address))
    await intake.take(letter(address, *ONE_CLICK, subject="Accepted news"))
    await intake.take(letter(address, sender=EVE, subject="Held news", number=2))
    before = await everything(one_storage)

    exported = await ann.says("/export")
    file = await house.bot.download(exported["document"]["file_id"])
    document = json.loads(file.read())
    await ann.says("/delete_me", "Delete everything")
    after = await everything(one_storage)

    (newsletter,) = document["newsletters"]
    assert newsletter["senders"] == ["news@cafe.example", "eve@elsewhere.example"]
    assert {each["subject"] for each in newsletter["held"]} == {
        "Held news",
        "Please confirm your subscription",
    }
    assert address not in str(document)
    for trace in ("cafe.example", "elsewhere.example", "Accepted news", "Held news", "beans"):
        assert trace in before
        assert trace not in after
