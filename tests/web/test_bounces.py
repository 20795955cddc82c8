async def test_a_returned_mail_is_passed_on_as_it_is(visitor, bounces):
    answer = await visitor.sends(visitor.links.bounce(), b"Subject: \xff\r\n\r\nreturned")

    assert answer.status == 202
    assert bounces.taken == [b"Subject: \xff\r\n\r\nreturned"]


async def test_it_may_be_larger_than_a_form_but_not_without_end(visitor, bounces):
    fits = await visitor.sends(visitor.links.bounce(), b"a" * 200_000)
    too_large = await visitor.sends(visitor.links.bounce(), b"a" * 300_000)

    assert (fits.status, too_large.status) == (202, 413)
    assert len(bounces.taken) == 1


async def test_nobody_else_may_return_mails(visitor, bounces):
    forged = await visitor.sends("https://news.example.org/b/0.aaaa", b"a")

    assert forged.status == 404
    assert (await visitor.opens(visitor.links.bounce())).status == 405
    assert bounces.taken == []
