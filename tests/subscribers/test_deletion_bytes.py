"""Nothing is left of a user who deleted everything, in no row and in no byte of SQLite's files."""

from hashlib import md5, sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select as rows_of
from sqlmodel import col, select

from bot.delivery.pace import PRIVATE_INTERVAL
from bot.mail.compose import Mailer
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from bot.subscribers import broadcasts, deletion, feedback, invites, subscriptions, users
from bot.subscribers.access import Access, allow_user, ban_user
from bot.subscribers.mailboxes import request_confirmation
from bot.subscribers.users import Sender
from storage.access import add_admin, admit
from storage.articles import FoldedText, store_folded
from storage.db.engine import Storage
from storage.editions import Edition
from storage.enums import DeliveryKind, Mode
from storage.feeds_followed import follow
from storage.mailboxes import MailboxRequest
from storage.matches import MatchFound, store_matches
from storage.outbox import Delivery
from storage.pace import advance_all, chat_pace_key
from storage.queries import Query
from storage.schema import database_file, metadata
from storage.topics import Share
from tests.publishing.newsroom import Newsroom
from tests.subscribers.conftest import subscribe

pytestmark = pytest.mark.slow

ADMIN = 5
ANN = 0x0123_4567_89AB  # six bytes in SQLite, as Telegram's newer numbers
NAME, NEW_NAME, WORDS = "Quaggabert", "Quaggabertine", "okapiword"
ADDRESS = "quagga@okapi.example"


def forms() -> dict[str, bytes]:
    """Return the traces that must not be found, in all their encodings."""
    texts = {text: text.encode() for text in (NAME, WORDS, ADDRESS, str(ANN))}
    varint, rest = [ANN & 0x7F], ANN >> 7
    while rest:
        varint.append((rest & 0x7F) | 0x80)
        rest >>= 7
    return texts | {
        "the number": ANN.to_bytes(6, "big"),
        "the number as a varint": bytes(reversed(varint)),
    }


def found_in(file: Path) -> list[str]:
    bytes_ = {
        path.name: path.read_bytes().lower()
        for path in file.parent.glob(f"{file.name}*")
        if path.suffix != ".lock"
    }
    return [
        f"{what} in {name}"
        for name, content in bytes_.items()
        for what, form in forms().items()
        if form.lower() in content
    ]


async def found_in_rows(storage: Storage) -> list[str]:
    """Return the traces that are found in the rows of all tables."""
    wanted = [text.lower() for text in (NAME, WORDS, ADDRESS, str(ANN))]
    found = []
    async with storage.reading() as tx:
        for table in metadata().sorted_tables:
            for row in await tx.rows(rows_of(table)):
                shown = repr(tuple(row)).lower()
                found += [f"{text} in {table.name}" for text in wanted if text in shown]
    return found


@pytest.fixture
def access() -> Access:
    return Access(is_open=True, admins=frozenset({ADMIN}))


@pytest.fixture
async def ann(storage: Storage, access: Access, mailer: Mailer) -> int:
    """Return the chat of a user who has left every possible trace."""
    renderer = Renderer()
    await users.identify(storage, Sender(ADMIN, ADMIN, name="Ada"), access=access)
    user = await users.identify(storage, Sender(ANN, ANN, name=NAME), access=access)
    assert user
    chat_id = user.chat_id
    await users.identify(storage, Sender(ANN, ANN, name=NEW_NAME), access=access)
    kept = await subscribe(storage, chat_id, WORDS)
    ended = await subscribe(storage, chat_id, f"{WORDS}s", Mode.INSTANT)
    await subscriptions.unsubscribe(storage, chat_id, ended.topic_id)
    await subscriptions.change_query(storage, chat_id, kept.topic_id, f"{WORDS} OR gnu")
    await feedback.send_feedback(
        storage, chat_id, f"{WORDS} {NAME}", renderer=renderer, admins=frozenset({ADMIN})
    )
    await invites.redeem_invite(
        storage, ANN, "ABCDEFGHIJKLMNOP", access=Access(is_open=False, invites=True)
    )
    await ban_user(storage, ANN, by=ADMIN, access=access)
    await allow_user(storage, ANN, by=ADMIN, access=access, renderer=Renderer())
    await _runs_it(storage, renderer, chat_id)
    await _was_sent(storage, chat_id)
    await request_confirmation(storage, chat_id, ADDRESS, asked_by=ANN, mailer=mailer)
    await _follows_own_feeds(storage, chat_id)
    return chat_id


async def _follows_own_feeds(storage: Storage, chat_id: int) -> None:
    newsroom = Newsroom(storage)
    source = await newsroom.source(f"{NAME}'s feed", public=False)
    async with storage.writing() as tx:
        await follow(tx, chat_id, source)
    for number in range(40):
        text = f"{WORDS} {number} " * (1 + number * 7 % 60)
        article = await newsroom.article(
            f"{NAME} {number}", source_id=source, text=text, summary=WORDS, scope_id=source
        )
        async with storage.writing() as tx:
            await store_folded(tx, [FoldedText(article, NAME.lower(), text.strip(), "en")])


async def _runs_it(storage: Storage, renderer: Renderer, chat_id: int) -> None:
    assert chat_id
    async with storage.writing() as tx:
        await add_admin(tx, ANN)
        await admit(tx, ANN)
    await broadcasts.draft(storage, Message(f"{WORDS}!"), by=ANN, renderer=renderer)
    await ban_user(storage, 4711, by=ANN, access=Access(is_open=True))


async def _was_sent(storage: Storage, chat_id: int) -> None:
    newsroom = Newsroom(storage)
    source = await newsroom.source()
    article = await newsroom.article("A gnu", source_id=source)
    async with storage.writing() as tx:
        now = tx.now
        await advance_all(tx, {await chat_pace_key(tx, ANN): now + PRIVATE_INTERVAL})
        await tx.add(Share(chat_id=chat_id, token="t", typed=WORDS, created_at=now))
        for query_id in await tx.rows(select(Query.id)):
            await store_matches(tx, [MatchFound(article, query_id or 0, [WORDS], False, now)])
        days: dict[str, Any] = {"chat_id": chat_id, "local_date": now.date(), "due_at": now}
        await tx.add(Edition(**days, made_at=now, since=now, topics=[(1, WORDS, False)]))
        for number in range(300):
            body = {"text": f"{NAME}, {WORDS} {number} " + "x" * (number * 37 % 3000)}
            facts: dict[str, Any] = {
                "kind": DeliveryKind.NOTICE,
                "priority": 0,
                "due_at": now,
                "created_at": now,
            }
            await tx.add(
                Delivery(notice="test", subject=f"n{number}", chat_id=chat_id, body=body, **facts)
            )
    for number in range(0, 300, 7):
        async with storage.writing() as tx:
            row = await tx.one(select(Delivery).where(col(Delivery.subject) == f"n{number}"))
            row.body = {"text": f"{WORDS}, {NAME} " * (1 + number * 13 % 200)}


async def test_a_request_to_confirm_outlives_its_chat_and_names_nobody(storage, ann):
    await deletion.delete_chat(storage, ann, ANN)

    async with storage.reading() as tx:
        (kept,) = await tx.rows(select(MailboxRequest))
    hashes = {kept.account_hash, kept.user_hash, kept.address_hash}
    repeatable = {
        make(text.encode()).hexdigest()[:32]
        for make in (md5, sha1, sha256)
        for text in (ADDRESS, str(ANN), f"account:{ANN}", f"mailbox:{ADDRESS}")
    }
    assert len(hashes) == 2  # in a private chat, user and chat are one account
    assert hashes.isdisjoint(repeatable)


async def test_no_row_names_a_user_who_deleted_everything(storage, ann):
    before = await found_in_rows(storage)

    await deletion.delete_chat(storage, ann, ANN)

    assert len(set(before)) > 12
    assert await found_in_rows(storage) == []


async def test_no_byte_of_the_file_or_its_log_names_them(storage, ann, database_url):
    file = database_file(database_url)
    if file is None:
        pytest.skip("PostgreSQL's files are the server's")
    assert await storage.cut_log()  # so that all of it stands in the file
    before = found_in(file)

    await deletion.delete_chat(storage, ann, ANN)

    assert len(before) == 5
    assert found_in(file) == []


async def test_a_user_who_comes_back_and_goes_again_leaves_nothing(
    storage, ann, access, database_url
):
    await deletion.delete_chat(storage, ann, ANN)
    user = await users.identify(storage, Sender(ANN, ANN, name=NAME), access=access)
    assert user

    await deletion.delete_chat(storage, user.chat_id, ANN)

    assert await found_in_rows(storage) == []
    if file := database_file(database_url):
        assert found_in(file) == []
