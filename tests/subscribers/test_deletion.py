import pytest
from sqlmodel import col, select

from bot.subscribers import deletion, users
from bot.subscribers.access import Access
from bot.subscribers.users import Sender
from storage.access import add_admin, admin_ids
from storage.chats import Chat
from storage.enums import ChatKind
from storage.queries import Query
from storage.subscriptions import Subscription
from storage.topics import Topic
from tests.subscribers.conftest import subscribe

pytestmark = pytest.mark.slow


async def test_everything_of_a_chat_is_gone_and_nothing_of_others(storage, arrive):
    ann, bob = await arrive(1), await arrive(2)
    for chat_id in (ann, bob):
        await subscribe(storage, chat_id, "Taiwan")
    await subscribe(storage, ann, "a secret")
    async with storage.writing() as tx:
        await add_admin(tx, 1)

    await deletion.delete_chat(storage, ann, 1)

    async with storage.reading() as tx:
        chats = list(await tx.session.exec(select(Chat.id)))
        topics = list(await tx.session.exec(select(Topic.chat_id)))
        subscribed = list(await tx.session.exec(select(Subscription.chat_id)))
        live = select(Query.canonical).where(col(Query.live).is_(True))
        queries = list(await tx.session.exec(live))
        admins = await admin_ids(tx)
    assert chats == topics == subscribed == [bob]
    assert queries == ["taiwan"]
    assert list(admins) == []


async def test_deletion_twice_is_erasing(storage, arrive):
    ann = await arrive(1)

    await deletion.delete_chat(storage, ann, 1)
    await deletion.delete_chat(storage, ann, 1)

    async with storage.reading() as tx:
        assert list(await tx.session.exec(select(Chat.id))) == []


async def test_a_group_stays_and_forgets_who_let_the_bot_in(storage, arrive):
    own = await arrive(7)
    group = Sender(7, -100, kind=ChatKind.GROUP, name="Ann", title="Newsroom")
    chat_id = await users.join(storage, group, access=Access(is_open=True))

    await deletion.delete_chat(storage, own, 7)

    async with storage.reading() as tx:
        row = await tx.session.get(Chat, chat_id)
    assert row
    assert row.invited_by == 0
