import aiohttp
import pytest

from storage.enums import MailboxState
from storage.mailboxes import Mailbox
from storage.suspension import confirm_mailbox


@pytest.fixture
async def link(visitor, mailbox, storage):
    """Return where an address is unsubscribed that was confirmed."""
    async with storage.writing() as tx:
        await confirm_mailbox(tx, await tx.session.get_one(Mailbox, mailbox.id))
    return visitor.links.unsubscribe(mailbox.id)


@pytest.fixture
def state(newsroom, mailbox):
    """Return how to read what the mailbox is now."""

    async def read() -> MailboxState:
        (row,) = await newsroom.all(Mailbox)
        return MailboxState(row.state)

    return read


async def test_to_look_unsubscribes_nobody(visitor, link, state):
    page = await visitor.reads(link)
    await visitor.client.head(visitor._path(link))

    assert '<button class="main">Unsubscribe</button>' in page
    assert await state() is MailboxState.ACTIVE


async def test_the_button_unsubscribes(visitor, link, state):
    answer = await visitor.sends(link)

    assert answer.status == 200
    assert "You are unsubscribed" in await answer.text()
    assert await state() is MailboxState.UNSUBSCRIBED


@pytest.mark.parametrize("as_multipart", [True, False])
async def test_a_mail_program_unsubscribes_by_one_post(visitor, link, state, as_multipart):
    """RFC 8058, 3.2: either form, no cookie, no redirect; and the same once more."""
    form = aiohttp.FormData({"List-Unsubscribe": "One-Click"}, default_to_multipart=as_multipart)

    first = await visitor.sends(link, form())
    second = await visitor.sends(link, {"List-Unsubscribe": "One-Click"})

    assert (first.status, second.status) == (200, 200)
    assert "Set-Cookie" not in first.headers
    assert await state() is MailboxState.UNSUBSCRIBED


async def test_large_mail_services_may_unsubscribe_many_at_once(visitor):
    answers = [await visitor.sends(visitor.links.unsubscribe(n)) for n in range(60)]

    assert {answer.status for answer in answers} == {200}


async def test_a_forged_address_unsubscribes_nobody(visitor, mailbox, state):
    other = visitor.links.unsubscribe(mailbox.id + 1)

    answer = await visitor.sends(other.replace(f"/u/{mailbox.id + 1}.", f"/u/{mailbox.id}."))

    assert answer.status == 404
    assert await state() is MailboxState.UNCONFIRMED


async def test_an_old_mail_can_still_be_unsubscribed_from(visitor, link, clock):
    clock.now = clock.now.replace(year=2060)

    assert (await visitor.sends(link)).status == 200


async def test_an_address_is_confirmed_by_the_button_only(visitor, mailbox, state):
    link = visitor.links.confirm(mailbox.id, "word")

    page = await visitor.reads(link)
    before = await state()
    answer = await visitor.sends(link)

    assert "Yes, confirm" in page
    assert before is MailboxState.UNCONFIRMED
    assert "Your address is confirmed" in await answer.text()
    assert await state() is MailboxState.ACTIVE


async def test_a_confirmation_that_is_over_says_what_to_do(visitor, mailbox):
    answer = await visitor.sends(visitor.links.confirm(mailbox.id, "another"))

    assert answer.status == 410
    assert "/email you@example.org" in await answer.text()
