import aiohttp
import pytest


@pytest.fixture
def link(visitor):
    return visitor.links.unsubscribe(3)


async def test_to_look_unsubscribes_nobody(visitor, link, mailboxes):
    page = await visitor.reads(link)
    await visitor.client.head(visitor._path(link))

    assert '<button class="main">Unsubscribe</button>' in page
    assert mailboxes.unsubscribed == []


async def test_the_button_unsubscribes(visitor, link, mailboxes):
    answer = await visitor.sends(link)

    assert answer.status == 200
    assert "You are unsubscribed" in await answer.text()
    assert mailboxes.unsubscribed == [3]


@pytest.mark.parametrize("as_multipart", [True, False])
async def test_a_mail_program_unsubscribes_by_one_post(visitor, link, mailboxes, as_multipart):
    """RFC 8058, 3.2: either form, no cookie, no redirect; and the same once more."""
    form = aiohttp.FormData({"List-Unsubscribe": "One-Click"}, default_to_multipart=as_multipart)

    first = await visitor.sends(link, form())
    second = await visitor.sends(link, {"List-Unsubscribe": "One-Click"})

    assert (first.status, second.status) == (200, 200)
    assert "Set-Cookie" not in first.headers
    assert mailboxes.unsubscribed == [3, 3]


async def test_large_mail_services_may_unsubscribe_many_at_once(visitor, mailboxes):
    answers = [await visitor.sends(visitor.links.unsubscribe(n)) for n in range(60)]

    assert {answer.status for answer in answers} == {200}
    assert len(mailboxes.unsubscribed) == 60


async def test_a_forged_address_unsubscribes_nobody(visitor, link, mailboxes):
    answer = await visitor.sends(link.replace("/u/3.", "/u/4."))

    assert answer.status == 404
    assert mailboxes.unsubscribed == []


async def test_an_old_mail_can_still_be_unsubscribed_from(visitor, link, clock):
    clock.now = clock.now.replace(year=2060)

    assert (await visitor.sends(link)).status == 200


async def test_an_address_is_confirmed_by_the_button_only(visitor, mailboxes):
    link = visitor.links.confirm(3, "word")

    page = await visitor.reads(link)
    before = list(mailboxes.confirmed)
    answer = await visitor.sends(link)

    assert "Yes, confirm" in page
    assert before == []
    assert "Your address is confirmed" in await answer.text()
    assert mailboxes.confirmed == [3]


async def test_a_confirmation_that_is_over_says_what_to_do(visitor, mailboxes):
    mailboxes.awaited = "another"

    answer = await visitor.sends(visitor.links.confirm(3, "word"))

    assert answer.status == 410
    assert "/email you@example.org" in await answer.text()
