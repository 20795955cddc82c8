from datetime import timedelta

import pytest
from sqlmodel import select

from bot.app.wiring import Wakeups
from bot.loops import Loop
from bot.mail.codes import Limit
from bot.mail.confirm import Mailboxes
from bot.rendering.autolinks import without_joiners
from bot.rendering.renderer import Renderer
from bot.subscribers import erasing
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

ADDRESS = "ann@example.org"
DAY = timedelta(days=1)


@pytest.fixture
async def chat_id(arrive) -> int:
    return int(await arrive())


async def test_an_address_is_asked_before_anything_is_sent_there(mailboxes, chat_id, sent):
    seen = await mailboxes.request(chat_id, ADDRESS)

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


async def test_the_code_from_the_mail_confirms(mailboxes, chat_id, sent):
    await mailboxes.request(chat_id, ADDRESS)

    seen = await mailboxes.confirm_by_code(chat_id, await sent.code())

    assert seen.is_active
    assert seen.reach is DigestMedium.BOTH
    assert not await mailboxes.awaits_code(chat_id)


async def test_the_link_from_the_mail_confirms_and_may_be_opened_again(
    mailboxes, chat_id, sent, clock
):
    await mailboxes.request(chat_id, ADDRESS)
    token = await sent.token(clock.now)

    first = await mailboxes.confirm_by_link(1, token)
    again = await mailboxes.confirm_by_link(1, token)

    assert (first, again) == (True, True)
    assert (await mailboxes.now(chat_id)).is_active


async def test_neither_way_confirms_after_a_day(mailboxes, chat_id, sent, clock):
    await mailboxes.request(chat_id, ADDRESS)
    code, token = await sent.code(), await sent.token(clock.now)
    clock.turn(DAY)

    assert not await mailboxes.confirm_by_link(1, token)
    with pytest.raises(CodeIsOver):
        await mailboxes.confirm_by_code(chat_id, code)


async def test_five_wrong_codes_use_it_up_and_the_link_still_works(mailboxes, chat_id, sent, clock):
    await mailboxes.request(chat_id, ADDRESS)
    code, token = await sent.code(), await sent.token(clock.now)
    wrong = "000000" if code != "000000" else "000001"
    left = []
    for _ in range(5):
        with pytest.raises(WrongCode) as refused:
            await mailboxes.confirm_by_code(chat_id, wrong)
        left.append(refused.value.left)

    with pytest.raises(CodeIsOver):
        await mailboxes.confirm_by_code(chat_id, code)

    assert left == [4, 3, 2, 1, 0]
    assert await mailboxes.confirm_by_link(1, token)


async def test_a_wrong_token_confirms_nothing(mailboxes, chat_id):
    await mailboxes.request(chat_id, ADDRESS)

    assert not await mailboxes.confirm_by_link(1, "guessed")
    assert not await mailboxes.confirm_by_link(2, "guessed")
    assert await mailboxes.awaits_code(chat_id)


async def test_asking_again_leaves_only_the_newest_code(mailboxes, chat_id, sent):
    await mailboxes.request(chat_id, ADDRESS)
    await mailboxes.request(chat_id, ADDRESS)

    assert len(await sent.mails()) == 1
    assert (await mailboxes.confirm_by_code(chat_id, await sent.code())).is_active


async def test_another_address_takes_the_place_of_the_first(mailboxes, chat_id, sent, clock):
    await mailboxes.request(chat_id, ADDRESS)
    old = await sent.token(clock.now)

    seen = await mailboxes.request(chat_id, "lee@example.org")

    (mail,) = await sent.mails()
    assert (seen.address, mail.to) == ("lee@example.org", "lee@example.org")
    assert not await mailboxes.confirm_by_link(1, old)


async def test_an_active_address_is_not_asked_again(mailboxes, chat_id, sent):
    await mailboxes.request(chat_id, ADDRESS)
    await mailboxes.confirm_by_code(chat_id, await sent.code())

    seen = await mailboxes.request(chat_id, ADDRESS)

    assert seen.is_active
    assert await sent.mails() == []  # the one that was sent is kept no longer than its code


async def test_a_chat_may_ask_five_times_a_day(mailboxes, chat_id, clock):
    for number in range(5):
        await mailboxes.request(chat_id, f"ann{number}@example.org")

    with pytest.raises(TooManyRequests) as refused:
        await mailboxes.request(chat_id, "ann5@example.org")
    clock.turn(DAY)
    await mailboxes.request(chat_id, "ann5@example.org")

    assert refused.value.limit is Limit.CHAT


async def test_an_address_is_asked_three_times_a_day_whoever_asks(mailboxes, arrive, storage):
    for number in range(1, 4):
        chat_id = await arrive(number)
        await mailboxes.request(chat_id, f"Ann+{number}@example.org")
        await erasing.delete_chat(storage, chat_id, None)

    with pytest.raises(TooManyRequests) as refused:
        await mailboxes.request(await arrive(4), ADDRESS)

    assert refused.value.limit is Limit.ADDRESS


async def test_what_is_no_address_is_refused_and_not_counted(mailboxes, chat_id):
    for _ in range(9):
        with pytest.raises(NotAnAddress):
            await mailboxes.request(chat_id, "ann@example.org\nBcc: lee@example.org")

    assert (await mailboxes.request(chat_id, ADDRESS)).address == ADDRESS


async def test_a_bot_without_a_mail_server_says_so(storage, chat_id):
    mailboxes = Mailboxes(storage, Renderer())

    with pytest.raises(NoMail):
        await mailboxes.request(chat_id, ADDRESS)
    assert not (await mailboxes.now(chat_id)).can_mail


async def test_what_comes_by_mail_is_chosen(mailboxes, chat_id, sent):
    await mailboxes.request(chat_id, ADDRESS)
    with pytest.raises(NoMailbox):
        await mailboxes.set_reach(chat_id, DigestMedium.EMAIL)
    await mailboxes.confirm_by_code(chat_id, await sent.code())

    await mailboxes.set_reach(chat_id, DigestMedium.EMAIL)
    seen = await mailboxes.set_alerts(chat_id, wanted=True)

    assert (seen.reach, seen.alerts) == (DigestMedium.EMAIL, True)


async def test_a_removed_address_takes_its_mails_along(mailboxes, chat_id, sent, storage):
    await mailboxes.request(chat_id, ADDRESS)
    await mailboxes.confirm_by_code(chat_id, await sent.code())

    seen = await mailboxes.remove(chat_id)

    assert (seen.state, seen.reach) == (None, DigestMedium.TELEGRAM)
    assert await sent.rows() == []
    async with storage.reading() as tx:
        assert (await tx.session.exec(select(Mailbox))).all() == []


async def test_who_asks_twice_in_a_moment_gets_one_mail(mailboxes, chat_id, sent):
    await mailboxes.request(chat_id, ADDRESS)
    code = await sent.code()

    await mailboxes.request(chat_id, ADDRESS)

    assert len(await sent.mails()) == 1
    assert (await mailboxes.confirm_by_code(chat_id, code)).is_active


async def test_a_confirmation_that_is_on_its_way_is_let_go(
    mailboxes, chat_id, sent, storage, clock
):
    await mailboxes.request(chat_id, ADDRESS)
    async with storage.writing() as tx:
        row = (await tx.session.exec(select(Delivery))).one()
        row.state = DeliveryState.SENDING
    clock.turn(timedelta(minutes=2))

    await mailboxes.request(chat_id, ADDRESS)

    assert len(await sent.mails()) == 2


@pytest.fixture
async def active(mailboxes, chat_id, sent) -> int:
    """A chat whose address is confirmed."""
    await mailboxes.request(chat_id, ADDRESS)
    await mailboxes.confirm_by_code(chat_id, await sent.code())
    return int(chat_id)


async def test_unsubscribing_twice_is_as_doing_it_once(mailboxes, active, sent):
    await mailboxes.unsubscribe(1)
    await mailboxes.unsubscribe(1)

    (notice,) = [row.body["text"] for row in await sent.rows() if row.medium is Medium.TELEGRAM]
    assert (await mailboxes.now(active)).state is MailboxState.UNSUBSCRIBED
    assert "ann@example.org is unsubscribed" in without_joiners(notice)


async def test_a_mailbox_tells_the_language_of_its_chat(mailboxes, chat_id, sent, arrive):
    await mailboxes.request(chat_id, ADDRESS)
    async with mailboxes.storage.reading() as tx:
        (mailbox,) = await tx.session.exec(select(Mailbox))
        chat = await tx.session.get_one(Chat, chat_id)

    assert await mailboxes.language(mailbox.id) == chat.speaks
    assert await mailboxes.language(mailbox.id + 1) is None


async def test_the_mail_that_asks_leaves_at_once(mailboxes, arrive, storage):
    chat_id = await arrive()

    async def nothing() -> int:
        return 0

    mail = Loop("mail", nothing)
    with storage.notifying(Wakeups([mail])):
        await mailboxes.request(chat_id, "ann@example.org")

    assert mail._woken.is_set()
