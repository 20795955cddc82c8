import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.app.peers import Wakeups
from bot.mail import codes
from bot.mail.bounces import unsubscribe_address
from bot.mail.codes import Limit
from bot.rendering.autolinks import without_joiners
from bot.rendering.renderer import Renderer
from bot.stages import MAIL, StageRunner
from bot.subscribers import deletion, mailboxes, settings
from bot.subscribers.errors import (
    CodeIsOver,
    NoMail,
    NoMailbox,
    NotAnAddress,
    TooManyRequests,
    WrongCode,
)
from bot.subscribers.mailboxes import MailboxSeen
from storage.chats import Chat
from storage.enums import DeliveryKind, DeliveryState, DigestMedium, MailboxState, Medium
from storage.mailboxes import Mailbox
from storage.outbox import Delivery

RENDERER = Renderer()
ADDRESS = "ann@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def ask(storage, mailer):
    """Return how a chat asks for mails to an address."""

    async def requested(chat_id: int, address: str = ADDRESS, *, by: int | None = 1) -> MailboxSeen:
        return await mailboxes.request_confirmation(
            storage, chat_id, address, asked_by=by, mailer=mailer
        )

    return requested


async def test_an_address_is_asked_before_anything_is_sent_there(storage, ask, chat_id, sent):
    seen = await ask(chat_id)

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


async def test_the_code_from_the_mail_confirms(storage, ask, chat_id, sent):
    await ask(chat_id)

    seen = await mailboxes.confirm_by_code(storage, chat_id, await sent.code())

    assert seen.is_active
    assert seen.reach is DigestMedium.BOTH
    assert not await mailboxes.awaits_code(storage, chat_id)


async def test_the_link_confirms_and_may_be_opened_again(storage, ask, chat_id, sent, clock):
    await ask(chat_id)
    token = await sent.token(clock.now)

    first = await mailboxes.confirm_by_link(storage, 1, token, renderer=RENDERER)
    again = await mailboxes.confirm_by_link(storage, 1, token, renderer=RENDERER)

    assert (first, again) == (True, True)
    assert (await mailboxes.get_mailbox(storage, chat_id)).is_active
    (notice,) = [row.body["text"] for row in await sent.rows() if row.medium is Medium.TELEGRAM]
    assert "ann@example.org is confirmed" in without_joiners(notice)


async def test_neither_code_nor_link_confirms_after_a_day(storage, ask, chat_id, sent, clock):
    await ask(chat_id)
    code, token = await sent.code(), await sent.token(clock.now)
    clock.turn(DAY)

    assert not await mailboxes.confirm_by_link(storage, 1, token, renderer=RENDERER)
    with pytest.raises(CodeIsOver):
        await mailboxes.confirm_by_code(storage, chat_id, code)


async def test_five_wrong_codes_use_up_the_code_alone(storage, ask, chat_id, sent, clock):
    await ask(chat_id)
    code, token = await sent.code(), await sent.token(clock.now)
    wrong = "000000" if code != "000000" else "000001"
    left = []
    for _ in range(5):
        with pytest.raises(WrongCode) as refused:
            await mailboxes.confirm_by_code(storage, chat_id, wrong)
        left.append(refused.value.left)

    with pytest.raises(CodeIsOver):
        await mailboxes.confirm_by_code(storage, chat_id, code)

    assert left == [4, 3, 2, 1, 0]
    assert await mailboxes.confirm_by_link(storage, 1, token, renderer=RENDERER)


async def test_a_wrong_token_confirms_nothing(storage, ask, chat_id):
    await ask(chat_id)

    assert not await mailboxes.confirm_by_link(storage, 1, "guessed", renderer=RENDERER)
    assert not await mailboxes.confirm_by_link(storage, 2, "guessed", renderer=RENDERER)
    assert await mailboxes.awaits_code(storage, chat_id)


async def test_another_address_takes_the_place_of_the_first(storage, ask, chat_id, sent, clock):
    await ask(chat_id)
    old = await sent.token(clock.now)

    seen = await ask(chat_id, "lee@example.org")

    (mail,) = await sent.mails()
    assert (seen.address, mail.to) == ("lee@example.org", "lee@example.org")
    assert not await mailboxes.confirm_by_link(storage, 1, old, renderer=RENDERER)


async def test_an_active_address_is_not_asked_again(storage, ask, chat_id, sent):
    await ask(chat_id)
    await mailboxes.confirm_by_code(storage, chat_id, await sent.code())

    seen = await ask(chat_id)

    assert seen.is_active
    assert await sent.mails() == []  # the one that was sent is kept no longer than its code


async def test_an_account_may_ask_five_times_a_day(storage, ask, chat_id, clock):
    begun = clock.now
    for number in range(5):
        await ask(chat_id, f"ann{number}@example.org")
        clock.turn(timedelta(hours=1))

    with pytest.raises(TooManyRequests) as refused:
        await ask(chat_id, "ann5@example.org")
    clock.now = refused.value.until
    await ask(chat_id, "ann5@example.org")

    assert refused.value.limit is Limit.ACCOUNT
    assert refused.value.until == begun + DAY


async def test_deleting_everything_resets_no_count_of_an_account(storage, ask, arrive):
    for number in range(5):
        chat_id, address = await arrive(1), f"ann{number}@example.org"
        await ask(chat_id, address)
        await deletion.delete_chat(storage, chat_id, 1)

    with pytest.raises(TooManyRequests) as refused:
        await ask(await arrive(1), "ann5@example.org")

    assert refused.value.limit is Limit.ACCOUNT


async def test_a_user_is_counted_in_all_chats_together(storage, ask, arrive):
    for number in range(5):
        chat_id, address = await arrive(10 + number), f"ann{number}@example.org"
        await ask(chat_id, address)

    with pytest.raises(TooManyRequests) as refused:
        await ask(await arrive(20))

    assert refused.value.limit is Limit.ACCOUNT


async def test_an_anonymous_administrator_is_counted_by_the_chat_alone(storage, ask, arrive):
    for number in range(6):
        chat_id, address = await arrive(10 + number), f"ann{number}@example.org"
        await ask(chat_id, address, by=None)
    for number in range(6, 10):
        address = f"ann{number}@example.org"
        await ask(chat_id, address, by=None)

    with pytest.raises(TooManyRequests) as refused:
        await ask(chat_id, by=None)

    assert refused.value.limit is Limit.ACCOUNT


@pytest.mark.parametrize(
    "spellings",
    [
        pytest.param(["Ann+1@example.org", "ann+2@example.org", "ANN@example.org"], id="tags"),
        pytest.param(["a.n.n@gmail.com", "an.n+x@googlemail.com", "ann@gmail.com"], id="dots"),
    ],
)
async def test_a_mailbox_gets_three_requests_a_day_in_any_spelling_from_any_user(
    ask, arrive, storage, spellings
):
    for number, spelling in enumerate(spellings, 1):
        chat_id = await arrive(number)
        await ask(chat_id, spelling, by=number)
        await deletion.delete_chat(storage, chat_id, number)

    with pytest.raises(TooManyRequests) as refused:
        await ask(await arrive(4), spellings[0].replace("+1", "+9"), by=4)

    assert refused.value.limit is Limit.MAILBOX


async def test_requests_made_at_once_are_counted_one_after_the_other(storage, ask, arrive):
    chats = {number: await arrive(number) for number in range(1, 9)}

    results = await asyncio.gather(
        *(ask(chat_id, f"a.nn+{number}@gmail.com", by=number) for number, chat_id in chats.items()),
        return_exceptions=True,
    )

    assert len([one for one in results if isinstance(one, TooManyRequests)]) == 5
    assert len([one for one in results if isinstance(one, MailboxSeen)]) == 3


@pytest.fixture
def small_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be ten requests a day, four of them for accounts that have not asked."""
    monkeypatch.setattr(codes, "MOST_IN_ALL", 10)
    monkeypatch.setattr(codes, "KEPT_FOR_NEW_ACCOUNTS", 4)


@pytest.mark.usefixtures("small_day")
async def test_few_accounts_do_not_use_up_the_day_of_the_others(storage, ask, arrive):
    async def exceeded_by(user: int, number: int) -> Limit | None:
        try:
            await ask(await arrive(user), f"a{user}{number}@example.org", by=user)
        except TooManyRequests as error:
            return error.limit
        return None

    few = [await exceeded_by(user, number) for user in (1, 2) for number in range(5)]
    others = [await exceeded_by(user, 0) for user in range(3, 8)]

    assert few == [None] * 6 + [Limit.DAY] * 4
    assert others == [None] * 4 + [Limit.DAY]


async def test_a_request_from_a_wrong_clock_is_not_counted(storage, ask, arrive, clock):
    right = clock.now
    clock.turn(DAY)
    for number in range(5):
        await ask(await arrive(), f"ann{number}@example.org")
    clock.now = right

    seen = await ask(await arrive(), "ann4@example.org")

    assert seen.state is MailboxState.UNCONFIRMED


async def test_an_invalid_address_is_refused_and_not_counted(storage, ask, chat_id):
    for _ in range(9):
        with pytest.raises(NotAnAddress):
            await ask(chat_id, "ann@example.org\nBcc: lee@example.org")

    assert (await ask(chat_id)).address == ADDRESS


async def test_a_bot_without_a_mail_server_says_so(storage, chat_id):
    with pytest.raises(NoMail):
        await mailboxes.request_confirmation(storage, chat_id, ADDRESS, asked_by=1, mailer=None)


async def test_users_choose_what_comes_by_mail(storage, ask, chat_id, sent):
    await ask(chat_id)
    with pytest.raises(NoMailbox):
        await settings.set_digest_medium(storage, chat_id, DigestMedium.EMAIL)
    await mailboxes.confirm_by_code(storage, chat_id, await sent.code())

    await settings.set_digest_medium(storage, chat_id, DigestMedium.EMAIL)
    seen = (await settings.set_email_alerts(storage, chat_id, wanted=True)).mailbox

    assert (seen.reach, seen.alerts) == (DigestMedium.EMAIL, True)


async def test_a_removed_address_takes_its_mails_along(ask, chat_id, sent, storage):
    await ask(chat_id)
    await mailboxes.confirm_by_code(storage, chat_id, await sent.code())

    seen = await mailboxes.remove_address(storage, chat_id)

    assert (seen.state, seen.reach) == (None, DigestMedium.TELEGRAM)
    assert await sent.rows() == []
    async with storage.reading() as tx:
        assert await tx.rows(select(Mailbox)) == []


async def test_two_requests_within_a_minute_send_one_mail(storage, ask, chat_id, sent):
    await ask(chat_id)
    code = await sent.code()

    await ask(chat_id)

    assert len(await sent.mails()) == 1
    assert (await mailboxes.confirm_by_code(storage, chat_id, code)).is_active


async def test_a_confirmation_that_is_being_sent_is_left_alone(ask, chat_id, sent, storage, clock):
    await ask(chat_id)
    async with storage.writing() as tx:
        row = await tx.one(select(Delivery))
        row.state = DeliveryState.SENDING
    clock.turn(timedelta(minutes=2))

    await ask(chat_id)

    assert len(await sent.mails()) == 2


@pytest.fixture
async def active(storage, ask, chat_id, sent) -> int:
    """Return a chat whose address is confirmed."""
    await ask(chat_id)
    await mailboxes.confirm_by_code(storage, chat_id, await sent.code())
    return int(chat_id)


async def test_unsubscribing_twice_is_as_unsubscribing_once(storage, active, sent):
    await unsubscribe_address(storage, 1, renderer=RENDERER)
    await unsubscribe_address(storage, 1, renderer=RENDERER)

    (notice,) = [row.body["text"] for row in await sent.rows() if row.medium is Medium.TELEGRAM]
    assert (await mailboxes.get_mailbox(storage, active)).state is MailboxState.UNSUBSCRIBED
    assert "ann@example.org is unsubscribed" in without_joiners(notice)


async def test_a_mailbox_has_the_language_of_its_chat(storage, ask, chat_id, sent, arrive):
    await ask(chat_id)
    async with storage.reading() as tx:
        (mailbox,) = await tx.rows(select(Mailbox))
        chat = await tx.get_one(Chat, chat_id)

    assert await mailboxes.language_of_mailbox(storage, mailbox.id) == chat.speaks
    assert await mailboxes.language_of_mailbox(storage, mailbox.id + 1) is None


async def test_a_request_wakes_the_mail_stage(ask, arrive, storage):
    chat_id = await arrive()

    async def nothing() -> int:
        return 0

    mail = StageRunner(MAIL, nothing)
    with storage.notifying(Wakeups([mail])):
        await ask(chat_id, "ann@example.org")

    assert mail.is_woken
