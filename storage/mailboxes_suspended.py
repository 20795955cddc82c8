"""Mailboxes that get nothing for now, and what waits for them; only a person deletes anything."""

from sqlalchemy import update
from sqlmodel import col

from storage.chats_suspended import ALERT_LIFETIME
from storage.deliveries import WHEN_IT_COMES_BACK, Delivery
from storage.deliveries_claimed import drop_confirmations
from storage.engine import Unit
from storage.mailboxes import Mailbox, mailbox_of, remove_mailbox
from storage.words import DeliveryKind, DeliveryState, Hint, MailboxState, MailTrouble


async def open_mailbox(unit: Unit, chat_id: int, address: str) -> Mailbox:
    """Return the chat's mailbox at *address*, to be confirmed.

    A mailbox at another address goes, and with it the mails that wait for it; what its owner chose
    stays.
    """
    former = await mailbox_of(unit, chat_id)
    if former and former.address == address:
        await drop_confirmations(unit, former)
        return await _asked_anew(unit, former)
    await remove_mailbox(unit, chat_id)
    mailbox = Mailbox(
        chat_id=chat_id,
        address=address,
        alerts=former.alerts if former else False,
        state_since=unit.now,
        created_at=unit.now,
        asked_at=unit.now,
    )
    return await _asked_anew(unit, mailbox)


async def suspend_mailbox(unit: Unit, mailbox: Mailbox, trouble: MailTrouble, text: str) -> bool:
    """Send nothing there until it is confirmed again; False if nothing was sent there before."""
    if mailbox.state is not MailboxState.ACTIVE:
        return False
    mailbox.trouble, mailbox.trouble_text = trouble, text
    await _set_state(unit, mailbox, MailboxState.SUSPENDED)
    await _let_wait(unit, mailbox)
    return True


async def end_mailbox(unit: Unit, mailbox: Mailbox) -> bool:
    """Send nothing there, since its reader wishes so; False if nothing was sent there before."""
    if mailbox.state is not MailboxState.ACTIVE:
        return False
    await _set_state(unit, mailbox, MailboxState.UNSUBSCRIBED)
    await _let_wait(unit, mailbox)
    return True


async def confirm_mailbox(unit: Unit, mailbox: Mailbox) -> None:
    """Send there from now on, what has waited too; alerts that are no news any more expire."""
    mailbox.code_hash = mailbox.token_hash = mailbox.trouble = mailbox.trouble_text = None
    mailbox.soft_bounces, mailbox.soft_since = 0, None
    await drop_confirmations(unit, mailbox)
    await _set_state(unit, mailbox, MailboxState.ACTIVE)
    waiting = (
        col(Delivery.mailbox_id) == mailbox.id,
        col(Delivery.state) == DeliveryState.PENDING,
    )
    await unit.session.exec(
        update(Delivery)
        .where(
            *waiting,
            col(Delivery.kind).in_((DeliveryKind.ALERT, DeliveryKind.BUNDLE)),
            col(Delivery.created_at) < unit.now - ALERT_LIFETIME,
        )
        .values(state=DeliveryState.EXPIRED)
        .execution_options(synchronize_session=False)
    )
    await unit.session.exec(
        update(Delivery)
        .where(*waiting, col(Delivery.due_at) == WHEN_IT_COMES_BACK)
        .values(due_at=unit.now)
        .execution_options(synchronize_session=False)
    )
    unit.hints.add(Hint.DELIVERIES)


async def _set_state(unit: Unit, mailbox: Mailbox, state: MailboxState) -> None:
    mailbox.state, mailbox.state_since = state, unit.now
    unit.session.add(mailbox)
    await unit.session.flush()


async def _let_wait(unit: Unit, mailbox: Mailbox) -> None:
    await unit.session.exec(
        update(Delivery)
        .where(
            col(Delivery.mailbox_id) == mailbox.id,
            col(Delivery.state) == DeliveryState.PENDING,
        )
        .values(due_at=WHEN_IT_COMES_BACK)
        .execution_options(synchronize_session=False)
    )


async def _asked_anew(unit: Unit, mailbox: Mailbox) -> Mailbox:
    mailbox.state, mailbox.state_since = MailboxState.UNCONFIRMED, unit.now
    mailbox.asked_at, mailbox.tries = unit.now, 0
    unit.session.add(mailbox)
    await unit.session.flush()
    return mailbox
