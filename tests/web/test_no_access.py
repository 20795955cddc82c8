"""Pages of a chat whose user may no longer use the bot are gone until the user may again."""

import pytest

from bot.rendering.links import WHOLE_DIGEST, FeedKind
from bot.subscribers import own_feeds
from bot.subscribers.access import Access, follow_access
from storage.chats import Chat
from storage.enums import ChatState, DigestMedium, MailboxState
from storage.mailboxes import Mailbox
from tests.web.conftest import LINKS, TUESDAY

pytestmark = pytest.mark.slow

CLOSED, LISTED = Access(is_open=False), Access(is_open=False, allowed=frozenset({7, 70}))


@pytest.fixture
def sqlite_url(database_url: str) -> str:
    """Return either database, instead of SQLite alone."""
    return database_url


@pytest.fixture
async def pages(storage, chat_id, mailbox, clock) -> list[str]:
    await own_feeds.get_feeds(storage, chat_id, links=LINKS)
    links = [
        LINKS.edition(chat_id, TUESDAY, 0, clock.now),
        LINKS.manage(chat_id, clock.now),
        *(LINKS.feed(chat_id, topic, 1, kind) for topic in (WHOLE_DIGEST, 1) for kind in FeedKind),
    ]
    return [link or "" for link in links]


async def test_pages_and_feeds_are_gone_and_come_back(visitor, storage, pages):
    seen = []
    for access in (LISTED, CLOSED, LISTED):
        await follow_access(storage, access=access)
        answers = [await visitor.opens(link) for link in pages]
        seen.append({answer.status for answer in answers})
        if access is CLOSED:
            assert "no longer" in await answers[0].text()

    assert seen == [{200}, {410}, {200}]


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"topic": "1", "unsubscribe": "yes"}, id="unsubscribe"),
        pytest.param({"topic": "1", "mode": "instant"}, id="mode"),
        pytest.param({"pause": "no"}, id="resume"),
        pytest.param({"query": "Japan", "mode": "both"}, id="subscribe"),
        pytest.param({"medium": "email"}, id="medium"),
    ],
)
async def test_the_manage_link_changes_nothing(visitor, storage, newsroom, chat_id, clock, form):
    await follow_access(storage, access=CLOSED)

    answer = await visitor.sends(LINKS.manage(chat_id, clock.now), form)

    assert answer.status == 410
    (chat,) = await newsroom.all(Chat)
    assert (chat.state, chat.digest_by) == (ChatState.NO_ACCESS, DigestMedium.TELEGRAM)


async def test_an_address_cannot_be_confirmed_but_unsubscribed(visitor, storage, newsroom, mailbox):
    await follow_access(storage, access=CLOSED)

    confirmed = await visitor.sends(LINKS.confirm(mailbox.id, "word"))
    unsubscribed = await visitor.sends(LINKS.unsubscribe(mailbox.id))

    assert (confirmed.status, unsubscribed.status) == (410, 200)
    (row,) = await newsroom.all(Mailbox)
    assert row.state is MailboxState.UNCONFIRMED


async def test_an_address_is_confirmed_once_the_user_is_back(visitor, storage, newsroom, mailbox):
    await follow_access(storage, access=CLOSED)
    await follow_access(storage, access=LISTED)

    assert (await visitor.sends(LINKS.confirm(mailbox.id, "word"))).status == 200
    (row,) = await newsroom.all(Mailbox)
    assert row.state is MailboxState.ACTIVE
