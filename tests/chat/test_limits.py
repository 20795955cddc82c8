"""How much one chat may have: set by an admin, and applied in the chat."""

import pytest

from tests.resources import ADMIN

pytestmark = pytest.mark.slow


@pytest.fixture
def admin(house):
    return house.talk("Ada", id=ADMIN)


async def test_an_admin_limits_one_chat_which_is_refused_more(admin, ann):
    await ann.says("/topics")
    listed = await admin.presses(await admin.says("/admin"), "Chats")
    limits = await admin.presses(await admin.presses(listed, "2"), "Limits")

    changed = await admin.presses(limits, "10 topics")
    changed = await admin.presses(changed, "50 alerts")

    assert limits["text"] == (
        "Ann · Limits\n\ntopics: 100 (0 subscribed)\nfeeds of its own: 3\nalerts: no limit"
    )
    assert changed["text"] == (
        "Ann · Limits\n\ntopics: 10 (0 subscribed)\nfeeds of its own: 3\nalerts: 50 a day"
    )
    for number in range(10):
        await ann.presses(await ann.says(f"word{number}"), "Alert")
    refused = await ann.presses_quietly(await ann.says("Taiwan"), "Alert")
    assert refused.startswith(
        "You have 10 topics, the most here. Unsubscribe from one first (/topics)"
    )

    as_all = await admin.presses(changed, "Default: 100 topics")

    assert "topics: 100 (10 subscribed)" in as_all["text"]
