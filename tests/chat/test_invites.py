"""Invitations: made in the admin panel, redeemed by a link or a typed code."""

import asyncio
import re

import pytest

from bot.subscribers import invites
from bot.subscribers.access import Access
from tests.chat.conftest import buttons
from tests.resources import ADMIN


@pytest.fixture
def access():
    return Access(is_open=False, admins=frozenset({ADMIN}), invites=True)


@pytest.fixture
async def code(admin):
    """Return the code of an invitation for one user."""
    made = await admin.says("/admin", "Invitations", "New invitation", "Create")
    found = re.search(r"start=invite_([A-Z2-7]{16})", made["text"])
    assert found
    return found[1]


async def test_an_invitation_is_made_by_buttons_in_one_message(admin):
    listed = await admin.says("/admin", "Invitations")
    draft = await admin.presses(listed, "New invitation")
    for_a_month = await admin.presses(draft, "5 users", "30 days")
    made = await admin.presses(for_a_month, "Create")
    ended = await admin.presses(made, "Revoke 1")

    assert "There are no invitations." in listed["text"]
    assert draft["text"] == "New invitation\nfor 1 user, valid for 7 days"
    assert for_a_month["text"] == "New invitation\nfor 5 users, valid for 30 days"
    assert "0 of 5 used · valid through 31 March (UTC)" in made["text"]
    assert "There are no invitations." in ended["text"]
    assert listed["message_id"] == ended["message_id"]


async def test_simultaneous_presses_make_one_invitation(admin, house):
    draft = await admin.says("/admin", "Invitations", "New invitation")
    data = next(data for label, data in buttons(draft) if label == "Create")

    playground = house.playground
    pressed = [playground.press(admin.who, draft["message_id"], data) for _ in range(8)]
    await asyncio.gather(*(playground.wait_for_answer(query) for query in pressed))

    assert (await invites.invite_page(house.storage)).total == 1


async def test_a_user_without_access_learns_how_to_get_it(ann):
    answer = await ann.says("/start")

    assert "If you have an invitation, open its link or send me its code." in answer["text"]


async def test_an_invitation_link_gives_access(ann, code):
    welcome = await ann.says(f"/start invite_{code}")

    assert welcome["text"].startswith("Hello, Ann.")
    assert (await ann.says("/topics"))["text"].startswith("You haven't subscribed to anything yet.")


async def test_a_typed_code_gives_access_whatever_its_case(ann, code):
    assert (await ann.says(f"{code[:8].lower()} {code[8:]}"))["text"].startswith("Hello, Ann.")


async def test_a_code_typed_by_a_user_with_access_is_a_query(ann, code):
    await ann.says(code)

    answer = await ann.says("INTERNATIONALIST")

    assert "INTERNATIONALIST" in answer["text"]
    assert "invitation" not in answer["text"]


async def test_the_link_starts_the_bot_for_a_user_with_access(ann, code):
    await ann.says(f"/start invite_{code}")

    assert (await ann.says(f"/start invite_{code}"))["text"].startswith("Hello, Ann.")


async def test_a_refused_code_explains_why(house, ann, code):
    await ann.says(code)
    bob = house.talk("Bob")

    used_up = await bob.says(f"/start invite_{code}")
    unknown = [await bob.says("A" * 16) for _ in range(5)]
    too_often = await bob.says("A" * 16)

    assert used_up["text"].startswith("This invitation has been used up.")
    assert all(one["text"].startswith("This invitation does not exist") for one in unknown)
    assert too_often["text"].startswith("You have tried too many wrong codes")


class TestInvitationsOff:
    @pytest.fixture
    def access(self):
        return Access(is_open=False, admins=frozenset({ADMIN}))

    async def test_a_code_gives_no_access_and_the_panel_says_so(self, admin, ann, code):
        listed = await admin.says("/admin", "Invitations")

        assert "until the operator turns invitations on" in listed["text"]
        assert (await ann.says(code))["text"].startswith("I am a private news bot")
        answer = await ann.says(f"/start invite_{code}")
        assert answer["text"].startswith("I am a private news bot")
        assert "invitation" not in answer["text"]
