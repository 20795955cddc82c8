from datetime import timedelta

import pytest
from sqlmodel import select

from bot.app.peers import Wakeups
from bot.mail import confirm
from bot.mail.codes import Limit
from bot.rendering.autolinks import without_joiners
from bot.rendering.renderer import Renderer
from bot.stages import MAIL, StageRunner
from bot.subscribers import deletion
from bot.subscribers.errors import (
    CodeIsOver,
    NoMail,
    NoMailbox,
    NotAnAddress,
    TooManyRequests,
    WrongCode,
)
from storage.chats import Chat
from storage.enums import DeliveryKind, DeliveryState, DigestMedium, MailboxState, Medium
from storage.mailboxes import Mailbox
from storage.outbox import Delivery

RENDERER = Renderer()
ADDRESS = "ann@example.org"
DAY = timedelta(days=1)


@pytest.fixture
async def chat_id(arrive) -> int:
    return int(await arrive())


async def test_an_address_is_asked_before_anything_is_sent_there(storage, mailer, chat_id, sent):
    seen = await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)

    (row,), (mail,) = await sent.rows(), await sent.mails()
    assert (seen.state, seen.address, seen.reach) == (
        MailboxState.UNCONFIRMED,
        ADDRESS,
        DigestMedium.TELEGRAM,
    )
    assert (row.kind, row.medium, row.priority) == (DeliveryKind.NOTICE, Medium.EMAIL, 0)
    assert mail.to == ADDRESS
    assert await sent.code() == mail.subject[:7].replace(" ", "")
    assert mail.header("List-Unsubscribe") is None


async def test_the_code_from_the_mail_confirms(storage, mailer, chat_id, sent):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)

    seen = await confirm.confirm_by_code(storage, chat_id, await sent.code())

    assert seen.is_active
    assert seen.reach is DigestMedium.BOTH
    assert not await confirm.awaits_code(storage, chat_id)


async def test_the_link_confirms_and_may_be_opened_again(storage, mailer, chat_id, sent, clock):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    token = await sent.token(clock.now)

    first = await confirm.confirm_by_link(storage, 1, token, renderer=RENDERER)
    again = await confirm.confirm_by_link(storage, 1, token, renderer=RENDERER)

    assert (first, again) == (True, True)
    assert (await confirm.get_mailbox(storage, chat_id)).is_active
    (notice,) = [row.body["text"] for row in await sent.rows() if row.medium is Medium.TELEGRAM]
    assert "ann@example.org is confirmed" in without_joiners(notice)


async def test_neither_way_confirms_after_a_day(storage, mailer, chat_id, sent, clock):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    code, token = await sent.code(), await sent.token(clock.now)
    clock.turn(DAY)

    assert not await confirm.confirm_by_link(storage, 1, token, renderer=RENDERER)
    with pytest.raises(CodeIsOver):
        await confirm.confirm_by_code(storage, chat_id, code)


async def test_five_wrong_codes_use_up_the_code_alone(storage, mailer, chat_id, sent, clock):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    code, token = await sent.code(), await sent.token(clock.now)
    wrong = "000000" if code != "000000" else "000001"
    left = []
    for _ in range(5):
        with pytest.raises(WrongCode) as refused:
            await confirm.confirm_by_code(storage, chat_id, wrong)
        left.append(refused.value.left)

    with pytest.raises(CodeIsOver):
        await confirm.confirm_by_code(storage, chat_id, code)

    assert left == [4, 3, 2, 1, 0]
    assert await confirm.confirm_by_link(storage, 1, token, renderer=RENDERER)


async def test_a_wrong_token_confirms_nothing(storage, mailer, chat_id):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)

    assert not await confirm.confirm_by_link(storage, 1, "guessed", renderer=RENDERER)
    assert not await confirm.confirm_by_link(storage, 2, "guessed", renderer=RENDERER)
    assert await confirm.awaits_code(storage, chat_id)


async def test_asking_again_leaves_only_the_newest_code(storage, mailer, chat_id, sent):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)

    assert len(await sent.mails()) == 1
    assert (await confirm.confirm_by_code(storage, chat_id, await sent.code())).is_active


async def test_another_address_takes_the_place_of_the_first(storage, mailer, chat_id, sent, clock):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    old = await sent.token(clock.now)

    seen = await confirm.request_confirmation(storage, chat_id, "lee@example.org", mailer=mailer)

    (mail,) = await sent.mails()
    assert (seen.address, mail.to) == ("lee@example.org", "lee@example.org")
    assert not await confirm.confirm_by_link(storage, 1, old, renderer=RENDERER)


async def test_an_active_address_is_not_asked_again(storage, mailer, chat_id, sent):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    await confirm.confirm_by_code(storage, chat_id, await sent.code())

    seen = await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)

    assert seen.is_active
    assert await sent.mails() == []  # the one that was sent is kept no longer than its code


async def test_a_chat_may_ask_five_times_a_day(storage, mailer, chat_id, clock):
    for number in range(5):
        await confirm.request_confirmation(
            storage, chat_id, f"ann{number}@example.org", mailer=mailer
        )

    with pytest.raises(TooManyRequests) as refused:
        await confirm.request_confirmation(storage, chat_id, "ann5@example.org", mailer=mailer)
    clock.turn(DAY)
    await confirm.request_confirmation(storage, chat_id, "ann5@example.org", mailer=mailer)

    assert refused.value.limit is Limit.CHAT


async def test_an_address_is_asked_three_times_a_day_whoever_asks(mailer, arrive, storage):
    for number in range(1, 4):
        chat_id = await arrive(number)
        await confirm.request_confirmation(
            storage, chat_id, f"Ann+{number}@example.org", mailer=mailer
        )
        await deletion.delete_chat(storage, chat_id, None)

    with pytest.raises(TooManyRequests) as refused:
        await confirm.request_confirmation(storage, await arrive(4), ADDRESS, mailer=mailer)

    assert refused.value.limit is Limit.ADDRESS


async def test_what_is_no_address_is_refused_and_not_counted(storage, mailer, chat_id):
    for _ in range(9):
        with pytest.raises(NotAnAddress):
            await confirm.request_confirmation(
                storage, chat_id, "ann@example.org\nBcc: lee@example.org", mailer=mailer
            )

    assert (
        await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    ).address == ADDRESS


async def test_a_bot_without_a_mail_server_says_so(storage, chat_id):
    with pytest.raises(NoMail):
        await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=None)


async def test_what_comes_by_mail_is_chosen(storage, mailer, chat_id, sent):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    with pytest.raises(NoMailbox):
        await confirm.set_digest_medium(storage, chat_id, DigestMedium.EMAIL)
    await confirm.confirm_by_code(storage, chat_id, await sent.code())

    await confirm.set_digest_medium(storage, chat_id, DigestMedium.EMAIL)
    seen = await confirm.set_email_alerts(storage, chat_id, wanted=True)

    assert (seen.reach, seen.alerts) == (DigestMedium.EMAIL, True)


async def test_a_removed_address_takes_its_mails_along(mailer, chat_id, sent, storage):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    await confirm.confirm_by_code(storage, chat_id, await sent.code())

    seen = await confirm.remove_address(storage, chat_id)

    assert (seen.state, seen.reach) == (None, DigestMedium.TELEGRAM)
    assert await sent.rows() == []
    async with storage.reading() as tx:
        assert (await tx.session.exec(select(Mailbox))).all() == []


async def test_who_asks_twice_in_a_moment_gets_one_mail(storage, mailer, chat_id, sent):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    code = await sent.code()

    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)

    assert len(await sent.mails()) == 1
    assert (await confirm.confirm_by_code(storage, chat_id, code)).is_active


async def test_a_confirmation_that_is_on_its_way_is_let_go(mailer, chat_id, sent, storage, clock):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    async with storage.writing() as tx:
        row = (await tx.session.exec(select(Delivery))).one()
        row.state = DeliveryState.SENDING
    clock.turn(timedelta(minutes=2))

    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)

    assert len(await sent.mails()) == 2


@pytest.fixture
async def active(storage, mailer, chat_id, sent) -> int:
    """A chat whose address is confirmed."""
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    await confirm.confirm_by_code(storage, chat_id, await sent.code())
    return int(chat_id)


async def test_unsubscribing_twice_is_as_doing_it_once(storage, active, sent):
    await confirm.unsubscribe_address(storage, 1, renderer=RENDERER)
    await confirm.unsubscribe_address(storage, 1, renderer=RENDERER)

    (notice,) = [row.body["text"] for row in await sent.rows() if row.medium is Medium.TELEGRAM]
    assert (await confirm.get_mailbox(storage, active)).state is MailboxState.UNSUBSCRIBED
    assert "ann@example.org is unsubscribed" in without_joiners(notice)


async def test_a_mailbox_tells_the_language_of_its_chat(storage, mailer, chat_id, sent, arrive):
    await confirm.request_confirmation(storage, chat_id, ADDRESS, mailer=mailer)
    async with storage.reading() as tx:
        (mailbox,) = await tx.session.exec(select(Mailbox))
        chat = await tx.session.get_one(Chat, chat_id)

    assert await confirm.language_of_mailbox(storage, mailbox.id) == chat.speaks
    assert await confirm.language_of_mailbox(storage, mailbox.id + 1) is None


async def test_the_mail_that_asks_leaves_at_once(mailer, arrive, storage):
    chat_id = await arrive()

    async def nothing() -> int:
        return 0

    mail = StageRunner(MAIL, nothing)
    with storage.notifying(Wakeups([mail])):
        await confirm.request_confirmation(storage, chat_id, "ann@example.org", mailer=mailer)

    assert mail.is_woken
