"""The links that stand in mails, opened where they lead."""

import re

import pytest
from sqlmodel import col, select

from bot.mail.compose import FromAddress, Mail, Mailer
from bot.mail.confirm import request_confirmation
from bot.rendering.links import Links
from bot.rendering.renderer import Renderer
from storage.enums import MailboxState, Medium, Mode
from storage.mailboxes import Mailbox
from storage.outbox import Delivery
from tests.publishing.stages import Stages
from tests.web.conftest import BASE, DUE, SIGNER

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
    await request_confirmation(storage, chat, "ann@example.org", mailer=MAILER)
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


async def test_every_link_to_us_in_a_digest_leads_to_a_page(visitor, digest):
    links = set(re.findall(rf"{BASE}/[a-z]/[a-z0-9._-]+", digest.html + digest.text))

    assert {link.removeprefix(BASE)[:3] for link in links} == {"/e/", "/m/", "/u/"}
    for link in links:
        assert (await visitor.opens(link)).status == 200
