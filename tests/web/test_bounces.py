"""Returned mails that a relay posts, and tokens that others have."""

from collections.abc import AsyncIterator

import pytest

from bot.mail.reports import token_of
from tests.web.conftest import SIGNER


async def test_a_bounced_mail_is_passed_on_unchanged(visitor, bounces):
    answer = await visitor.sends(visitor.links.bounce(), b"Subject: \xff\r\n\r\nreturned")

    assert answer.status == 202
    assert bounces.taken == [b"Subject: \xff\r\n\r\nreturned"]


async def test_a_bounced_mail_may_be_larger_than_a_form_up_to_a_limit(visitor, bounces):
    fits = await visitor.sends(visitor.links.bounce(), b"a" * 200_000)
    too_large = await visitor.sends(visitor.links.bounce(), b"a" * 300_000)

    assert (fits.status, too_large.status) == (202, 413)
    assert len(bounces.taken) == 1


async def test_a_forged_address_takes_no_mails(visitor, bounces):
    forged = await visitor.sends("https://news.example.org/b/0.aaaa", b"a")

    assert forged.status == 404
    assert (await visitor.opens(visitor.links.bounce())).status == 405
    assert bounces.taken == []


@pytest.mark.parametrize("mailbox_id", [1, 3, 2**63 - 1])
async def test_the_token_of_a_mail_does_not_open_the_address_of_the_relay(
    visitor, bounces, mailbox_id
):
    path = visitor.links.bounce().rpartition("/")[0]

    answer = await visitor.sends(f"{path}/{token_of(mailbox_id, SIGNER)}", b"a")

    assert answer.status == 404
    assert bounces.taken == []


async def test_the_bodies_in_memory_are_bounded(visitor, bounces, site):
    link, most = visitor.links.bounce(), site.bodies.most

    with site.bodies.room(most - 10):
        full = await visitor.sends(link, b"a" * 11)
        fits = await visitor.sends(link, b"a" * 10)
    again = await visitor.sends(link, b"a" * 11)

    assert [full.status, fits.status, again.status] == [503, 202, 202]
    assert full.headers["Retry-After"]
    assert len(bounces.taken) == 2


async def test_a_body_of_unknown_size_counts_as_the_largest(visitor, site):
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"

    with site.bodies.room(site.bodies.most - 10):
        answer = await visitor.sends(visitor.links.bounce(), parts())

    assert answer.status == 503
