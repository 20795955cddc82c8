"""Access: allowed users, admins, and the admin link that the bot prints at its start."""

from dataclasses import replace

import pytest

from bot.subscribers.access import Access, follow_access, new_admin_code

FRIEND = 700


@pytest.fixture
def access():
    return Access(is_open=False, allowed=frozenset({FRIEND}))


async def test_a_user_without_access_gets_one_polite_sentence(house, ann):
    answer = await ann.says("/start")
    await ann.says("Taiwan")

    assert answer["text"].startswith("I am a private news bot")
    assert str(ann.who.id) in answer["text"]
    assert len(ann.all()) == 2


async def test_nothing_is_stored_of_a_user_without_access(house, ann):
    await ann.says("/start")

    assert await house.row_of(ann) is None


async def test_an_allowed_user_has_access(house):
    friend = house.talk("Fritz", id=FRIEND)

    assert (await friend.says("/start"))["text"].startswith("Hello, Fritz.")


async def test_a_user_taken_off_the_list_is_refused_and_may_delete_everything(house):
    friend = house.talk("Fritz", id=FRIEND)
    await friend.says("Taiwan", "Both")
    without = replace(house.resources, access=Access(is_open=False))
    house.dispatcher.workflow_data["resources"] = without
    await follow_access(house.storage, access=without.access)

    refused = await friend.says("/topics")
    asked = await friend.says("/delete_me")
    done = await friend.presses(asked, "Delete everything")

    assert refused["text"].startswith("I am a private news bot")
    assert done["text"].startswith("Done. Everything is deleted")
    assert await house.row_of(friend) is None


async def test_the_first_user_of_the_admin_link_becomes_admin(house, ann):
    code = await new_admin_code(house.storage, access=house.resources.access)
    eve = house.talk("Eve")

    first = await ann.says(f"/start admin_{code}")
    again = await ann.says(f"/start admin_{code}")
    second = await eve.says(f"/start admin_{code}")
    sources = await ann.says("/sources")

    assert first["text"].startswith("You are now an admin of this bot.")
    assert again["text"] == first["text"]
    assert second["text"].startswith("This link was used or replaced")
    assert sources["text"].startswith("I read no news yet.")
    assert await new_admin_code(house.storage, access=house.resources.access) is None


async def test_a_wrong_code_makes_no_admin(house, ann):
    await new_admin_code(house.storage, access=house.resources.access)

    assert (await ann.says("/start admin_guess"))["text"].startswith(
        "This link was used or replaced"
    )
    assert (await ann.says("/topics"))["text"].startswith("I am a private news bot")


async def test_deleting_everything_removes_the_admin_rights(house, ann):
    code = await new_admin_code(house.storage, access=house.resources.access)
    await ann.says(f"/start admin_{code}")

    asked = await ann.says("/delete_me")
    await ann.presses(asked, "Delete everything")

    assert "no longer be an admin" in asked["text"]
    assert (await ann.says("/topics"))["text"].startswith("I am a private news bot")
