"""Setting up digests by e-mail in the chat."""

import re

import pytest
from sqlmodel import col, select

from bot.mail.compose import Mail
from storage.chats import chat_at
from storage.enums import MailboxProblem, MailboxState, Medium
from storage.mailboxes import Mailbox
from storage.outbox import Delivery
from storage.suspension import open_mailbox, suspend_mailbox
from tests.chat.conftest import labels


@pytest.fixture
def code(one_storage):
    """Return a function that reads the code in the last mail."""

    async def read() -> str:
        async with one_storage.reading() as tx:
            mails = col(Delivery.medium) == Medium.EMAIL
            rows = await tx.session.exec(
                select(Delivery).where(mails).order_by(col(Delivery.id).desc())
            )
            text = Mail.from_json(rows.first().body).text
        found = re.search(r"\d{3} \d{3}", text)
        assert found
        return found[0]

    return read


async def test_an_address_is_typed_confirmed_and_chosen(ann, code):
    asked = await ann.says("/email ann@example.org")
    confirmed = await ann.says(await code())
    chosen = await ann.presses(confirmed, "E-mail")
    alerted = await ann.presses(chosen, "Alerts by e-mail too")

    assert "ann@example.org is not confirmed yet" in asked["text"]
    assert "Type the six-digit code" in asked["text"]
    assert "Digests come here and by e-mail, to ann@example.org." in confirmed["text"]
    assert "Digests come by e-mail, to ann@example.org." in chosen["text"]
    assert "✓ E-mail" in labels(chosen)
    assert "Alerts come there too." in alerted["text"]


async def test_a_typed_address_is_recognised(ann):
    assert "ann@example.org is not confirmed yet" in (await ann.says("ann@example.org"))["text"]


async def test_six_digits_are_a_query_while_no_code_is_expected(ann):
    card = await ann.says("202611")

    assert "202611" in card["text"]
    assert "code" not in card["text"]


async def test_a_wrong_code_reports_the_tries_left(ann, code):
    await ann.says("/email ann@example.org")
    right = (await code()).replace(" ", "")
    wrong = "111111" if right != "111111" else "222222"

    said = [(await ann.says(wrong))["text"] for _ in range(6)]

    assert "You have 4 more tries." in said[0]
    assert "You have 1 more try." in said[3]
    assert "it was the last try" in said[4]
    assert "This code has expired" in said[5]


@pytest.mark.parametrize(
    "typed", ["/email nonsense", "/email a@b", '/email "a b"@example.org', "-x@example.org"]
)
async def test_an_invalid_address_is_answered_with_an_example(ann, typed):
    assert "like me@example.org" in (await ann.says(typed))["text"]


async def test_a_sixth_address_is_refused_with_the_time_of_the_next(ann):
    for number in range(5):
        await ann.says(f"/email ann{number}@example.org")

    said = (await ann.says("/email a@b.example"))["text"]

    assert "You have requested five e-mails in the last 24 hours" in said
    assert re.search(r"Try again after .*\d\d:\d\d\.", said)


async def test_settings_show_how_digests_are_delivered(ann, code):
    await ann.says("/email ann@example.org")
    await ann.says(await code())

    settings = await ann.says("/settings")
    question = await ann.presses(settings, "E-mail", "Remove address")
    removed = await ann.presses(question, "Remove address")

    assert "Digests come here and by e-mail, to ann@example.org." in settings["text"]
    assert "Digests come here." in removed["text"]
    assert question["text"].startswith("Remove ann@example.org?")
    assert "Remove address" not in labels(removed)


async def test_a_failing_address_is_shown_with_the_reason(ann, one_storage):
    await ann.says("/email ann@example.org")
    async with one_storage.writing() as tx:
        mailbox = (await tx.session.exec(select(Mailbox))).one()
        mailbox.state, mailbox.problem = MailboxState.SUSPENDED, MailboxProblem.REFUSED
        mailbox.problem_text = "550 5.1.1 No <such> user"

    page = await ann.says("/email")

    assert "E-mails to ann@example.org don't arrive; digests come here." in page["text"]
    assert "Its mail server said: 550 5.1.1 No <such> user" in page["text"]


async def test_an_unreachable_address_is_shown_with_the_reason(ann, one_storage):
    await ann.says("/email ann@example.org")
    async with one_storage.writing() as tx:
        mailbox = (await tx.session.exec(select(Mailbox))).one()
        await suspend_mailbox(tx, mailbox, MailboxProblem.FULL, "552 5.2.2 over quota")

    page = await ann.says("/email")
    again = await ann.says("ann@example.org")

    assert "I can't reach ann@example.org; digests come here." in page["text"]
    assert "The mailbox is full. Its mail server said: 552 5.2.2 over quota" in page["text"]
    assert "Type the six-digit code" in again["text"]


async def test_the_button_of_a_removed_address_reports_the_removal(ann, code):
    await ann.says("/email ann@example.org")
    page = await ann.says(await code())
    await ann.says("/email", "Remove address", "Remove address")

    assert "no longer confirmed" in (await ann.presses_quietly(page, "Both"))


class TestWithoutAMailServer:
    @pytest.fixture
    def mailer(self):
        return None

    @pytest.mark.parametrize("typed", ["/email", "/email ann@example.org", "ann@example.org"])
    async def test_email_is_reported_as_unavailable(self, ann, typed):
        assert "I can't send e-mail" in (await ann.says(typed))["text"]

    async def test_settings_show_no_button_for_mail(self, ann):
        assert "E-mail" not in labels(await ann.says("/settings"))

    async def test_a_question_about_mail_is_answered_without_a_button(self, ann):
        answer = await ann.says("can you send the digest by e-mail?")

        assert answer["text"].startswith("I can't send e-mail")
        assert labels(answer) == []

    async def test_an_address_of_former_days_can_still_be_removed(self, ann, one_storage):
        await ann.says("/topics")
        async with one_storage.writing() as tx:
            chat = await chat_at(tx, ann.who.id)
            assert chat is not None
            await open_mailbox(tx, chat.id, "ann@example.org")

        page = await ann.says("/settings", "E-mail")

        assert "Remove address" in labels(page)


async def test_the_choice_of_mails_is_undone_on_its_page(ann, code):
    await ann.says("/email ann@example.org")
    page = await ann.says(await code())
    only_mail = await ann.presses(page, "E-mail")
    both = await ann.presses(only_mail, "Undo")
    alerted = await ann.presses(both, "Alerts by e-mail too")
    quiet = await ann.presses(alerted, "Undo")

    assert "✓ E-mail" in labels(only_mail)
    assert "✓ Both" in labels(both)
    assert "Undo" not in labels(both)
    assert "Alerts come there too." in alerted["text"]
    assert "Alerts come here only." in quiet["text"]


async def test_a_choice_of_mails_is_not_undone_after_the_address_was_removed(ann, code):
    await ann.says("/email ann@example.org")
    page = await ann.presses(await ann.says(await code()), "E-mail")
    await ann.says("/email", "Remove address", "Remove address")

    assert "nothing left to undo" in await ann.presses_quietly(page, "Undo")
