"""A chat with many messages is deleted a few rows at a time, and is shown nowhere meanwhile."""

from datetime import timedelta

import pytest
from sqlmodel import col, func, select

from bot.subscribers import deletion, settings
from bot.subscribers.dump import dump_chats
from bot.subscribers.errors import NoSuchChat
from bot.subscribers.users import Sender
from storage import retention
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.enums import ChatState, MailboxState
from storage.mailboxes import Mailbox
from storage.outbox import Delivery, begin_sending, claim_deliveries, claim_mails
from storage.stats import chats_listed, count_chats
from storage.suspension import apply_access, restore_chat, suspend_chat
from storage.topics import Topic
from tests.delivery.conftest import Outbox
from tests.mail.mailed import MailOutbox
from tests.subscribers.conftest import OPEN, count, identify, subscribe

MINUTE = timedelta(minutes=1)
SECRET = "ann@example.org"


class Crash(BaseException):
    """Like a kill, nothing catches it."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)


@pytest.fixture
async def ann(storage, arrive) -> int:
    """Return a chat with a topic, an address, and pending messages of both media."""
    chat_id: int = await arrive(1)
    await subscribe(storage, chat_id, "a secret")
    outbox = Outbox(storage)
    async with storage.writing() as tx:
        now = tx.now
        mailbox = Mailbox(
            chat_id=chat_id,
            address=SECRET,
            state=MailboxState.ACTIVE,
            state_since=now,
            created_at=now,
            asked_at=now,
        )
        await tx.add(mailbox)
    for _ in range(3):
        await outbox.add(chat_id)
        await MailOutbox(outbox, storage).put(mailbox)
    return chat_id


async def half_erased(storage, chat_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(*_: object) -> bool:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(retention, "erase_batch", crash)
        with pytest.raises(Crash):
            await deletion.delete_chat(storage, chat_id, 1)


@pytest.mark.usefixtures("few")
async def test_no_transaction_deletes_more_than_a_few_rows(storage, ann, monkeypatch):
    left: list[int] = []
    erase_batch = retention.erase_batch

    async def noting(tx: Transaction, chat_id: int) -> bool:
        is_any: bool = await erase_batch(tx, chat_id)
        left.append(await tx.one(select(func.count(col(Delivery.id)))))
        return is_any

    monkeypatch.setattr(retention, "erase_batch", noting)
    await deletion.delete_chat(storage, ann, 1)

    assert left == [4, 2, 0, 0, 0]
    assert await count(storage, Delivery) == await count(storage, Chat) == 0


async def test_after_a_crash_no_row_says_whose_the_chat_was(storage, ann, monkeypatch):
    await half_erased(storage, ann, monkeypatch)

    async with storage.reading() as tx:
        chat = await tx.get(Chat, ann)
        (mailbox,) = await tx.rows(select(Mailbox))
    assert (chat.name, chat.zone, chat.language) == ("", "UTC", "en")
    assert chat.telegram_id != 1
    assert mailbox.address == ""
    assert await count(storage, Topic) == 0


async def test_after_a_crash_nothing_is_sent(storage, ann, monkeypatch):
    async with storage.writing() as tx:
        (claimed,) = await claim_deliveries(tx, "me", limit=1, lease=MINUTE)

    await half_erased(storage, ann, monkeypatch)

    async with storage.writing() as tx:
        assert await begin_sending(tx, [claimed.id], "me", MINUTE) == set()
        assert await claim_deliveries(tx, "me", limit=9, lease=MINUTE) == []
        assert await claim_mails(tx, "me", limit=9, lease=MINUTE) == []


async def test_after_a_crash_no_late_event_restores_the_chat(storage, ann, monkeypatch):
    await half_erased(storage, ann, monkeypatch)

    async with storage.writing() as tx:
        for state in (ChatState.BLOCKED, ChatState.BANNED):
            await suspend_chat(tx, ann, state)
        await restore_chat(tx, ann)
        await apply_access(tx, OPEN.rule)

    async with storage.reading() as tx:
        (state,) = await tx.rows(select(Chat.state))
    assert state is ChatState.ERASED


async def test_after_a_crash_the_chat_is_shown_nowhere(storage, ann, monkeypatch):
    await half_erased(storage, ann, monkeypatch)

    async with storage.reading() as tx:
        assert await count_chats(tx) == 0
        assert await chats_listed(tx, offset=0, limit=9) == []
    assert [line async for line in dump_chats(storage, None)] == []
    with pytest.raises(NoSuchChat):
        await settings.check_manageable(storage, ann)


async def test_after_a_crash_a_user_who_comes_back_starts_afresh(storage, ann, monkeypatch):
    await half_erased(storage, ann, monkeypatch)

    user = await identify(storage, Sender(1, 1, name="Ann"))

    assert user.chat_id != ann
    assert await deletion.purge_deleted(storage) == 0
    async with storage.reading() as tx:
        assert list(await tx.rows(select(col(Chat.id)))) == [user.chat_id]


@pytest.mark.usefixtures("few")
async def test_rows_left_by_a_crash_go_with_the_next_purge(storage, ann, monkeypatch):
    await half_erased(storage, ann, monkeypatch)
    async with storage.writing() as tx:
        await tx.add(await _late(storage))

    await deletion.purge_deleted(storage)

    for table in (Chat, Delivery, Mailbox):
        assert await count(storage, table) == 0


async def _late(storage) -> Delivery:
    """Return a delivery that a stage enqueues after the deletion, having begun before it."""
    async with storage.reading() as tx:
        row = await tx.one(select(Delivery).limit(1))
    return Delivery(**row.model_dump(exclude={"id"}))


async def test_two_processes_may_delete_the_same_chat(storage, ann, monkeypatch):
    await half_erased(storage, ann, monkeypatch)

    await deletion.continue_deletions(storage)
    await deletion.delete_chat(storage, ann, 1)

    assert await count(storage, Chat) == 0
    assert await count(storage, Delivery) == 0
