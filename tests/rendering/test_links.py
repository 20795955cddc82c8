from datetime import UTC, date, datetime

import pytest

from bot.rendering.links import WHOLE_DIGEST, ExpiredError, FeedKind, Links, Purpose, Signer

SIGNER = Signer(bytes(32))
NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)
DAY = date(2026, 11, 18)
LINKS = Links("https://news.example.org/dateline", SIGNER)


def every_link(links: Links) -> list[str | None]:
    return [
        links.edition(7, DAY, 0, NOW),
        links.manage(7, NOW),
        links.unsubscribe(3),
        links.confirm(3, "Word_-1"),
        links.bounce(),
        links.feed(7, WHOLE_DIGEST, 1, FeedKind.ATOM),
    ]


def test_each_link_begins_with_the_public_address_and_its_purpose():
    begins = [str(link).rsplit("/", 1)[0] for link in every_link(LINKS)]

    assert begins == [f"https://news.example.org/dateline/{purpose}" for purpose in "emucbf"]


def test_links_need_a_public_address():
    assert set(every_link(Links(None, SIGNER))) == {None}


@pytest.mark.parametrize(
    ("link", "purpose", "subject"),
    [
        pytest.param(
            LINKS.edition(7, DAY, 2, NOW), Purpose.EDITION, ("7", "20261118", "2"), id="edition"
        ),
        pytest.param(LINKS.manage(7, NOW), Purpose.MANAGE, ("7",), id="manage"),
        pytest.param(LINKS.unsubscribe(3), Purpose.UNSUBSCRIBE, ("3",), id="unsubscribe"),
        pytest.param(LINKS.confirm(3, "Word_-1"), Purpose.CONFIRM, ("3", "Word_-1"), id="confirm"),
    ],
)
def test_a_link_is_read_back(link, purpose, subject):
    assert SIGNER.verify(purpose, link.rsplit("/", 1)[1], NOW) == subject


def test_a_feed_link_ends_with_its_format():
    atom, json = (LINKS.feed(7, 4, 1, kind) or "" for kind in FeedKind)

    assert (atom.removesuffix(".atom"), atom[-5:]) == (json.removesuffix(".json"), ".atom")
    assert SIGNER.verify(Purpose.FEED, atom.rsplit("/", 1)[1].removesuffix(".atom"), NOW) == (
        *("7", "4", "1"),
    )


def test_the_same_edition_has_the_same_link_all_day():
    evening = NOW.replace(hour=23)

    assert LINKS.edition(7, DAY, 0, NOW) == LINKS.edition(7, DAY, 0, evening)


@pytest.mark.parametrize("purpose", [Purpose.EDITION, Purpose.MANAGE])
def test_a_link_in_a_message_is_good_for_ninety_days(purpose):
    link = LINKS.manage(7, NOW) if purpose is Purpose.MANAGE else LINKS.edition(7, DAY, 0, NOW)
    token = str(link).rsplit("/", 1)[1]

    SIGNER.verify(purpose, token, datetime(2027, 2, 16, 23, tzinfo=UTC))
    with pytest.raises(ExpiredError):
        SIGNER.verify(purpose, token, datetime(2027, 2, 17, tzinfo=UTC))
