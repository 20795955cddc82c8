"""/feedback: from users to admins, and the answers."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.subscribers.access import Access, new_admin_code
from bot.subscribers.feedback import MOST_A_DAY
from storage.access import add_admin
from storage.outbox import Delivery
from tests.chat.conftest import labels
from tests.resources import ADMIN


@pytest.fixture
def notices(one_storage):
    async def bodies():
        async with one_storage.reading() as tx:
            rows = await tx.session.exec(select(Delivery).order_by(col(Delivery.id)))
            return [row.body for row in rows]

    return bodies


async def test_feedback_without_text_asks_for_the_text(house, ann, notices):
    boss = house.talk("Boss")
    async with house.storage.writing() as tx:
        await add_admin(tx, boss.who.id)
    await boss.says("/start")

    question = await ann.says("/feedback")
    sent = await ann.says("The digest comes too early.")

    assert question["text"] == "What would you like to tell the admin? Type it in one message."
    assert labels(question) == ["Cancel"]
    assert sent["text"].startswith("Thank you.")
    (notice,) = await notices()
    assert notice["text"].endswith("The digest comes too early.")


async def test_feedback_reaches_admins_and_is_answered(house, ann, notices):
    boss = house.talk("Boss")
    async with house.storage.writing() as tx:
        await add_admin(tx, boss.who.id)
    await boss.says("/start")

    sent = await ann.says("/feedback Too <early>\nfor me")
    (notice,) = await notices()
    shown = await house.show_button(boss, notice["keyboard"][0][0]["data"])
    question = await boss.presses(shown, "By hand")
    passed = await boss.replies(question, "Later, then.")

    assert sent["text"].startswith("Thank you.")
    assert notice["text"] == "Feedback from Ann\n\nToo <early> for me"
    assert passed["text"] == "Passed on to Ann."
    assert (await notices())[-1]["text"].endswith("Later, then.")


async def test_long_feedback_reaches_admins_whole(house, ann, notices):
    boss = house.talk("Boss")
    async with house.storage.writing() as tx:
        await add_admin(tx, boss.who.id)
    await boss.says("/start")
    words = " ".join(f"word{number}" for number in range(524))

    await ann.says(f"/feedback {words}")
    sent = await notices()

    assert len(f"/feedback {words}") <= 4096
    assert len(sent) == 2
    assert [word for notice in sent for word in notice["text"].split() if "word" in word] == (
        words.split()
    )
    assert [bool(notice["keyboard"]) for notice in sent] == [False, True]


async def test_invisible_feedback_is_asked_for_again(house, ann, notices):
    await ann.says("/feedback")

    question = await ann.says("\u200b\u2060\u200b")

    assert question["text"].startswith("What would you like to tell the admin?")
    assert (await ann.says("Too early"))["text"].startswith("Thank you.")


async def test_feedback_without_an_admin_is_kept_for_the_first_one(house, ann, notices):
    kept = await ann.says("/feedback Too early")
    before = await notices()
    code = await new_admin_code(house.storage, access=Access(is_open=True))
    boss = house.talk("Boss")

    await boss.says(f"/start admin_{code}")
    await boss.says("/start")

    assert kept["text"].startswith("Thank you. There is no admin yet")
    assert before == []
    assert [notice["text"] for notice in await notices()] == ["Feedback from Ann\n\nToo early"]


async def test_a_configured_admin_gets_the_kept_feedback(house, ann, notices):
    await ann.says("/feedback Too early")

    await house.talk("Ada", id=ADMIN).says("/start")

    assert [notice["text"] for notice in await notices()] == ["Feedback from Ann\n\nToo early"]


async def test_feedback_is_limited_per_day(ann, clock):
    for number in range(MOST_A_DAY):
        await ann.says(f"/feedback {number}")

    too_much = await ann.says("/feedback once more")
    clock.turn(timedelta(days=1))

    assert too_much["text"].startswith("You can send 5 messages a day")
    assert (await ann.says("/feedback again"))["text"].startswith("Thank you.")


async def test_non_admins_cannot_answer_feedback(house, ann):
    await ann.says("/feedback hello")
    forged = await house.show_button(ann, "answer:1")

    assert "Only admins of this bot" in await ann.presses_quietly(forged, "By hand")
