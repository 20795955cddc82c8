"""Bans of users and groups: in the admin panel, and by command."""

from sqlmodel import select

from storage.chats import Chat
from storage.outbox import Delivery
from tests.resources import ADMIN


async def test_the_panel_lists_chats_and_bans_one(admin, ann):
    await ann.says("/topics")
    listed = await admin.says("/admin", "Chats")

    one = await admin.presses(listed, "2")
    out = await admin.presses(one, "Ban")
    heard = await ann.says("/topics")
    back = await admin.presses(out, "Unban")

    assert listed["text"].startswith("2 chats\n\n1. Ada · private · 0 topics · active")
    assert one["text"].startswith(f"Ann · private · {ann.who.id}\n\nactive, last change")
    assert "banned, last change" in out["text"]
    assert heard["text"].startswith("The admin of this bot has banned you.")
    assert "active, last change" in back["text"]
    assert (await ann.says("/topics"))["text"].startswith("You haven't subscribed to anything yet.")
    assert listed["message_id"] == back["message_id"]


async def test_a_banned_user_is_answered_once(house, admin, ann):
    menu = await ann.says("/topics")
    await admin.says(f"/ban {ann.who.id}")

    said = await ann.presses_quietly(menu, "Catalogue")
    again = await ann.presses_quietly(menu, "Catalogue")
    house.playground.send(ann.who, "Taiwan")
    await admin.says("/topics")

    assert said.startswith("The admin of this bot has banned you.")
    assert again == ""
    assert [message["text"] for message in ann.all()] == [menu["text"]]


async def test_a_group_reads_nothing_of_a_ban(house, admin, ann, eve, group):
    await admin.says(f"/ban {eve.id}")
    seen = group.all()

    house.playground.send(group.who, "/topics", from_id=eve.id)
    await admin.says("/topics")

    assert group.all() == seen
    private = house.talk_in(eve)
    assert (await private.says("/topics"))["text"].startswith("The admin of this bot has banned")


async def test_a_banned_user_may_still_delete_everything(house, admin, ann):
    await ann.says("/topics")
    await admin.says(f"/ban {ann.who.id}")

    asked = await ann.says("/delete_me")
    done = await ann.presses(asked, "Delete everything")
    after = await ann.says("/topics")

    assert asked["text"].startswith("Delete everything?")
    assert done["text"].startswith("Done. Everything is deleted")
    assert after["text"].startswith("The admin of this bot has banned you.")
    async with house.storage.reading() as tx:
        chats = list(await tx.session.exec(select(Chat.telegram_id)))
    assert chats == [ADMIN]


async def test_a_banned_user_without_a_chat_has_nothing_to_delete(house, admin, ann):
    await admin.says(f"/ban {ann.who.id}")

    said = await ann.says("/delete_me")

    assert said["text"].startswith("The admin of this bot has banned you.")


async def test_an_unbanned_user_is_notified(house, admin, ann):
    await ann.says("/topics")
    await admin.says(f"/ban {ann.who.id}")
    await admin.says(f"/allow {ann.who.id}")
    await admin.says(f"/allow {ann.who.id}")
    await admin.says("/ban 4711")
    await admin.says("/allow 4711")  # who never wrote, and may not be written to

    async with house.storage.reading() as tx:
        rows = (await tx.session.exec(select(Delivery))).all()

    # The notice is in the language of the client.
    assert [row.body["text"] for row in rows] == [
        house.resources.renderer.of("ja").message("notices.html#allowed").text
    ]


async def test_a_user_is_banned_and_allowed_by_command(admin, ann):
    number = ann.who.id

    texts = [
        (await admin.says(typed))["text"]
        for typed in ("/ban", f"/ban {number}", f"/ban {number}", f"/allow {number}", "/allow 5x")
    ]

    assert texts == [
        "Add the Telegram ID: /ban 12345",
        f"User {number} is banned. To undo: /allow {number}",
        f"User {number} is already banned.",
        f"User {number} is no longer banned.",
        "Add the Telegram ID: /allow 12345",
    ]


async def test_the_operator_cannot_be_banned(admin):
    answer = await admin.says(f"/ban {ADMIN}")

    assert answer["text"] == "You can't ban yourself or the operator of this bot."


async def test_non_admins_cannot_ban(admin, ann):
    answer = await ann.says(f"/ban {ADMIN + 1}")

    assert answer["text"].startswith("Only admins of this bot can do that.")
    assert (await admin.says("/topics"))["text"].startswith(
        "You haven't subscribed to anything yet."
    )
