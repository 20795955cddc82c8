import re

import pytest
from sqlalchemy import delete

from bot.subscribers import deletion, maintenance
from bot.subscribers.subscriptions import UNDO_WITHIN
from storage.chats import Chat
from storage.enums import ChatState, DigestMedium, Mode
from storage.mailboxes import Mailbox
from storage.subscriptions import Subscription
from storage.suspension import confirm_mailbox, open_mailbox
from storage.topics import Topic

pytestmark = pytest.mark.slow


@pytest.fixture
def link(visitor, chat_id, clock):
    return visitor.links.manage(chat_id, clock.now)


async def modes(newsroom) -> dict[int, Mode]:
    return {row.topic_id: row.mode for row in await newsroom.all(Subscription)}


async def test_the_page_lists_the_subscriptions_of_the_chat(visitor, link):
    page = await visitor.reads(link)

    assert "My words" in page
    assert "More &lt;words&gt;" in page
    assert page.count('aria-pressed="true"') == 2
    assert "Your digest comes every day at 08:00 Tokyo time." in page


async def test_opening_the_page_changes_nothing(visitor, link, newsroom):
    before = await modes(newsroom)

    await visitor.opens(f"{link}?unsubscribe=yes&topic=1")

    assert await modes(newsroom) == before


async def test_the_mode_of_a_subscription_is_changed(visitor, link, newsroom):
    answer = await visitor.sends(link, {"topic": "1", "mode": "instant"})

    assert answer.status == 303
    assert "Saved." in await (await visitor.opens(answer.headers["Location"])).text()
    assert await modes(newsroom) == {1: Mode.INSTANT, 2: Mode.BOTH}


async def test_a_topic_is_unsubscribed(visitor, link, newsroom):
    answer = await visitor.sends(link, {"topic": "1", "unsubscribe": "yes"})

    page = await (await visitor.opens(answer.headers["Location"])).text()
    assert "You no longer subscribe to that topic." in page
    assert '<span dir="auto">My words</span>' not in page
    assert await modes(newsroom) == {2: Mode.BOTH}


async def test_a_topic_that_was_unsubscribed_elsewhere_is_reported_as_gone(
    visitor, link, newsroom, clock
):
    await visitor.sends(link, {"topic": "1", "unsubscribe": "yes"})
    clock.turn(UNDO_WITHIN)
    await deletion.purge_deleted(newsroom.storage)

    again = await visitor.sends(link, {"topic": "1", "unsubscribe": "yes"})
    changed = await visitor.sends(link, {"topic": "1", "mode": "both"})

    assert again.headers["Location"].endswith("?done=gone")
    assert changed.headers["Location"].endswith("?done=gone")


async def test_everything_is_paused_and_resumed(visitor, link, newsroom):
    paused = await visitor.sends(link, {"pause": "yes"})
    (chat,) = await newsroom.all(Chat)
    page = await visitor.reads(link)
    resumed = await visitor.sends(link, {"pause": "no"})
    (again,) = await newsroom.all(Chat)

    assert paused.headers["Location"].endswith("?done=paused")
    assert chat.state is ChatState.PAUSED
    assert "You have paused all alerts and digests." in page
    assert resumed.headers["Location"].endswith("?done=resumed")
    assert again.state is ChatState.ACTIVE


async def test_topics_of_another_chat_cannot_be_changed(visitor, link, newsroom):
    other = await newsroom.chat(8)
    query = await newsroom.query("other")
    topic = await newsroom.subscribe(other, query, "Theirs", Mode.DIGEST)

    answer = await visitor.sends(link, {"topic": str(topic), "unsubscribe": "yes"})

    assert answer.headers["Location"].endswith("?done=gone")
    assert topic in await modes(newsroom)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"topic": "one", "mode": "both"}, id="no number"),
        pytest.param({"topic": "1", "mode": "never"}, id="no mode"),
        pytest.param({"topic": "1"}, id="nothing to do"),
        pytest.param({f"field{n}": "" for n in range(50)}, id="many fields"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param({"query": "a\0b", "mode": "both"}, id="a character that is none"),
    ],
)
async def test_a_form_made_by_hand_changes_nothing(visitor, link, newsroom, fields):
    before = await modes(newsroom)

    answer = await visitor.sends(link, fields)

    assert answer.status == 400
    assert await modes(newsroom) == before


@pytest.mark.parametrize("number", ["9" * 30, "-" + "9" * 30, "0"])
async def test_an_id_without_a_row_is_reported_as_gone(visitor, link, number):
    answer = await visitor.sends(link, {"topic": number, "unsubscribe": "yes"})

    assert answer.headers["Location"].endswith("?done=gone")


async def test_the_link_ends_with_the_chat(visitor, link, storage):
    async with storage.writing() as tx:
        await tx.session.exec(delete(Chat))

    assert (await visitor.opens(link)).status == 410
    assert (await visitor.sends(link, {"topic": "1", "unsubscribe": "yes"})).status == 410


async def test_an_unknown_result_is_not_shown(visitor, link):
    page = await visitor.reads(f"{link}?done=<script>")

    assert "<script>" not in page


@pytest.fixture
async def mailbox(storage, chat_id):
    async with storage.writing() as tx:
        mailbox = await open_mailbox(tx, chat_id, "me@example.org")
        await confirm_mailbox(tx, mailbox)


async def test_mail_settings_are_hidden_without_a_confirmed_address(visitor, link):
    assert "Send digests by" not in await visitor.reads(link)
    assert (await visitor.sends(link, {"medium": "email"})).headers["Location"].endswith("gone")


async def test_digests_and_alerts_are_sent_by_mail(visitor, link, mailbox, newsroom):
    page = await visitor.reads(link)
    await visitor.sends(link, {"medium": "email"})
    await visitor.sends(link, {"alerts": "yes"})

    (chat,), (row,) = await newsroom.all(Chat), await newsroom.all(Mailbox)
    assert "me@example.org" in page
    assert (chat.digest_by, row.alerts) == (DigestMedium.EMAIL, True)


async def test_an_unsubscription_can_be_undone(visitor, link, newsroom):
    stopped = await visitor.sends(link, {"topic": "1", "unsubscribe": "yes"})
    page = await visitor.reads(stopped.headers["Location"])

    again = await visitor.sends(
        link, dict(re.findall(r'type="hidden" name="(\w+)" value="(.*?)"', page)[:2])
    )

    *_, topic = [topic for topic in await newsroom.all(Topic) if topic.name == "My words"]
    assert again.status == 303
    assert "Subscribe again" in page
    assert (await modes(newsroom))[topic.id] is Mode.DIGEST


async def test_a_catalogue_topic_is_subscribed_to_again(visitor, link, newsroom):
    await newsroom.change(Topic, 1, chat_id=None)
    stopped = await visitor.sends(link, {"topic": "1", "unsubscribe": "yes"})

    again = await visitor.sends(link, {"topic": "1", "mode": "digest"})

    assert stopped.headers["Location"].endswith("?done=unsubscribed&mode=digest&topic=1")
    assert again.headers["Location"].endswith("?done=saved")
    assert (await modes(newsroom))[1] is Mode.DIGEST


async def test_a_long_query_is_left_out_of_the_address(visitor, link, newsroom):
    await newsroom.change(Topic, 1, typed="台" * 400)

    stopped = await visitor.sends(link, {"topic": "1", "unsubscribe": "yes"})

    assert stopped.headers["Location"].endswith("?done=unsubscribed")


async def test_an_invalid_query_is_refused(visitor, link):
    assert (await visitor.sends(link, {"query": "(((", "mode": "both"})).status == 400


async def test_a_maintenance_refuses_changes_of_a_page(visitor, link, newsroom, storage):
    before = await modes(newsroom)
    await maintenance.begin(storage, "2026-03-03T01:00Z", "")

    page = await visitor.reads(link)
    refused = await visitor.sends(link, {"topic": "1", "mode": "instant"})

    assert "My words" in page
    assert (refused.status, refused.headers["Retry-After"]) == (503, "7200")
    assert "The bot is under maintenance and will be back in 2 hr." in await refused.text()
    assert await modes(newsroom) == before
