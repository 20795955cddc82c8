import re

import aiohttp
import pytest
from sqlmodel import col, select

from bot.mail.compose import FromAddress, Mail, Mailer
from bot.rendering.links import Links
from bot.rendering.renderer import Renderer
from bot.subscribers import maintenance
from bot.subscribers.mailboxes import request_confirmation
from storage.enums import MailboxState, Medium, Mode
from storage.mailboxes import Mailbox
from storage.outbox import Delivery
from storage.suspension import confirm_mailbox
from tests.publishing.stages import Stages
from tests.web.conftest import BASE, DUE, SIGNER


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


async def test_opening_the_page_unsubscribes_nobody(visitor, link, state):
    page = await visitor.reads(link)
    await visitor.client.head(visitor._path(link))

    assert '<button class="main">Unsubscribe</button>' in page
    assert await state() is MailboxState.ACTIVE


async def test_the_button_unsubscribes_even_during_a_maintenance(visitor, link, state, storage):
    await maintenance.begin(storage, "2026-03-02T14:00Z", "")

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


async def test_an_expired_confirmation_shows_the_remedy(visitor, mailbox):
    answer = await visitor.sends(visitor.links.confirm(mailbox.id, "another"))

    assert answer.status == 410
    assert "/email you@example.org" in await answer.text()


MAILER = Mailer(Renderer(), FromAddress("news@example.org", "Dateline"), Links(BASE, SIGNER))


@pytest.fixture
async def chat(newsroom):
    source, query = await newsroom.source(), await newsroom.query("words")
    chat = await newsroom.chat(next_digest_at=DUE)
    await newsroom.subscribe(chat, query, "My words", Mode.DIGEST)
    await newsroom.article("A headline", query, source_id=source)
    return chat


@pytest.fixture
async def mailed(storage):
    """Return how to get the newest mail."""

    async def newest() -> Mail:
        async with storage.reading() as tx:
            mails = select(Delivery).where(Delivery.medium == Medium.EMAIL)
            row = (await tx.session.exec(mails.order_by(col(Delivery.id).desc()))).first()
        assert row
        return Mail.from_json(row.body)

    return newest


@pytest.fixture
async def digest(visitor, chat, mailed, storage, clock):
    """Confirm an address by the link in its mail, and return the digest that comes there."""
    await request_confirmation(storage, chat, "ann@example.org", asked_by=1, mailer=MAILER)
    (link,) = re.findall(rf"{BASE}/c/\S+", (await mailed()).text)
    assert (await visitor.sends(link)).status == 200
    clock.now = DUE
    await Stages(storage, Renderer(), "us", links=Links(BASE, SIGNER), mailer=MAILER).digests()
    return await mailed()


async def test_the_link_of_the_confirmation_confirms(visitor, digest, newsroom):
    (mailbox,) = await newsroom.all(Mailbox)

    assert mailbox.state is MailboxState.ACTIVE
    assert digest.to == "ann@example.org"


async def test_a_digest_is_unsubscribed_from_by_its_header(visitor, digest, newsroom):
    (link, _mailto) = re.findall("<(.*?)>", digest.header("List-Unsubscribe"))

    answer = await visitor.sends(link, {"List-Unsubscribe": "One-Click"})

    (mailbox,) = await newsroom.all(Mailbox)
    assert answer.status == 200
    assert mailbox.state is MailboxState.UNSUBSCRIBED


async def test_every_own_link_in_a_digest_leads_to_a_page(visitor, digest):
    links = set(re.findall(rf"{BASE}/[a-z]/[a-z0-9._/?=-]+", digest.html + digest.text))

    assert {link.removeprefix(BASE)[:3] for link in links} == {"/e/", "/m/", "/s/", "/u/"}
    for link in links:
        assert (await visitor.opens(link)).status == 200
