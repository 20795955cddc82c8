"""*Ask for access*: the buttons of users without access and of admins, and the way back."""

import pytest
from sqlmodel import col, select

from bot.chat import callbacks as press
from bot.subscribers.access import Access
from bot.subscribers.access_requests import MOST_A_DAY
from storage.admin_inbox import AccessRequest
from storage.enums import DeliveryKind
from storage.outbox import Delivery
from tests.chat.conftest import labels
from tests.resources import ADMIN

BEA = 901_000
HOSTILE = "\u202e<b>&amp;</b> t.me/x \x07/ban_5 " + "x" * 5000


@pytest.fixture
def access():
    return Access(is_open=False, admins=frozenset({ADMIN, BEA}), invites=True)


@pytest.fixture
async def bea(house, admin):
    """Return a second admin; both have a chat with the bot."""
    bea = house.talk("Bea", id=BEA)
    await admin.says("/start")
    await bea.says("/start")
    return bea


@pytest.fixture
def notices(one_storage):
    async def bodies():
        async with one_storage.reading() as tx:
            found = select(Delivery.body).where(col(Delivery.kind) == DeliveryKind.NOTICE)
            return list(await tx.rows(found.order_by(col(Delivery.id))))

    return bodies


@pytest.fixture
def shown(house, notices):
    """Return a function that shows an admin one button of the newest request."""

    async def show(talk, label):
        *_, body = [body for body in await notices() if body["keyboard"]]
        (data,) = [one["data"] for one in body["keyboard"][0] if one["text"] == label]
        return await house.show_button(talk, data, body["text"])

    return show


@pytest.fixture
async def closed_group(house, ann, eve):
    """Return a group that Ann, who has no access, added the bot to, and the bot's words there."""
    chat = house.playground.chat("supergroup", "Newsroom", [ann.who, eve], bot="left")
    house.playground.membership(chat, "member", from_id=ann.who.id)
    talk = house.talk_in(chat)
    return talk, await talk.next()


async def test_a_user_asks_and_one_tap_of_an_admin_lets_them_in(ann, admin, bea, shown, notices):
    refused = await ann.says("/start")
    asked = await ann.presses(refused, "Ask for access")
    decided = await admin.presses(await shown(admin, "Allow"), "By hand")
    welcome = (await notices())[-1]
    answer = await ann.says("/topics")

    assert labels(refused) == ["Ask for access"]
    assert asked["text"].startswith("I have passed on your request.")
    assert asked["message_id"] == refused["message_id"]
    assert decided["text"].startswith("You gave Ann access, and I have told them.")
    assert f"/ban {ann.who.id}" in decided["text"]
    assert "Taiwan" in welcome["text"]
    assert answer["text"].startswith("You haven't subscribed to anything yet.")


async def test_the_second_admin_sees_who_decided(ann, admin, bea, shown):
    await ann.presses(await ann.says("/start"), "Ask for access")
    first, second = await shown(admin, "Not now"), await shown(bea, "Allow")

    mine = await admin.presses(first, "By hand")
    theirs = await bea.presses(second, "By hand")

    assert mine["text"].startswith("Not now: Ann has no access")
    assert theirs["text"].startswith("Ada has already decided: Ann has no access for now.")
    assert f"/allow {ann.who.id}" in theirs["text"]
    assert (await ann.says("/start"))["text"].startswith("I am a private news bot")


async def test_only_admins_decide(ann, house, bea, shown, one_storage):
    await ann.presses(await ann.says("/start"), "Ask for access")
    friend = house.talk("Fritz")
    await bea.says(f"/allow {friend.who.id}")

    toast = await friend.presses_quietly(await shown(friend, "Allow"), "By hand")
    unknown = await ann.presses_quietly(await shown(ann, "Allow"), "By hand")

    assert toast.startswith("Only admins of this bot can do that.")
    assert unknown.startswith("I am a private news bot")
    async with one_storage.reading() as tx:
        assert (await tx.one(select(AccessRequest))).decided_at is None


async def test_a_thousandth_press_sends_nothing_more(ann, bea, notices):
    refused = await ann.says("/start")
    for _ in range(5):
        another = await ann.says("hello")
        await ann.presses(another, "Ask for access")
    await ann.presses(refused, "Ask for access")

    assert len(await notices()) == 2  # one for each admin


async def test_the_admin_must_be_asked_directly_after_too_many_requests(house, bea, ann):
    for number in range(MOST_A_DAY):
        talk = house.talk(f"User {number}")
        await talk.presses(await talk.says("/start"), "Ask for access")

    asked = await ann.presses(await ann.says("/start"), "Ask for access")

    assert asked["text"].startswith("I can't pass on your request today.")
    assert str(ann.who.id) in asked["text"]


async def test_a_button_from_before_the_decision_welcomes_an_allowed_user(ann, bea):
    refused = await ann.says("/start")
    await bea.says(f"/allow {ann.who.id}")

    assert (await ann.presses(refused, "Ask for access"))["text"].startswith("Hello, Ann.")


async def test_a_request_that_was_deleted_says_so(house, admin):
    data = press.DecideAccess(request_id=77, is_allowed=True).pack()

    toast = await admin.presses_quietly(await house.show_button(admin, data), "By hand")

    assert toast.startswith("This request is over a day old")


async def test_a_hostile_name_is_one_short_line(house, bea, admin, notices, shown):
    mallory = house.talk(HOSTILE)
    await mallory.presses(await mallory.says("/start"), "Ask for access")

    notice, *_ = await notices()
    decided = await admin.presses(await shown(admin, "Allow"), "By hand")

    name, _, number = notice["text"].partition(" asks to use this bot.")
    assert "<b>&amp;</b>" in name
    assert not {"\u202e", "\x07", "\n"} & set(name)
    assert len(name) < 80
    assert str(mallory.who.id) in number
    assert len(decided["text"]) < 250


async def test_an_administrator_asks_for_the_group(
    ann, eve, bea, admin, closed_group, notices, shown
):
    group, refused = closed_group

    toast = await group.presses_quietly(refused, "Ask for access", from_id=eve.id)
    asked = await group.presses(refused, "Ask for access", from_id=ann.who.id)
    notice, *_ = await notices()
    decided = await admin.presses(await shown(admin, "Allow"), "By hand")
    topics = await group.says("/topics", from_id=eve.id)

    assert toast == "Only administrators of this group can ask for access."
    assert asked["text"].startswith("I have passed on the request for Newsroom.")
    assert notice["text"].startswith(
        "Ann, an administrator of the group Newsroom, asks to use me there."
    )
    assert "Group: Newsroom" in decided["text"]
    assert topics["text"].startswith("You haven't subscribed to anything yet.")


async def test_allow_says_whom_it_told(ann, bea, closed_group):
    group, refused = closed_group
    await group.presses(refused, "Ask for access", from_id=ann.who.id)

    told = await bea.says(f"/allow {group.who.id}")
    untold = await bea.says("/allow 4711")

    assert told["text"] == (f"Group {group.who.id} has access now.\n\nI have written to Newsroom.")
    assert untold["text"].endswith("I can't write to 4711, so please tell them yourself.")


async def test_an_invited_user_hears_of_the_way_back_before_the_deletion(house, ann, admin, bea):
    made = await admin.says("/admin", "Invitations", "New invitation", "Create")
    code = made["text"].partition("invite_")[2][:16]
    await ann.says(code)

    asked = await ann.says("/delete_me")
    of_admin = await admin.says("/delete_me")

    assert "You came by an invitation. To come back, you will need a new one." in asked["text"]
    assert "Ask Ada, Bea." in asked["text"]
    assert "invitation" not in of_admin["text"]
